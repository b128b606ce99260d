"""Inputs are checked against the schema: all mistakes at once, by path, with the value and what is allowed."""

from typing import Any

import pytest
from pulumi_provider_kit import UNKNOWN, Archive, Asset, CheckFailure, Secret
from pulumi_provider_kit.schema import Schema

SCHEMA = Schema(
    {
        "types": {
            "t:index:Nic": {
                "type": "object",
                "properties": {
                    "networkId": {"type": "integer"},
                    "model": {"type": "string", "default": "virtio"},
                    "key": {"type": "string", "secret": True},
                },
                "required": ["networkId"],
            },
            "t:index:State": {"type": "string", "enum": [{"value": "on"}, {"value": "off"}]},
        },
        "resources": {
            "t:index:Vm": {
                "inputProperties": {
                    "cpu": {"type": "number", "description": "Share of a physical core. May be fractional."},
                    "memory": {"type": "integer", "default": 512},
                    "live": {"type": "boolean"},
                    "nics": {"type": "array", "items": {"$ref": "#/types/t:index:Nic"}},
                    "context": {"type": "object", "additionalProperties": {"type": "string"}},
                    "state": {"$ref": "#/types/t:index:State"},
                    "password": {"type": "string", "secret": True},
                    "script": {"$ref": "pulumi.json#/Asset"},
                    "folder": {"$ref": "pulumi.json#/Archive"},
                    "anything": {"$ref": "pulumi.json#/Any"},
                    "idOrName": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
                },
                "requiredInputs": ["cpu"],
            }
        },
        "config": {"variables": {"port": {"type": "integer"}, "hosts": {"type": "array", "items": {"type": "string"}}}},
    }
)
VM = SCHEMA.resource_inputs("t:index:Vm")


def check(**inputs: Any) -> tuple[dict[str, Any], list[CheckFailure]]:
    return SCHEMA.check({"cpu": 1, **inputs}, VM)


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"cpu": "one"}, "cpu", "must be a number, not 'one'"),
    ({"cpu": True}, "cpu", "must be a number, not True"),
    ({"memory": 1.5}, "memory", "must be a whole number, not 1.5"),
    ({"live": "yes"}, "live", "must be true or false, not 'yes'"),
    ({"nics": {}}, "nics", "must be a list, not {}"),
    ({"nics": ["eth0"]}, "nics[0]", "must be a map, not 'eth0'"),
    ({"nics": [{"networkId": 1}, {}]}, "nics[1].networkId", "is required"),
    ({"nics": [{"networkId": 1, "modle": "e1000"}]}, "nics[0].modle", "is no property here; did you mean model?"),
    (
        {"nics": [{"network_id": 1, "networkId": 1}]},
        "nics[0].network_id",
        "is no property here; did you mean networkId?",
    ),
    ({"context": {"a.b": 1}}, 'context["a.b"]', "must be a string, not 1"),
    ({"state": "ON"}, "state", "must be one of on, off, not 'ON'"),
    ({"password": 12345}, "password", "must be a string, not the given secret"),
    ({"memory": Secret("1")}, "memory", "must be a whole number, not the given secret"),
    ({"context": Secret({"A": 1})}, "context.A", "must be a string, not the given secret"),
    ({"nics": Secret(["eth0"])}, "nics[0]", "must be a map, not the given secret"),
    ({"script": "x"}, "script", "must be an asset, not 'x'"),
    ({"folder": Asset(path="x")}, "folder", "must be an archive, not Asset(hash='', text=None, path='x', uri=None)"),
    ({"idOrName": []}, "idOrName", "must be a whole number or must be a string, not []"),
    ({"cpu": None}, "cpu", "is required: Share of a physical core"),
]


@pytest.mark.parametrize(("inputs", "path", "reason"), MISTAKES, ids=[row[1] + " " + row[2][:20] for row in MISTAKES])
def test_a_mistake_is_named_by_path_value_and_what_is_allowed(inputs: dict[str, Any], path: str, reason: str) -> None:
    assert check(**inputs)[1] == [CheckFailure(path, reason)]


def test_all_mistakes_are_reported_at_once() -> None:
    _, failures = SCHEMA.check({"memory": "1", "cores": 2, "nics": [{"key": 3}]}, VM)
    assert {failure.property for failure in failures} == {"cpu", "memory", "cores", "nics[0].key", "nics[0].networkId"}


@pytest.mark.parametrize(
    "inputs",
    [
        {"cpu": 0.5},
        {"idOrName": 3},
        {"idOrName": "x"},
        {"anything": [{"deep": 1}]},
        {"script": Archive(path="folder")},
        {"script": Asset(text="")},
        {"cpu": UNKNOWN, "nics": UNKNOWN, "state": UNKNOWN},
        {"nics": [{"networkId": UNKNOWN}]},
        {"context": Secret({"A": "b"})},
        {"live": None},
    ],
)
def test_right_inputs_pass(inputs: dict[str, Any]) -> None:
    assert check(**inputs)[1] == []


def test_defaults_are_filled_in_also_inside_objects() -> None:
    inputs, _ = check(nics=[{"networkId": 1}])
    assert inputs == {"cpu": 1, "memory": 512, "nics": [{"networkId": 1, "model": "virtio"}]}


def test_secrets_of_the_schema_are_marked_also_inside_objects() -> None:
    inputs, _ = check(password="x", nics=[{"networkId": 1, "key": "k"}])
    assert inputs["password"] == Secret("x")
    assert inputs["nics"][0]["key"] == Secret("k")


def test_what_is_wrong_is_unknown_to_further_checks() -> None:
    inputs, _ = SCHEMA.check({"memory": "1", "nics": [{}]}, VM)
    assert inputs["cpu"] is inputs["memory"] is inputs["nics"][0]["networkId"] is UNKNOWN


def test_configuration_comes_as_json_in_strings() -> None:
    config, failures = SCHEMA.check_config({"port": "22", "hosts": Secret('["a", "b"]')})
    assert (config, failures) == ({"port": 22, "hosts": Secret(["a", "b"])}, [])


def test_configuration_that_is_no_json_is_a_mistake_with_its_value() -> None:
    assert SCHEMA.check_config({"port": "ssh"})[1] == [CheckFailure("port", "must be a whole number, not 'ssh'")]
