"""The package: the SDK fits the definitions, the schema is one that Pulumi can read, programs get typed values."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pulumi
import pytest
from opennebula_provider import VERSION
from opennebula_provider.definitions import FUNCTIONS, RESOURCES
from opennebula_provider.provider import OpenNebula
from opennebula_provider.schema import package_schema
from opennebula_provider.sdk import SDK, render

PACKAGE = SDK.parent


def test_the_sdk_is_the_one_written_from_the_definitions() -> None:
    files = {path.name: path.read_text() for path in SDK.iterdir() if path.is_file() and path.name != "_utilities.py"}
    assert files == render(), "run `python3 -m opennebula_provider.sdk`"


def test_there_is_one_version() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    assert f"## {VERSION}" in (PACKAGE / "CHANGELOG.md").read_text()


def test_the_plugin_serves_all_that_is_defined() -> None:
    provider = OpenNebula()
    assert set(provider.resources) == {definition.token for definition in RESOURCES}
    assert set(provider.functions) == {definition.token for definition in FUNCTIONS}


def test_every_reference_in_the_schema_leads_somewhere_and_everything_is_documented() -> None:
    schema = package_schema()
    specs = list(_specs(schema))
    assert specs
    for where, spec in specs:
        assert spec.get("description"), where
        kind = spec.get("items") or spec
        if "$ref" in kind:
            assert kind["$ref"].removeprefix("#/types/") in schema["types"], where
        else:
            assert kind["type"] in ("string", "integer", "number", "boolean", "object"), where
    json.dumps(schema)


def test_required_properties_exist() -> None:
    schema = package_schema()
    for token, resource in schema["resources"].items():
        assert set(resource["required"]) <= set(resource["properties"]), token
        assert set(resource["requiredInputs"]) <= set(resource["inputProperties"]), token


def _specs(schema: dict[str, Any]) -> Any:
    for token, resource in schema["resources"].items():
        for part in ("inputProperties", "properties"):
            yield from ((f"{token}.{name}", spec) for name, spec in resource[part].items())
    for token, function in schema["functions"].items():
        for part in ("inputs", "outputs"):
            yield from ((f"{token}.{name}", spec) for name, spec in function[part]["properties"].items())
    for token, kind in schema["types"].items():
        yield from ((f"{token}.{name}", spec) for name, spec in kind["properties"].items())


class Engine(pulumi.runtime.Mocks):
    """Answers as the engine would, and notes what it was sent."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.sent[args.name] = args.inputs
        nic = {"nicId": 0, "networkId": 7, "network": "net", "mac": "02:00", "securityGroups": [1]}
        return "7", {**args.inputs, "name": args.name, "ip": "10.0.0.5", "attachedNics": [nic]}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        self.sent[args.token] = args.args
        found = {"id": 3, "name": args.args["name"], "type": "OS", "state": "READY", "size": 2048}
        return {**found, "persistent": False, "datastoreId": 1}, []


@pytest.fixture
def engine() -> Engine:
    engine = Engine()
    pulumi.runtime.set_mocks(engine, preview=False)
    return engine


def test_a_program_can_use_arguments_dictionaries_and_args_classes_alike(engine: Engine) -> None:
    import pulumi_opennebula as opennebula

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[None]:
        network = opennebula.VirtualNetwork("net", address_ranges=[{"ip4": "10.0.0.3", "size": 9}])
        image = opennebula.get_image_output(name="debian")
        separate = opennebula.VirtualMachine(
            "separate",
            cpu=1,
            memory=512,
            nics=[opennebula.NicArgs(network_id=network.id.apply(int), security_groups=[1])],
            disks=[{"image_id": image.id, "dev_prefix": "vd"}],
            context={"some_key": "kept as it is"},
        )
        together = opennebula.VirtualMachine(
            "together",
            opennebula.VirtualMachineArgs(
                cpu=1,
                memory=512,
                nics=[{"network_id": network.id.apply(int), "security_groups": [1]}],
                disks=[opennebula.DiskArgs(image_id=image.id, dev_prefix="vd")],
                context={"some_key": "kept as it is"},
            ),
        )

        def check(values: list[Any]) -> None:
            assert engine.sent["separate"] == engine.sent["together"]
            assert engine.sent["separate"]["nics"] == [{"networkId": 7, "securityGroups": [1]}]
            assert engine.sent["separate"]["disks"] == [{"imageId": 3, "devPrefix": "vd"}]
            assert engine.sent["separate"]["context"] == {"some_key": "kept as it is"}
            assert values[0][0].network_id == 7
            assert values[1] == "10.0.0.5"

        return pulumi.Output.all(separate.attached_nics, separate.ip, together.ip).apply(check)

    program()


def test_a_look_up_gives_a_typed_result_at_once(engine: Engine) -> None:
    import pulumi_opennebula as opennebula

    found = opennebula.get_image(name="debian")
    assert (found.id, found.name, found.datastore_id) == (3, "debian", 1)


def test_a_wrong_argument_is_told_by_its_name(engine: Engine) -> None:
    import pulumi_opennebula as opennebula

    with pytest.raises(TypeError, match="memroy"):
        opennebula.VirtualMachine("vm", memroy=3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="expected VirtualMachineArgs or ResourceOptions"):
        opennebula.VirtualMachine("vm", "web")  # type: ignore[call-overload]


def test_the_plugin_is_found_beside_the_sdk() -> None:
    plugin = json.loads((SDK / "pulumi-plugin.json").read_text())
    assert plugin == {"resource": True, "name": "opennebula", "version": VERSION}
    assert (PACKAGE / "pulumi-resource-opennebula").stat().st_mode & 0o111
    assert Path(PACKAGE / "README.md").exists()
