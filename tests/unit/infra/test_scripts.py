"""The scripts as they come out, and what they do.

After a wanted change, `PYTHONPATH=. python tests/unit/infra/test_scripts.py` writes golden/ anew.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra import scripts
from infra.scripts import ContainerSpec, DataDisk, Mount
from infra.ssh import KEY_TYPES

GOLDEN = Path(__file__).parent / "golden"

SPEC = ContainerSpec(
    name="flower-supernode",
    image="flower-supernode:0123456789ab",
    arguments=("--superlink=172.16.100.3:9092", '--node-config=site="agnes" partition-id=0'),
    mounts=(Mount("/srv/flower/data", "/data"), Mount("/var/lib/flower/cache", "/cache", writable=True)),
    environment=(("HOME", "/cache"),),
    memory=3712,
    ready_port=9094,
)
BASTION = ("one.example.org", 2222, "deployer")
CONFIG = scripts.ssh_config(address="172.16.100.4", user="root", key_file="~/.ssh/my key", bastion=BASTION)

CASES = {
    "start-with-docker-from-mirror-and-disk.sh": scripts.start_machine(
        [DataDisk("vdb", "/srv/flower/data")], "http://10.1.2.3/debian"
    ),
    "start-plain.sh": scripts.start_machine([], None),
    "read-host-key.sh": scripts.read_host_key("172.16.100.4", KEY_TYPES),
    "await-machine.sh": scripts.await_machine(SPEC.mounts),
    "build-image.bash": scripts.build_image("supernode", "flower-supernode:0123456789ab"),
    "deliver-image.bash": scripts.deliver_image(
        "supernode",
        "flower-supernode:0123456789ab",
        address="172.16.100.4",
        config=CONFIG,
        known_hosts="[one.example.org]:2222 ssh-ed25519 AAAA\n172.16.100.4 ssh-ed25519 BBBB\n",
    ),
    "container.sh": scripts.container(SPEC),
    "ssh-config": CONFIG,
    "ssh-config-without-bastion": scripts.ssh_config(address="172.16.100.4", user="root", key_file="id", bastion=None),
}
SHELLS = [name for name in CASES if name.endswith("sh")]


@pytest.mark.parametrize("name", CASES)
def test_a_script_comes_out_as_its_golden_file(name: str) -> None:
    assert CASES[name] == (GOLDEN / name).read_text()


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", SHELLS)
def test_its_shell_can_read_it(name: str) -> None:
    shell = "bash" if name.endswith(".bash") else "sh"
    subprocess.run([shell, "-n"], input=CASES[name], text=True, check=True)


@pytest.mark.parametrize("name", SHELLS)
def test_shellcheck_finds_nothing(name: str) -> None:
    shell = "bash" if name.endswith(".bash") else "sh"
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, "-s", shell, "-"], input=CASES[name], text=True, capture_output=True)
    assert done.stdout == ""


def test_a_spec_changes_its_digest_with_anything_in_it() -> None:
    from dataclasses import replace

    others = [
        replace(SPEC, image="flower-supernode:other"),
        replace(SPEC, arguments=()),
        replace(SPEC, mounts=()),
        replace(SPEC, environment=()),
        replace(SPEC, memory=1),
    ]
    assert len({spec.digest for spec in [SPEC, *others]}) == 6
    assert replace(SPEC).digest == SPEC.digest


HOSTILE = "x'; touch /tmp/owned; echo '$(touch /tmp/owned)`touch /tmp/owned`"


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """A PATH whose docker notes its arguments, and knows no container."""
    tools = tmp_path / "bin"
    tools.mkdir()
    docker = tools / "docker"
    docker.write_text(
        f"""#!{sys.executable}
import json, sys
with open({str(tmp_path / "calls")!r}, "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
sys.exit(1 if sys.argv[1:3] == ["container", "inspect"] else 0)
"""
    )
    docker.chmod(0o755)
    return {"PATH": f"{tools}:/usr/bin:/bin", "CALLS": str(tmp_path / "calls")}


def test_values_reach_docker_as_they_are_whatever_is_in_them(machine: dict[str, str]) -> None:
    import json
    from dataclasses import replace

    spec = replace(SPEC, arguments=(HOSTILE,), environment=(("SITE", HOSTILE),), ready_port=1)
    subprocess.run(["sh", "-s"], input=scripts.container(spec, seconds=0), text=True, env=machine, check=False)
    calls = [json.loads(line) for line in Path(machine["CALLS"]).read_text().splitlines()]
    (run,) = [call for call in calls if call[0] == "run"]
    assert run[-1] == HOSTILE
    assert f"--env=SITE={HOSTILE}" in run


def test_a_script_that_arrives_in_part_does_nothing(machine: dict[str, str]) -> None:
    whole = scripts.container(SPEC)
    subprocess.run(["sh", "-s"], input=whole[: len(whole) // 2], text=True, env=machine, capture_output=True)
    assert not Path(machine["CALLS"]).exists()


@pytest.fixture
def deployer(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a delivery in a folder of its own, where these shell lines stand for the programs of those names."""

    def start(**programs: str) -> subprocess.Popen[str]:
        tools = tmp_path / "bin"
        tools.mkdir()
        for name, body in programs.items():
            (tools / name).write_text(f"#!/bin/sh\n{body}\n")
            (tools / name).chmod(0o755)
        (tmp_path / "images/supernode").mkdir(parents=True)
        (tmp_path / "images/supernode/Dockerfile").touch()
        (tmp_path / "tmp").mkdir()
        process = subprocess.Popen(
            ["bash", "-s"],
            cwd=tmp_path,
            env={"PATH": f"{tools}:{os.environ['PATH']}", "TMPDIR": str(tmp_path / "tmp")},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(CASES["deliver-image.bash"])
        process.stdin.close()
        process.stdin = None
        return process

    return start


@pytest.mark.parametrize(
    ("turned_away", "ends", "says"),
    [(2, 0, "sha256:a\n"), (3, 1, "kex: closed\ncannot reach the machine at 172.16.100.4 by SSH\n")],
)
def test_a_delivery_that_sshd_turns_away_is_tried_thrice(
    deployer: Callable[..., subprocess.Popen[str]], turned_away: int, ends: int, says: str
) -> None:
    ssh = (
        f'echo >>asked; [ "$(wc -l <asked)" -gt {turned_away} ] || {{ echo kex: closed >&2; exit 255; }}; echo sha256:a'
    )
    process = deployer(docker="echo sha256:a", ssh=ssh, sleep="exit 0")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out + err) == (ends, says)


@pytest.fixture
def transfer(deployer: Callable[..., subprocess.Popen[str]]) -> Iterator[subprocess.Popen[str]]:
    """A delivery in the middle of its transfer: docker saves for ever, ssh takes it all."""
    process = deployer(
        docker='case "$*" in *Size*) echo 1 ;; *inspect*) echo sha256:a ;; *) exec sleep 1000.5 ;; esac',
        ssh='case "$*" in *inspect*) exit 1 ;; *) exec sleep 1000.5 ;; esac',
    )
    with process:
        poll(lambda: sum("sleep 1000.5" in command for command in alive(process.pid)) == 2)
        yield process
        process.kill()


def alive(session: int) -> list[str]:
    """Command lines of the session's processes."""
    listed = subprocess.run(["ps", "-s", str(session), "-o", "args="], text=True, capture_output=True).stdout
    return [line for line in listed.splitlines() if "<defunct>" not in line]


def poll(ready: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="the kernel's help for this is reached by setpriv")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_delivery_that_is_ended_leaves_no_process_behind(
    transfer: subprocess.Popen[str], how: signal.Signals, tmp_path: Path
) -> None:
    transfer.send_signal(how)
    poll(lambda: alive(transfer.pid) == [])
    if how != signal.SIGKILL:
        assert list((tmp_path / "tmp").iterdir()) == []


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.iterdir():
        old.unlink()
    for case, text in CASES.items():
        (GOLDEN / case).write_text(text)
