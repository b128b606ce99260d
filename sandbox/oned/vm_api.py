"""one.vm.*: most calls look whether the state allows it and leave the rest to the worker."""

from __future__ import annotations

from sandbox.oned import transitions
from sandbox.oned.account import ADMIN, USE, allowed
from sandbox.oned.call import Call, methods
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.infrastructure import Datastore, Host
from sandbox.oned.placement import dispatch
from sandbox.oned.pool import (
    add_chmod,
    add_info,
    add_lock,
    add_rename,
    page,
    pool_document,
    select,
    updated,
)
from sandbox.oned.states import FAILURES, Lcm, Reason, State
from sandbox.oned.template import listed_ids
from sandbox.oned.vm import Action, Vm
from sandbox.oned.vm_build import build, finish
from sandbox.oned.xml import group

SYSTEM_DATASTORE = 0
ANY_BUT_DONE, ANY = -1, -2

_RESTING = {State.POWEROFF, State.SUSPENDED, State.STOPPED, State.UNDEPLOYED}
_TERMINABLE = {"PENDING", "HOLD", "CLONING", "CLONING_FAILURE", "RUNNING", "DONE"}
_TERMINABLE |= {state.name for state in _RESTING} | {failure.name for failure in FAILURES}
_SHUTTING_DOWN = {"SHUTDOWN", "SHUTDOWN_POWEROFF", "SHUTDOWN_UNDEPLOY"}
# Action -> states in which it is accepted. (The worker looks again: the state may have changed by then.)
ACTIONS: dict[str, set[str]] = {
    "terminate": _TERMINABLE,
    "terminate-hard": _TERMINABLE | _SHUTTING_DOWN,
    "poweroff": {"RUNNING"},
    "poweroff-hard": {"RUNNING", "SHUTDOWN_POWEROFF"},
    "undeploy": {"RUNNING", "POWEROFF"},
    "undeploy-hard": {"RUNNING", "POWEROFF"},
    "suspend": {"RUNNING"},
    "stop": {"RUNNING", "SUSPENDED"},
    "reboot": {"RUNNING"},
    "reboot-hard": {"RUNNING"},
    "resume": {state.name for state in _RESTING},
    "hold": {"PENDING"},
    "release": {"HOLD"},
}

add_info(Vm)
add_rename(Vm, unique=False)
add_chmod(Vm)
add_lock(Vm)


@methods("one.vm.allocate")
def allocate(call: Call, text: str, hold: bool = False) -> int:
    """-> id."""
    return build(call, call.parse(text), hold=hold).id


@methods("one.vm.action")
def action(call: Call, name: str, object_id: int) -> int:
    """Accepted is not done: the state changes later, and a failing driver rolls it back."""
    vm = call.change(Vm, object_id)
    if name not in ACTIONS:
        raise ApiError(Code.ACTION, f'Action "{name}" is not supported')
    if vm.state_name not in ACTIONS[name]:
        terminating = name.startswith("terminate")
        reason = (
            f"Could not terminate VM {vm.id}, wrong state {vm.state_name}."
            if terminating
            else f"This action is not available for state {vm.state_name}"
        )
        raise ApiError(Code.ACTION, f'Error performing action "{name}": {reason}')
    # What needs no driver happens at once.
    if name in ("hold", "release"):
        vm.move(State.HOLD if name == "hold" else State.PENDING)
    elif name.startswith("terminate") and vm.state_name in ("PENDING", "HOLD", "CLONING", "CLONING_FAILURE"):
        if vm.history:  # stopped or undeployed before: the driver has something to remove
            vm.queue.append(Action(name=name, by=call.user.id))
        else:
            finish(call.tx, vm)
    elif name.endswith("-hard") and vm.state_name in _SHUTTING_DOWN:
        # What goes on stays as it is, but ends as this action wants it, and is hard if it has to be done again.
        vm.hard = True
        if name == "terminate-hard":
            vm.give_reason(Reason.TERMINATE_HARD, call.user.id)
            vm.move(State.ACTIVE, Lcm.SHUTDOWN)
        else:
            vm.give_reason(Reason.POWEROFF_HARD, call.user.id)
    elif vm.state != State.DONE:
        if vm.state_name == "RUNNING" and name in transitions.REASONS:
            vm.give_reason(transitions.REASONS[name], call.user.id)
        vm.queue.append(Action(name=name, by=call.user.id))
    call.cloud.wake(vm)
    return object_id


@methods("one.vm.deploy")
def deploy(
    call: Call, object_id: int, host_id: int, enforce: bool = False, datastore_id: int = -1, extra: str = ""
) -> int:
    """Put a waiting VM on that host; only with `enforce` must it fit."""
    vm = call.change(Vm, object_id, ADMIN)
    host = call.find(Host, host_id)
    datastore = call.find(Datastore, SYSTEM_DATASTORE if datastore_id < 0 else datastore_id)
    if datastore.type != Datastore.TYPES["SYSTEM_DS"]:
        raise ApiError(
            Code.INTERNAL,
            f"Trying to use datastore [{datastore.id}] to deploy the VM, but it is not of type system datastore.",
        )
    if vm.state not in (State.PENDING, State.HOLD, State.STOPPED, State.UNDEPLOYED):
        raise ApiError(Code.ACTION, f"Deploy action is not available for state {vm.state_name}")
    host.occupy(call.tx.all(Vm, live=True))
    if enforce and (shortage := host.shortage(vm)):
        raise ApiError(Code.ACTION, f"virtual machine [{vm.id}] does not fit in host [{host.id}]. {shortage}")
    dispatch(call.tx, vm, host, datastore, scheduled=False)
    call.cloud.wake(vm)
    return object_id


@methods("one.vm.update")
def update(call: Call, object_id: int, text: str, how: int = 0) -> int:
    """USER_TEMPLATE only."""
    vm = call.change(Vm, object_id)
    vm.user_template = updated(vm.user_template, call.parse(text), how)
    return object_id


@methods("one.vm.recover")
def recover(call: Call, object_id: int, operation: int) -> int:
    """0 failure, 1 success, 2 retry: of what failed or goes on; 3 delete, 4 delete and recreate: whatever the state."""
    vm = call.change(Vm, object_id)
    if operation not in range(5):
        raise ApiError(Code.ACTION, "Wrong recovery operation code")
    if operation in (3, 4) and vm.state != State.DONE:
        if vm.history:
            vm.give_reason(Reason.DELETE if operation == 3 else Reason.DELETE_RECREATE, call.user.id)
            vm.job = ""
            vm.move(State.ACTIVE, Lcm.CLEANUP_DELETE if operation == 3 else Lcm.CLEANUP_RESUBMIT)
        elif operation == 3:
            finish(call.tx, vm)
    elif vm.failed:
        transitions.recover(call.tx, vm, operation)
    else:
        raise ApiError(Code.ACTION, f"Recover action is not available for state {vm.state_name}")
    call.cloud.wake(vm)
    return object_id


@methods("one.vmpool.info")
def pool_info(call: Call, which: int, start: int, end: int, state: int, query: str = "") -> str:
    """State -1 is any but DONE, -2 any. The list is abridged, newest first."""
    if query:
        raise ApiError(Code.INTERNAL, "JSON query search is not supported by the SQL backend")
    return pool_document(Vm, _list(call, which, start, end, state))


@methods("one.vmpool.infoextended")
def pool_info_extended(call: Call, which: int, start: int, end: int, state: int, query: str = "") -> str:
    """The same with whole documents."""
    return group("VM_POOL", *(vm.xml(last_record_only=True) for vm in _list(call, which, start, end, state)))


@methods("one.vmpool.infoset")
def pool_info_set(call: Call, numbers: str, extended: bool) -> str:
    """Those of `1,2,3` that there are and that the user may see."""
    wanted = set(listed_ids(numbers))
    vms = [vm for vm in call.tx.all(Vm)[::-1] if vm.id in wanted and allowed(call.user, USE, vm)]
    return group("VM_POOL", *(vm.xml(last_record_only=True) if extended else vm.pool_xml() for vm in vms))


def _list(call: Call, which: int, start: int, end: int, state: int) -> list[Vm]:
    vms = call.tx.all(Vm, live=state == ANY_BUT_DONE)
    chosen = [vm for vm in vms if state in (ANY, ANY_BUT_DONE, vm.state)]
    return page(select(call, Vm, chosen, which), start, end)
