"""The way in: what OpenSSH is told, and what its refusals mean."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from outputs import Bastion, MachineOutput, StackOutputs
from ssh import explain, render_ssh_config, write_ssh_config

OUTPUTS = StackOutputs(
    control_endpoint="127.0.0.1:9093",
    superlink=MachineOutput("superlink", "172.16.100.3", "", "sha256:a"),
    supernodes=(MachineOutput("supernode-1", "172.16.100.4", "Charité", "sha256:b"),),
    bastion=Bastion("cloud.example.org", 2222, "jump"),
    user="root",
    private_key_file=Path("/keys with space/100%/id"),
    known_hosts="[cloud.example.org]:2222 ssh-ed25519 AAAA",
    images={},
)


def understood(folder: Path, outputs: StackOutputs, host: str) -> dict[str, str]:
    """What OpenSSH itself makes of our file for a host."""
    if not shutil.which("ssh"):
        pytest.skip("needs the OpenSSH client")
    config = write_ssh_config(folder, outputs)
    done = subprocess.run(["ssh", "-G", "-F", config, host], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def test_a_machine_is_reached_through_the_bastion_with_pinned_keys_alone(tmp_path: Path) -> None:
    options = understood(tmp_path, OUTPUTS, "supernode-1")
    expected = {
        "hostname": "172.16.100.4",
        "user": "root",
        "proxyjump": "bastion",
        "stricthostkeychecking": "true",
        "userknownhostsfile": str(tmp_path / "known_hosts"),
        "globalknownhostsfile": "none",
        "updatehostkeys": "false",
        "identitiesonly": "yes",
        "batchmode": "yes",
        "forwardagent": "no",
        "forwardx11": "no",
    }
    assert {key: options.get(key) for key in expected} == expected


def test_the_bastion_has_its_own_address_port_and_user(tmp_path: Path) -> None:
    options = understood(tmp_path, OUTPUTS, "bastion")
    assert (options["hostname"], options["port"], options["user"]) == ("cloud.example.org", "2222", "jump")
    assert "proxyjump" not in options


def test_paths_with_spaces_and_percent_signs_survive(tmp_path: Path) -> None:
    folder = tmp_path / "a b%c"
    folder.mkdir()
    options = understood(folder, OUTPUTS, "superlink")
    assert options["identityfile"].replace("%%", "%") == str(OUTPUTS.private_key_file)
    assert options["userknownhostsfile"].replace("%%", "%").strip('"') == str(folder / "known_hosts")


def test_without_a_bastion_machines_are_reached_directly() -> None:
    config = render_ssh_config(replace(OUTPUTS, bastion=None), Path("/known"))
    assert "ProxyJump" not in config and "Host bastion" not in config


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    write_ssh_config(tmp_path, OUTPUTS)
    assert {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {
        "known_hosts": 0o600,
        "ssh_config": 0o600,
    }
    assert (tmp_path / "known_hosts").read_text() == "[cloud.example.org]:2222 ssh-ed25519 AAAA\n"


@pytest.mark.parametrize(
    ("said", "cause", "remedy"),
    [
        ("bind [127.0.0.1]:9093: Address already in use", "port 9093 on 127.0.0.1 is taken", "--port"),
        ("cannot listen to port: 9093\nAddress already in use", "port 9093", "--port"),
        ("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\nHost key verification failed.", "host key", "rebuilt"),
        (
            "root@cloud: Permission denied (publickey).",
            "the key /keys with space/100%/id is refused",
            "authorized_keys",
        ),
        ("channel 0: open failed: connect failed: No route to host", "superlink (172.16.100.3) does not", "VM running"),
        ("ssh: connect to host x port 22: Connection refused", "the bastion cloud.example.org:2222", "firewall"),
        ("", "it closed without a word", "bastion:host"),
    ],
)
def test_a_refusal_gets_its_cause_and_remedy(said: str, cause: str, remedy: str) -> None:
    problem = explain(said, OUTPUTS, 9093)
    assert cause in problem.cause
    assert remedy in problem.remedy
