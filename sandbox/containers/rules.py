"""Security groups as packet filters: an nftables ruleset for one VM's network namespace.

Inbound is judged before Docker's DNAT, outbound after its SNAT, so that containers inside the VM are filtered as
seen from the network, published ports too. Both sides come after connection tracking: replies pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from sandbox.oned.driver import Nic, Rule

# Hook priorities (nft(8)): conntrack is -200, DNAT -100, SNAT 100.
AFTER_CONNTRACK_BEFORE_DNAT = -150
AFTER_SNAT = 150


def ruleset(nics: Iterable[Nic], forbidden: Iterable[IPv4Address] = ()) -> str:
    """The nftables file for these NICs; loading it replaces what was loaded before, in one step.

    NICs are named `$nic0`, `$nic1`, ...: whoever loads it defines these as the interfaces' names. Peers in `forbidden`
    are never reached nor answered, whatever the rules say. An eth interface that is no known NIC passes nothing.
    """
    nics = tuple(nics)
    blocked = tuple(forbidden)
    chains = [line for nic in nics for line in (*_chain(nic, "INBOUND", blocked), *_chain(nic, "OUTBOUND", blocked))]
    return "\n".join(
        [
            "table inet opennebula",
            "delete table inet opennebula",
            "table inet opennebula {",
            *chains,
            "    chain prerouting {",
            f"        type filter hook prerouting priority {AFTER_CONNTRACK_BEFORE_DNAT}; policy accept;",
            *(f"        iifname $nic{nic.id} goto nic{nic.id}_inbound" for nic in nics),
            '        iifname "eth*" drop',
            "    }",
            "    chain postrouting {",
            f"        type filter hook postrouting priority {AFTER_SNAT}; policy accept;",
            *(f"        oifname $nic{nic.id} goto nic{nic.id}_outbound" for nic in nics),
            '        oifname "eth*" drop',
            "    }",
            "}",
            "",
        ]
    )


def _chain(nic: Nic, direction: str, forbidden: tuple[IPv4Address, ...]) -> list[str]:
    peer = "saddr" if direction == "INBOUND" else "daddr"
    return [
        f"    chain nic{nic.id}_{direction.lower()} {{",
        *(f"        ip {peer} {address} drop" for address in forbidden),
        "        ct state established,related accept",
        *(f"        {match}accept" for match in _matches(nic.rules, direction, peer)),
        "        drop",
        "    }",
    ]


def _matches(rules: Iterable[Rule], direction: str, peer: str) -> list[str]:
    """What each rule of the direction matches, duplicates dropped (groups of a NIC often repeat each other)."""
    found = (_match(rule, peer) for rule in rules if rule.direction == direction)
    return list(dict.fromkeys(found))


def _match(rule: Rule, peer: str) -> str:
    parts = []
    if rule.addresses is not None:
        first, last = rule.addresses
        parts.append(f"ip {peer} {first}" if first == last else f"ip {peer} {first}-{last}")
    protocol = rule.protocol.upper()
    if protocol in ("TCP", "UDP"):
        ports = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in _merged(rule.ports))
        parts.append(f"{protocol.lower()} dport {{ {ports} }}" if ports else f"meta l4proto {protocol.lower()}")
    elif protocol in ("ICMP", "ICMPV6"):
        family = "icmp" if protocol == "ICMP" else "icmpv6"
        parts.append(f"meta l4proto {'icmp' if protocol == 'ICMP' else 'ipv6-icmp'}")
        if rule.icmp_type is not None:
            parts.append(f"{family} type {rule.icmp_type}")
    elif protocol == "IPSEC":
        parts.append("meta l4proto esp")
    elif protocol != "ALL":
        raise ValueError(f"security group rule with PROTOCOL {rule.protocol!r}")
    return "".join(f"{part} " for part in parts)


def _merged(ports: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same ports as disjoint ranges in order: nftables refuses overlapping ones."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ports):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
