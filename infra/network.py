"""The private network and its packet filters.

OpenNebula adds the security groups of a network to those of each NIC on it, and gives a network without any its group
0, which allows everything. So the network itself carries the narrowest group, and machines add what their part needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

import pulumi
import pulumi_opennebula as opennebula

from infra.settings import SUPERLINK_OFFSET, Network, Settings, host_of

FLEET_PORT = 9092
SSH_PORT = 22
DNS_PORT = 53
DEFAULT_GROUP = 0


class PrivateNetwork(pulumi.ComponentResource):
    """A virtual network (made, or an existing one by name) and three security groups.

    - `base`, on every machine: SSH from the bastion in; name servers and `network:egress` out.
    - `superlink`: the Fleet API in, from the network.
    - `supernode`: the SuperLink's Fleet API out.

    Whatever they do not name is dropped, both ways; replies to what they allow pass.
    """

    id: pulumi.Output[int]

    def __init__(self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("flower:infra:PrivateNetwork", name, None, opts)
        network = settings.network
        prefix = f"flower-{pulumi.get_stack()}"

        self.base = self._group(
            f"{prefix}-base",
            "SSH from the bastion in, allowed destinations out",
            [
                _rule("INBOUND", settings.ssh_sources, "TCP", SSH_PORT),
                *(
                    _rule("OUTBOUND", IPv4Network(server), p, DNS_PORT)
                    for server in network.dns
                    for p in ("UDP", "TCP")
                ),
                *(_rule("OUTBOUND", allowed) for allowed in network.egress),
            ],
        )
        self.superlink = self._group(
            f"{prefix}-superlink",
            "Fleet API in, from the private network",
            [_rule("INBOUND", network.cidr, "TCP", FLEET_PORT)],
        )
        self.supernode = self._group(
            f"{prefix}-supernode",
            "Fleet API of the SuperLink out",
            [_rule("OUTBOUND", IPv4Network(settings.superlink_address), "TCP", FLEET_PORT)],
        )

        if network.name is not None:
            found = opennebula.get_virtual_network(name=network.name)
            addresses = [settings.superlink_address, *(site.address for site in settings.sites)]
            check_existing(found, network, addresses)
            self.id = pulumi.Output.from_input(found.id)
        else:
            self.id = self._network(prefix, network).id.apply(int)
        self.register_outputs({"id": self.id})

    def _network(self, name: str, network: Network) -> opennebula.VirtualNetwork:
        first = host_of(network, SUPERLINK_OFFSET)
        return opennebula.VirtualNetwork(
            name,
            name=name,
            description="Flower federation",
            bridge=network.bridge,
            network_address=str(network.cidr.network_address),
            network_mask=str(network.cidr.netmask),
            gateway=str(network.gateway or host_of(network, 1)),
            dns=" ".join(map(str, network.dns)) or None,
            address_ranges=[
                opennebula.AddressRangeArgs(
                    type="IP4", ip4=str(first), size=int(network.cidr.broadcast_address) - int(first)
                )
            ],
            security_groups=[self.base.id.apply(int)],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _group(
        self, name: str, description: str, rules: list[opennebula.SecurityGroupRuleArgs]
    ) -> opennebula.SecurityGroup:
        return opennebula.SecurityGroup(
            name, name=name, description=description, rules=rules, opts=pulumi.ResourceOptions(parent=self)
        )


def check_existing(
    found: opennebula.GetVirtualNetworkResult, network: Network, addresses: Iterable[IPv4Address]
) -> None:
    """Refuse an existing network that would open the machines, or has not the addresses. Raises pulumi.RunError."""
    problems = []
    if DEFAULT_GROUP in found.security_groups:
        problems.append(
            "it carries security group 0, which allows everything and would be added to every machine's; "
            f'give it another one: onevnet update {found.id}, SECURITY_GROUPS="..."'
        )
    if found.network_address and found.network_mask:
        subnet = IPv4Network(f"{found.network_address}/{found.network_mask}", strict=False)
        if subnet != network.cidr:
            problems.append(f"its addresses are {subnet}; set network:cidr to that")
    ranges = list(_ranges(found))
    outside = [str(address) for address in addresses if not any(first <= address <= last for first, last in ranges)]
    if outside:
        spans = ", ".join(f"{first} to {last}" for first, last in ranges) or "none"
        problems.append(f"it does not lease {', '.join(outside)} (it leases {spans}); set superlink:address and sites")
    if problems:
        raise pulumi.RunError(
            f"network:name = {network.name} cannot be used:\n" + "\n".join(f"  {p}" for p in problems)
        )


def _ranges(found: opennebula.GetVirtualNetworkResult) -> Iterator[tuple[IPv4Address, IPv4Address]]:
    for span in found.address_ranges:
        if span.ip4:
            first = IPv4Address(span.ip4)
            yield first, first + span.size - 1


def _rule(
    direction: str, peers: IPv4Network, protocol: str = "ALL", port: int | None = None
) -> opennebula.SecurityGroupRuleArgs:
    return opennebula.SecurityGroupRuleArgs(
        rule_type=direction,
        protocol=protocol,
        range=None if port is None else str(port),
        ip=str(peers.network_address),
        size=peers.num_addresses,
    )
