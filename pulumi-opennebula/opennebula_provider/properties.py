"""The definitions as data: each property's type, documentation and rules, for whoever derives something from them."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .definitions import Rule


@dataclass(frozen=True)
class Property:
    """One property of a defined class.

    `kind` is `str`, `int`, `float` or `bool`, or a defined class; `container` says whether it is a list of them, a
    dictionary from strings to them, or a single one.
    """

    name: str
    kind: type
    container: type | None
    required: bool
    optional: bool  # may be None
    default: Any  # None if there is none
    rule: Rule

    @property
    def wire_name(self) -> str:
        """`vnMad` for `vn_mad`."""
        return camel_case(self.name)

    @property
    def nested(self) -> bool:
        """Whether it holds instances of a defined class."""
        return dataclasses.is_dataclass(self.kind)


def properties(defined: type) -> Iterator[Property]:
    """The properties of a defined class, in order."""
    hints = typing.get_type_hints(defined)
    for field in dataclasses.fields(defined):
        kind, optional = _without_none(hints[field.name])
        container = typing.get_origin(kind)
        if container is list:
            kind = typing.get_args(kind)[0]
        elif container is dict:
            kind = typing.get_args(kind)[1]
        has_factory = field.default_factory is not dataclasses.MISSING
        has_default = field.default is not dataclasses.MISSING
        yield Property(
            name=field.name,
            kind=kind,
            container=container,
            required=not (has_default or has_factory),
            optional=optional,
            default=field.default if has_default else None,
            rule=field.metadata["rule"],
        )


def nested_types(*defined: type) -> list[type]:
    """The defined classes that occur inside these, each once."""
    found: dict[type, None] = {}
    for item in defined:
        for prop in properties(item):
            if prop.nested:
                found[prop.kind] = None
                found.update(dict.fromkeys(nested_types(prop.kind)))
    return list(found)


def read(defined: type[typing.Any], values: dict[str, Any]) -> Any:
    """An instance of the class from values named as on the wire; absent ones take their defaults."""
    arguments: dict[str, Any] = {}
    for prop in properties(defined):
        value = values.get(prop.wire_name)
        if value is None:
            continue
        if prop.nested and prop.container is list:
            value = [read(prop.kind, item) for item in value]
        elif prop.nested:
            value = read(prop.kind, value)
        arguments[prop.name] = value
    return defined(**arguments)


def write(instance: Any) -> dict[str, Any]:
    """The instance as values named as on the wire, without those that are None."""
    values: dict[str, Any] = {}
    for prop in properties(type(instance)):
        value = getattr(instance, prop.name)
        if value is None:
            continue
        if prop.nested and prop.container is list:
            value = [write(item) for item in value]
        elif prop.nested:
            value = write(value)
        values[prop.wire_name] = value
    return values


def documentation(defined: type) -> str:
    """The docstring of a defined class, unindented."""
    return inspect.cleandoc(defined.__doc__ or "")


def camel_case(name: str) -> str:
    """`vn_mad` as `vnMad`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _without_none(kind: Any) -> tuple[Any, bool]:
    if typing.get_origin(kind) is types.UnionType:
        kinds = [item for item in typing.get_args(kind) if item is not type(None)]
        return kinds[0], True
    return kind, False
