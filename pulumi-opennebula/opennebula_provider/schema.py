"""The Pulumi package schema, derived from the definitions.

Format: https://www.pulumi.com/docs/iac/using-pulumi/pulumi-packages/schema/
"""

from __future__ import annotations

from typing import Any

from . import VERSION
from .definitions import FUNCTIONS, RESOURCES, Definition, Provider
from .properties import Property, documentation, nested_types, properties

_PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def package_schema() -> dict[str, Any]:
    """The schema, as the plugin gives it to the Pulumi CLI and to the generators of other languages."""
    defined: list[type] = [Provider]
    for item in (*RESOURCES, *FUNCTIONS):
        defined += [item.inputs, item.outputs]
    return {
        "name": "opennebula",
        "version": VERSION,
        "displayName": "OpenNebula",
        "description": "Networks, security groups, images and virtual machines of an OpenNebula cloud.",
        "license": "Apache-2.0",
        "keywords": ["pulumi", "opennebula", "category/cloud", "kind/native"],
        "config": {"variables": _specs(Provider)},
        "provider": {"description": documentation(Provider), "inputProperties": _specs(Provider)},
        "types": {
            type_token(item): {"type": "object", "description": documentation(item), **_object(item)}
            for item in nested_types(*defined)
        },
        "resources": {item.token: _resource(item) for item in RESOURCES},
        "functions": {
            item.token: {
                "description": documentation(item.outputs),
                "inputs": {"type": "object", **_object(item.inputs)},
                "outputs": {"type": "object", **_object(item.outputs)},
            }
            for item in FUNCTIONS
        },
    }


def type_token(nested: type) -> str:
    """The token of a nested type."""
    return f"opennebula:index:{nested.__name__}"


def _resource(item: Definition) -> dict[str, Any]:
    inputs, outputs = _object(item.inputs), _object(item.outputs)
    # What has a default is always there afterwards; the name is the Pulumi resource's where none is given.
    always = [prop.wire_name for prop in properties(item.inputs) if not prop.optional or prop.name == "name"]
    return {
        "description": documentation(item.inputs),
        "inputProperties": inputs["properties"],
        "requiredInputs": inputs["required"],
        "properties": {**inputs["properties"], **outputs["properties"]},
        "required": [*always, *outputs["required"]],
    }


def _object(defined: type) -> dict[str, Any]:
    return {
        "properties": _specs(defined),
        "required": [prop.wire_name for prop in properties(defined) if prop.required],
    }


def _specs(defined: type) -> dict[str, Any]:
    return {prop.wire_name: _spec(prop) for prop in properties(defined)}


def _spec(prop: Property) -> dict[str, Any]:
    kind: dict[str, Any]
    kind = {"$ref": f"#/types/{type_token(prop.kind)}"} if prop.nested else {"type": _PRIMITIVES[prop.kind]}
    if prop.container is list:
        kind = {"type": "array", "items": kind}
    elif prop.container is dict:
        kind = {"type": "object", "additionalProperties": kind}
    spec = {**kind, "description": prop.rule.doc}
    if prop.default is not None:
        spec["default"] = prop.default
    if prop.rule.env:
        spec["defaultInfo"] = {"environment": list(prop.rule.env)}
    if prop.rule.secret:
        spec["secret"] = True
    if prop.rule.replace:
        spec["replaceOnChanges"] = True
    return spec
