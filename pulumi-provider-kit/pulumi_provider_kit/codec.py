"""Property values: Pulumi's protobuf structs to Python values and back.

| on the wire                    | in Python                          |
|--------------------------------|------------------------------------|
| null, bool, string, list, map  | None, bool, str, list, dict        |
| number                         | int where it is whole, else float  |
| not known before `pulumi up`   | UNKNOWN                            |
| secret                         | Secret(value)                      |
| asset, archive                 | Asset, Archive                     |

The marks are those of `pulumi.runtime.rpc`; resource references do not occur, since the kit declines them in the
handshake and then gets the resource's id as a string.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

Properties: TypeAlias = dict[str, Any]


class Unknown(enum.Enum):
    """The type of UNKNOWN."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown.UNKNOWN
"""A value that only `pulumi up` will tell; it occurs in checks, diffs and previews. Compare with `is`."""


@dataclass(frozen=True)
class Secret:
    """A value that is encrypted in the state and hidden in all output."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(***)"


@dataclass(frozen=True)
class Asset:
    """One file: exactly one of `text`, `path` (a local file) and `uri` is set.

    `hash` is the SHA-256 of the content in hexadecimal, computed by the engine; empty in an asset made by the provider.
    """

    hash: str = ""
    text: str | None = None
    path: str | None = None
    uri: str | None = None


@dataclass(frozen=True)
class Archive:
    """Many files: exactly one of `path` (a local folder or archive file), `uri` and `assets` (by name) is set."""

    hash: str = ""
    path: str | None = None
    uri: str | None = None
    assets: Mapping[str, "Asset | Archive"] | None = None


def decode(struct: struct_pb2.Struct) -> Properties:
    """The properties in a message of the engine."""
    return {name: _decode_value(value) for name, value in struct.fields.items()}


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties as a message to the engine.

    Raises:
        TypeError: a value of a type that Pulumi does not know.
        ValueError: a number that its state, being JSON with 64-bit floats, would not keep.
    """
    return struct_pb2.Struct(fields={name: _encode_value(value) for name, value in properties.items()})


def plain(value: Any) -> Any:
    """The value without secret marks, for comparisons and for calls to the cloud."""
    match value:
        case Secret():
            return plain(value.value)
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Whether the value or anything in it is UNKNOWN."""
    match value:
        case Secret():
            return has_unknown(value.value)
        case dict():
            return any(has_unknown(item) for item in value.values())
        case list() | tuple():
            return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def has_secret(value: Any) -> bool:
    """Whether the value or anything in it is a Secret."""
    match value:
        case Secret():
            return True
        case dict():
            return any(has_secret(item) for item in value.values())
        case list() | tuple():
            return any(has_secret(item) for item in value)
    return False


def mark_secrets(value: Any, like: Any) -> Any:
    """The value, secret wherever `like` is.

    A secret that has no counterpart in the value (its list became shorter, say) makes the whole surrounding value
    secret: nothing may leak because it moved.
    """
    if isinstance(value, Secret) or not has_secret(like):
        return value
    match like, value:
        case dict(), dict() if all(key in value for key, item in like.items() if has_secret(item)):
            return {key: mark_secrets(item, like.get(key)) for key, item in value.items()}
        case list(), list() if len(like) == len(value):
            return [mark_secrets(item, other) for item, other in zip(value, like, strict=True)]
    return Secret(plain(value))


def mark_echoed_secrets(outputs: Properties, *sources: Mapping[str, Any]) -> Properties:
    """Outputs, secret where an input (or earlier output) of the same name is.

    Unlike `mark_secrets`, a secret property that is absent from the outputs does not make the others secret.
    """
    for source in sources:
        outputs = {name: mark_secrets(value, source.get(name)) for name, value in outputs.items()}
    return outputs


def _decode_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
        case "number_value":
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_decode_value(item) for item in value.list_value.values]
        case "struct_value":
            return _decode_map(decode(value.struct_value))
    return None


def _decode_map(items: Properties) -> Any:
    match items.pop(rpc._special_sig_key, None):
        case rpc._special_secret_sig:
            return Secret(items.get("value"))
        case rpc._special_asset_sig:
            return Asset(**_known_fields(Asset, items))
        case rpc._special_archive_sig:
            return Archive(**_known_fields(Archive, items))
    return items


def _encode_value(value: Any) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case Unknown():
            return struct_pb2.Value(string_value=rpc.UNKNOWN)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            if not math.isfinite(value) or float(value) != value:
                raise ValueError(f"{value} is not kept exactly as a 64-bit float; make the property a string")
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encode_value(item) for item in value]))
        case Secret():
            return _encode_value({rpc._special_sig_key: rpc._special_secret_sig, "value": value.value})
        case Asset():
            return _encode_value({rpc._special_sig_key: rpc._special_asset_sig, **_set_fields(value)})
        case Archive():
            return _encode_value({rpc._special_sig_key: rpc._special_archive_sig, **_set_fields(value)})
        case dict():
            return struct_pb2.Value(struct_value=encode(value))
    raise TypeError(f"a property cannot be a {type(value).__name__}")


def _known_fields(kind: type[Asset] | type[Archive], items: Properties) -> Properties:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in items.items() if name in names}


def _set_fields(value: Asset | Archive) -> Properties:
    present = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: item for name, item in present.items() if item is not None}
