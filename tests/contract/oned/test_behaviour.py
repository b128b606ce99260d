"""What the recordings do not show: deaths, full hosts, hard actions, rules that reach running VMs, HTTP."""

from __future__ import annotations

import threading
import time
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.oned.driver import HostCapacity, Nic, Power, PrologError, Vm
from sandbox.oned.dummy import Dummy
from tests.contract.oned.front_end import SESSION, SETTINGS, FrontEnd, wait

Begin = Callable[[Dummy], FrontEnd]
NETWORK = 'NAME="net"\nVN_MAD="bridge"\nAR=[TYPE="IP4",IP="10.0.0.3",SIZE="20"]'


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    started: list[FrontEnd] = []

    def start(driver: Dummy) -> FrontEnd:
        started.append(FrontEnd(tmp_path, driver))
        return started[-1]

    yield start
    started[-1].stop()


class Gate(Dummy):
    """Holds one kind of call until it is opened."""

    def __init__(self, held: str) -> None:
        super().__init__()
        self.held = held
        self.open = threading.Event()

    def _act(self, call: str, vm_id: int, power: Power | None) -> None:
        if call == self.held:
            self._note(f"held {call}", vm_id)
            assert self.open.wait(10)
        super()._act(call, vm_id, power)


def test_a_vm_that_dies_is_powered_off_and_can_be_resumed(begin: Begin) -> None:
    one = begin(Dummy())
    vm = one.launch()
    one.becomes(vm, "RUNNING")
    one.driver.powers[vm] = Power.OFF
    one.becomes(vm, "POWEROFF")
    one.call("vm.action", "resume", vm)
    one.becomes(vm, "RUNNING")


def test_a_vm_that_died_while_nobody_looked_is_powered_off_in_the_first_answer(begin: Begin) -> None:
    class Slow(Dummy):
        def states(self) -> Mapping[int, Power]:
            time.sleep(0.3)
            return super().states()

    one = begin(Dummy())
    vm = one.launch()
    one.becomes(vm, "RUNNING")
    one.stop()
    assert begin(Slow()).place(vm) == "POWEROFF"


def test_a_vm_that_fits_nowhere_waits_until_there_is_room(begin: Begin) -> None:
    one = begin(Dummy(capacity=HostCapacity(cpus=1, memory=1024, disk_total=1024, disk_free=1024)))
    first = one.launch("first")
    one.becomes(first, "RUNNING")
    second = one.launch("second")
    assert one.place(second) == "PENDING"
    one.call("vm.action", "terminate-hard", first)
    one.becomes(second, "RUNNING")


def test_a_powered_off_vm_keeps_its_room_and_an_undeployed_one_gives_it_up(begin: Begin) -> None:
    one = begin(Dummy(capacity=HostCapacity(cpus=1, memory=1024, disk_total=1024, disk_free=1024)))
    first = one.launch("first")
    one.becomes(first, "RUNNING")
    one.call("vm.action", "poweroff", first)
    one.becomes(first, "POWEROFF")
    second = one.launch("second")
    wait(lambda: one.oned.idle, "rest")
    assert one.place(second) == "PENDING"
    one.call("vm.action", "undeploy", first)
    one.becomes(second, "RUNNING")


def test_disks_that_cannot_be_made_show_as_prolog_failure(begin: Begin) -> None:
    class NoDisks(Dummy):
        def deploy(self, vm: Vm) -> None:
            raise PrologError("no space left")

    one = begin(NoDisks())
    vm = one.launch()
    one.becomes(vm, "PROLOG_FAILURE")
    assert "no space left" in str(one.vm(vm).findtext("USER_TEMPLATE/ERROR"))


def test_a_driver_that_breaks_fails_the_boot_and_the_api_goes_on(begin: Begin) -> None:
    class Broken(Dummy):
        def deploy(self, vm: Vm) -> None:
            raise ZeroDivisionError("bug")

    one = begin(Broken())
    vm = one.launch()
    one.becomes(vm, "BOOT_FAILURE")
    assert "ZeroDivisionError" in str(one.vm(vm).findtext("USER_TEMPLATE/ERROR"))


def test_deleting_while_it_boots_destroys_what_the_boot_makes(begin: Begin) -> None:
    driver = Gate("deploy")
    one = begin(driver)
    vm = one.launch()
    wait(lambda: ("held deploy", vm) in driver.calls, "the boot")
    one.call("vm.recover", vm, 3)
    assert one.place(vm) == "CLEANUP_DELETE"
    driver.open.set()
    one.becomes(vm, "DONE")
    assert driver.calls[-1] == ("destroy", vm)
    assert vm not in driver.powers


def test_a_hard_terminate_overtakes_a_soft_poweroff(begin: Begin) -> None:
    driver = Gate("shutdown")
    one = begin(driver)
    vm = one.launch()
    one.becomes(vm, "RUNNING")
    one.call("vm.action", "poweroff", vm)
    one.becomes(vm, "SHUTDOWN_POWEROFF")
    one.call("vm.action", "terminate-hard", vm)
    driver.open.set()
    one.becomes(vm, "DONE")


def test_new_rules_reach_the_vms_that_run(begin: Begin) -> None:
    applied: list[tuple[str, ...]] = []

    class Filter(Dummy):
        def apply_rules(self, vm: Vm, nic: Nic) -> None:
            applied.append(tuple(f"{rule.protocol} {rule.direction} {rule.ports}" for rule in nic.rules))

    one = begin(Filter())
    group = one.call("secgroup.allocate", 'NAME="web"\nRULE=[PROTOCOL="TCP",RULE_TYPE="inbound",RANGE="22"]')
    network = one.call("vn.allocate", NETWORK + '\nSECURITY_GROUPS=""', -1)
    wait(lambda: one.oned.idle, "the network")
    vm = one.launch("vm", f'NIC=[NETWORK_ID="{network}",SECURITY_GROUPS="{group}"]')
    one.becomes(vm, "RUNNING")
    one.call("secgroup.update", group, 'RULE=[PROTOCOL="UDP",RULE_TYPE="outbound",RANGE="53,80:90"]', 0)
    wait(lambda: applied == [("UDP OUTBOUND ((53, 53), (80, 90))",)], f"the rules, not {applied}")
    wait(lambda: f"<UPDATED_VMS><ID>{vm}</ID></UPDATED_VMS>" in one.call("secgroup.info", group), "the group's word")


def test_rules_that_cannot_be_applied_show_in_the_group_and_can_be_committed_again(begin: Begin) -> None:
    one = begin(Dummy(failures={"vm": {"apply_rules"}}))
    group = one.call("secgroup.allocate", 'NAME="web"\nRULE=[PROTOCOL="ALL",RULE_TYPE="inbound"]')
    network = one.call("vn.allocate", NETWORK, -1)
    wait(lambda: one.oned.idle, "the network")
    vm = one.launch("vm", f'NIC=[NETWORK_ID="{network}",SECURITY_GROUPS="{group}"]')
    one.becomes(vm, "RUNNING")
    one.call("secgroup.commit", group, False)
    wait(lambda: f"<ERROR_VMS><ID>{vm}</ID></ERROR_VMS>" in one.call("secgroup.info", group), "the failure")
    one.driver.failures.clear()
    one.call("secgroup.commit", group, True)
    wait(lambda: f"<UPDATED_VMS><ID>{vm}</ID></UPDATED_VMS>" in one.call("secgroup.info", group), "the success")


def test_right_after_a_call_the_old_state_is_read(tmp_path: Path) -> None:
    one = FrontEnd(tmp_path, Dummy(), replace(SETTINGS, latency=1.0))  # longer than a busy machine takes to read
    vm = one.launch()
    one.becomes(vm, "RUNNING")
    one.call("vm.action", "terminate", vm)
    assert one.place(vm) == "RUNNING"
    one.stop()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/RPC2/", 404), ("POST", "/", 404), ("GET", "/RPC2", 405), ("GET", "/", 404)],
)
def test_nothing_but_post_on_rpc2_is_there(begin: Begin, method: str, path: str, status: int) -> None:
    address = urlsplit(begin(Dummy()).oned.endpoint)
    connection = HTTPConnection(str(address.hostname), address.port)
    connection.request(method, path, b"")
    response = connection.getresponse()
    assert (response.status, response.headers["Connection"]) == (status, "close")
    connection.close()


def test_a_password_that_is_wrong_opens_nothing(begin: Begin) -> None:
    api = xmlrpc.client.ServerProxy(begin(Dummy()).oned.endpoint)
    for session in ("oneadmin:wrong", "oneadmin:", "oneadmin", "", "nobody:secret", "serveradmin:", SESSION + "x"):
        answer = api.one.vmpool.info(session, -2, -1, -1, -1)
        assert isinstance(answer, list)
        assert answer[2] == 256


def test_serves_on_loopback_only(begin: Begin) -> None:
    assert urlsplit(begin(Dummy()).oned.endpoint).hostname == "127.0.0.1"
