"""Security groups become nftables rules."""

from ipaddress import IPv4Address, IPv4Network

import pytest

from sandbox.containers.rules import ruleset
from sandbox.oned.driver import Network, Nic, Rule

NETWORK = Network(0, "private", IPv4Network("172.16.100.0/24"), IPv4Address("172.16.100.1"))
BASTION = (IPv4Address("172.16.100.1"), IPv4Address("172.16.100.1"))
SUBNET = (IPv4Address("172.16.100.0"), IPv4Address("172.16.100.255"))


def nic(*rules: Rule, number: int = 0) -> Nic:
    return Nic(number, NETWORK, IPv4Address("172.16.100.3"), "02:00:ac:10:64:03", rules)


def test_a_superlink_is_reached_on_22_from_the_bastion_and_on_9092_from_the_subnet_and_on_nothing_else() -> None:
    rules = (
        Rule("TCP", "INBOUND", ports=((22, 22),), addresses=BASTION),
        Rule("TCP", "INBOUND", ports=((9092, 9092),), addresses=SUBNET),
        Rule("ALL", "OUTBOUND"),
    )
    assert (
        ruleset([nic(*rules)], forbidden=[IPv4Address("172.16.100.2")])
        == """\
table inet opennebula
delete table inet opennebula
table inet opennebula {
    chain nic0_inbound {
        ip saddr 172.16.100.2 drop
        ct state established,related accept
        ip saddr 172.16.100.1 tcp dport { 22 } accept
        ip saddr 172.16.100.0-172.16.100.255 tcp dport { 9092 } accept
        drop
    }
    chain nic0_outbound {
        ip daddr 172.16.100.2 drop
        ct state established,related accept
        accept
        drop
    }
    chain prerouting {
        type filter hook prerouting priority -150; policy accept;
        iifname $nic0 goto nic0_inbound
        iifname "eth*" drop
    }
    chain postrouting {
        type filter hook postrouting priority 150; policy accept;
        oifname $nic0 goto nic0_outbound
        oifname "eth*" drop
    }
}
"""
    )


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (Rule("ALL", "INBOUND"), "accept"),
        (Rule("ALL", "INBOUND", addresses=BASTION), "ip saddr 172.16.100.1 accept"),
        (Rule("ALL", "OUTBOUND", addresses=SUBNET), "ip daddr 172.16.100.0-172.16.100.255 accept"),
        (Rule("TCP", "INBOUND"), "meta l4proto tcp accept"),
        (Rule("UDP", "OUTBOUND", ports=((53, 53),)), "udp dport { 53 } accept"),
        (Rule("TCP", "INBOUND", ports=((22, 22), (80, 90))), "tcp dport { 22, 80-90 } accept"),
        (Rule("TCP", "INBOUND", ports=((85, 95), (80, 90), (22, 22))), "tcp dport { 22, 80-95 } accept"),
        (Rule("ICMP", "INBOUND"), "meta l4proto icmp accept"),
        (Rule("ICMP", "INBOUND", icmp_type=8), "meta l4proto icmp icmp type 8 accept"),
        (Rule("ICMPV6", "INBOUND", icmp_type=128), "meta l4proto ipv6-icmp icmpv6 type 128 accept"),
        (Rule("IPSEC", "INBOUND"), "meta l4proto esp accept"),
    ],
)
def test_each_kind_of_rule_matches_what_it_names(rule: Rule, line: str) -> None:
    lines = [text.strip() for text in ruleset([nic(rule)]).splitlines()]
    chain = lines[lines.index(f"chain nic0_{rule.direction.lower()} {{") :]
    assert chain[1:4] == ["ct state established,related accept", line, "drop"]


def test_a_nic_without_rules_passes_only_replies() -> None:
    lines = [text.strip() for text in ruleset([nic()]).splitlines()]
    for direction in ("inbound", "outbound"):
        at = lines.index(f"chain nic0_{direction} {{")
        assert lines[at + 1 : at + 3] == ["ct state established,related accept", "drop"]


def test_each_nic_has_chains_of_its_own() -> None:
    text = ruleset([nic(Rule("ALL", "INBOUND")), nic(number=3)])
    assert "iifname $nic0 goto nic0_inbound" in text
    assert "oifname $nic3 goto nic3_outbound" in text


def test_groups_that_repeat_a_rule_add_it_once() -> None:
    assert ruleset([nic(Rule("ALL", "INBOUND"), Rule("ALL", "INBOUND"))]) == ruleset([nic(Rule("ALL", "INBOUND"))])


def test_an_unknown_protocol_is_an_error_and_not_a_wider_rule() -> None:
    with pytest.raises(ValueError, match="GRE"):
        ruleset([nic(Rule("GRE", "INBOUND"))])
