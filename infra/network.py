"""The private network and its packet filters.

OpenNebula adds the security groups of a network to those of each NIC on it, and gives a network without any its group
0, which allows everything. So the network itself carries the narrowest group, and machines add what their part needs.
"""

from __future__ import annotations

from ipaddress import IPv4Network

import pulumi
import pulumi_opennebula as opennebula

from infra.settings import SUPERLINK_OFFSET, Network, Settings, host_of

FLEET_PORT = 9092
SSH_PORT = 22
DNS_PORT = 53


class PrivateNetwork(pulumi.ComponentResource):
    """A virtual network (made, or the `existing` one by its id) and three security groups.

    - `base`, on every machine: SSH from the bastion in; name servers and `network:egress` out.
    - `superlink`: the Fleet API in, from the network.
    - `supernode`: the SuperLink's Fleet API out.

    Whatever they do not name is dropped, both ways; replies to what they allow pass.
    """

    id: pulumi.Output[int]

    def __init__(
        self, name: str, settings: Settings, existing: int | None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
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

        if existing is not None:
            self.id = pulumi.Output.from_input(existing)
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
