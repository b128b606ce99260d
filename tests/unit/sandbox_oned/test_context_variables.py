"""Variables in CONTEXT, which oned expands before the guest sees them."""

from __future__ import annotations

import pytest

from sandbox.oned import context
from sandbox.oned.network import Network
from sandbox.oned.template import Vector, parse
from sandbox.oned.vm import Vm

VM = Vm(
    id=5,
    name="node",
    start=0,
    template=parse('MEMORY="64"\nNIC=[NETWORK_ID="0",IP="10.0.0.3"]'),
    user_template=parse('SITE="charite"'),
)
NETWORK = Network(id=0, name="net1", template=parse('VN_MAD="bridge"\nBRIDGE="br0"\nNETWORK_MASK="255.255.255.0"'))

EXPANDED = {
    "$NAME": "node",
    "vm-$VMID.": "vm-5.",
    "$UNAME": "oneadmin",
    "$MEMORY": "64",
    "$SITE": "charite",
    "$NIC[IP]": "10.0.0.3",
    '$NETWORK[BRIDGE, NETWORK="net1"]': "br0",
    "$USER[SSH_PUBLIC_KEY]": "",
    "echo $UNKNOWN": "echo ",
    "$(id -u) ${HOME} 5$": "$(id -u) ${HOME} 5$",
}


def find(vector: Vector) -> Network | None:
    return NETWORK if vector.get("NETWORK_ID") == "0" or vector.get("NETWORK") == "net1" else None


@pytest.mark.parametrize(("text", "expanded"), EXPANDED.items(), ids=EXPANDED)
def test_expands(text: str, expanded: str) -> None:
    assert context.expand(VM, text, find) == expanded


def test_network_yes_describes_each_nic() -> None:
    described = context.complete(VM, {"NETWORK": "yes"}, find)
    shown = {name: described[f"ETH0_{name}"] for name in ("IP", "MASK", "GATEWAY")}
    assert shown == {"IP": "10.0.0.3", "MASK": "255.255.255.0", "GATEWAY": ""}


def test_without_it_the_guest_learns_nothing_of_its_nics() -> None:
    assert context.complete(VM, {"A": "b", "ETH9_IP": "old"}, find) == {"A": "b"}
