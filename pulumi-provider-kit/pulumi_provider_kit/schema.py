"""A Pulumi package schema as the kit uses it: to look up types, and to check and complete inputs.

The form is that of Pulumi's package metaschema: `resources`, `functions`, `types`, `config`, `provider`.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .codec import UNKNOWN, Archive, Asset, Properties, Secret, plain
from .paths import Path, format_path

_ASSET_TYPES = {"pulumi.json#/Asset": "an asset", "pulumi.json#/Archive": "an archive"}


@dataclass(frozen=True)
class CheckFailure:
    """What is wrong with one property: its path, as `nics[1].ip`, and the reason with the value and what is allowed."""

    property: str
    reason: str


@dataclass(frozen=True)
class ObjectType:
    """The properties that an object may and must have.

    Attributes:
        properties: property specs of the schema, by name.
        required: names.
        rest: the spec of all other properties of a map; None if there may be none.
    """

    properties: Mapping[str, Properties] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    rest: Properties | None = None

    def property(self, name: str) -> Properties:
        """The spec of a property; empty if it is not in the schema."""
        return self.properties.get(name, self.rest or {})


class Schema:
    """A package schema. `json` is its text for the engine."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.json = json.dumps(spec)
        self._spec = spec

    def resource_inputs(self, token: str) -> ObjectType:
        """The inputs of a resource type."""
        resource = self._spec["resources"][token]
        return ObjectType(resource.get("inputProperties", {}), frozenset(resource.get("requiredInputs", ())))

    def resource_outputs(self, token: str) -> ObjectType:
        """The outputs of a resource type, and the inputs that they may echo."""
        resource = self._spec["resources"][token]
        return ObjectType({**resource.get("inputProperties", {}), **resource.get("properties", {})})

    def function_inputs(self, token: str) -> ObjectType:
        """The arguments of a function."""
        inputs = self._spec["functions"][token].get("inputs", {})
        return ObjectType(inputs.get("properties", {}), frozenset(inputs.get("required", ())))

    def config(self) -> ObjectType:
        """The inputs of the provider itself: stack configuration `package:name`, or a provider resource's arguments."""
        provider = self._spec.get("provider", {})
        properties = provider.get("inputProperties") or self._spec.get("config", {}).get("variables", {})
        return ObjectType(properties, frozenset(provider.get("requiredInputs", ())))

    def object_type(self, spec: Properties) -> ObjectType:
        """The object type that a property spec names; a map of anything if it names none."""
        if "$ref" in spec and (found := self._named(spec["$ref"])):
            return ObjectType(found.get("properties", {}), frozenset(found.get("required", ())))
        return ObjectType(rest=spec.get("additionalProperties", {}))

    def item_spec(self, spec: Properties) -> Properties:
        """The spec of a list's items."""
        items: Properties = spec.get("items", {})
        return items

    def check(self, properties: Properties, kind: ObjectType) -> tuple[Properties, list[CheckFailure]]:
        """Inputs with defaults filled in and secrets marked, and all that is wrong with them.

        Where something is wrong or missing the result has UNKNOWN, so that further checks can look at the rest.
        """
        failures: list[CheckFailure] = []
        completed = self._object((), properties, kind, False, failures)
        return self.mark_secrets(completed, kind), failures

    def check_config(self, config: Properties) -> tuple[Properties, list[CheckFailure]]:
        """The provider's inputs as typed values, as `check`."""
        return self.check(self.decode_config(config), self.config())

    def decode_config(self, config: Properties) -> Properties:
        """The provider's inputs as typed values: the engine sends what is no string as JSON in a string."""
        kind = self.config()
        return {name: _from_json(value, self._expects(kind.property(name))) for name, value in config.items()}

    def mark_secrets(self, properties: Properties, kind: ObjectType) -> Properties:
        """Properties, secret where the schema says so, also inside objects and lists."""
        return {name: self._mark(value, kind.property(name)) for name, value in properties.items()}

    def _named(self, ref: str) -> Properties | None:
        found: Properties | None = self._spec.get("types", {}).get(ref.removeprefix("#/types/"))
        return found

    def _object(
        self, path: Path, properties: Properties, kind: ObjectType, hidden: bool, failures: list[CheckFailure]
    ) -> Properties:
        result: Properties = {}
        for name, value in properties.items():
            if not path and name.startswith("__"):
                result[name] = value
            elif name in kind.properties or kind.rest is not None:
                if value is not None:
                    result[name] = self._value((*path, name), value, kind.property(name), hidden, failures)
            else:
                failures.append(CheckFailure(format_path((*path, name)), _unknown_property(name, kind)))
        for name, spec in kind.properties.items():
            if name in result:
                continue
            if "default" in spec:
                result[name] = spec["default"]
            elif name in kind.required:
                failures.append(CheckFailure(format_path((*path, name)), f"is required{_purpose(spec)}"))
                result[name] = UNKNOWN
        return result

    def _value(self, path: Path, value: Any, spec: Properties, hidden: bool, failures: list[CheckFailure]) -> Any:
        """The completed value; if it is `hidden`, being secret or part of one, no failure may show it."""
        if isinstance(value, Secret):
            return Secret(plain(self._value(path, value.value, spec, True, failures)))
        if value is UNKNOWN or not spec:
            return value
        hidden = hidden or bool(spec.get("secret"))
        expects = self._expects(spec)
        if expects == "object" and isinstance(value, dict):
            return self._object(path, value, self.object_type(spec), hidden, failures)
        if expects == "array" and isinstance(value, list):
            items = self.item_spec(spec)
            return [self._value((*path, index), item, items, hidden, failures) for index, item in enumerate(value)]
        problem = self._problem(value, spec, expects)
        if problem is None:
            return value
        failures.append(
            CheckFailure(format_path(path), f"{problem}, not {'the given secret' if hidden else repr(value)}")
        )
        return UNKNOWN

    def _mark(self, value: Any, spec: Properties) -> Any:
        if value is None or value is UNKNOWN or isinstance(value, Secret):
            return value
        if spec.get("secret"):
            return Secret(plain(value))
        if isinstance(value, dict):
            return self.mark_secrets(value, self.object_type(spec))
        if isinstance(value, list):
            return [self._mark(item, self.item_spec(spec)) for item in value]
        return value

    def _problem(self, value: Any, spec: Properties, expects: str) -> str | None:
        """What the value must be, if it is not."""
        if "oneOf" in spec:
            problems = [self._problem(value, choice, self._expects(choice)) for choice in spec["oneOf"]]
            return None if None in problems else " or ".join(dict.fromkeys(text for text in problems if text))
        if not _is_a(value, expects):
            return f"must be {_ARTICLED.get(expects, expects)}"
        allowed = [choice["value"] for choice in (self._named(spec.get("$ref", "")) or {}).get("enum", ())]
        return f"must be one of {', '.join(map(str, allowed))}" if allowed and value not in allowed else None

    def _expects(self, spec: Properties) -> str:
        """The JSON type of a spec, or "asset", "any", "union"."""
        if "oneOf" in spec:
            return "union"
        ref = spec.get("$ref")
        if ref in _ASSET_TYPES:
            return str(ref)
        if ref is not None:
            return str((self._named(ref) or {}).get("type", "any"))
        return str(spec.get("type", "any"))


_ARTICLED = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "a map",
    **_ASSET_TYPES,
}


def _is_a(value: Any, expects: str) -> bool:
    match expects:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "pulumi.json#/Asset":
            return isinstance(value, Asset | Archive)  # the engine lets either stand for an asset or an archive
        case "pulumi.json#/Archive":
            return isinstance(value, Archive)
    return True


def _purpose(spec: Properties) -> str:
    sentence = re.split(r"(?<=\.)\s", spec.get("description", "").strip(), maxsplit=1)[0].rstrip(".")
    return f": {sentence}" if sentence else ""


def _unknown_property(name: str, kind: ObjectType) -> str:
    camel = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
    close = difflib.get_close_matches(camel, kind.properties, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(kind.properties)) or 'none'}"
    return f"is no property here; {hint}"


def _from_json(value: Any, expects: str) -> Any:
    if isinstance(value, Secret):
        return Secret(_from_json(value.value, expects))
    if not isinstance(value, str) or expects == "string":
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
