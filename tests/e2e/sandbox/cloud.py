"""A cloud without its API: bastion, networks and VMs of the container driver, one per test module."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import asyncssh
import docker
from docker.models.containers import Container

from sandbox import bastion, keys, ports
from sandbox.containers import ContainerDriver, networks
from sandbox.engine import execute
from sandbox.oned.driver import Disk, Image, Network, Nic, Rule, Vm
from sandbox.place import Place

ALLOW_ALL = (Rule("ALL", "INBOUND"), Rule("ALL", "OUTBOUND"))
WITH_DOCKER = Image(0, "debian-13-docker", "OS", "debian-13-docker", 8192, False)
WITHOUT_DOCKER = Image(1, "debian-13", "OS", "debian-13", 4096, False)


@dataclass
class Cloud:
    """The container driver in a place of its own, and SSH into its VMs."""

    client: docker.DockerClient
    place: Place
    driver: ContainerDriver
    network: Network
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def vm(
        self,
        *,
        image: Image = WITHOUT_DOCKER,
        rules: tuple[Rule, ...] = ALLOW_ALL,
        disks: tuple[Disk, ...] = (),
        networks: tuple[Network, ...] = (),
        cpu: float = 1,
        vcpu: int = 1,
        memory: int = 512,
        **context: str,
    ) -> Vm:
        """A VM as the API would describe it, with the next free id, and that id's address in each network."""
        vm_id = next(self._ids)
        nics = tuple(
            Nic(at, network, address, mac_of(address), rules)
            for at, network in enumerate(networks or (self.network,))
            if network.subnet and (address := network.subnet[3 + vm_id])
        )
        variables = {"SSH_PUBLIC_KEY": keys.public_half(self.place.private_key).read_text(), **context}
        for nic in nics:
            prefix = f"ETH{nic.id}_"
            variables |= {f"{prefix}IP": str(nic.ip), f"{prefix}MAC": nic.mac, f"{prefix}MASK": "255.255.255.0"}
            if nic.id == 0:
                variables |= {f"{prefix}GATEWAY": str(nic.network.gateway), f"{prefix}DNS": str(nic.network.gateway)}
        os_disk = Disk(0, "vda", image.size, image)
        return Vm(vm_id, f"vm-{vm_id}", cpu, vcpu, memory, nics, (os_disk, *disks), variables)

    def start(self, vm: Vm) -> Vm:
        """Deploy the VM."""
        self.driver.deploy(vm)
        return vm

    def run(self, vm: Vm, command: str, *, check: bool = True) -> str:
        """Run a command on the VM, over SSH through the bastion, as soon as SSH answers there."""
        return asyncio.run(self._run(str(vm.nics[0].ip), command, check))

    def reaches(self, source: Vm, address: object, port: int) -> bool:
        """Whether a TCP connection from the VM gets through."""
        answer = self.run(source, f"timeout 2 bash -c '</dev/tcp/{address}/{port}' 2>/dev/null && echo yes || echo no")
        return answer == "yes"

    async def _run(self, address: str, command: str, check: bool) -> str:
        async with self.way_in() as way_in:
            for last in (*[False] * 100, True):
                try:
                    async with way_in.connect_ssh(
                        address, username="root", client_keys=[str(self.place.private_key)], known_hosts=None
                    ) as connection:
                        done = await connection.run(command, check=check)
                        return str(done.stdout).strip()
                except (OSError, asyncssh.Error) as error:
                    if last or isinstance(error, asyncssh.ProcessError):
                        raise
                    await asyncio.sleep(0.1)
        raise AssertionError("unreachable")

    @property
    def bastion(self) -> Container:
        """The bastion's container."""
        return self.client.containers.get(self.place.bastion)

    def way_in(self) -> Any:
        """A connection to the bastion, its host key checked."""
        return asyncssh.connect(
            "127.0.0.1",
            self.place.bastion_port,
            username="root",
            client_keys=[str(self.place.private_key)],
            known_hosts=str(self.place.known_hosts),
        )


def backing_of(container: Container, target: str) -> Path:
    """Where the kernel says which file is behind a disk of a VM; it is there as long as the loop device is."""
    code, minor = execute(container, "stat", "--format", "%T", f"/dev/{target}")
    assert code == 0, minor
    found = Path(f"/sys/block/loop{int(minor, 16)}/loop/backing_file")
    assert found.exists()
    return found


def mac_of(address: IPv4Address) -> str:
    """The MAC address OpenNebula gives to a lease."""
    return ":".join(f"{byte:02x}" for byte in (2, 0, *address.packed))


def free_subnet(client: docker.DockerClient, place: Place) -> IPv4Network:
    """A /24 that nothing on this machine has. Each place begins at its own, so that two runs do not meet."""
    taken = [subnet for subnet, _ in networks.taken(client, place)]
    candidates = list(IPv4Network("10.87.0.0/16").subnets(new_prefix=24))
    start = int(place.id[-6:], 16) % len(candidates)
    return next(subnet for subnet in (*candidates[start:], *candidates[:start]) if not any(map(subnet.overlaps, taken)))


def make_network(client: docker.DockerClient, place: Place, driver: ContainerDriver, network_id: int) -> Network:
    """A network on a free subnet."""
    subnet = free_subnet(client, place)
    network = Network(network_id, f"private-{network_id}", subnet, subnet[1])
    driver.create_network(network)
    return network


def make_cloud(client: docker.DockerClient, state_dir: Path, name: str) -> Cloud:
    """Bastion and first network of a new cloud."""
    place = Place(name, state_dir / name, 0, ports.choose_free())
    place.folder.mkdir(parents=True)
    keys.ensure(place)
    bastion.ensure(client, place)
    driver = ContainerDriver(client, place)
    return Cloud(client, place, driver, make_network(client, place, driver, 0))
