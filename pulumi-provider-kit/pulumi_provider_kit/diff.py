"""What changed between two sets of inputs, property by property, down into objects and lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .codec import Properties, plain
from .paths import Path, covers, format_path, parse_path
from .schema import ObjectType, Schema

_ABSENT = object()


@dataclass(frozen=True)
class Change:
    """One property's change; `replace` if only a new object can have it."""

    kind: Literal["add", "update", "delete"]
    replace: bool = False


def diff(
    old: Properties, new: Properties, kind: ObjectType, schema: Schema, ignore: Iterable[str]
) -> dict[str, Change]:
    """Changes by path, as `nics[1].ip`; empty if nothing changed.

    Args:
        old, new: inputs; secret marks do not count, UNKNOWN counts as a change.
        kind: their type; what it marks `replaceOnChanges` needs a replacement, and so does all inside it.
        schema: where nested types are looked up.
        ignore: paths of `ignore_changes`, `[*]` for any index.
    """
    ignored = [parse_path(path) for path in ignore]
    changes = _object_changes((), _present(plain(old)), _present(plain(new)), kind, schema, False)
    return {format_path(path): change for path, change in changes if not any(covers(rule, path) for rule in ignored)}


def _changes(
    path: Path, old: Any, new: Any, spec: Properties, schema: Schema, replace: bool
) -> list[tuple[Path, Change]]:
    replace = replace or bool(spec.get("replaceOnChanges"))
    if old is _ABSENT:
        return [(path, Change("add", replace))]
    if new is _ABSENT:
        return [(path, Change("delete", replace))]
    if isinstance(old, dict) and isinstance(new, dict):
        return _object_changes(path, _present(old), _present(new), schema.object_type(spec), schema, replace)
    if isinstance(old, list) and isinstance(new, list):
        items = schema.item_spec(spec)
        return [
            change
            for index in range(max(len(old), len(new)))
            for change in _changes((*path, index), _item(old, index), _item(new, index), items, schema, replace)
        ]
    return [] if old == new and type(old) is type(new) else [(path, Change("update", replace))]


def _object_changes(
    path: Path, old: Properties, new: Properties, kind: ObjectType, schema: Schema, replace: bool
) -> list[tuple[Path, Change]]:
    return [
        change
        for name in sorted({*old, *new})
        if path or not name.startswith("__")  # the engine's own bookkeeping
        for change in _changes(
            (*path, name), old.get(name, _ABSENT), new.get(name, _ABSENT), kind.property(name), schema, replace
        )
    ]


def _present(properties: Properties) -> Properties:
    """A property set to null is one not set."""
    return {name: value for name, value in properties.items() if value is not None}


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else _ABSENT
