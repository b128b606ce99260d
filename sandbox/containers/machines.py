"""VMs as containers: what one is made of, and its switch.

A VM's container has an init of its own (sandbox/guest), SSH, and Docker on a volume. It is not `--privileged`: it may
mount and administer its own network, and of devices it has loop devices alone. That separates VMs from each other and
from the host in daily use; it is no wall against a hostile root inside one.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from sandbox.containers import datastore, networks, rules
from sandbox.engine import console, execute, write_files
from sandbox.guest.machine import READY
from sandbox.guest_images import tag
from sandbox.oned.driver import DriverError, Nic, Vm
from sandbox.place import LABEL, Place

VM_LABEL = "flower-on-opennebula.vm"
VM_NAME_LABEL = "flower-on-opennebula.vm-name"
START_SECONDS = 30
STOP_SECONDS = 30
_PERIOD = 100_000  # µs of the CPU quota
_ENDPOINT_MAC_API = (1, 44)  # from here on the engine takes a MAC address per network


def find(client: docker.DockerClient, place: Place, vm_id: int) -> Container | None:
    """The container of a VM."""
    try:
        return client.containers.get(place.vm(vm_id))
    except NotFound:
        return None


def of_sandbox(client: docker.DockerClient, place: Place) -> dict[int, Container]:
    """All VM containers of this sandbox, running or not, by VM id."""
    found = client.containers.list(all=True, filters={"label": [f"{LABEL}={place.id}", VM_LABEL]}, ignore_removed=True)
    return {int(container.labels[VM_LABEL]): container for container in found}


def create(client: docker.DockerClient, place: Place, vm: Vm) -> Container:
    """Make the container of a VM, not started, with its first NIC; `plug` does the rest."""
    api = client.api
    first = vm.nics[0] if vm.nics else None
    endpoints = {place.network(first.network.id): _endpoint(client, first)} if first else {}
    host = api.create_host_config(
        network_mode=place.network(first.network.id) if first else "none",
        cap_add=["SYS_ADMIN", "NET_ADMIN"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        device_cgroup_rules=["b 7:* rmw", "c 10:237 rmw"],
        binds={
            place.vm_docker_data(vm.id): {"bind": "/var/lib/docker", "mode": "rw"},
            place.datastore: {"bind": "/machine/datastore", "mode": "rw"},
        },
        tmpfs={"/run": "mode=755,exec"},
        pids_limit=8192,
        log_config=docker.types.LogConfig(type="json-file", config={"max-size": "10m", "max-file": "2"}),
        **_limits(client, place, vm),
    )
    host.update(CgroupnsMode="private", MaskedPaths=[], ReadonlyPaths=[])
    client.volumes.create(place.vm_docker_data(vm.id), labels={**place.labels, VM_LABEL: str(vm.id)})
    image = _os_image(vm)
    if not client.images.list(image):
        raise DriverError(f"VM {vm.id}: its OS image {image} is gone from Docker; run `python -m sandbox up`")
    made = api.create_container(
        image,
        name=place.vm(vm.id),
        hostname=f"vm-{vm.id}",
        labels={**place.labels, VM_LABEL: str(vm.id), VM_NAME_LABEL: vm.name},
        mac_address=first.mac if first and _api_version(client) < _ENDPOINT_MAC_API else None,
        networking_config={"EndpointsConfig": endpoints} if endpoints else None,
        host_config=host,
    )
    return client.containers.get(made["Id"])


def plug(client: docker.DockerClient, place: Place, container: Container, vm: Vm) -> None:
    """Have the container in exactly the networks of the VM's NICs, at their addresses."""
    wanted = {place.network(nic.network.id): nic for nic in vm.nics}
    if len(wanted) < len(vm.nics):
        raise DriverError(f"VM {vm.id}: the sandbox takes one NIC per network")
    container.reload()
    for name, endpoint in container.attrs["NetworkSettings"]["Networks"].items():
        nic = wanted.get(name)
        if nic is not None and (endpoint.get("IPAMConfig") or {}).get("IPv4Address") == str(nic.ip):
            del wanted[name]
        else:
            client.networks.get(name).disconnect(container, force=True)
    for name, nic in wanted.items():
        client.api.connect_container_to_network(
            str(container.id), name, ipv4_address=str(nic.ip), mac_address=_engine_mac(client, nic)
        )
    if not vm.nics:
        client.networks.get("none").connect(container)


def resize(client: docker.DockerClient, place: Place, container: Container, vm: Vm) -> None:
    """Give the container the VM's CPU and memory."""
    container.update(**_limits(client, place, vm))


def describe(container: Container, vm: Vm) -> None:
    """Leave in the container what its init makes of itself: NICs, disks, packet filters, context."""
    disks = [
        {
            "target": disk.target,
            "file": datastore.disk_file(vm.id, disk),
            "read_only": disk.read_only or (disk.image is not None and disk.image.type == "CDROM"),
            "size": disk.size,
        }
        for disk in vm.disks
        if not datastore.is_os(disk)
    ]
    machine = {"nics": [{"id": nic.id, "ip": str(nic.ip), "mac": nic.mac} for nic in vm.nics], "disks": disks}
    forbidden = {networks.docker_address(nic.network.subnet) for nic in vm.nics if nic.network.subnet is not None}
    write_files(
        container,
        {
            "/machine/machine.json": (json.dumps(machine), 0o600),
            "/machine/rules.nft": (rules.ruleset(vm.nics, sorted(forbidden)), 0o600),
            "/machine/context.sh": (context_file(vm.context), 0o600),
        },
    )


def context_file(context: Mapping[str, str]) -> str:
    """The context CD's `context.sh`."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in context.items())


def start(container: Container) -> None:
    """Start the container; returns when its init has the machine ready. Raises DriverError when it ends before."""
    container.start()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        container.reload()
        if container.status != "running":
            raise DriverError(f"the machine stopped while it started: {last_line(container)}")
        # Not asked by a command in the container: its init could not set up control groups beside one.
        if READY in console(container, since=datetime.fromisoformat(container.attrs["State"]["StartedAt"])):
            return
        time.sleep(0.05)
    raise DriverError(f"the machine was not ready after {START_SECONDS} s: {last_line(container)}")


def reload(container: Container) -> None:
    """Have the running machine take over what `describe` left."""
    code, text = execute(container, "guest-init", "reload")
    if code:
        raise DriverError(" ".join(text.split()))


def stop(container: Container, hard: bool) -> None:
    """Power off: hard at once, else the guest gets STOP_SECONDS to shut down."""
    if container.status == "paused":
        container.unpause()
    if hard:
        container.stop(timeout=0)
    else:
        container.stop(timeout=STOP_SECONDS)


def remove(client: docker.DockerClient, place: Place, vm_id: int) -> None:
    """Remove the container and the volume of its Docker, if they are there."""
    container = find(client, place, vm_id)
    if container is not None:
        try:
            container.remove(force=True, v=True)
        except APIError as error:
            if error.status_code not in (404, 409):  # gone, or going by a call that was interrupted
                raise
    with contextlib.suppress(NotFound):
        client.volumes.get(place.vm_docker_data(vm_id)).remove()


def last_line(container: Container) -> str:
    """The last words on the console."""
    lines = console(container).splitlines()
    return lines[-1] if lines else "nothing on its console"


def _os_image(vm: Vm) -> str:
    os_disks = [disk for disk in vm.disks if datastore.is_os(disk)]
    if len(os_disks) != 1 or os_disks[0].image is None:
        raise DriverError(f"VM {vm.id}: it has {len(os_disks)} OS disks; the sandbox boots from exactly one")
    image = os_disks[0].image
    if image.persistent:
        raise DriverError(f"image {image.name}: the sandbox cannot boot from a persistent image")
    return tag(image.source)


def _limits(client: docker.DockerClient, place: Place, vm: Vm) -> dict[str, Any]:
    """As a hypervisor: VCPU cores that the guest sees, CPU as weight against other VMs, MEMORY without swap."""
    cores = int(client.info()["NCPU"])
    count = min(vm.vcpu, cores)
    return {
        "cpu_period": _PERIOD,
        "cpu_quota": count * _PERIOD,
        "cpu_shares": max(2, round(vm.cpu * 1024)),
        "cpuset_cpus": ",".join(map(str, sorted(_least_used(client, place, vm.id, cores)[:count]))),
        "mem_limit": f"{vm.memory}m",
        "memswap_limit": f"{vm.memory}m",
    }


def _least_used(client: docker.DockerClient, place: Place, vm_id: int, cores: int) -> list[int]:
    """Core numbers, those with the fewest VMs first. Ask for one VM at a time: what counts are made containers."""
    used: Counter[int] = Counter()
    for other, container in of_sandbox(client, place).items():
        if other != vm_id and container.status in ("created", "running", "paused"):
            used.update(int(core) for core in container.attrs["HostConfig"]["CpusetCpus"].split(",") if core)
    return sorted(range(cores), key=lambda core: (used[core], core))


def _endpoint(client: docker.DockerClient, nic: Nic) -> Any:
    return client.api.create_endpoint_config(ipv4_address=str(nic.ip), mac_address=_engine_mac(client, nic))


def _engine_mac(client: docker.DockerClient, nic: Nic) -> str | None:
    """The MAC address for the engine where it takes one; an older one's is corrected by the machine's init."""
    return nic.mac if _api_version(client) >= _ENDPOINT_MAC_API else None


def _api_version(client: docker.DockerClient) -> tuple[int, ...]:
    return tuple(int(part) for part in client.version()["ApiVersion"].split("."))
