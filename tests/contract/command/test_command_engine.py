"""The real Pulumi CLI and the official SDK work with the stand-in."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract.command.conftest import PLUGIN, SshServer
from tests.contract.plugin_process import until
from tests.contract.pulumi_project import BIN, Project, press_ctrl_c

PROGRAM = """
import json, pathlib, pulumi
from pulumi_command import local, remote

spec = json.loads(pathlib.Path("spec.json").read_text())
if "local" in spec:
    command = local.Command("here", **spec["local"])
    pulumi.export("stdout", command.stdout)
if "remote" in spec:
    connection = remote.ConnectionArgs(**spec["connection"])
    copied = remote.CopyToRemote(
        "copied", connection=connection, source=pulumi.FileArchive(spec["source"]), remote_path=spec["target"]
    )
    there = remote.Command(
        "there", connection=connection, **spec["remote"], opts=pulumi.ResourceOptions(depends_on=[copied])
    )
    pulumi.export("there", there.stdout)
if "run" in spec:
    pulumi.export("run", local.run(**spec["run"]).stdout)
"""


class Commands(Project):
    """A project whose program is in `spec.json`."""

    def write(self, **spec: Any) -> None:
        (self.folder / "spec.json").write_text(json.dumps(spec))

    def log(self) -> list[str]:
        """What the commands left, each in a line."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def output(self, name: str) -> str:
        return self.run("stack", "output", name).strip()


@pytest.fixture
def project(tmp_path: Path) -> Commands:
    path = f"{PLUGIN.parent}:{BIN}:{os.environ['PATH']}"
    return Commands(tmp_path, PROGRAM, {}, {"PATH": path})


def test_the_whole_life_of_a_local_command(project: Commands) -> None:
    commands = {"create": "echo create >> log; echo out", "delete": "echo delete >> log"}
    project.write(local={**commands, "triggers": ["a"]})
    output = project.up()
    assert project.log() == ["create"]
    summary = output.partition("Diagnostics:")[2]
    assert summary.count("pulumi-command-offline stands in for the official plugin") == 1
    assert re.fullmatch(r"here[0-9a-f]{8}", project.state()["here"]["id"])
    assert project.output("stdout") == "out"

    project.up()
    assert project.log() == ["create"]

    project.write(local={**commands, "triggers": ["b"]})
    project.up()
    assert project.log() == ["create", "create", "delete"]  # a replacement creates first

    project.write(local={**commands, "triggers": ["b"], "update": 'echo "update $PULUMI_COMMAND_STDOUT" >> log'})
    project.up()
    assert project.log()[3:] == ["update out"]

    project.run("refresh", "--yes")
    project.run("destroy", "--yes", "--skip-preview")
    assert project.log()[4:] == ["delete"]


def test_a_failing_command_shows_its_output_and_saves_no_state(project: Commands) -> None:
    project.write(local={"create": "echo reason >&2; exit 7"})
    output = project.up(fails=True)
    assert "exit status 7: running" in output
    assert "reason" in output
    assert project.state() == {}
    assert project.pending() == []


def test_a_failing_update_keeps_the_old_state(project: Commands) -> None:
    project.write(local={"create": "echo one"})
    project.up()
    project.write(local={"create": "echo two; exit 1"})
    project.up(fails=True)
    assert project.state()["here"]["outputs"]["stdout"] == "one"


def test_ctrl_c_ends_a_command_without_state_or_pending_operation(project: Commands) -> None:
    project.write(local={"create": "echo $$ > pid; exec sleep 60"})
    running = project.start("up", "--yes", "--skip-preview")
    until(lambda: (project.folder / "pid").exists() and bool((project.folder / "pid").read_text()), "it runs")
    pid = int((project.folder / "pid").read_text())
    press_ctrl_c(running)
    until(lambda: not Path(f"/proc/{pid}").exists(), "it has ended")
    assert project.state() == {}
    assert project.pending() == []

    project.write(local={"create": "echo done"})
    project.up()
    assert project.output("stdout") == "done"


def test_files_and_commands_on_another_machine(project: Commands, ssh: SshServer) -> None:
    source = project.folder / "source"
    source.mkdir()
    (source / "f").write_text("1")
    target = project.folder / "target"
    connection = {
        "host": "127.0.0.1",
        "port": ssh.port,
        "user": ssh.user,
        "private_key": ssh.private_key,
        "host_key": ssh.host_key,
    }
    spec: dict[str, Any] = {
        "connection": connection,
        "source": str(source),
        "target": str(target),
        "remote": {"create": f"cat {target}/source/f; echo $GREETING", "environment": {"GREETING": "hello"}},
    }
    project.write(**spec)
    project.up()
    assert project.output("there") == "1hello"
    assert "ciphertext" in project.state()["there"]["outputs"]["connection"]
    assert "OPENSSH PRIVATE KEY" not in (project.folder / "backend/.pulumi/stacks/proj/test.json").read_text()
    assert "3 unchanged" in project.up()

    (source / "f").write_text("2")
    assert "copied" in project.up()
    assert (target / "source/f").read_text() == "2"
    project.run("destroy", "--yes", "--skip-preview")


def test_the_function_runs_in_previews_too(project: Commands) -> None:
    project.write(run={"command": "echo run >> log; echo out"})
    project.run("preview")
    assert project.log() == ["run"]
    project.up()
    assert project.log() == ["run", "run"]
    assert project.output("run") == "out"


def test_previews_run_nothing_and_pass_on_unknowns(project: Commands) -> None:
    project.write(local={"create": "echo create >> log; echo out"})
    assert re.search(r"stdout *: (output<string>|\[unknown\])", project.run("preview"))
    assert project.log() == []
