"""OpenNebula's template syntax: `NAME = "value"` lines and `NAME = [ KEY = "value", ... ]` vectors.

What oned 7.4 does with it, as recorded: names are upper-cased; `\\"` within quotes is a quote and there is no other
escape; a name that occurs twice is kept twice. So a value that ends in a backslash, or has one before a quote, cannot
be said at all, and `]]>` would break the XML that oned answers with: `problem` tells, and the checks refuse it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Value: TypeAlias = str | Mapping[str, str]
Attributes: TypeAlias = list[tuple[str, Value]]
"""Attributes in order; the same name may occur more than once, as NIC and DISK do."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# XML 1.0 has no place for the other control characters, and a parser turns a carriage return into a line feed.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def render(attributes: Iterable[tuple[str, Value]]) -> str:
    """The attributes as template text.

    Raises:
        ValueError: a name or value that the syntax cannot hold; see `problem`.
    """
    return "\n".join(f"{_name(name)}={_value(name, value)}" for name, value in attributes)


def problem(value: str) -> str | None:
    """Why OpenNebula could not keep this value exactly; None if it can."""
    if unspeakable := _UNSPEAKABLE.search(value):
        return f"holds the control character {unspeakable[0]!r}, which OpenNebula cannot keep"
    if "]]>" in value:
        return "holds ']]>', which breaks OpenNebula's XML"
    if '\\"' in value:
        return "has a backslash before a quote, which OpenNebula's template syntax cannot hold"
    if value.endswith("\\"):
        return "ends in a backslash, which OpenNebula's template syntax cannot hold"
    return None


def vector(values: Mapping[str, object]) -> dict[str, str]:
    """The values as texts, without those that are None."""
    return {name: str(value) for name, value in values.items() if value is not None}


def _name(name: str) -> str:
    if not NAME.match(name):
        raise ValueError(f"{name!r} is no name of a template attribute: letters, digits and _")
    return name.upper()


def _value(name: str, value: Value) -> str:
    if isinstance(value, Mapping):
        return "[" + ",".join(f"{_name(key)}={_quoted(f'{name}/{key}', item)}" for key, item in value.items()) + "]"
    return _quoted(name, value)


def _quoted(name: str, value: str) -> str:
    if reason := problem(value):
        raise ValueError(f"{name} {reason}")
    escaped = value.replace('"', '\\"')
    return f'"{escaped}"'
