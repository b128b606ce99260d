"""A driver that makes nothing: for the API alone, as oned's own dummy drivers are.

It remembers power states, takes as long as it is told, and fails where it is told, so that tests can have what the
recordings had.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.oned.driver import Disk, DriverError, HostCapacity, Image, Network, Nic, Power, Vm


@dataclass
class Dummy:
    """`failures` says which calls fail for which VM (by name), e.g. {"vm-fail": {"deploy", "shutdown"}}."""

    delay: float = 0.0  # seconds that each call for a VM takes
    delays: dict[str, float] = field(default_factory=dict)  # VM's name -> its own
    failures: dict[str, set[str]] = field(default_factory=dict)
    capacity: HostCapacity | None = field(default_factory=lambda: HostCapacity(8, 16 * 1024, 64 * 1024, 32 * 1024))
    sizes: dict[str, int] = field(default_factory=dict)  # MiB by path; any other path is a file of this machine
    refused_images: dict[str, str] = field(default_factory=dict)  # path -> why create_image fails
    calls: list[tuple[str, int]] = field(default_factory=list)  # what was asked, in order: (call, id)
    powers: dict[int, Power] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def monitor(self) -> HostCapacity:
        """The configured capacity; without one, monitoring fails."""
        if self.capacity is None:
            raise DriverError("the host is not monitored")
        return self.capacity

    def states(self) -> Mapping[int, Power]:
        """What the calls made of the VMs (or a test did)."""
        with self.lock:
            return dict(self.powers)

    def create_network(self, network: Network) -> None:
        """Nothing to make."""
        self._note("create_network", network.id)

    def delete_network(self, network_id: int) -> None:
        """Nothing to remove."""
        self._note("delete_network", network_id)

    def image_size(self, path: str) -> int:
        """A configured size, or that of the file."""
        if path in self.sizes:
            return self.sizes[path]
        if "://" in path:
            raise DriverError(f"cannot access '{path}' (Permission denied)")
        try:
            return -(-Path(path).stat().st_size // 1024**2)
        except OSError as error:
            raise DriverError(f"cannot access '{path}' ({error.strerror})") from error

    def create_image(self, image: Image) -> None:
        """Fails for refused paths."""
        self._note("create_image", image.id)
        time.sleep(self.delay)
        if reason := self.refused_images.get(image.source):
            raise DriverError(reason)

    def delete_image(self, image_id: int) -> None:
        """Nothing to remove."""
        self._note("delete_image", image_id)

    def deploy(self, vm: Vm) -> None:
        """It runs."""
        with self.lock:
            self.names[vm.id] = vm.name
        self._act("deploy", vm.id, Power.RUNNING)

    def shutdown(self, vm_id: int, hard: bool) -> None:
        """It is off."""
        self._act("shutdown", vm_id, Power.OFF)

    def suspend(self, vm_id: int) -> None:
        """It is frozen."""
        self._act("suspend", vm_id, Power.SUSPENDED)

    def resume(self, vm_id: int) -> None:
        """It runs again."""
        self._act("resume", vm_id, Power.RUNNING)

    def reboot(self, vm_id: int, hard: bool) -> None:
        """It runs still."""
        self._act("reboot", vm_id, Power.RUNNING)

    def destroy(self, vm_id: int) -> None:
        """It is no more."""
        self._act("destroy", vm_id, None)

    def attach_nic(self, vm: Vm, nic: Nic) -> None:
        """It has one more NIC."""
        self._act("attach_nic", vm.id, Power.RUNNING)

    def detach_nic(self, vm: Vm, nic: Nic) -> None:
        """It has one NIC less."""
        self._act("detach_nic", vm.id, Power.RUNNING)

    def attach_disk(self, vm: Vm, disk: Disk) -> None:
        """It has one more disk."""
        self._act("attach_disk", vm.id, Power.RUNNING)

    def detach_disk(self, vm: Vm, disk: Disk) -> None:
        """It has one disk less."""
        self._act("detach_disk", vm.id, self.powers.get(vm.id))

    def resize_disk(self, vm: Vm, disk: Disk) -> None:
        """The disk is larger."""
        self._act("resize_disk", vm.id, self.powers.get(vm.id))

    def resize(self, vm: Vm) -> None:
        """It has other CPU and memory."""
        self._act("resize", vm.id, Power.RUNNING)

    def update_context(self, vm: Vm) -> None:
        """The guest would see it."""
        self._act("update_context", vm.id, Power.RUNNING)

    def apply_rules(self, vm: Vm, nic: Nic) -> None:
        """The packet filter would obey."""
        self._act("apply_rules", vm.id, Power.RUNNING)

    def _act(self, call: str, vm_id: int, power: Power | None) -> None:
        self._note(call, vm_id)
        name = self.names.get(vm_id, "")
        time.sleep(self.delays.get(name, self.delay))
        if call in self.failures.get(name, ()):
            raise DriverError(f"dummyhost1:{name}:dummy")
        with self.lock:
            if power is None:
                self.powers.pop(vm_id, None)
            else:
                self.powers[vm_id] = power

    def _note(self, call: str, number: int) -> None:
        with self.lock:
            self.calls.append((call, number))
