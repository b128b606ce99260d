"""The package schema: tokens, properties, defaults and secrets as in the official plugin of this version."""

from typing import Any

VERSION = "1.2.1"

Spec = dict[str, Any]

_STRING: Spec = {"type": "string"}
_SECRET: Spec = {"type": "string", "secret": True}
_STRINGS: Spec = {"type": "array", "items": _STRING}
_STRING_MAP: Spec = {"type": "object", "additionalProperties": _STRING}
_TRIGGERS: Spec = {"type": "array", "items": {"$ref": "pulumi.json#/Any"}, "replaceOnChanges": True}
_ASSET_OR_ARCHIVE: Spec = {"$ref": "pulumi.json#/Asset"}

_OUTPUTS: Spec = {"stdout": _STRING, "stderr": _STRING}
_FILES: Spec = {
    "assets": {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Asset"}},
    "archive": {"$ref": "pulumi.json#/Archive"},
}


def _logging(module: str) -> Spec:
    return {"$ref": f"#/types/command:{module}:Logging"}


def _common(module: str) -> Spec:
    return {
        "stdin": _STRING,
        "logging": _logging(module),
        "addPreviousOutputInEnv": {"type": "boolean", "default": True},
        "environment": _STRING_MAP,
    }


_LOCAL: Spec = {
    **_common("local"),
    "interpreter": _STRINGS,
    "dir": _STRING,
    "assetPaths": _STRINGS,
    "archivePaths": _STRINGS,
}
_LIFECYCLE: Spec = {"create": _STRING, "update": _STRING, "delete": _STRING, "triggers": _TRIGGERS}
_CONNECTION: Spec = {"$ref": "#/types/command:remote:Connection", "secret": True}

_CONNECTION_BASE: Spec = {
    "host": {**_STRING, "description": "The address to connect to."},
    "port": {"type": "number", "default": 22},
    "user": {**_STRING, "default": "root"},
    "password": _SECRET,
    "privateKey": _SECRET,
    "privateKeyPassword": _SECRET,
    "hostKey": _STRING,
    "agentSocketPath": _STRING,
    "dialErrorLimit": {"type": "integer", "default": 10},
    "perDialTimeout": {"type": "integer", "default": 15},
}


def _resource(inputs: Spec, outputs: Spec, required: list[str]) -> Spec:
    return {
        "inputProperties": inputs,
        "requiredInputs": required,
        "properties": {**inputs, **outputs},
        "required": required + [name for name in ("stdout", "stderr") if name in outputs],
    }


def _enum(*values: str) -> Spec:
    return {"type": "string", "enum": [{"value": value} for value in values]}


_LOGGING = _enum("stdout", "stderr", "stdoutAndStderr", "none")

SCHEMA: Spec = {
    "types": {
        "command:local:Logging": _LOGGING,
        "command:remote:Logging": _LOGGING,
        "command:remote:ProxyConnection": {"type": "object", "properties": _CONNECTION_BASE, "required": ["host"]},
        "command:remote:Connection": {
            "type": "object",
            "properties": {**_CONNECTION_BASE, "proxy": {"$ref": "#/types/command:remote:ProxyConnection"}},
            "required": ["host"],
        },
    },
    "resources": {
        "command:local:Command": _resource({**_LOCAL, **_LIFECYCLE}, {**_OUTPUTS, **_FILES}, []),
        "command:remote:Command": _resource(
            {**_common("remote"), **_LIFECYCLE, "connection": _CONNECTION}, _OUTPUTS, ["connection"]
        ),
        "command:remote:CopyToRemote": _resource(
            {"connection": _CONNECTION, "source": _ASSET_OR_ARCHIVE, "remotePath": _STRING, "triggers": _TRIGGERS},
            {},
            ["connection", "source", "remotePath"],
        ),
    },
    "functions": {
        "command:local:run": {
            "inputs": {"properties": {**_LOCAL, "command": _STRING}, "required": ["command"]},
            "outputs": {"properties": {**_LOCAL, **_OUTPUTS, **_FILES, "command": _STRING}},
        }
    },
}
