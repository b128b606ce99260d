"""A VM of the sandbox does what a contextualized VM does, from deploy to destroy."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sandbox.containers import datastore
from sandbox.oned.driver import Disk, DriverError, Image, Power, PrologError, Vm
from sandbox.place import LABEL
from tests.e2e.sandbox.cloud import Cloud, backing_of

SCRIPT = """#!/bin/sh
set -eu
date +%s.%N >> /root/boots
hostname > /root/name-at-start
"""


@pytest.fixture(scope="module")
def data_image(cloud: Cloud) -> Image:
    image = Image(7, "hospital-data", "DATABLOCK", "", 64, persistent=True)
    cloud.driver.create_image(image)
    return image


@pytest.fixture(scope="module")
def vm(cloud: Cloud, data_image: Image) -> Vm:
    """A VM that most tests share: 1 of the cores, a persistent and two volatile disks."""
    disks = (
        Disk(1, "vdb", 64, data_image),
        Disk(2, "vdc", 32, None, fs="ext4"),
        Disk(3, "vdd", 16, None, fs="swap"),
    )
    return cloud.start(cloud.vm(disks=disks, vcpu=1, memory=300, SET_HOSTNAME="hospital-1", START_SCRIPT=SCRIPT))


def test_it_is_entered_by_ssh_through_the_bastion_and_has_its_name(cloud: Cloud, vm: Vm) -> None:
    assert cloud.run(vm, "hostname") == "hospital-1"


def test_it_has_the_address_and_mac_of_its_lease(cloud: Cloud, vm: Vm) -> None:
    shown = cloud.run(vm, "ip -4 -o address show eth0; ip -o link show eth0")
    assert f" {vm.nics[0].ip}/24 " in shown
    assert vm.nics[0].mac in shown


def test_its_way_out_and_its_resolver_are_those_of_the_context(cloud: Cloud, vm: Vm) -> None:
    gateway = vm.context["ETH0_GATEWAY"]
    assert cloud.run(vm, "ip route show default").startswith(f"default via {gateway} ")
    assert cloud.run(vm, "cat /etc/resolv.conf") == f"nameserver {gateway}"


def test_its_start_script_ran_as_root_after_it_was_named(cloud: Cloud, vm: Vm) -> None:
    assert (
        cloud.run(vm, "until [ -e /root/name-at-start ]; do sleep 0.1; done; cat /root/name-at-start") == "hospital-1"
    )


def test_it_sees_the_cores_and_has_the_memory_of_its_template(cloud: Cloud, vm: Vm) -> None:
    assert cloud.run(vm, "nproc") == "1"
    limit = cloud.run(
        vm, "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes"
    )
    assert int(limit) == 300 * 1024 * 1024


def test_its_disks_are_block_devices_of_the_size_asked_for(cloud: Cloud, vm: Vm) -> None:
    assert cloud.run(vm, "blockdev --getsize64 /dev/vdb /dev/vdc").split() == [str(64 << 20), str(32 << 20)]


def test_a_volatile_disk_comes_with_the_file_system_asked_for(cloud: Cloud, vm: Vm) -> None:
    assert cloud.run(vm, "blkid -o value -s TYPE /dev/vdc /dev/vdd").split() == ["ext4", "swap"]


def test_it_cannot_see_the_disks_of_others(cloud: Cloud, vm: Vm) -> None:
    assert cloud.run(vm, "ls -A /machine/datastore") == ""


def test_deploying_what_runs_changes_nothing(cloud: Cloud, vm: Vm) -> None:
    before = cloud.run(vm, "cat /proc/1/stat | cut -d' ' -f22; cat /proc/sys/kernel/random/boot_id")
    cloud.driver.deploy(vm)
    assert cloud.run(vm, "cat /proc/1/stat | cut -d' ' -f22; cat /proc/sys/kernel/random/boot_id") == before


def test_a_context_that_changes_reaches_the_running_guest(cloud: Cloud, vm: Vm) -> None:
    changed = replace(vm, context={**vm.context, "SET_HOSTNAME": "renamed"})
    cloud.driver.update_context(changed)
    assert cloud.run(vm, "hostname") == "renamed"
    cloud.driver.update_context(vm)


def test_suspended_it_keeps_its_memory_and_resumes(cloud: Cloud, vm: Vm) -> None:
    cloud.run(vm, "setsid sleep 1000 >/dev/null 2>&1 & echo $! > /root/pid")
    cloud.driver.suspend(vm.id)
    assert cloud.driver.states()[vm.id] is Power.SUSPENDED
    cloud.driver.resume(vm.id)
    assert cloud.driver.states()[vm.id] is Power.RUNNING
    assert cloud.run(vm, "kill $(cat /root/pid) && echo there") == "there"


def test_suspended_when_the_host_went_down_it_boots_on_resume(cloud: Cloud, vm: Vm) -> None:
    before = int(cloud.run(vm, "wc -l < /root/boots"))
    cloud.driver.suspend(vm.id)
    container = cloud.client.containers.get(cloud.place.vm(vm.id))
    container.kill()
    container.wait()
    assert cloud.driver.states()[vm.id] is Power.OFF
    cloud.driver.resume(vm.id)
    assert cloud.driver.states()[vm.id] is Power.RUNNING
    cloud.run(vm, f"timeout 10 sh -c 'until [ $(wc -l < /root/boots) = {before + 1} ]; do sleep 0.1; done'")


def test_after_poweroff_and_resume_files_disks_and_host_key_are_the_same(cloud: Cloud, vm: Vm) -> None:
    host_key = cloud.run(vm, "cat /etc/ssh/ssh_host_ed25519_key.pub")
    cloud.run(vm, "echo kept > /root/kept; mkfs.ext4 -q /dev/vdb; mount /dev/vdb /mnt; echo images > /mnt/data")
    cloud.driver.shutdown(vm.id, hard=False)
    assert cloud.driver.states()[vm.id] is Power.OFF
    cloud.driver.deploy(vm)
    assert cloud.run(vm, "cat /root/kept") == "kept"
    assert cloud.run(vm, "mount /dev/vdb /mnt; cat /mnt/data") == "images"
    assert cloud.run(vm, "cat /etc/ssh/ssh_host_ed25519_key.pub") == host_key


@pytest.mark.parametrize("hard", [False, True], ids=["asked", "reset"])
def test_a_reboot_runs_the_start_script_again(cloud: Cloud, vm: Vm, hard: bool) -> None:
    before = int(cloud.run(vm, "wc -l < /root/boots"))
    cloud.driver.reboot(vm.id, hard=hard)
    cloud.run(vm, f"timeout 10 sh -c 'until [ $(wc -l < /root/boots) = {before + 1} ]; do sleep 0.1; done'")


def test_memory_and_cpu_change_while_it_runs(cloud: Cloud, vm: Vm) -> None:
    cloud.driver.resize(replace(vm, memory=400))
    limit = cloud.run(
        vm, "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes"
    )
    assert int(limit) == 400 * 1024 * 1024


def test_a_disk_is_plugged_grown_and_unplugged_while_it_runs(cloud: Cloud) -> None:
    vm = cloud.start(cloud.vm())
    disk = Disk(1, "vdb", 16, None)
    with_disk = replace(vm, disks=(*vm.disks, disk))
    cloud.driver.attach_disk(with_disk, disk)
    assert cloud.run(vm, "blockdev --getsize64 /dev/vdb") == str(16 << 20)
    larger = Disk(1, "vdb", 48, None)
    cloud.driver.resize_disk(replace(vm, disks=(*vm.disks, larger)), larger)
    assert cloud.run(vm, "blockdev --getsize64 /dev/vdb") == str(48 << 20)
    cloud.driver.detach_disk(vm, larger)
    assert cloud.run(vm, "ls /dev/vdb 2>/dev/null || echo gone") == "gone"


def test_a_persistent_disk_outlives_its_vm_and_a_volatile_one_does_not(cloud: Cloud, data_image: Image, vm: Vm) -> None:
    cloud.run(vm, "mountpoint -q /mnt || mount /dev/vdb /mnt; echo second > /mnt/second; umount /mnt")
    cloud.driver.destroy(vm.id)
    assert datastore.run(cloud.bastion, "ls").split() == ["image-7.img"]
    heir = cloud.start(cloud.vm(disks=(Disk(1, "vdb", 64, data_image),)))
    assert cloud.run(heir, "mount /dev/vdb /mnt; cat /mnt/second; umount /mnt") == "second"


@pytest.mark.parametrize("running", [True, False], ids=["running", "off"])
def test_destroyed_it_leaves_no_container_volume_or_loop_device(cloud: Cloud, running: bool) -> None:
    vm = cloud.start(cloud.vm(disks=(Disk(1, "vdb", 16, None),)))
    cloud.run(vm, "mkfs.ext4 -q /dev/vdb; mount /dev/vdb /mnt")
    backing = backing_of(cloud.client.containers.get(cloud.place.vm(vm.id)), "vdb")
    if not running:
        cloud.driver.shutdown(vm.id, hard=True)
    cloud.driver.destroy(vm.id)
    assert vm.id not in cloud.driver.states()
    mine = {"label": f"{LABEL}={cloud.place.id}"}
    volumes = [volume.name for volume in cloud.client.volumes.list(filters=mine)]
    assert cloud.place.vm_docker_data(vm.id) not in volumes
    assert not backing.exists()


def test_destroying_twice_is_fine(cloud: Cloud) -> None:
    vm = cloud.start(cloud.vm())
    cloud.driver.destroy(vm.id)
    cloud.driver.destroy(vm.id)


def test_a_disk_that_cannot_be_made_is_told_from_a_failing_boot(cloud: Cloud) -> None:
    lost = Image(8, "lost", "DATABLOCK", "", 16, persistent=True)
    vm = cloud.vm(disks=(Disk(1, "vdb", 16, lost),))
    with pytest.raises(PrologError, match="image lost: its disk is gone"):
        cloud.driver.deploy(vm)
    assert vm.id not in cloud.driver.states()


def test_an_address_that_the_sandbox_needs_is_refused_by_name(cloud: Cloud) -> None:
    vm = cloud.vm()
    assert cloud.network.subnet is not None
    reserved = cloud.network.subnet[2]
    nic = type(vm.nics[0])(0, cloud.network, reserved, vm.nics[0].mac)
    with pytest.raises(DriverError, match=f"{reserved} of network {cloud.network.name}"):
        cloud.driver.deploy(replace(vm, nics=(nic,)))


def test_vms_that_start_together_share_the_cores_evenly(cloud: Cloud) -> None:
    cores = int(cloud.client.info()["NCPU"])
    vms = [cloud.vm(vcpu=1, memory=128) for _ in range(2 * cores)]
    alone = cloud.client.containers.list(filters={"label": f"{LABEL}={cloud.place.id}"})
    for other in alone:
        if other.name != cloud.place.bastion:
            other.remove(force=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(cloud.driver.deploy, vms))
    used = [cloud.client.containers.get(cloud.place.vm(vm.id)).attrs["HostConfig"]["CpusetCpus"] for vm in vms]
    assert Counter(used) == {str(core): 2 for core in range(cores)}
    for vm in vms:
        cloud.driver.destroy(vm.id)
