"""The real Pulumi CLI works with a provider made with the kit."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.plugin_process import until
from tests.contract.pulumi_project import Project, press_ctrl_c

PROGRAM = """
import json, pathlib, pulumi

class Thing(pulumi.CustomResource):
    address: pulumi.Output[str]
    def __init__(self, name, opts=None, **properties):
        outputs = {"address": None, "serial": None, "token": None, "revision": None}
        super().__init__("toy:index:Thing", name, {**properties, **outputs}, opts)

for name, properties in json.loads(pathlib.Path("things.json").read_text()).items():
    if properties.get("password"):
        properties["password"] = pulumi.Output.secret(properties["password"])
    options = pulumi.ResourceOptions(
        custom_timeouts=pulumi.CustomTimeouts(create=properties.pop("custom_timeouts", None)),
        ignore_changes=properties.pop("ignore_changes", None),
    )
    pulumi.export(name, Thing(name, options, **properties).address)
"""


class Toys(Project):
    """A project of toys; `cloud` is where they are."""

    cloud: Path

    def write(self, **things: dict[str, Any]) -> None:
        (self.folder / "things.json").write_text(json.dumps(things))

    def made(self) -> dict[str, Any]:
        return {path.stem: json.loads(path.read_text()) for path in self.cloud.glob("*.json")}


@pytest.fixture
def toys(tmp_path: Path) -> Iterator[Toys]:
    plugin = tmp_path / "plugin"
    cloud = tmp_path / "cloud"
    plugin.mkdir()
    cloud.mkdir()
    executable = plugin / "pulumi-resource-toy"
    toy = Path(__file__).with_name("toy_provider.py")
    executable.write_text(f'#!/bin/sh\nexec {sys.executable} {toy} "$@"\n')
    executable.chmod(0o755)
    project = Toys(tmp_path, PROGRAM, {"toy": plugin}, {"TOY_CLOUD": str(cloud)})
    project.cloud = cloud
    yield project


def test_the_whole_life_of_a_thing(toys: Toys) -> None:
    toys.write(a={"size": 1, "password": "hunter2", "ports": [{"number": 1}]})

    toys.up()
    state = toys.state()["a"]
    assert state["outputs"]["address"] == "10.0.0.1"
    assert state["inputs"]["kind"] == "plain"
    for side in (state["inputs"]["password"], state["outputs"]["password"], state["outputs"]["token"]):
        assert "ciphertext" in side
    assert "hunter2" not in (toys.folder / "backend/.pulumi/stacks/proj/test.json").read_text()

    assert "2 unchanged" in toys.up()
    assert toys.made()["a"]["revision"] == 1

    toys.write(a={"size": 1, "password": "hunter2", "ports": [{"number": 2}]})
    assert "number: 1 => 2" in toys.run("preview", "--diff")
    toys.up()
    assert toys.made()["a"]["revision"] == 2

    live = toys.made()["a"]
    live["inputs"]["ports"][0]["number"] = 7
    (toys.cloud / "a.json").write_text(json.dumps(live))
    assert "number: 2 => 7" in toys.run("refresh", "--yes", "--diff")
    assert "number: 7 => 2" in toys.run("up", "--yes", "--diff", "--skip-preview")

    toys.run("destroy", "--yes", "--skip-preview")
    assert toys.made() == {}


def test_a_thing_made_by_hand_is_imported(toys: Toys) -> None:
    toys.write()
    by_hand = {"inputs": {"size": 3, "kind": "plain", "password": "hunter2"}, "revision": 1}
    (toys.cloud / "found.json").write_text(json.dumps(by_hand))
    toys.run("import", "toy:index:Thing", "found", "found", "--yes", "--skip-preview", "--generate-code=false")
    assert "ciphertext" in toys.state()["found"]["inputs"]["password"]

    toys.write(found={"size": 3, "password": "hunter2"})
    assert "2 unchanged" in toys.up()


def test_custom_timeouts_and_ignored_changes_hold(toys: Toys) -> None:
    toys.write(a={"size": 1, "fate": "hang", "custom_timeouts": "1s"})
    assert "not done within 1 s" in toys.up(fails=True)
    toys.write(a={"size": 1, "note": "n"})
    toys.up()
    toys.write(a={"size": 1, "note": "m", "ignore_changes": ["note"]})
    assert "2 unchanged" in toys.up()


def test_all_mistakes_are_shown_at_once_and_nothing_is_made(toys: Toys) -> None:
    toys.write(a={"size": "one", "ports": [{}], "colour": "red"})
    output = toys.run("preview", fails=True)
    for expected in (
        "must be a whole number, not 'one'",
        "ports[0].number",
        "colour",
        "there are fate, kind, note, password, ports, size",
    ):
        assert expected in output


def test_a_half_made_thing_is_kept_and_the_next_up_completes_it(toys: Toys) -> None:
    toys.write(a={"size": 1, "fate": "half"})
    output = toys.up(fails=True)
    assert "no address" in output
    assert "no route" in output
    assert toys.state()["a"]["id"] == "a"

    toys.up()
    assert toys.made()["a"]["revision"] == 2
    assert "initErrors" not in toys.state()["a"]


def test_a_refused_thing_leaves_neither_state_nor_pending_operation(toys: Toys) -> None:
    toys.write(a={"size": 1, "fate": "refuse"})
    assert "a refused" in toys.up(fails=True)
    assert toys.state() == {}
    assert toys.pending() == []


def test_ctrl_c_while_waiting_leaves_no_pending_operation_and_the_next_up_converges(toys: Toys) -> None:
    toys.write(a={"size": 1, "fate": "hang"}, b={"size": 2})
    running = toys.start("up", "--yes", "--skip-preview")
    until((toys.cloud / "hanging").exists, "creating hangs")
    until((toys.cloud / "b.json").exists, "the other is made")

    output = press_ctrl_c(running)
    assert "interrupted, while waiting for a (now BOOT)" in output
    assert "exited prematurely" not in output
    assert toys.pending() == []
    assert set(toys.state()) == {"b"}

    toys.write(a={"size": 1}, b={"size": 2})
    toys.up()
    assert set(toys.state()) == {"a", "b"}
    assert toys.made()["b"]["revision"] == 1
