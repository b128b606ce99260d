"""The driver that makes VMs containers: each call of the protocol in terms of networks, datastore and machines."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

import docker
from docker.errors import DockerException, NotFound
from docker.models.containers import Container

from sandbox.containers import datastore, machines, networks
from sandbox.oned.driver import Disk, DriverError, HostCapacity, Image, Network, Nic, Power, PrologError, Vm
from sandbox.place import Place

_DISK_SECONDS = 60  # how long the figures of the disk are good for
_POWER = {"running": Power.RUNNING, "restarting": Power.RUNNING, "paused": Power.SUSPENDED}

P = ParamSpec("P")
R = TypeVar("R")


def _speaks_driver(call: Callable[P, R]) -> Callable[P, R]:
    """Have Docker's errors arrive as DriverError, in one line."""

    @functools.wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except (DockerException, OSError) as error:
            raise DriverError(" ".join(str(getattr(error, "explanation", None) or error).split())) from error

    return wrapped


class ContainerDriver:
    """Implements `sandbox.oned.driver.Driver` on the Docker engine, for the sandbox at `place`."""

    def __init__(self, client: docker.DockerClient, place: Place) -> None:
        self._client = client
        self._place = place
        self._placing = threading.Lock()  # VMs get their cores one after another
        self._disk: tuple[float, tuple[int, int]] | None = None

    @_speaks_driver
    def monitor(self) -> HostCapacity:
        """Cores and memory of the engine's host, and the disk its volumes are on."""
        info = self._client.info()
        if self._disk is None or time.monotonic() - self._disk[0] > _DISK_SECONDS:
            self._disk = (time.monotonic(), datastore.free(self._bastion()))
        return HostCapacity(int(info["NCPU"]), int(info["MemTotal"]) // datastore.MIB, *self._disk[1])

    @_speaks_driver
    def states(self) -> Mapping[int, Power]:
        """Power of every VM container."""
        found = machines.of_sandbox(self._client, self._place)
        return {vm_id: _POWER.get(container.status, Power.OFF) for vm_id, container in found.items()}

    @_speaks_driver
    def create_network(self, network: Network) -> None:
        """A Docker network with the bastion in it."""
        networks.create(self._client, self._place, network)

    @_speaks_driver
    def delete_network(self, network_id: int) -> None:
        """Remove the Docker network."""
        networks.delete(self._client, self._place, network_id)

    def image_size(self, path: str) -> int:
        """Size of a raw image on this machine."""
        return datastore.local_size(path)

    @_speaks_driver
    def create_image(self, image: Image) -> None:
        """A file in the datastore."""
        datastore.create_image(self._bastion(), image)

    @_speaks_driver
    def delete_image(self, image_id: int) -> None:
        """Remove the file."""
        datastore.delete_image(self._bastion(), image_id)

    @_speaks_driver
    def deploy(self, vm: Vm) -> None:
        """Make the container, or take over what changed while it was off, and start it."""
        container = machines.find(self._client, self._place, vm.id)
        if container is not None and container.status == "running":
            return
        for nic in vm.nics:
            self._check(nic)
        try:
            for disk in vm.disks:
                if not datastore.is_os(disk):
                    datastore.prepare(self._bastion(), vm.id, disk)
        except DriverError as error:
            raise PrologError(str(error)) from error
        with self._placing:
            if container is None:
                container = machines.create(self._client, self._place, vm)
            else:
                if container.status == "paused":
                    machines.stop(container, hard=True)
                machines.resize(self._client, self._place, container, vm)
        machines.plug(self._client, self._place, container, vm)
        machines.describe(container, vm)
        machines.start(container)

    @_speaks_driver
    def shutdown(self, vm_id: int, hard: bool) -> None:
        """Stop the container."""
        container = machines.find(self._client, self._place, vm_id)
        if container is not None and container.status in _POWER:
            machines.stop(container, hard)

    @_speaks_driver
    def suspend(self, vm_id: int) -> None:
        """Freeze the container's processes."""
        container = self._container(vm_id)
        if container.status != "paused":
            container.pause()

    @_speaks_driver
    def resume(self, vm_id: int) -> None:
        """Thaw them; or, when the engine was restarted meanwhile, boot."""
        container = self._container(vm_id)
        if container.status == "paused":
            container.unpause()
        elif container.status != "running":
            machines.start(container)

    @_speaks_driver
    def reboot(self, vm_id: int, hard: bool) -> None:
        """Stop and start the container."""
        container = self._container(vm_id)
        machines.stop(container, hard)
        machines.start(container)

    @_speaks_driver
    def destroy(self, vm_id: int) -> None:
        """Remove the container, its Docker's volume, and its disks."""
        machines.remove(self._client, self._place, vm_id)
        datastore.remove_all(self._bastion(), vm_id)

    @_speaks_driver
    def attach_nic(self, vm: Vm, nic: Nic) -> None:
        """Plug the container into the NIC's network; until its filters are there, nothing passes."""
        self._check(nic)
        container = self._container(vm.id)
        machines.plug(self._client, self._place, container, vm)
        self._reload(container, vm)

    @_speaks_driver
    def detach_nic(self, vm: Vm, nic: Nic) -> None:
        """Unplug it."""
        container = self._container(vm.id)
        machines.plug(self._client, self._place, container, vm)
        self._reload(container, vm)

    @_speaks_driver
    def attach_disk(self, vm: Vm, disk: Disk) -> None:
        """A block device more in the running VM."""
        if datastore.is_os(disk):
            raise DriverError(f"VM {vm.id}: an OS disk cannot be attached to a running machine of the sandbox")
        datastore.prepare(self._bastion(), vm.id, disk)
        self._reload(self._container(vm.id), vm)

    @_speaks_driver
    def detach_disk(self, vm: Vm, disk: Disk) -> None:
        """One less."""
        self._reload(self._container(vm.id), vm)
        datastore.remove_disk(self._bastion(), vm.id, disk)

    @_speaks_driver
    def resize_disk(self, vm: Vm, disk: Disk) -> None:
        """Grow the disk's file, and the device where it is plugged. The root file system has no size of its own."""
        if not datastore.is_os(disk):
            datastore.grow(self._bastion(), vm.id, disk)
            self._reload(self._container(vm.id), vm)

    @_speaks_driver
    def resize(self, vm: Vm) -> None:
        """Change the container's limits."""
        machines.resize(self._client, self._place, self._container(vm.id), vm)

    @_speaks_driver
    def update_context(self, vm: Vm) -> None:
        """Have the guest contextualize again."""
        self._reload(self._container(vm.id), vm)

    @_speaks_driver
    def apply_rules(self, vm: Vm, nic: Nic) -> None:
        """Load the packet filters again."""
        self._reload(self._container(vm.id), vm)

    def _reload(self, container: Container, vm: Vm) -> None:
        machines.describe(container, vm)
        if container.status == "running":
            machines.reload(container)

    def _container(self, vm_id: int) -> Container:
        container = machines.find(self._client, self._place, vm_id)
        if container is None:
            raise DriverError(f"VM {vm_id} does not exist")
        return container

    def _bastion(self) -> Container:
        try:
            bastion = self._client.containers.get(self._place.bastion)
        except NotFound:
            raise DriverError(f"the front end {self._place.bastion} is gone; run `python -m sandbox up`") from None
        if bastion.status != "running":
            raise DriverError(f"the front end {self._place.bastion} does not run; run `python -m sandbox up`")
        return bastion

    def _check(self, nic: Nic) -> None:
        network = nic.network
        if nic.ip is None or network.subnet is None:
            raise DriverError(
                f"NIC {nic.id}: network {network.name} has no IPv4 address range; in the sandbox it needs one"
            )
        if nic.ip not in network.subnet:
            raise DriverError(f"NIC {nic.id}: {nic.ip} is not in {network.subnet} of network {network.name}")
        taken = {networks.front_end_address(network.subnet), networks.docker_address(network.subnet)}
        if nic.ip in taken:
            raise DriverError(
                f"NIC {nic.id}: {nic.ip} of network {network.name} is the sandbox's own; VMs have "
                f"{network.subnet[3]} and up"
            )
