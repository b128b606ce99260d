"""What the API needs from whatever really makes networks, images and VMs.

The API decides (states, leases, capacity); the driver acts. Every call blocks until the thing is done and runs in one
of the API's worker threads: calls for different objects come at the same time, never two at once for one object, except
`states`, `monitor` and `image_size`, which may come any time. Every call is idempotent: the API's process can be killed
between any two lines, and on its next start it makes the interrupted call again with the same arguments. What cannot be
done raises `DriverError`, whose text the user reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol


class DriverError(Exception):
    """The driver could not do it. `str(error)` becomes oned's ERROR text: one line, naming the thing and the cause."""


class PrologError(DriverError):
    """From `deploy`, when already the disks could not be made: the VM shows PROLOG_FAILURE instead of BOOT_FAILURE."""


class Power(Enum):
    """What a VM of the driver is doing now."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    OFF = "off"


@dataclass(frozen=True)
class Network:
    """A virtual network. `subnet` is None while nothing says it (no NETWORK_ADDRESS and no IPv4 address range)."""

    id: int
    name: str
    subnet: IPv4Network | None
    gateway: IPv4Address | None


@dataclass(frozen=True)
class Image:
    """An image of the datastore.

    `source` is what PATH said when it was allocated (a seed image's: `SeedImage.source`), "" for an empty DATABLOCK.
    `size` is in MiB. A persistent image is the volume itself: what a VM writes stays, and the VM's end does not touch
    it. Any other is a model that is cloned for each disk.
    """

    id: int
    name: str
    type: str  # OS | CDROM | DATABLOCK
    source: str
    size: int
    persistent: bool


@dataclass(frozen=True)
class Disk:
    """A disk of a VM: of `image`, or volatile (empty) when None. `target` is the device, e.g. `vda`; `size` in MiB."""

    id: int
    target: str
    size: int
    image: Image | None
    read_only: bool = False
    fs: str = ""  # the file system to be made on a volatile disk


@dataclass(frozen=True)
class Rule:
    """One rule of a security group: what matches it is allowed; what matches no rule of the NIC is dropped.

    `addresses` are the first and last address of the peer (source when INBOUND, destination when OUTBOUND), None for
    any. A rule on a network (NETWORK_ID) arrives as one Rule per address range of it. `ports` are destination ports,
    inclusive (first, last) pairs, empty for all. `icmp_type` is None for all types.
    """

    protocol: str  # TCP | UDP | ICMP | ICMPV6 | IPSEC | ALL
    direction: str  # INBOUND | OUTBOUND
    ports: tuple[tuple[int, int], ...] = ()
    addresses: tuple[IPv4Address, IPv4Address] | None = None
    icmp_type: int | None = None


@dataclass(frozen=True)
class Nic:
    """A network interface: `id` counts within the VM, `ip` is None where there is no IPv4, `rules` are all groups'."""

    id: int
    network: Network
    ip: IPv4Address | None
    mac: str
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Vm:
    """A VM as it should be. `cpu` is its weight in physical cores, `vcpu` the cores it sees, `memory` MiB.

    `context` is the CONTEXT section as the guest reads it, all values strings: ETH0_IP, SSH_PUBLIC_KEY, SET_HOSTNAME,
    START_SCRIPT_BASE64, ...
    """

    id: int
    name: str
    cpu: float
    vcpu: int
    memory: int
    nics: tuple[Nic, ...] = ()
    disks: tuple[Disk, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HostCapacity:
    """What the host has: `cpus` cores, `memory` MiB, and of the disk `disk_total` and `disk_free` MiB."""

    cpus: int
    memory: int
    disk_total: int
    disk_free: int


@dataclass(frozen=True)
class SeedImage:
    """An image that is there, READY in datastore 1, when the cloud first starts. `source` is for the driver to read."""

    name: str
    source: str
    size: int  # MiB
    type: str = "OS"
    description: str = ""


class Driver(Protocol):
    """Makes networks, images and VMs real. See the module's text for threads, idempotence and errors."""

    def monitor(self) -> HostCapacity:
        """What the one host has; asked about every few seconds, so it is quick."""

    def states(self) -> Mapping[int, Power]:
        """Power of every VM the driver has, by VM id; a VM that is absent does not exist. Asked about once a second.

        A VM that the API holds for RUNNING and that is OFF (or absent) here becomes POWEROFF, as in oned.
        """

    def create_network(self, network: Network) -> None:
        """Make the network. It comes again when the user changed it, e.g. with a subnet that was unknown before."""

    def delete_network(self, network_id: int) -> None:
        """Remove the network; nothing uses it any more. One that is not there is fine."""

    def image_size(self, path: str) -> int:
        """Size in MiB of the image at `path` (a PATH of image.allocate). Quick: the caller waits.

        Raises DriverError, e.g. `cannot access '/a/b' (No such file or directory)`.
        """

    def create_image(self, image: Image) -> None:
        """Make the image's volume: from its source, or empty of its size. Not called for seed images."""

    def delete_image(self, image_id: int) -> None:
        """Remove the image's volume; no VM uses it. One that is not there is fine."""

    def deploy(self, vm: Vm) -> None:
        """Have the VM running as `vm` says; running already is fine.

        It is the first boot, or one after poweroff or undeploy, when all but its id, its disks' contents and remaining
        NICs may have changed: context, CPU, memory, more or fewer NICs and disks.

        Returns when the machine runs, not when the guest has booted. After a failure `destroy` or `deploy` follow.
        """

    def shutdown(self, vm_id: int, hard: bool) -> None:
        """Have the VM off, disks kept: hard is the power plug, else the guest is asked first, for a limited time.

        Off or absent already is fine.
        """

    def suspend(self, vm_id: int) -> None:
        """Freeze the VM with its memory (actions suspend and stop)."""

    def resume(self, vm_id: int) -> None:
        """Thaw a suspended VM. One that runs already is fine; one whose memory was lost with the host boots."""

    def reboot(self, vm_id: int, hard: bool) -> None:
        """Boot a running VM again; hard is the reset button."""

    def destroy(self, vm_id: int) -> None:
        """Remove the VM, running or not, with its disks, except persistent images. One that is not there is fine."""

    def attach_nic(self, vm: Vm, nic: Nic) -> None:
        """Plug `nic` into the running VM; `vm` is how it will be then: `nic` and its ETHn_* context are in it."""

    def detach_nic(self, vm: Vm, nic: Nic) -> None:
        """Unplug `nic` from the running VM; `vm` is how it will be then, without it."""

    def attach_disk(self, vm: Vm, disk: Disk) -> None:
        """Plug `disk` into the running VM; `vm` is how it will be then."""

    def detach_disk(self, vm: Vm, disk: Disk) -> None:
        """Unplug `disk` from the VM, running or off, and remove its volume unless its image is persistent."""

    def resize_disk(self, vm: Vm, disk: Disk) -> None:
        """Grow `disk` to `disk.size`, of a running VM or one that is off."""

    def resize(self, vm: Vm) -> None:
        """Give the running VM the CPU and memory that `vm` says."""

    def update_context(self, vm: Vm) -> None:
        """The running VM's context changed to what `vm` says: let the guest see it."""

    def apply_rules(self, vm: Vm, nic: Nic) -> None:
        """The running VM's NIC obeys `nic.rules` from now on (a security group changed)."""
