"""Docker in a VM: as the image brings it, and as a start script installs it from a package mirror."""

from __future__ import annotations

import pytest

from sandbox.oned.driver import Vm
from tests.e2e.sandbox.cloud import WITH_DOCKER, WITHOUT_DOCKER, Cloud

# What any start script for a Debian VM might say; it does not know where it runs.
INSTALL = """#!/bin/sh
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends docker.io docker-cli
systemctl enable --now docker
"""
AWAIT_DOCKER = "timeout 100 sh -c 'until docker info >/dev/null 2>&1; do sleep 0.2; done'"
MAKE_IMAGE = "tar -C / -c bin lib lib64 usr/bin usr/lib usr/lib64 | docker import - self"


@pytest.fixture(scope="module", params=["in the image", "installed by the start script"])
def vm(request: pytest.FixtureRequest, cloud: Cloud) -> Vm:
    if request.param == "in the image":
        made = cloud.start(cloud.vm(image=WITH_DOCKER, memory=1024))
    else:
        made = cloud.start(cloud.vm(image=WITHOUT_DOCKER, memory=1024, START_SCRIPT=INSTALL))
    cloud.run(made, AWAIT_DOCKER)
    cloud.run(made, f"docker image inspect self >/dev/null 2>&1 || {MAKE_IMAGE}")
    return made


def test_a_hardened_container_runs_within_its_limits(cloud: Cloud, vm: Vm) -> None:
    hardening = "--read-only --cap-drop ALL --security-opt no-new-privileges --user 49999:49999 --pids-limit 50"
    limit = "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes"
    said = cloud.run(vm, f"docker run --rm --network host --memory 64m {hardening} self sh -c 'id -u; {limit}'")
    assert said.split() == ["49999", str(64 << 20)]


def test_images_and_containers_are_there_after_a_reboot_and_docker_restarts_them(cloud: Cloud, vm: Vm) -> None:
    service = "trap exit TERM; sleep 1000 & wait"  # ends when it is asked, so that nobody waits for a kill
    cloud.run(vm, f"docker run -d --name lasting --restart unless-stopped --network host self sh -c '{service}'")
    cloud.driver.reboot(vm.id, hard=False)
    cloud.run(vm, AWAIT_DOCKER)
    running = "docker inspect --format '{{.State.Running}}' lasting"
    cloud.run(vm, f"timeout 20 sh -c 'until [ \"$({running})\" = true ]; do sleep 0.2; done'")
    cloud.run(vm, "docker rm -f lasting")


def test_its_networks_stay_clear_of_private_networks(cloud: Cloud, vm: Vm) -> None:
    cloud.run(vm, "docker network create own")
    subnets = cloud.run(vm, "docker network inspect bridge own --format '{{(index .IPAM.Config 0).Subnet}}'").split()
    cloud.run(vm, "docker network rm own")
    assert all(subnet.startswith("198.19.") for subnet in subnets)


def test_poweroff_stops_the_containers_first_and_soon(cloud: Cloud, vm: Vm) -> None:
    stop = 'trap "echo stopped > /out/stopped; exit" TERM; while :; do sleep 0.1; done'
    cloud.run(vm, f"mkdir -p /root/out; docker run -d --name asked -v /root/out:/out self sh -c '{stop}'")
    cloud.driver.shutdown(vm.id, hard=False)
    cloud.driver.deploy(vm)
    assert cloud.run(vm, "cat /root/out/stopped") == "stopped"
