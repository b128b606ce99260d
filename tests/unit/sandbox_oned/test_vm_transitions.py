"""From state to state: what an action begins, what the driver's success and failure make of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.oned import transitions
from sandbox.oned.driver import DriverError, PrologError
from sandbox.oned.dummy import Dummy
from sandbox.oned.states import Lcm, State
from sandbox.oned.store import Store, Transaction
from sandbox.oned.template import parse
from sandbox.oned.vm import Action, Job, Record, Vm

# A state as these tables write it: ACTIVE and the LCM state, or the state alone.
Place = Lcm | State


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    store = Store(tmp_path / "one.db")
    with store.transaction() as transaction:
        yield transaction
    store.close()


def vm_in(place: Place, job: Job = "") -> Vm:
    record = Record(seq=0, host=0, hostname="h", cluster=0, vm_mad="kvm", tm_mad="local", plan=-1, running=(1, 0))
    template = parse('CPU="1"\nMEMORY="64"')
    vm = Vm(id=1, name="vm", start=1, template=template, history=[record], job=job)
    vm.move(*((State.ACTIVE, place) if isinstance(place, Lcm) else (place, Lcm.LCM_INIT)))
    return vm


def place_of(vm: Vm) -> Place:
    return vm.lcm if vm.state == State.ACTIVE else vm.state


BEGUN: list[tuple[Place, str, Place]] = [
    (Lcm.RUNNING, "terminate", Lcm.SHUTDOWN),
    (Lcm.RUNNING, "terminate-hard", Lcm.SHUTDOWN),
    (Lcm.RUNNING, "poweroff", Lcm.SHUTDOWN_POWEROFF),
    (Lcm.RUNNING, "undeploy", Lcm.SHUTDOWN_UNDEPLOY),
    (Lcm.RUNNING, "suspend", Lcm.SAVE_SUSPEND),
    (Lcm.RUNNING, "stop", Lcm.SAVE_STOP),
    (State.POWEROFF, "resume", Lcm.BOOT_POWEROFF),
    (State.POWEROFF, "undeploy", Lcm.SHUTDOWN_UNDEPLOY),
    (State.POWEROFF, "terminate", Lcm.EPILOG),
    (State.SUSPENDED, "resume", Lcm.BOOT_SUSPENDED),
    (State.SUSPENDED, "terminate", Lcm.EPILOG),
    (State.STOPPED, "resume", State.PENDING),
    (State.STOPPED, "terminate", Lcm.EPILOG),
    (State.UNDEPLOYED, "resume", State.PENDING),
    (State.UNDEPLOYED, "terminate-hard", Lcm.EPILOG),
    (Lcm.BOOT_FAILURE, "terminate", Lcm.CLEANUP_DELETE),
    (Lcm.EPILOG_FAILURE, "terminate", Lcm.CLEANUP_DELETE),
    # Accepted in a state that is over by now:
    (Lcm.EPILOG, "poweroff", Lcm.EPILOG),
    (State.POWEROFF, "poweroff", State.POWEROFF),
    (Lcm.RUNNING, "resume", Lcm.RUNNING),
    (State.DONE, "terminate", State.DONE),
]


@pytest.mark.parametrize(("before", "action", "after"), BEGUN)
def test_action_begins(tx: Transaction, before: Place, action: str, after: Place) -> None:
    vm = vm_in(before)
    transitions.begin(tx, vm, Action(name=action, by=0))
    assert place_of(vm) == after


DONE: list[tuple[Lcm, Place]] = [
    (Lcm.BOOT, Lcm.RUNNING),
    (Lcm.BOOT_POWEROFF, Lcm.RUNNING),
    (Lcm.BOOT_SUSPENDED, Lcm.RUNNING),
    (Lcm.BOOT_STOPPED, Lcm.RUNNING),
    (Lcm.BOOT_UNDEPLOY, Lcm.RUNNING),
    (Lcm.SHUTDOWN, Lcm.EPILOG),
    (Lcm.EPILOG, State.DONE),
    (Lcm.SHUTDOWN_POWEROFF, State.POWEROFF),
    (Lcm.SHUTDOWN_UNDEPLOY, State.UNDEPLOYED),
    (Lcm.SAVE_SUSPEND, State.SUSPENDED),
    (Lcm.SAVE_STOP, State.STOPPED),
    (Lcm.CLEANUP_DELETE, State.DONE),
    (Lcm.CLEANUP_RESUBMIT, State.PENDING),
    (Lcm.HOTPLUG, Lcm.RUNNING),
    (Lcm.HOTPLUG_NIC, Lcm.RUNNING),
    (Lcm.HOTPLUG_RESIZE, Lcm.RUNNING),
    (Lcm.DISK_RESIZE, Lcm.RUNNING),
    (Lcm.HOTPLUG_NIC_POWEROFF, State.POWEROFF),
    (Lcm.HOTPLUG_PROLOG_POWEROFF, State.POWEROFF),
    (Lcm.HOTPLUG_EPILOG_POWEROFF, State.POWEROFF),
    (Lcm.DISK_RESIZE_POWEROFF, State.POWEROFF),
]


@pytest.mark.parametrize(("before", "after"), DONE)
def test_driver_has_done_it(tx: Transaction, before: Lcm, after: Place) -> None:
    vm = vm_in(before)
    transitions.done(tx, vm)
    assert place_of(vm) == after


FAILED: list[tuple[Lcm, Place, bool]] = [
    (Lcm.BOOT, Lcm.BOOT_FAILURE, True),
    (Lcm.BOOT_STOPPED, Lcm.BOOT_STOPPED_FAILURE, True),
    (Lcm.BOOT_UNDEPLOY, Lcm.BOOT_UNDEPLOY_FAILURE, True),
    (Lcm.BOOT_POWEROFF, State.POWEROFF, True),
    (Lcm.BOOT_SUSPENDED, State.SUSPENDED, True),
    (Lcm.EPILOG, Lcm.EPILOG_FAILURE, True),
    (Lcm.SHUTDOWN, Lcm.RUNNING, False),
    (Lcm.SHUTDOWN_POWEROFF, Lcm.RUNNING, False),
    (Lcm.SAVE_SUSPEND, Lcm.RUNNING, False),
]


@pytest.mark.parametrize(("before", "after", "told"), FAILED)
def test_driver_could_not(tx: Transaction, before: Lcm, after: Place, told: bool) -> None:
    vm = vm_in(before)
    transitions.failed(tx, vm, DriverError("no such image"))
    assert place_of(vm) == after
    assert ("no such image" in vm.user_template.text("ERROR")) == told


def test_disks_that_cannot_be_made_are_a_failure_of_the_prolog(tx: Transaction) -> None:
    vm = vm_in(Lcm.BOOT)
    transitions.failed(tx, vm, PrologError("disk full"))
    assert place_of(vm) == Lcm.PROLOG_FAILURE


CALLS: list[tuple[Place, Job, str | None]] = [
    (Lcm.BOOT, "", "deploy"),
    (Lcm.BOOT_POWEROFF, "", "deploy"),
    (Lcm.BOOT_UNDEPLOY, "", "deploy"),
    (Lcm.BOOT_SUSPENDED, "", "resume"),
    (Lcm.BOOT_STOPPED, "", "resume"),
    (Lcm.SHUTDOWN, "", "shutdown"),
    (Lcm.SHUTDOWN_POWEROFF, "", "shutdown"),
    (Lcm.SAVE_STOP, "", "suspend"),
    (Lcm.EPILOG, "", "destroy"),
    (Lcm.CLEANUP_DELETE, "", "destroy"),
    (Lcm.HOTPLUG_RESIZE, "", "resize"),
    (Lcm.HOTPLUG, "update-context", "update_context"),
    (Lcm.RUNNING, "reboot", "reboot"),
    (Lcm.RUNNING, "", None),
    (State.POWEROFF, "", None),
    (State.PENDING, "", None),
    (State.DONE, "", None),
]


@pytest.mark.parametrize(("place", "job", "call"), CALLS)
def test_state_alone_says_what_the_driver_has_to_do(tx: Transaction, place: Place, job: Job, call: str | None) -> None:
    waited_for, driver = transitions.call_for(tx, vm_in(place, job)), Dummy()
    if waited_for:
        waited_for(driver)
    assert driver.calls == ([(call, 1)] if call else [])


@pytest.mark.parametrize(("action", "boot"), [("stop", Lcm.BOOT_STOPPED), ("undeploy", Lcm.BOOT_UNDEPLOY)])
def test_what_was_stopped_goes_on_and_what_was_undeployed_boots(tx: Transaction, action: str, boot: Lcm) -> None:
    vm = vm_in(Lcm.RUNNING)
    transitions.begin(tx, vm, Action(name=action, by=0))
    transitions.done(tx, vm)
    transitions.begin(tx, vm, Action(name="resume", by=0))
    vm.history.append(vm.record.model_copy(update={"seq": 1}))
    transitions.start_boot(tx, vm)
    assert place_of(vm) == boot
