"""What the settings name in the cloud (images, a template, a network), looked up before anything is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TypeVar

import pulumi
import pulumi_opennebula as opennebula

from infra.settings import Settings, persistent_images
from infra.settings_rules import Mistake
from infra.stack_config import SettingsError

DEFAULT_GROUP = 0
Found = TypeVar("Found")


@dataclass(frozen=True)
class Catalogue:
    """Ids of what exists. `persistent` has those of the data disks by their images' names."""

    image: int | None
    template: int | None
    network: int | None
    persistent: dict[str, int]


def look_up(settings: Settings) -> Catalogue:
    """Find all that `settings` name. Raises `SettingsError` with everything that is not there or cannot be used."""
    mistakes: list[Mistake] = []
    machine, network = settings.machine, settings.network

    def find(key: str, name: str | None, ask: Callable[[str], Found]) -> Found | None:
        if name is None:
            return None
        try:
            return ask(name)
        except Exception as error:  # what the runtime raises for a failed look-up has no class of its own
            reason = str(error).rpartition("returned an error: ")[2]
            if "opennebula:" in reason:  # it is the access that is wrong, and the reason says which setting
                raise pulumi.RunError(reason) from None
            mistakes.append(Mistake(key, name, reason))
            return None

    image = find("machine:image", machine.image, lambda name: opennebula.get_image(name=name))
    if image is not None and image.persistent:
        why = f"it is persistent, only one machine could boot from it: oneimage nonpersistent {image.id}"
        mistakes.append(Mistake("machine:image", image.name, why))
    template = find("machine:template", machine.template, lambda name: opennebula.get_template(name=name))
    existing = find("network:name", network.name, lambda name: opennebula.get_virtual_network(name=name))
    if existing is not None:
        mistakes += (Mistake("network:name", existing.name, why) for why in _unusable(existing, settings))

    disks = {}
    for key, name in persistent_images(settings.superlink, settings.federation):
        disk = find(key, name, lambda name: opennebula.get_image(name=name))
        if disk is not None and not disk.persistent:
            why = f"it is not persistent, what is written to it would be lost: oneimage persistent {disk.id}"
            mistakes.append(Mistake(key, name, why))
        elif disk is not None:
            disks[name] = disk.id
    if mistakes:
        raise SettingsError(mistakes, pulumi.get_stack())
    return Catalogue(
        image=None if image is None else image.id,
        template=None if template is None else template.id,
        network=None if existing is None else existing.id,
        persistent=disks,
    )


def _unusable(found: opennebula.GetVirtualNetworkResult, settings: Settings) -> Iterator[str]:
    """Why an existing network would open the machines, or cannot lease their addresses to this stack."""
    if DEFAULT_GROUP in found.security_groups:
        yield (
            "it carries security group 0, which allows everything and would be added to every machine's; "
            f'give it another: onevnet update {found.id}, SECURITY_GROUPS="..."'
        )
    if found.network_address and found.network_mask:
        subnet = IPv4Network(f"{found.network_address}/{found.network_mask}", strict=False)
        if subnet != settings.network.cidr:
            yield f"its addresses are {subnet}; set network:cidr to that"
    ranges = [(IPv4Address(r.ip4), IPv4Address(r.ip4) + r.size - 1) for r in found.address_ranges if r.ip4]
    wanted = [settings.superlink_address, *(site.address for site in settings.sites)]
    outside = [str(address) for address in wanted if not any(first <= address <= last for first, last in ranges)]
    if outside:
        spans = ", ".join(f"{first} to {last}" for first, last in ranges) or "no IPv4 addresses"
        yield f"it does not lease {', '.join(outside)} (it leases {spans}); set superlink:address and sites[].address"
    held = [lease for lease in found.leases if not lease.own and IPv4Address(lease.ip) in wanted]
    if held:
        holders = ", ".join(f"{lease.ip} is {_holder(lease)}" for lease in held)
        yield f"not all addresses are free: {holders}; set superlink:address and sites[].address to others"


def _holder(lease: opennebula.outputs.Lease) -> str:
    return "on hold" if lease.vm_id is None else f"that of VM {lease.vm_id} ({lease.vm_name})"
