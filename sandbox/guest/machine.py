"""The machine below the guest: what a hypervisor would do, done inside the container before and beside the guest.

The driver leaves a description in /machine: `machine.json` (nics, disks), `rules.nft` (the NICs' packet filters),
`context.sh` (the context CD), and asks for a reload when it changed. `Machine.apply` makes the container match it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.guest.loop import LoopDevice

DESCRIPTION = Path("/machine/machine.json")
RULES = Path("/machine/rules.nft")
CONTEXT = Path("/machine/context.sh")
READY = "machine ready"  # on the console when `apply` is through for the first time: the driver waits for it
DATASTORE = Path("/machine/datastore")  # the disks of all VMs, hidden from the guest by `Machine.__init__`


@dataclass
class Disk:
    """A plugged disk: its file in the datastore, its device, its size in MiB."""

    file: str
    device: LoopDevice
    size: int


@dataclass
class Machine:
    """NICs (id to interface name) and disks (target to disk) that are plugged now."""

    interfaces: dict[int, str] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    _datastore: int = -1

    def power_on(self) -> None:
        """Make what the container runtime protects writable for the guest, as on hardware of its own."""
        cgroups = Path("/sys/fs/cgroup")
        for mount in (Path("/proc/sys"), cgroups, *cgroups.iterdir()):
            if mount.is_mount():
                run("mount", "-o", "remount,bind,rw", str(mount))
        if (cgroups / "cgroup.controllers").exists():
            _delegate_cgroups(cgroups)
        if DATASTORE.is_mount():
            # Through this descriptor alone PID 1 goes on seeing the files.
            self._datastore = os.open(DATASTORE, os.O_DIRECTORY | os.O_RDONLY | os.O_CLOEXEC)
            run("umount", "--lazy", str(DATASTORE))

    def apply(self) -> None:
        """Make packet filters, NICs and disks match the description, the filters first."""
        description = json.loads(DESCRIPTION.read_text())
        known, self.interfaces = self.interfaces, _interfaces(description["nics"], self.interfaces)
        load_rules(self.interfaces)
        for nic in description["nics"]:
            if nic["id"] not in known:
                _bare_nic(self.interfaces[nic["id"]], nic["mac"])
        self._apply_disks(description["disks"])

    def power_off(self) -> None:
        """Unplug the disks."""
        for disk in self.disks.values():
            disk.device.close()
        self.disks.clear()

    def _apply_disks(self, wanted: list[dict[str, Any]]) -> None:
        files = {disk["target"]: disk["file"] for disk in wanted}
        for target in [target for target, disk in self.disks.items() if files.get(target) != disk.file]:
            self.disks.pop(target).device.close()
        for disk in wanted:
            plugged = self.disks.get(disk["target"])
            if plugged is None:
                flags = os.O_RDONLY if disk["read_only"] else os.O_RDWR
                backing = os.open(disk["file"], flags | os.O_CLOEXEC, dir_fd=self._datastore)
                try:
                    device = LoopDevice(backing, disk["target"], disk["read_only"])
                finally:
                    os.close(backing)
                self.disks[disk["target"]] = Disk(disk["file"], device, disk["size"])
            elif plugged.size != disk["size"]:
                plugged.device.grow()
                plugged.size = disk["size"]


def load_rules(interfaces: dict[int, str]) -> None:
    """Load the packet filters; the file names the NICs `$nic0`, `$nic1`, ..."""
    names = [f"--define=nic{nic}={interface}" for nic, interface in interfaces.items()]
    run("nft", *names, "--file", str(RULES))


def run(*command: str) -> str:
    """Run a command; its error text, with the command, is the exception's."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _delegate_cgroups(root: Path) -> None:
    # cgroup v2: controllers pass to children only of a group that holds no process itself.
    init = root / "init"
    init.mkdir(exist_ok=True)
    while pids := (root / "cgroup.procs").read_text().split():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                (init / "cgroup.procs").write_text(pid)
    for controller in (root / "cgroup.controllers").read_text().split():
        with contextlib.suppress(OSError):  # some hosts keep one for themselves
            (root / "cgroup.subtree_control").write_text(f"+{controller}")


def _interfaces(nics: list[dict[str, Any]], known: dict[int, str]) -> dict[int, str]:
    """Which interface each NIC is: the one that already was it, or the one the engine gave the NIC's address."""
    links = json.loads(run("ip", "-json", "address", "show"))
    names = {link["ifname"] for link in links}
    by_address = {address.get("local"): link["ifname"] for link in links for address in link["addr_info"]}
    found = {}
    for nic in nics:
        interface = known.get(nic["id"])
        if interface not in names:
            interface = by_address.get(nic["ip"])
        if interface is None:
            raise OSError(f"NIC {nic['id']}: no interface has its address {nic['ip']}")
        found[nic["id"]] = interface
    return found


def _bare_nic(interface: str, mac: str) -> None:
    """Make the interface what a guest finds in a machine: its MAC address and no other, the guest sets the rest."""
    run("ip", "address", "flush", "dev", interface, "scope", "global")
    if Path("/sys/class/net", interface, "address").read_text().strip() != mac.lower():
        # Neighbours that know the address under the old MAC are told at once.
        Path("/proc/sys/net/ipv4/conf", interface, "arp_notify").write_text("1")
        run("ip", "link", "set", "dev", interface, "down")
        run("ip", "link", "set", "dev", interface, "address", mac)
        run("ip", "link", "set", "dev", interface, "up")
