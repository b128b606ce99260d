"""A small provider whose "cloud" is a folder of JSON files: one per thing, named by its id.

Started as a plugin by the tests, by the real engine too. The folder is the environment variable TOY_CLOUD.
"""

import json
import os
from pathlib import Path
from typing import Any

from pulumi_provider_kit import (
    CheckFailure,
    InitFailed,
    Operation,
    Pending,
    Properties,
    Provider,
    ReadResult,
    Resource,
    Secret,
    UserError,
    serve,
)

SCHEMA: dict[str, Any] = {
    "types": {
        "toy:index:Port": {
            "type": "object",
            "properties": {"number": {"type": "integer"}, "key": {"type": "string", "secret": True}},
            "required": ["number"],
        }
    },
    "config": {"variables": {"region": {"type": "string"}, "limits": {"type": "array", "items": {"type": "integer"}}}},
    "resources": {
        "toy:index:Thing": {
            "inputProperties": {
                "size": {"type": "integer"},
                "kind": {"type": "string", "default": "plain", "replaceOnChanges": True},
                "password": {"type": "string", "secret": True},
                "note": {"type": "string"},
                "ports": {"type": "array", "items": {"$ref": "#/types/toy:index:Port"}},
                "fate": {"type": "string", "description": "How creating ends: hang, half, refuse or crash."},
            },
            "requiredInputs": ["size"],
            "properties": {
                "size": {"type": "integer"},
                "address": {"type": "string"},
                "serial": {"type": "string"},
                "token": {"type": "string"},
                "revision": {"type": "integer"},
            },
        }
    },
    "functions": {
        "toy:index:count": {
            "inputs": {"properties": {"atLeast": {"type": "integer"}}, "required": ["atLeast"]},
            "outputs": {"properties": {"count": {"type": "integer"}}},
        }
    },
}


class Thing(Resource):
    stable_outputs = ("serial",)

    def check(
        self, operation: Operation, old_inputs: Properties, inputs: Properties
    ) -> tuple[Properties, list[CheckFailure]]:
        size = inputs["size"]
        if isinstance(size, int) and size > 100:
            return inputs, [CheckFailure("size", f"must be at most 100, not {size}")]
        return inputs, []

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        operation.status("creating")
        match inputs.get("fate"):
            case "hang":
                (cloud() / "hanging").touch()
                operation.wait_for(operation.name, lambda: Pending("BOOT"))
            case "refuse":
                raise UserError(f"{operation.name} refused")
            case "crash":
                raise KeyError("a bug")
        outputs = _save(operation.name, inputs, 1)
        if inputs.get("fate") == "half":
            raise InitFailed(operation.name, outputs, ["no address", "no route"])
        operation.log(f"{operation.name} is there")
        return operation.name, outputs

    def read(self, operation: Operation, id: str, inputs: Properties, outputs: Properties) -> ReadResult | None:
        path = cloud() / f"{id}.json"
        if not path.exists():
            return None
        live = json.loads(path.read_text())
        return ReadResult(id, live["inputs"], _outputs(id, live["inputs"], live["revision"]))

    def update(
        self, operation: Operation, id: str, old_inputs: Properties, old_outputs: Properties, inputs: Properties
    ) -> Properties:
        return _save(id, inputs, old_outputs["revision"] + 1)

    def delete(self, operation: Operation, id: str, inputs: Properties, outputs: Properties) -> None:
        (cloud() / f"{id}.json").unlink(missing_ok=True)


class ToyProvider(Provider):
    def configure(self, operation: Operation, config: Properties) -> None:
        operation.log(f"{self.id} configured with {json.dumps(config)}")


def count(operation: Operation, arguments: Properties) -> Properties:
    return {"count": max(len(list(cloud().glob("*.json"))), arguments["atLeast"])}


def cloud() -> Path:
    return Path(os.environ["TOY_CLOUD"])


def _save(id: str, inputs: Properties, revision: int) -> Properties:
    (cloud() / f"{id}.json").write_text(json.dumps({"inputs": inputs, "revision": revision}))
    return _outputs(id, inputs, revision)


def _outputs(id: str, inputs: Properties, revision: int) -> Properties:
    return {**inputs, "address": f"10.0.0.{revision}", "serial": id, "token": Secret("t"), "revision": revision}


if __name__ == "__main__":
    serve(ToyProvider("toy", "1.0.0", SCHEMA, {"toy:index:Thing": Thing()}, {"toy:index:count": count}))
