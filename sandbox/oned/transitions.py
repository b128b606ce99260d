"""How a VM goes from state to state: actions begin, the driver acts, the outcome is written.

Whatever the driver has to do follows from the document alone (the state, the job, whether it is hard), so a process
that was killed in the middle makes the same call again when it comes back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

from sandbox.oned import driver as drv
from sandbox.oned.image import Image
from sandbox.oned.plugs import network_with_id, security_groups, unplug_disk, unplug_nic
from sandbox.oned.security_group import driver_rules
from sandbox.oned.states import Lcm, Reason, State
from sandbox.oned.store import Transaction
from sandbox.oned.template import Vector
from sandbox.oned.vm import Action, Vm, now
from sandbox.oned.vm_build import finish, refresh_context, refresh_security_groups, write_requirements

log = logging.getLogger("oned")

BOOTS = {Lcm.BOOT, Lcm.BOOT_POWEROFF, Lcm.BOOT_UNDEPLOY}
THAWS = {Lcm.BOOT_SUSPENDED, Lcm.BOOT_STOPPED}
FREEZES = {Lcm.SAVE_SUSPEND, Lcm.SAVE_STOP}
SHUTDOWNS = {Lcm.SHUTDOWN, Lcm.SHUTDOWN_POWEROFF, Lcm.SHUTDOWN_UNDEPLOY}
REMOVALS = {Lcm.EPILOG, Lcm.CLEANUP_DELETE, Lcm.CLEANUP_RESUBMIT}
OFF_HOTPLUGS = {
    Lcm.HOTPLUG_PROLOG_POWEROFF,
    Lcm.HOTPLUG_EPILOG_POWEROFF,
    Lcm.HOTPLUG_NIC_POWEROFF,
    Lcm.DISK_RESIZE_POWEROFF,
}
HOTPLUGS = {Lcm.HOTPLUG, Lcm.HOTPLUG_NIC, Lcm.HOTPLUG_RESIZE, Lcm.DISK_RESIZE} | OFF_HOTPLUGS
# What a failure is tried again as, and how a boot fails.
AGAIN = {
    Lcm.BOOT_FAILURE: Lcm.BOOT,
    Lcm.PROLOG_FAILURE: Lcm.BOOT,
    Lcm.EPILOG_FAILURE: Lcm.EPILOG,
    Lcm.BOOT_UNDEPLOY_FAILURE: Lcm.BOOT_UNDEPLOY,
    Lcm.BOOT_STOPPED_FAILURE: Lcm.BOOT_STOPPED,
}
FAILED = {
    Lcm.BOOT: Lcm.BOOT_FAILURE,
    Lcm.BOOT_UNDEPLOY: Lcm.BOOT_UNDEPLOY_FAILURE,
    Lcm.BOOT_STOPPED: Lcm.BOOT_STOPPED_FAILURE,
}
REASONS = {
    "terminate": Reason.TERMINATE,
    "terminate-hard": Reason.TERMINATE_HARD,
    "poweroff": Reason.POWEROFF,
    "poweroff-hard": Reason.POWEROFF_HARD,
    "undeploy": Reason.UNDEPLOY,
    "undeploy-hard": Reason.UNDEPLOY_HARD,
    "suspend": Reason.SUSPEND,
    "stop": Reason.STOP,
}
SUCCESS, RETRY = 1, 2  # operations of recover


def begin(tx: Transaction, vm: Vm, action: Action) -> None:
    """Start what was accepted, if the state still allows it."""
    name, hard = action.name.removesuffix("-hard"), action.name.endswith("-hard")
    running, off = vm.state_name == "RUNNING", vm.state in (State.POWEROFF, State.SUSPENDED)
    vm.hard = hard
    match name:
        case "terminate" if running:
            _leave(vm, action, Lcm.SHUTDOWN)
        case "terminate" if vm.failed:
            vm.give_reason(Reason.DELETE, action.by)
            vm.move(State.ACTIVE, Lcm.CLEANUP_DELETE)
        case "terminate" if vm.history and vm.state not in (State.ACTIVE, State.DONE):
            _leave(vm, action, Lcm.EPILOG)
            vm.record.epilog = (now(), 0)
        case "poweroff" if running:
            _leave(vm, action, Lcm.SHUTDOWN_POWEROFF)
        case "undeploy" if running or vm.state == State.POWEROFF:
            _leave(vm, action, Lcm.SHUTDOWN_UNDEPLOY)
        case "suspend" if running:
            _leave(vm, action, Lcm.SAVE_SUSPEND)
        case "stop" if running or vm.state == State.SUSPENDED:
            _leave(vm, action, Lcm.SAVE_STOP)
        case "reboot" if running:
            vm.job = "reboot-hard" if hard else "reboot"
        case "resume" if off:
            lcm = Lcm.BOOT_POWEROFF if vm.state == State.POWEROFF else Lcm.BOOT_SUSPENDED
            vm.reopen()
            refresh_context(tx, vm)
            vm.move(State.ACTIVE, lcm)
        case "resume" if vm.state in (State.STOPPED, State.UNDEPLOYED):
            write_requirements(tx, vm)
            vm.move(State.PENDING)
        case _:
            log.info("VM %d: %s came too late, it is %s", vm.id, action.name, vm.state_name)
    tx.put(vm)


def start_boot(tx: Transaction, vm: Vm) -> None:
    """A dispatched VM's stay begins. What it boots from depends on how the stay before ended."""
    before = vm.history[-2].reason if len(vm.history) > 1 else Reason.NONE
    boot = {
        Reason.STOP: Lcm.BOOT_STOPPED,
        Reason.UNDEPLOY: Lcm.BOOT_UNDEPLOY,
        Reason.UNDEPLOY_HARD: Lcm.BOOT_UNDEPLOY,
    }.get(before, Lcm.BOOT)
    moment = now()
    vm.record.start, vm.record.prolog, vm.record.running = moment, (moment, moment), (moment, 0)
    refresh_context(tx, vm)
    vm.move(State.ACTIVE, boot)
    tx.put(vm)


def call_for(tx: Transaction, vm: Vm) -> Callable[[drv.Driver], None] | None:
    """The driver call that the VM's state waits for, or None."""
    if vm.state != State.ACTIVE or vm.failed or (vm.lcm == Lcm.RUNNING and not vm.job):
        return None
    spec, hard, number = specification(tx, vm), vm.hard, vm.id
    if vm.lcm in BOOTS:
        return lambda driver: driver.deploy(spec)
    if vm.lcm in THAWS:
        return lambda driver: driver.resume(number)
    if vm.lcm in FREEZES:
        return lambda driver: driver.suspend(number)
    if vm.lcm in SHUTDOWNS:
        return lambda driver: driver.shutdown(number, hard)
    if vm.lcm in REMOVALS:
        return lambda driver: driver.destroy(number)
    if vm.lcm == Lcm.HOTPLUG_RESIZE:
        return lambda driver: driver.resize(spec)
    return _job_call(vm, spec)


def _job_call(vm: Vm, spec: drv.Vm) -> Callable[[drv.Driver], None]:
    off, hard = vm.lcm in OFF_HOTPLUGS, vm.job == "reboot-hard"
    plugged_nic, plugged_disk = vm.attaching("NIC") or {}, vm.attaching("DISK") or {}
    nic = next((each for each in spec.nics if str(each.id) == plugged_nic.get("NIC_ID")), None)
    disk = next((each for each in spec.disks if str(each.id) == plugged_disk.get("DISK_ID")), None)
    resized = next((each for each in spec.disks if (vm.disk(each.id) or {}).get("RESIZE")), None)
    rest = replace(
        spec,
        nics=tuple(each for each in spec.nics if each is not nic),
        disks=tuple(each for each in spec.disks if each is not disk),
    )
    if vm.job in ("reboot", "reboot-hard"):
        return lambda driver: driver.reboot(spec.id, hard)
    if vm.job == "update-context":
        return lambda driver: driver.update_context(spec)
    if vm.job == "attach-nic" and nic and not off:
        return lambda driver: driver.attach_nic(spec, nic)
    if vm.job == "detach-nic" and nic and not off:
        return lambda driver: driver.detach_nic(rest, nic)
    if vm.job == "attach-disk" and disk and not off:
        return lambda driver: driver.attach_disk(spec, disk)
    if vm.job == "detach-disk" and disk:
        return lambda driver: driver.detach_disk(rest, disk)
    if vm.job == "resize-disk" and resized:
        return lambda driver: driver.resize_disk(spec, resized)
    return lambda driver: None  # a NIC or disk of a VM that is off: `deploy` will see to it


def done(tx: Transaction, vm: Vm) -> None:
    """The driver has done it."""
    moment = now()
    lcm, off = vm.lcm, vm.lcm in OFF_HOTPLUGS
    if lcm in BOOTS or lcm in THAWS:
        vm.deploy_id = f"one-{vm.id}"
        vm.record.running = (vm.record.running[0], 0)
        vm.move(State.ACTIVE, Lcm.RUNNING)
    elif lcm in SHUTDOWNS or lcm in FREEZES:
        if vm.record.running[1] == 0:
            vm.stop_running()
        match lcm:
            case Lcm.SHUTDOWN:
                vm.record.epilog = (moment, 0)
                vm.move(State.ACTIVE, Lcm.EPILOG)
            case Lcm.SHUTDOWN_POWEROFF:
                vm.move(State.POWEROFF)
            case Lcm.SAVE_SUSPEND:
                vm.move(State.SUSPENDED)
            case Lcm.SAVE_STOP | Lcm.SHUTDOWN_UNDEPLOY:
                vm.record.epilog, vm.record.end = (moment, moment), moment
                vm.move(State.STOPPED if lcm == Lcm.SAVE_STOP else State.UNDEPLOYED)
    elif lcm in REMOVALS:
        if vm.record.running[1] == 0 and vm.record.running[0]:
            vm.stop_running()
        if lcm == Lcm.EPILOG:
            vm.record.epilog = (vm.record.epilog[0], moment)
        vm.record.end = moment
        if lcm == Lcm.CLEANUP_RESUBMIT:
            vm.deploy_id = ""
            vm.close_graphics()
            vm.move(State.PENDING)
        else:
            finish(tx, vm)
    else:
        _settle(tx, vm, undo=False)
        if lcm in HOTPLUGS:
            vm.move(*((State.POWEROFF, Lcm.LCM_INIT) if off else (State.ACTIVE, Lcm.RUNNING)))
        vm.job = ""
    tx.put(vm)


def failed(tx: Transaction, vm: Vm, error: drv.DriverError) -> None:
    """The driver could not: boots fail visibly, most else rolls back in silence, as in oned."""
    log.warning("VM %d: %s failed: %s", vm.id, vm.job or vm.state_name, error)
    lcm = vm.lcm
    if lcm in FAILED:
        vm.stop_running()
        vm.fail(f"DEPLOY: {error}")
        vm.move(State.ACTIVE, Lcm.PROLOG_FAILURE if isinstance(error, drv.PrologError) else FAILED[lcm])
    elif lcm in (Lcm.BOOT_POWEROFF, Lcm.BOOT_SUSPENDED):
        vm.stop_running()
        vm.fail(f"DEPLOY: {error}")
        vm.move(State.POWEROFF if lcm == Lcm.BOOT_POWEROFF else State.SUSPENDED)
    elif lcm in SHUTDOWNS or lcm in FREEZES:
        vm.give_reason(Reason.NONE)
        vm.move(State.ACTIVE, Lcm.RUNNING)
    elif lcm in REMOVALS:
        vm.fail(f"EPILOG: {error}")
        vm.move(State.ACTIVE, Lcm.EPILOG_FAILURE)
    else:
        if vm.job != "attach-nic" and vm.job != "detach-nic":
            vm.fail(f"{(vm.job or 'resize').upper()}: {error}")
        _settle(tx, vm, undo=True)
        if lcm in HOTPLUGS:
            vm.move(*((State.POWEROFF, Lcm.LCM_INIT) if lcm in OFF_HOTPLUGS else (State.ACTIVE, Lcm.RUNNING)))
        vm.job = ""
    tx.put(vm)


def recover(tx: Transaction, vm: Vm, operation: int) -> None:
    """The user says of a failure: it was done after all (1), or try again (2)."""
    if operation in (SUCCESS, RETRY):
        vm.move(State.ACTIVE, AGAIN[vm.lcm])
        if vm.lcm != Lcm.EPILOG:
            vm.record.running = (vm.record.running[0], 0)
        if operation == SUCCESS:
            done(tx, vm)


def died(tx: Transaction, vm: Vm) -> None:
    """A running VM was found off."""
    vm.stop_running()
    vm.give_reason(Reason.POWEROFF)
    vm.move(State.POWEROFF)
    tx.put(vm)


def specification(tx: Transaction, vm: Vm) -> drv.Vm:
    """The VM as the driver knows it."""
    nics = []
    for nic in vm.template.vectors("NIC"):
        if network := network_with_id(tx, nic):
            rules = driver_rules(tx, security_groups(nic))
            ip = IPv4Address(nic["IP"]) if "IP" in nic else None
            nics.append(drv.Nic(int(nic["NIC_ID"]), network.for_driver(), ip, nic["MAC"], rules))
    return drv.Vm(
        id=vm.id,
        name=vm.name,
        cpu=vm.cpu,
        vcpu=int(vm.template.text("VCPU") or 1),
        memory=vm.memory,
        nics=tuple(nics),
        disks=tuple(_disk(tx, disk) for disk in vm.template.vectors("DISK")),
        context=dict(vm.template.vector("CONTEXT") or {}),
    )


def _leave(vm: Vm, action: Action, lcm: Lcm) -> None:
    vm.give_reason(REASONS[action.name], action.by)
    vm.move(State.ACTIVE, lcm)


def _settle(tx: Transaction, vm: Vm, *, undo: bool) -> None:
    """The disk or NIC that was resized, coming or going is as it shall be, or as it was."""
    for disk in vm.template.vectors("DISK"):
        if disk.pop("RESIZE", None):
            before = disk.pop("SIZE_PREV")
            disk["SIZE"] = before if undo else disk["SIZE"]
    gone = "attach" if undo else "detach"
    if attached := vm.attaching("DISK"):
        attached.pop("ATTACH")
        if vm.job == f"{gone}-disk":
            unplug_disk(tx, vm, attached)
            vm.drop("DISK", attached)
    if nic := vm.attaching("NIC"):
        nic.pop("ATTACH")
        if vm.job == f"{gone}-nic":
            unplug_nic(tx, vm, nic)
            vm.drop("NIC", nic)
            refresh_security_groups(tx, vm)
            if vm.lcm not in OFF_HOTPLUGS:
                refresh_context(tx, vm)


def _disk(tx: Transaction, disk: Vector) -> drv.Disk:
    image = tx.get(Image, int(disk["IMAGE_ID"])) if "IMAGE_ID" in disk else None
    return drv.Disk(
        id=int(disk["DISK_ID"]),
        target=disk["TARGET"],
        size=int(disk["SIZE"]),
        image=image.for_driver() if image else None,
        read_only=disk.get("READONLY", "").upper() == "YES",
        fs=disk.get("FS", "swap" if disk.get("TYPE") == "swap" else ""),
    )
