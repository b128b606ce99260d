"""Private networks: who talks to whom, by security groups, and the way out through the bastion."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from sandbox.oned.driver import DriverError, Network, Rule, Vm
from tests.e2e.sandbox.cloud import ALLOW_ALL, WITH_DOCKER, Cloud, free_subnet, make_network

PORT = 8000
Regroup = Callable[..., None]
ALL_OUT = Rule("ALL", "OUTBOUND")


def ssh_from_bastion(cloud: Cloud) -> Rule:
    gateway = cloud.network.gateway
    assert gateway is not None
    return Rule("TCP", "INBOUND", ports=((22, 22),), addresses=(gateway, gateway))


def address(vm: Vm) -> IPv4Address:
    found = vm.nics[0].ip
    assert found is not None
    return found


@pytest.fixture(scope="module")
def server(cloud: Cloud) -> Vm:
    """A VM that listens on PORT, and in a container on the published port PORT + 1."""
    vm = cloud.start(cloud.vm(image=WITH_DOCKER, memory=1024))
    cloud.run(
        vm,
        f"set -e; setsid python3 -m http.server {PORT} >/dev/null 2>&1 & "
        "until docker info >/dev/null 2>&1; do sleep 0.1; done; "
        "tar -C / -c bin lib lib64 usr/bin usr/lib usr/lib64 | docker import - self >/dev/null; "
        f"docker run -d -p {PORT + 1}:80 --memory 64m --read-only --cap-drop ALL self python3 -m http.server 80; "
        f"for port in {PORT} {PORT + 1}; do "
        "timeout 20 sh -c \"until bash -c '</dev/tcp/127.0.0.1/$port' 2>/dev/null; do sleep 0.1; done\"; done",
    )
    return vm


@pytest.fixture(scope="module")
def peer(cloud: Cloud) -> Vm:
    return cloud.start(cloud.vm())


@pytest.fixture
def regroup(cloud: Cloud) -> Iterator[Regroup]:
    """Gives a running VM other rules, and all of them back."""
    changed: list[Vm] = []

    def apply(vm: Vm, *rules: Rule) -> None:
        changed.append(vm)
        _apply(cloud, vm, rules)

    yield apply
    for vm in changed:
        _apply(cloud, vm, ALLOW_ALL)


def _apply(cloud: Cloud, vm: Vm, rules: tuple[Rule, ...]) -> None:
    nic = replace(vm.nics[0], rules=rules)
    cloud.driver.apply_rules(replace(vm, nics=(nic, *vm.nics[1:])), nic)


@pytest.mark.parametrize("port", [PORT, PORT + 1], ids=["process", "published port of a container"])
class TestInbound:
    def test_what_no_rule_allows_is_dropped(
        self, cloud: Cloud, server: Vm, peer: Vm, regroup: Regroup, port: int
    ) -> None:
        assert cloud.reaches(peer, address(server), port)
        regroup(server, ssh_from_bastion(cloud), ALL_OUT)
        assert not cloud.reaches(peer, address(server), port)

    def test_a_port_is_open_to_the_addresses_of_its_rule(
        self, cloud: Cloud, server: Vm, peer: Vm, regroup: Regroup, port: int
    ) -> None:
        for source, open_ in ((address(peer), True), (address(server), False)):
            regroup(
                server, ssh_from_bastion(cloud), ALL_OUT, Rule("TCP", "INBOUND", ((PORT, PORT + 1),), (source, source))
            )
            assert cloud.reaches(peer, address(server), port) is open_


class TestOutbound:
    def test_a_process_reaches_only_what_its_rules_name(
        self, cloud: Cloud, server: Vm, peer: Vm, regroup: Regroup
    ) -> None:
        regroup(
            peer, ssh_from_bastion(cloud), Rule("TCP", "OUTBOUND", ((PORT, PORT),), (address(server), address(server)))
        )
        assert cloud.reaches(peer, address(server), PORT)
        assert not cloud.reaches(peer, address(server), PORT + 1)
        assert not cloud.reaches(peer, address(server), 22)

    def test_a_container_in_the_vm_reaches_only_what_the_vms_rules_name(
        self, cloud: Cloud, server: Vm, peer: Vm, regroup: Regroup
    ) -> None:
        target = f"</dev/tcp/{address(peer)}/22"
        ask = f'docker run --rm self timeout 2 bash -c "{target}" && echo yes || echo no'
        assert cloud.run(server, ask).endswith("yes")
        regroup(server, ssh_from_bastion(cloud))
        assert cloud.run(server, ask).endswith("no")


def test_icmp_passes_by_type(cloud: Cloud, server: Vm, peer: Vm, regroup: Regroup) -> None:
    ping = """python3 - <<'END'
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP); s.settimeout(1)
total = sum(struct.unpack("!4H", struct.pack("!BBHHH", 8, 0, 0, {icmp_type}, 1)))
packet = struct.pack("!BBHHH", 8, 0, ~total & 0xffff, {icmp_type}, 1)
s.sendto(packet, ("{address}", 0))
try: s.recv(100); print("yes")
except TimeoutError: print("no")
END"""
    for icmp_type, answered in ((8, "yes"), (13, "no")):
        regroup(server, ssh_from_bastion(cloud), ALL_OUT, Rule("ICMP", "INBOUND", icmp_type=icmp_type))
        # An id of its own each time: the second ping is no part of the first one's connection.
        assert cloud.run(peer, ping.format(icmp_type=icmp_type, address=address(server))) == answered


def test_rules_are_there_again_after_a_reboot(cloud: Cloud, peer: Vm) -> None:
    closed = cloud.start(cloud.vm(rules=(ssh_from_bastion(cloud), ALL_OUT)))
    cloud.driver.reboot(closed.id, hard=False)
    assert not cloud.reaches(peer, address(closed), 22)
    cloud.run(closed, "true")  # which says that SSH was up, and open to the bastion alone
    assert not cloud.reaches(peer, address(closed), 22)


def test_a_second_nic_has_its_own_network_and_rules(cloud: Cloud, peer: Vm) -> None:
    second = make_network(cloud.client, cloud.place, cloud.driver, 1)
    both = cloud.start(cloud.vm(networks=(cloud.network, second)))
    inside = cloud.start(cloud.vm(networks=(second,)))
    cloud.run(inside, "true")  # its SSH is up
    assert cloud.reaches(both, address(inside), 22)
    assert not cloud.reaches(peer, address(inside), 22)
    closed = replace(both.nics[1], rules=())
    cloud.driver.apply_rules(replace(both, nics=(both.nics[0], closed)), closed)
    assert not cloud.reaches(both, address(inside), 22)
    assert cloud.reaches(both, address(peer), 22)
    for vm in (both, inside):
        cloud.driver.destroy(vm.id)
    cloud.driver.delete_network(1)


def test_a_nic_is_plugged_and_unplugged_while_the_vm_runs(cloud: Cloud) -> None:
    second = make_network(cloud.client, cloud.place, cloud.driver, 2)
    whole = cloud.start(cloud.vm(networks=(cloud.network, second)))
    first_only = replace(whole, nics=whole.nics[:1])
    cloud.driver.detach_nic(first_only, whole.nics[1])
    assert str(whole.nics[1].ip) not in cloud.run(whole, "ip -4 address")
    cloud.driver.attach_nic(whole, whole.nics[1])
    assert f" {whole.nics[1].ip}/24 " in cloud.run(whole, "ip -o -4 address")
    cloud.driver.destroy(whole.id)
    cloud.driver.delete_network(2)


def test_the_bastion_answers_vms_only_as_a_gateway(cloud: Cloud, peer: Vm) -> None:
    gateway = cloud.network.gateway
    assert not cloud.reaches(peer, gateway, 22)
    assert cloud.reaches(peer, gateway, 53)


def test_a_vm_is_not_reached_from_the_host_and_does_not_reach_it(cloud: Cloud, server: Vm) -> None:
    with pytest.raises(OSError), socket.create_connection((str(address(server)), PORT), timeout=2):
        pass
    assert cloud.network.subnet is not None
    assert not cloud.reaches(server, cloud.network.subnet[2], 22)


def test_the_only_port_on_the_host_is_the_bastions_on_loopback(cloud: Cloud, server: Vm, peer: Vm) -> None:
    published = [
        (container.name, binding["HostIp"], int(binding["HostPort"]))
        for container in cloud.client.containers.list()
        if (container.name or "").startswith(cloud.place.prefix)
        for bindings in container.ports.values()
        for binding in bindings or ()
    ]
    assert published == [(cloud.place.bastion, "127.0.0.1", cloud.place.bastion_port)]


def test_a_subnet_that_is_taken_is_refused_with_both_names(cloud: Cloud) -> None:
    with pytest.raises(DriverError, match=f"network clash: .* overlaps .* of Docker network {cloud.place.network(0)}"):
        cloud.driver.create_network(Network(9, "clash", cloud.network.subnet, None))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"gateway": IPv4Address("10.88.0.254")}, "GATEWAY 10.88.0.254 does not answer"),
        ({"prefix": 30}, "too small"),
    ],
)
def test_a_network_the_sandbox_cannot_make_is_refused_with_the_reason(
    cloud: Cloud, change: dict[str, object], reason: str
) -> None:
    subnet = next(free_subnet(cloud.client, cloud.place).subnets(new_prefix=int(str(change.get("prefix", 24)))))
    gateway = change.get("gateway")
    with pytest.raises(DriverError, match=reason):
        cloud.driver.create_network(Network(9, "odd", subnet, gateway if isinstance(gateway, IPv4Address) else None))


def test_a_network_that_is_there_is_kept(cloud: Cloud, peer: Vm) -> None:
    cloud.driver.create_network(cloud.network)
    assert cloud.run(peer, "echo still here") == "still here"
