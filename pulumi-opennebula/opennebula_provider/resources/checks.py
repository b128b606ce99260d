"""Checks of inputs by meaning, as the resources share them. What is UNKNOWN is not wrong yet."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pulumi_provider_kit import CheckFailure, Properties, has_unknown

from ..template import NAME, problem

NAME_LENGTH = 128


def known(*values: Any) -> bool:
    """Whether all of these inputs are set and known."""
    return all(value is not None and not has_unknown(value) for value in values)


def items(inputs: Properties, name: str) -> Iterator[tuple[str, Properties]]:
    """The known objects of a list among the inputs, with their paths."""
    values = inputs.get(name)
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict):
            yield f"{name}[{index}]", value


def address(path: str, value: Any) -> tuple[ipaddress.IPv4Address | None, list[CheckFailure]]:
    """An IPv4 address among the inputs; None if it is not set, not known, or wrong, which the failures then say."""
    if not known(value):
        return None, []
    try:
        return ipaddress.IPv4Address(value), []
    except ValueError:
        return None, [CheckFailure(path, f"must be an IPv4 address, not {value!r}")]


def one_of(path: str, value: Any, allowed: Sequence[str]) -> list[CheckFailure]:
    """A failure unless the value is unset, unknown or one of those."""
    if not known(value) or value in allowed:
        return []
    return [CheckFailure(path, f"must be one of {', '.join(allowed)}, not {value!r}")]


def positive(path: str, value: Any) -> list[CheckFailure]:
    """A failure unless the value is unset, unknown or above 0."""
    if not known(value) or value > 0:
        return []
    return [CheckFailure(path, f"must be above 0, not {value}")]


def key_problems(path: str, values: Any, reserved: Collection[str]) -> Iterator[CheckFailure]:
    """Keys of a map that OpenNebula cannot have as names, or keeps for itself."""
    seen: set[str] = set()
    if not isinstance(values, dict):
        return
    for key in values:
        where = f"{path}.{key}"
        if not NAME.match(key):
            yield CheckFailure(where, "is no name OpenNebula can have: letters, digits and _, no digit first")
        elif key.upper() in reserved:
            yield CheckFailure(where, f"is an attribute that OpenNebula keeps for itself: {key.upper()}")
        elif key.upper() in seen:
            yield CheckFailure(
                where, "is there twice: OpenNebula knows no difference between small and capital letters"
            )
        seen.add(key.upper())


def name_problems(name: Any) -> Iterator[CheckFailure]:
    """What is wrong with an object's name."""
    if not known(name):
        return
    if len(name) > NAME_LENGTH:
        yield CheckFailure("name", f"has {len(name)} characters; OpenNebula allows {NAME_LENGTH}")
    for char in sorted(set("&<") & set(name)):
        yield CheckFailure("name", f"must not hold {char!r}: {name!r}")


def text_problems(inputs: Properties) -> Iterator[CheckFailure]:
    """Texts anywhere in the inputs that OpenNebula could not keep exactly."""
    for path, text in _texts(inputs):
        if reason := problem(text):
            yield CheckFailure(path, reason)


def device_prefix(path: str, prefix: Any) -> list[CheckFailure]:
    """A failure unless the value is unset, unknown or the prefix of a block device."""
    if not known(prefix) or re.match(r"[a-z]{2}\Z", prefix):
        return []
    return [CheckFailure(path, f"must be the prefix of a device, such as vd or sd; not {prefix!r}")]


def _texts(values: Any, path: str = "") -> Iterator[tuple[str, str]]:
    match values:
        case str():
            yield path, values
        case dict():
            for key, value in values.items():
                yield from _texts(value, f"{path}.{key}" if path else key)
        case list():
            for index, value in enumerate(values):
                yield from _texts(value, f"{path}[{index}]")
