"""Requirements of hosts, as VMs write them."""

from __future__ import annotations

import pytest

from sandbox.oned.placement import matches

HOST = {"ID": "3", "NAME": "node-a", "CLUSTER_ID": "100", "TOTAL_CPU": "800"}

MET = [
    'NAME="node-a"',
    "NAME = node-a",
    'NAME = "node-*"',
    'name="node-a"',
    'NAME!="other"',
    "ID=3 & CLUSTER_ID=100",
    "ID=4 | CLUSTER_ID=100",
    "ID=4 | ID=5 | ID=3",
    "!(ID=4)",
    "!(PIN_POLICY = PINNED)",
    "(CLUSTER_ID = 0 | CLUSTER_ID = 100) & !(PIN_POLICY = PINNED)",
    "TOTAL_CPU > 400",
    "TOTAL_CPU <= 800",
    'UNKNOWN=""',
]
NOT_MET = [
    'NAME="nohost"',
    'NAME="node"',
    "ID=3 & CLUSTER_ID=0",
    "!(ID=3)",
    "TOTAL_CPU > 800",
    "TOTAL_CPU > many",
    "ID=",
    "(ID=3",
    "ID=3 ID=3",
    "&",
    "",
]


@pytest.mark.parametrize("expression", MET)
def test_is_met(expression: str) -> None:
    assert matches(expression, HOST)


@pytest.mark.parametrize("expression", NOT_MET)
def test_is_not_met_or_cannot_be_read(expression: str) -> None:
    assert not matches(expression, HOST)
