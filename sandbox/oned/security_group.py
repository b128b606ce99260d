"""Security groups: their rules, and which VMs have them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import ClassVar

from pydantic import Field

from sandbox.oned import driver
from sandbox.oned.document import Document
from sandbox.oned.network import Network
from sandbox.oned.store import Transaction
from sandbox.oned.template import Template, Vector
from sandbox.oned.xml import group, ids

DEFAULT = 0


class SecurityGroup(Document):
    """Rules, and the ids of the VMs that have them: up to date, out of date, being updated, failed."""

    pool: ClassVar[str] = "secgroup"
    called: ClassVar[str] = "security group"
    kind: ClassVar[str] = "SECGROUP"
    root: ClassVar[str] = "SECURITY_GROUP"
    first_id: ClassVar[int] = 100

    updated: list[int] = Field(default_factory=list)
    outdated: list[int] = Field(default_factory=list)
    updating: list[int] = Field(default_factory=list)
    error: list[int] = Field(default_factory=list)

    def vms(self) -> list[int]:
        """All VMs that have it."""
        return sorted({*self.updated, *self.outdated, *self.updating, *self.error})

    def sort(self, vm: int, into: list[int] | None) -> None:
        """Put the VM into one of the four lists, or, with None, into none."""
        for members in (self.updated, self.outdated, self.updating, self.error):
            if vm in members:
                members.remove(vm)
        if into is not None:
            into.append(vm)

    def outdate(self) -> None:
        """The rules changed: all VMs have to be told."""
        self.outdated, self.updated, self.updating, self.error = self.vms(), [], [], []

    def rules(self, networks: Iterable[Network]) -> list[Vector]:
        """The rules; one on a NETWORK_ID becomes one for each of the network's address ranges."""
        by_id = {str(network.id): network for network in networks}
        rules: list[Vector] = []
        for rule in self.template.vectors("RULE"):
            network = by_id.get(rule.get("NETWORK_ID", ""))
            if "NETWORK_ID" not in rule:
                rules.append(dict(rule))
            elif network:
                ranges = [place.attributes for place in network.ranges if "IP" in place.attributes]
                rules.extend({**rule, "IP": place["IP"], "SIZE": place["SIZE"]} for place in ranges)
        return rules

    def xml(self) -> str:
        """With the VMs that have it."""
        return group(
            self.root,
            self.head_xml(),
            ids("UPDATED_VMS", self.updated),
            ids("OUTDATED_VMS", self.outdated),
            ids("UPDATING_VMS", self.updating),
            ids("ERROR_VMS", self.error),
            self.template.xml("TEMPLATE"),
        )


def default_group() -> SecurityGroup:
    """The group 0, which lets everything pass."""
    template = Template()
    template.add(
        "DESCRIPTION",
        "The default security group is added to every network. Use it to add default filter rules for your networks. "
        "You may remove this security group from any network by updating its properties.",
    )
    for direction in ("OUTBOUND", "INBOUND"):
        template.add("RULE", {"PROTOCOL": "ALL", "RULE_TYPE": direction})
    return SecurityGroup(id=DEFAULT, name="default", permissions=(1, 1, 1, 1, 0, 0, 1, 0, 0), template=template)


def driver_rules(tx: Transaction, group_ids: Iterable[int]) -> tuple[driver.Rule, ...]:
    """What the groups allow. A group that does not exist allows nothing."""
    networks = tx.all(Network)
    groups = [found for number in group_ids if (found := tx.get(SecurityGroup, number))]
    return tuple(_driver_rule(rule) for each in groups for rule in each.rules(networks))


def _driver_rule(rule: Vector) -> driver.Rule:
    first = IPv4Address(rule["IP"]) if "IP" in rule else None
    return driver.Rule(
        protocol=rule["PROTOCOL"].upper(),
        direction=rule["RULE_TYPE"].upper(),
        ports=ports_of(rule.get("RANGE", "")),
        addresses=(first, first + int(rule.get("SIZE", "1")) - 1) if first else None,
        icmp_type=int(rule["ICMP_TYPE"]) if rule.get("ICMP_TYPE", "").isdigit() else None,
    )


def ports_of(text: str) -> tuple[tuple[int, int], ...]:
    """`22,80:90` -> ((22, 22), (80, 90))."""
    ends = [part.strip().split(":") for part in text.split(",") if part.strip()]
    return tuple((int(end[0]), int(end[-1])) for end in ends)
