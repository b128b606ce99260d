"""Address ranges: which address a NIC gets, and that it comes back."""

from __future__ import annotations

import pytest

from sandbox.oned.errors import ApiError
from sandbox.oned.network import HELD, AddressRange, Network
from sandbox.oned.template import parse


def network(*ranges: str, template: str = 'VN_MAD="bridge"') -> Network:
    made = Network(id=7, name="net", template=parse(template))
    made.complete_template()
    for text in ranges:
        vector = parse(f"AR=[{text}]").vector("AR")
        assert vector is not None
        made.add_range(vector)
    return made


def leased(made: Network, vm: int, **nic: str) -> dict[str, str]:
    made.lease(vm, nic)
    return nic


def test_addresses_come_one_after_another_and_go_round() -> None:
    made = network("TYPE=IP4,IP=10.0.0.10,SIZE=3")
    nics = [leased(made, vm) for vm in range(3)]
    assert [nic["IP"] for nic in nics] == ["10.0.0.10", "10.0.0.11", "10.0.0.12"]
    made.release(1, nics[1])
    assert leased(made, 9)["IP"] == "10.0.0.11"


def test_a_freed_address_is_not_the_next_one_while_others_are_free() -> None:
    made = network("TYPE=IP4,IP=10.0.0.10,SIZE=3")
    made.release(1, leased(made, 1))
    assert leased(made, 2)["IP"] == "10.0.0.11"


def test_mac_is_the_address_in_hex() -> None:
    assert leased(network("TYPE=IP4,IP=10.10.0.15,SIZE=1"), 1)["MAC"] == "02:00:0a:0a:00:0f"


def test_an_overlapping_range_gives_an_address_twice() -> None:
    made = network("TYPE=IP4,IP=10.0.0.10,SIZE=9", "TYPE=IP4,IP=10.0.0.12,SIZE=5")
    assert [leased(made, vm, IP="10.0.0.13")["AR_ID"] for vm in (1, 2)] == ["0", "1"]


REFUSED = {
    "in use": {"IP": "10.0.0.10"},
    "before the range": {"IP": "10.0.0.9"},
    "behind the range": {"IP": "10.0.0.13"},
    "no address": {"IP": "not-an-ip"},
    "another MAC than the address has": {"IP": "10.0.0.11", "MAC": "02:00:0a:00:00:0c"},
    "no MAC": {"MAC": "zz"},
}


@pytest.mark.parametrize("nic", REFUSED.values(), ids=REFUSED)
def test_refuses_an_address_that_cannot_be_had(nic: dict[str, str]) -> None:
    made = network("TYPE=IP4,IP=10.0.0.10,SIZE=3")
    leased(made, 1)
    with pytest.raises(ApiError, match=r"Cannot get IP/MAC lease from virtual network 7\."):
        leased(made, 2, **nic)
    assert made.used_leases() == 1


def test_refuses_when_all_addresses_are_leased_or_held() -> None:
    made = network("TYPE=IP4,IP=10.0.0.10,SIZE=2")
    leased(made, 1)
    assert made.ranges[0].take(HELD, "10.0.0.11", None) == 1
    with pytest.raises(ApiError):
        leased(made, 2)


BAD_RANGES = {
    "TYPE=IP5,IP=10.0.0.1,SIZE=1": "Unknown or missing address range TYPE.",
    "IP=10.0.0.1,SIZE=1": "Unknown or missing address range TYPE.",
    "TYPE=IP4,IP=10.300.0.1,SIZE=1": "Wrong or empty IP attribute",
    "TYPE=IP4,SIZE=1": "Wrong or empty IP attribute",
    "TYPE=IP4,IP=10.0.0.1,SIZE=0": "Wrong SIZE for address range",
    "TYPE=IP4,IP=10.0.0.1": "Wrong SIZE for address range",
    "TYPE=IP6,SIZE=1": "not supported by the sandbox",
}


@pytest.mark.parametrize(("text", "message"), BAD_RANGES.items(), ids=BAD_RANGES)
def test_refuses_a_bad_range(text: str, message: str) -> None:
    vector = parse(f"AR=[{text}]").vector("AR")
    assert vector is not None
    with pytest.raises(ValueError, match=message):
        AddressRange.from_user(0, vector)


def test_the_range_speaks_before_the_network_and_the_nic_before_both() -> None:
    made = network(
        "TYPE=IP4,IP=10.0.0.10,SIZE=3,DNS=1.1.1.1", template='VN_MAD="bridge"\nDNS="2.2.2.2"\nGATEWAY="10.0.0.1"'
    )
    assert leased(made, 1)["DNS"] == "1.1.1.1"
    assert leased(made, 1)["GATEWAY"] == "10.0.0.1"
    assert leased(made, 2, DNS="3.3.3.3")["DNS"] == "3.3.3.3"


SUBNETS = {
    "as the network says": (
        'NETWORK_ADDRESS="10.1.0.0"\nNETWORK_MASK="255.255.0.0"',
        ["TYPE=IP4,IP=10.1.2.3,SIZE=1"],
        "10.1.0.0/16",
    ),
    "a /24 around the range": ("", ["TYPE=IP4,IP=10.1.2.3,SIZE=1"], "10.1.2.0/24"),
    "with the range's mask": ("", ["TYPE=IP4,IP=10.1.2.3,SIZE=1,NETWORK_MASK=255.255.0.0"], "10.1.0.0/16"),
    "unknown": ("", [], "None"),
}


@pytest.mark.parametrize(("template", "ranges", "subnet"), SUBNETS.values(), ids=SUBNETS)
def test_the_driver_is_told_the_subnet(template: str, ranges: list[str], subnet: str) -> None:
    assert str(network(*ranges, template=f'VN_MAD="bridge"\n{template}').for_driver().subnet) == subnet
