"""Differences are found by path, and the schema says which need a replacement."""

from typing import Any

import pytest
from pulumi_provider_kit import UNKNOWN, Asset, Change, Secret, format_path
from pulumi_provider_kit.diff import diff
from pulumi_provider_kit.paths import parse_path
from pulumi_provider_kit.schema import ObjectType, Schema

SCHEMA = Schema(
    {
        "types": {
            "t:index:Nic": {
                "type": "object",
                "properties": {"ip": {"type": "string"}, "network": {"type": "integer", "replaceOnChanges": True}},
            }
        },
        "resources": {
            "t:index:Vm": {
                "inputProperties": {
                    "name": {"type": "string"},
                    "image": {"type": "string", "replaceOnChanges": True},
                    "nics": {"type": "array", "items": {"$ref": "#/types/t:index:Nic"}},
                    "context": {"type": "object", "additionalProperties": {"type": "string"}},
                    "os": {"type": "object", "replaceOnChanges": True},
                    "script": {"$ref": "pulumi.json#/Asset"},
                }
            }
        },
    }
)
VM: ObjectType = SCHEMA.resource_inputs("t:index:Vm")

ADD, UPDATE, DELETE = Change("add"), Change("update"), Change("delete")

TABLE: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Change]]] = [
    ("nothing", {"name": "a"}, {"name": "a"}, {}),
    ("changed", {"name": "a"}, {"name": "b"}, {"name": UPDATE}),
    ("added", {}, {"name": "b"}, {"name": ADD}),
    ("removed", {"name": "a"}, {}, {"name": DELETE}),
    ("null is absent", {"name": None}, {}, {}),
    ("set to null", {"name": "a"}, {"name": None}, {"name": DELETE}),
    ("unknown", {"name": "a"}, {"name": UNKNOWN}, {"name": UPDATE}),
    ("secret mark alone", {"name": "a"}, {"name": Secret("a")}, {}),
    ("secret changed", {"name": Secret("a")}, {"name": Secret("b")}, {"name": UPDATE}),
    ("true is not 1", {"name": 1}, {"name": True}, {"name": UPDATE}),
    ("replacing", {"image": "a"}, {"image": "b"}, {"image": Change("update", True)}),
    ("replacing inside", {"os": {"arch": "a"}}, {"os": {"arch": "b"}}, {"os.arch": Change("update", True)}),
    ("nested", {"nics": [{"ip": "1"}, {"ip": "2"}]}, {"nics": [{"ip": "1"}, {"ip": "3"}]}, {"nics[1].ip": UPDATE}),
    (
        "nested replacing",
        {"nics": [{"network": 1}]},
        {"nics": [{"network": 2}]},
        {"nics[0].network": Change("update", True)},
    ),
    ("longer list", {"nics": []}, {"nics": [{"ip": "1"}]}, {"nics[0]": ADD}),
    ("shorter list", {"nics": [{"ip": "1"}]}, {"nics": []}, {"nics[0]": DELETE}),
    (
        "map",
        {"context": {"A": "1", "B": "1"}},
        {"context": {"A": "2", "C": "1"}},
        {"context.A": UPDATE, "context.B": DELETE, "context.C": ADD},
    ),
    ("odd key", {"context": {"a.b": "1"}}, {"context": {"a.b": "2"}}, {'context["a.b"]': UPDATE}),
    ("another type", {"context": {"a": "1"}}, {"context": "x"}, {"context": UPDATE}),
    ("asset's content", {"script": Asset("h1", path="p")}, {"script": Asset("h2", path="p")}, {"script": UPDATE}),
    ("asset's path", {"script": Asset("h1", path="p")}, {"script": Asset("h1", path="q")}, {"script": UPDATE}),
    ("engine's bookkeeping", {"__defaults": []}, {"__defaults": ["name"]}, {}),
]


@pytest.mark.parametrize(("old", "new", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_changes_are_found_by_path(old: dict[str, Any], new: dict[str, Any], expected: dict[str, Change]) -> None:
    assert diff(old, new, VM, SCHEMA, ()) == expected


@pytest.mark.parametrize("properties", [row[side] for row in TABLE for side in (1, 2)])
def test_nothing_differs_from_itself(properties: dict[str, Any]) -> None:
    assert diff(properties, properties, VM, SCHEMA, ()) == {}


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("name", {"nics[0].ip", "nics[1].ip"}),
        ("nics", {"name"}),
        ("nics[1]", {"name", "nics[0].ip"}),
        ("nics[*].ip", {"name"}),
        ("nics[1].ip", {"name", "nics[0].ip"}),
        ("nic", {"name", "nics[0].ip", "nics[1].ip"}),
    ],
)
def test_ignored_changes_are_left_out(ignore: str, left: set[str]) -> None:
    old = {"name": "a", "nics": [{"ip": "1"}, {"ip": "1"}]}
    new = {"name": "b", "nics": [{"ip": "2"}, {"ip": "2"}]}
    assert set(diff(old, new, VM, SCHEMA, [ignore])) == left


@pytest.mark.parametrize(
    "path", [("a",), ("a", 0, "b"), ("a", "x.y", 3), ('quo"te', "[0]", "back\\slash"), ("ä ö", "", 0)]
)
def test_paths_are_read_as_they_are_written(path: tuple[str | int, ...]) -> None:
    assert parse_path(format_path(path)) == path


def test_a_path_that_is_none_is_refused_where_it_ends() -> None:
    with pytest.raises(ValueError, match=r"from '\[x' on"):
        parse_path("a[x")
