"""`python -m sandbox`: up, down, status, logs, on sandboxes of their own."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pyone
import pytest

from sandbox import front_end, keys
from sandbox.engine import execute
from sandbox.place import LABEL, Place, locate
from tests.e2e.sandbox.cloud import backing_of, free_subnet

ROOT = Path(__file__).parents[3]
NEW_PORTS = ("--api-port", "0", "--bastion-port", "0")


def sandbox(state_dir: Path, command: str, *arguments: str, name: str = "one") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", command, "--name", name, "--state-dir", str(state_dir), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )


def up(state_dir: Path, *arguments: str, name: str = "one") -> Place:
    done = sandbox(state_dir, "up", *arguments, name=name)
    assert done.returncode == 0, done.stdout + done.stderr
    return locate(name, state_dir)


def status(state_dir: Path, name: str = "one") -> Any:
    return json.loads(sandbox(state_dir, "status", "--json", name=name).stdout)


def api(place: Place) -> Any:
    return pyone.OneServer(place.endpoint, session=place.one_auth.read_text().strip())


def wait_for(what: str, check: Any, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds} s")


def make_vm(client: docker.DockerClient, place: Place, name: str) -> int:
    """A running VM on a network of its own, by the API."""
    one = api(place)
    subnet = free_subnet(client, place)
    network = one.vn.allocate(
        f'NAME="net-of-{name}"\nVN_MAD="bridge"\nBRIDGE="br"\nNETWORK_ADDRESS="{subnet[0]}"\n'
        f'NETWORK_MASK="255.255.255.0"\nGATEWAY="{subnet[1]}"\nAR=[TYPE="IP4",IP="{subnet[3]}",SIZE="100"]',
        -1,
    )
    wait_for("network", lambda: one.vn.info(network).STATE == 1)
    script = base64.b64encode(b"echo hello from $(hostname)").decode()
    vm: int = one.vm.allocate(
        f'NAME="{name}"\nCPU="0.5"\nMEMORY="256"\nNIC=[NETWORK_ID="{network}"]\nDISK=[IMAGE="debian-13"]\n'
        f'DISK=[TYPE="fs",FORMAT="raw",SIZE="16",TARGET="vdb"]\n'
        f'CONTEXT=[NETWORK="YES",SET_HOSTNAME="{name}",START_SCRIPT_BASE64="{script}",'
        f'SSH_PUBLIC_KEY="{keys.public_half(place.private_key).read_text().strip()}"]'
    )
    wait_for("VM", lambda: one.vm.info(vm).LCM_STATE == 3)
    return vm


def left_of(client: docker.DockerClient, place: Place) -> list[str]:
    """Names of all Docker objects, processes and files that the sandbox still has."""
    mine: dict[str, Any] = {"label": f"{LABEL}={place.id}"}
    found: list[Any] = [
        *client.containers.list(all=True, filters=mine, ignore_removed=True),
        *client.networks.list(filters=mine),
        *client.volumes.list(filters=mine),
    ]
    named: list[Any] = [*client.volumes.list(), *client.networks.list(), *client.containers.list(all=True)]
    names = {str(thing.name) for thing in (*found, *(one for one in named if place.prefix in str(one.name)))}
    if front_end.is_running(place):
        names.add("the API's process")
    if place.folder.exists():
        names.add(str(place.folder))
    return sorted(names)


@pytest.fixture(scope="module")
def state_dir(docker_client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("sandboxes")
    yield folder
    for name in ("one", "two", "three"):
        sandbox(folder, "down", name=name)


@pytest.fixture
def own_state_dir(docker_client: docker.DockerClient, tmp_path: Path) -> Iterator[Path]:
    """For a test that makes and removes a sandbox itself; what a failing one leaves is removed."""
    yield tmp_path
    sandbox(tmp_path, "down")


@pytest.fixture(scope="module")
def place(state_dir: Path) -> Place:
    """A sandbox that is up."""
    return up(state_dir, *NEW_PORTS)


@pytest.fixture(scope="module")
def vm(docker_client: docker.DockerClient, place: Place) -> int:
    return make_vm(docker_client, place, "hospital-1")


def test_status_names_endpoint_bastion_vms_networks_groups_and_images(state_dir: Path, place: Place, vm: int) -> None:
    shown = status(state_dir)
    assert (shown["endpoint"], shown["api"], shown["bastion_runs"]) == (place.endpoint, True, True)
    [line] = [line for line in shown["vms"] if line["id"] == vm]
    assert (line["name"], line["state"], line["memory"], len(line["addresses"])) == ("hospital-1", "RUNNING", 256, 1)
    assert [network["leases"] for network in shown["networks"]] == [1]
    assert shown["groups"] == ["default"]
    assert shown["images"] == 2


@pytest.mark.parametrize("arguments", [["status", "--json"], ["status"], ["logs", "hospital-1"], ["up"]], ids=" ".join)
def test_a_reader_that_goes_away_is_no_error(state_dir: Path, vm: int, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "sandbox", *arguments, "--name", "one", "--state-dir", str(state_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


def test_the_table_fits_80_columns(state_dir: Path, vm: int) -> None:
    lines = sandbox(state_dir, "status").stdout.splitlines()
    assert any("hospital-1" in line and "RUNNING" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_a_vms_console_is_shown_by_name_and_by_id(state_dir: Path, vm: int) -> None:
    wait_for("start script", lambda: "hello from hospital-1" in sandbox(state_dir, "logs", "hospital-1").stdout)
    assert "contextualized as hospital-1" in sandbox(state_dir, "logs", str(vm)).stdout


def test_the_console_of_an_unknown_vm_is_an_error_that_names_the_vms(state_dir: Path, vm: int) -> None:
    done = sandbox(state_dir, "logs", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no VM 'nobody' (VMs here: 0 hospital-1)" in done.stderr


def test_up_again_changes_nothing_and_is_quick(state_dir: Path, place: Place) -> None:
    started = time.monotonic()
    assert up(state_dir) == place
    assert time.monotonic() - started < 5


def test_secrets_are_readable_by_their_owner_alone(place: Place) -> None:
    assert place.folder.stat().st_mode & 0o077 == 0
    for secret in (place.one_auth, place.private_key, place.bastion_key):
        assert secret.stat().st_mode & 0o077 == 0


def test_up_restarts_an_api_that_died_and_vms_go_on(state_dir: Path, place: Place, vm: int) -> None:
    since = api(place).vm.info(vm).STIME
    [process] = front_end.processes(place)
    os.kill(process, signal.SIGKILL)
    wait_for("end of the API", lambda: not front_end.is_running(place))
    assert status(state_dir)["api"] is False
    up(state_dir)
    found = api(place).vm.info(vm)
    assert (3, since) == (found.LCM_STATE, found.STIME)


def test_after_the_host_was_restarted_up_shows_vms_as_powered_off_and_they_resume(
    docker_client: docker.DockerClient, state_dir: Path, place: Place, vm: int
) -> None:
    [process] = front_end.processes(place)
    os.kill(process, signal.SIGKILL)
    for name in (place.vm(vm), place.bastion):
        docker_client.containers.get(name).kill()
    up(state_dir)
    [line] = [line for line in status(state_dir)["vms"] if line["id"] == vm]
    assert line["state"] == "POWEROFF"
    api(place).vm.action("resume", vm)
    wait_for("resumed VM", lambda: api(place).vm.info(vm).LCM_STATE == 3)


def test_up_makes_a_lost_bastion_again_in_all_networks(
    docker_client: docker.DockerClient, state_dir: Path, place: Place, vm: int
) -> None:
    docker_client.containers.get(place.bastion).remove(force=True)
    assert status(state_dir)["bastion_runs"] is False
    up(state_dir)
    networks = docker_client.containers.get(place.bastion).attrs["NetworkSettings"]["Networks"]
    assert set(networks) == {place.bastion, place.network(0)}
    _, route = execute(docker_client.containers.get(place.bastion), "ip", "route", "show", "default")
    assert route.split()[2] == networks[place.bastion]["Gateway"]


def test_ports_that_are_taken_are_named_with_who_has_them(state_dir: Path, place: Place) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = sandbox(
            state_dir, "up", "--api-port", str(port), "--bastion-port", str(place.bastion_port), name="three"
        )
    assert done.returncode == 1
    assert f"port {port} is taken by process {os.getpid()}" in done.stderr
    assert f"port {place.bastion_port} is taken by the bastion of sandbox {place.id}" in done.stderr
    assert not (state_dir / "three").exists()


def test_two_sandboxes_live_side_by_side(
    docker_client: docker.DockerClient, state_dir: Path, place: Place, vm: int
) -> None:
    other = up(state_dir, *NEW_PORTS, name="two")
    make_vm(docker_client, other, "hospital-2")
    assert [line["name"] for line in status(state_dir, "two")["vms"]] == ["hospital-2"]
    assert [line["name"] for line in status(state_dir)["vms"]] == ["hospital-1"]
    assert sandbox(state_dir, "down", name="two").returncode == 0
    assert left_of(docker_client, other) == []
    assert [line["state"] for line in status(state_dir)["vms"]] == ["RUNNING"]


@pytest.mark.parametrize("begun", ["keys and password", "API on"])
def test_up_that_is_interrupted_removes_what_it_made(
    docker_client: docker.DockerClient, own_state_dir: Path, begun: str
) -> None:
    command = [
        sys.executable,
        "-u",
        "-m",
        "sandbox",
        "up",
        "--name",
        "one",
        "--state-dir",
        str(own_state_dir),
        *NEW_PORTS,
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while begun not in said:
            letter = process.stdout.read(1)
            assert letter, said
            said += letter
        process.send_signal(signal.SIGINT)
        said += process.stdout.read()
        assert process.wait(60) == 130, said
    assert "interrupted: removing what was made" in said
    assert left_of(docker_client, locate("one", own_state_dir)) == []


@pytest.mark.parametrize("damage", ["folder gone", "ports file broken"])
def test_down_leaves_nothing(docker_client: docker.DockerClient, own_state_dir: Path, damage: str) -> None:
    place = up(own_state_dir, *NEW_PORTS)
    vm = make_vm(docker_client, place, "vm")
    backing = backing_of(docker_client.containers.get(place.vm(vm)), "vdb")
    if damage == "folder gone":
        for file in place.folder.iterdir():
            file.unlink()
        place.folder.rmdir()
    else:
        (place.folder / "ports.json").write_text("{")
    done = sandbox(own_state_dir, "down")
    assert done.returncode == 0, done.stderr
    assert left_of(docker_client, place) == []
    assert not backing.exists()


def test_down_where_nothing_is_says_so(own_state_dir: Path) -> None:
    done = sandbox(own_state_dir, "down")
    assert done.returncode == 0
    assert "there was nothing to remove" in done.stdout


def test_up_after_the_state_folder_was_lost_starts_anew(
    docker_client: docker.DockerClient, own_state_dir: Path
) -> None:
    place = up(own_state_dir, *NEW_PORTS)
    make_vm(docker_client, place, "vm")
    for file in place.folder.iterdir():
        file.unlink()
    place.folder.rmdir()
    up(own_state_dir, *NEW_PORTS)
    assert status(own_state_dir)["vms"] == []
    assert docker_client.containers.list(filters={"name": place.vm(0)}) == []
