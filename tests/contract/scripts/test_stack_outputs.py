"""Reading a stack's outputs by the real Pulumi CLI, and what is said when there is nothing to read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import outputs
from flower import tool_environment
from problem import Problem

pytestmark = pytest.mark.timeout(120)
Pulumi = Callable[..., str]

OUTPUTS: dict[str, Any] = {
    "controlEndpoint": "127.0.0.1:9093",
    "superlink": {"name": "superlink", "ip": "172.16.100.3", "imageDigest": "sha256:a"},
    "supernodes": [{"name": "supernode-1", "site": "Bonn", "ip": "172.16.100.4", "imageDigest": "sha256:b"}],
    "bastion": {"host": "127.0.0.1", "port": 2222, "user": "root"},
    "ssh": {"user": "root", "privateKeyFile": "key"},
    "sshKnownHosts": "127.0.0.1 ssh-ed25519 AAAA",
    "images": {},
}


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    """A project and a backend of its own; the function runs the CLI in it."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: federation\nruntime: python\n")
    (tmp_path / "backend").mkdir()
    for variable, value in {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "correct",
    }.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    monkeypatch.setattr(outputs, "PROJECT", project)

    def run(*arguments: str, given: str = "") -> str:
        command = ["pulumi", *arguments, "--non-interactive"]
        done = subprocess.run(
            command, cwd=project, env=tool_environment(), input=given, capture_output=True, text=True, check=False
        )
        assert not done.returncode, done.stderr
        return done.stdout

    return run


def deploy(pulumi: Pulumi, given: dict[str, Any] = OUTPUTS) -> None:
    """Give the stack a state with outputs, as `pulumi up` leaves it."""
    state = json.loads(pulumi("stack", "export"))
    root = {"urn": "urn:pulumi:dev::federation::pulumi:pulumi:Stack::federation-dev", "custom": False}
    root |= {"type": "pulumi:pulumi:Stack", "outputs": given}
    state["deployment"]["resources"] = [root]
    pulumi("stack", "import", given=json.dumps(state))


def test_the_outputs_of_the_selected_stack_are_read(pulumi: Pulumi) -> None:
    pulumi("stack", "init", "dev")
    deploy(pulumi)
    read = outputs.read_outputs()
    assert [node.site for node in read.supernodes] == ["Bonn"]
    assert read.private_key_file == outputs.PROJECT / "key"
    assert outputs.read_outputs("dev") == read


def test_no_stack_is_told_with_what_to_do(pulumi: Pulumi) -> None:
    with pytest.raises(Problem, match="no stack is selected") as problem:
        outputs.read_outputs()
    assert "pulumi stack select" in problem.value.remedy


def test_an_unknown_stack_is_named(pulumi: Pulumi) -> None:
    with pytest.raises(Problem, match="there is no stack nowhere"):
        outputs.read_outputs("nowhere")


def test_a_stack_without_resources_was_destroyed_or_never_up(pulumi: Pulumi) -> None:
    pulumi("stack", "init", "dev")
    with pytest.raises(Problem, match="nothing deployed: it was destroyed") as problem:
        outputs.read_outputs()
    assert "pulumi up" in problem.value.remedy


def test_a_wrong_passphrase_is_told(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi("stack", "init", "dev")
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hush"'}
    deploy(pulumi, {**OUTPUTS, "sshKnownHosts": secret})
    assert outputs.read_outputs().known_hosts == "hush"
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    with pytest.raises(Problem, match="secrets cannot be read") as problem:
        outputs.read_outputs()
    assert "PULUMI_CONFIG_PASSPHRASE" in problem.value.remedy


def test_without_the_cli_the_remedy_is_the_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(outputs, "tool_environment", lambda: {**os.environ, "PATH": str(tmp_path)})
    with pytest.raises(Problem, match="pulumi: command not found") as problem:
        outputs.read_outputs()
    assert "make setup" in problem.value.remedy
