"""Wrong inputs: each is named by its path and with what is allowed, all at once, before anything is called."""

from typing import Any

import pytest
from opennebula_provider.provider import OpenNebula
from pulumi_provider_kit import UNKNOWN, Properties
from pulumi_provider_kit.operation import Cancellation, Operation

NETWORK: Properties = {
    "networkAddress": "172.16.100.0",
    "networkMask": "255.255.255.0",
    "addressRanges": [{"ip4": "172.16.100.3", "size": 100}],
}
GROUP: Properties = {"rules": [{"protocol": "TCP", "ruleType": "INBOUND", "range": "22,80:90"}]}
IMAGE: Properties = {"datastoreId": 1, "size": 64}
MACHINE: Properties = {"cpu": 0.5, "memory": 512, "nics": [{"networkId": 1, "ip": "172.16.100.3"}]}


def failures(kind: str, inputs: Properties, name: str = "thing") -> dict[str, str]:
    provider = OpenNebula()
    token = f"opennebula:index:{kind}"
    operation = Operation(f"urn:pulumi:dev::test::{token}::{name}", lambda *_: None, Cancellation())
    checked, found = provider.schema.check(inputs, provider.schema.resource_inputs(token))
    _, more = provider.resources[token].check(operation, {}, checked)
    return {failure.property: failure.reason for failure in [*found, *more]}


def nic(**values: Any) -> Properties:
    return {**MACHINE, "nics": [{"networkId": 1, **values}]}


def rule(**values: Any) -> Properties:
    return {"rules": [{"protocol": "TCP", "ruleType": "INBOUND", **values}]}


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [("VirtualNetwork", NETWORK), ("SecurityGroup", GROUP), ("Image", IMAGE), ("VirtualMachine", MACHINE)],
)
def test_right_inputs_pass(kind: str, inputs: Properties) -> None:
    assert failures(kind, inputs) == {}


@pytest.mark.parametrize(
    ("kind", "inputs", "path", "says"),
    [
        ("VirtualNetwork", {**NETWORK, "name": "a&b"}, "name", "'&'"),
        ("VirtualNetwork", {**NETWORK, "name": "n" * 129}, "name", "128"),
        ("VirtualNetwork", {**NETWORK, "gateway": "172.16.101.1"}, "gateway", "outside the network 172.16.100.0/24"),
        (
            "VirtualNetwork",
            {**NETWORK, "gateway": "172.16.100"},
            "gateway",
            "must be an IPv4 address, not '172.16.100'",
        ),
        ("VirtualNetwork", {**NETWORK, "dns": "8.8.8.8 nine"}, "dns", "'nine'"),
        ("VirtualNetwork", {**NETWORK, "networkAddress": "172.16.100.1"}, "networkAddress", "no subnet"),
        ("VirtualNetwork", {"networkMask": "255.0.0.0"}, "networkMask", "without networkAddress"),
        (
            "VirtualNetwork",
            {**NETWORK, "addressRanges": [{"ip4": "172.16.100.250", "size": 10}]},
            "addressRanges[0]",
            "172.16.100.250 to 172.16.101.3 is not inside the network 172.16.100.0/24",
        ),
        (
            "VirtualNetwork",
            {"addressRanges": [{"ip4": "10.0.0.1", "size": 5}, {"ip4": "10.0.0.5", "size": 2}]},
            "addressRanges[1]",
            "overlaps addressRanges[0]",
        ),
        ("VirtualNetwork", {"addressRanges": [{"size": 5}]}, "addressRanges[0].ip4", "required"),
        ("VirtualNetwork", {"addressRanges": [{"ip4": "10.0.0.1", "size": 0}]}, "addressRanges[0].size", "above 0"),
        (
            "VirtualNetwork",
            {"addressRanges": [{"ip4": "255.255.255.254", "size": 3}]},
            "addressRanges[0].size",
            "beyond",
        ),
        ("VirtualNetwork", {"addressRanges": [{"type": "IP5", "size": 3}]}, "addressRanges[0].type", "IP4, ETHER"),
        ("VirtualNetwork", {"description": "a]]>b"}, "description", "]]>"),
        ("VirtualNetwork", {"tags": {"VN_MAD": "x"}}, "tags.VN_MAD", "keeps for itself"),
        ("VirtualNetwork", {"tags": {"not ok": "x"}}, "tags.not ok", "letters, digits"),
        ("VirtualNetwork", {"tags": {"a": "x", "A": "y"}}, "tags.A", "twice"),
        ("VirtualNetwork", {"tags": {"A": "x\\"}}, "tags.A", "backslash"),
        ("SecurityGroup", rule(protocol="tcp"), "rules[0].protocol", "TCP, UDP"),
        ("SecurityGroup", rule(ruleType="IN"), "rules[0].ruleType", "INBOUND, OUTBOUND"),
        ("SecurityGroup", rule(range="22;80"), "rules[0].range", "'22;80'"),
        ("SecurityGroup", rule(range="22,70000"), "rules[0].range", "65535"),
        ("SecurityGroup", rule(range="90:80"), "rules[0].range", "lower"),
        ("SecurityGroup", rule(protocol="ICMP", range="22"), "rules[0].range", "not for ICMP"),
        ("SecurityGroup", rule(icmpType=8), "rules[0].icmpType", "not for TCP"),
        ("SecurityGroup", rule(ip="10.0.0.1"), "rules[0].size", "required beside ip"),
        ("SecurityGroup", rule(ip="10.0.0", size=1), "rules[0].ip", "IPv4"),
        ("SecurityGroup", rule(ip="10.0.0.1", size=1, networkId=3), "rules[0].networkId", "either"),
        ("Image", {"datastoreId": 1}, "path", "required"),
        ("Image", {"datastoreId": 1, "path": "/a", "size": 1}, "size", "empty image"),
        ("Image", {"datastoreId": 1, "size": 1.5}, "size", "whole number"),
        ("Image", {**IMAGE, "type": "ISO"}, "type", "OS, CDROM, DATABLOCK"),
        ("Image", {**IMAGE, "devPrefix": "virtio"}, "devPrefix", "vd"),
        ("Image", {"size": 1}, "datastoreId", "required"),
        ("VirtualMachine", {"cpu": 1}, "memory", "required"),
        ("VirtualMachine", {"cpu": 0, "memory": 64}, "cpu", "above 0"),
        ("VirtualMachine", {**MACHINE, "memory": 512.5}, "memory", "whole number"),
        ("VirtualMachine", {**MACHINE, "memory": "512M"}, "memory", "'512M'"),
        ("VirtualMachine", nic(ip="172.16.100.300"), "nics[0].ip", "IPv4 address"),
        ("VirtualMachine", {**MACHINE, "nics": MACHINE["nics"] * 2}, "nics[1].ip", "that of nics[0]"),
        ("VirtualMachine", {**MACHINE, "disks": [{}]}, "disks[0].size", "required"),
        ("VirtualMachine", {**MACHINE, "disks": [{"imageId": 1, "format": "raw"}]}, "disks[0].format", "empty disk"),
        (
            "VirtualMachine",
            {**MACHINE, "context": {"START_SCRIPT": 'echo \\"x\\"'}},
            "context.START_SCRIPT",
            "backslash",
        ),
        (
            "VirtualMachine",
            {**MACHINE, "context": {"start_script": "echo $HOME"}},
            "context.START_SCRIPT",
            "START_SCRIPT_BASE64",
        ),
        ("VirtualMachine", {**MACHINE, "context": {"TARGET": "hdb"}}, "context.TARGET", "keeps for itself"),
        ("VirtualMachine", {**MACHINE, "tags": {"PULUMI": "x"}}, "tags.PULUMI", "keeps for itself"),
        ("VirtualMachine", {**MACHINE, "nic": []}, "nic", "did you mean nics"),
    ],
)
def test_a_mistake_is_named_by_its_path(kind: str, inputs: Properties, path: str, says: str) -> None:
    found = failures(kind, inputs)
    assert set(found) == {path}
    assert says in found[path]


def test_all_mistakes_are_told_at_once() -> None:
    inputs = {"cpu": -1, "memory": 0, "nics": [{"ip": "x"}], "tags": {"1": "x"}}
    assert set(failures("VirtualMachine", inputs)) == {"cpu", "memory", "nics[0].networkId", "nics[0].ip", "tags.1"}


@pytest.mark.parametrize("kind", ["VirtualNetwork", "SecurityGroup", "Image", "VirtualMachine"])
def test_what_is_not_known_yet_is_no_mistake(kind: str) -> None:
    provider = OpenNebula()
    inputs = dict.fromkeys(provider.schema.resource_inputs(f"opennebula:index:{kind}").properties, UNKNOWN)
    if kind == "Image":
        del inputs["size"]  # never beside a path
    assert failures(kind, inputs) == {}


def test_the_name_is_that_of_the_pulumi_resource_unless_given() -> None:
    assert failures("SecurityGroup", {}, name="web") == {}
    assert "'<'" in failures("SecurityGroup", {}, name="a<b")["name"]
