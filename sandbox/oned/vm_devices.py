"""one.vm.*: what a VM has, changed while it runs or is powered off: capacity, context, disks, NICs."""

from __future__ import annotations

from sandbox.oned.call import Call, methods
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.infrastructure import Datastore, Host
from sandbox.oned.plugs import next_disk_id, next_nic_id, plug_disk, plug_nic, unplug_nic, volatile_attributes
from sandbox.oned.pool import APPEND, REPLACE
from sandbox.oned.states import Lcm, Reason, State
from sandbox.oned.template import Vector
from sandbox.oned.vm import Job, Vm
from sandbox.oned.vm_build import add_context, check_capacity, refresh_context, refresh_security_groups

# Attributes that updateconf may change, besides CONTEXT.
CONFIGURATION = ("OS", "FEATURES", "INPUT", "GRAPHICS", "VIDEO", "RAW", "CPU_MODEL")
# What a state is called when the VM is powered off.
POWERED_OFF: dict[tuple[Lcm, Job], Lcm] = {
    (Lcm.DISK_RESIZE, "resize-disk"): Lcm.DISK_RESIZE_POWEROFF,
    (Lcm.HOTPLUG, "attach-disk"): Lcm.HOTPLUG_PROLOG_POWEROFF,
    (Lcm.HOTPLUG, "detach-disk"): Lcm.HOTPLUG_EPILOG_POWEROFF,
    (Lcm.HOTPLUG_NIC, "attach-nic"): Lcm.HOTPLUG_NIC_POWEROFF,
    (Lcm.HOTPLUG_NIC, "detach-nic"): Lcm.HOTPLUG_NIC_POWEROFF,
}


@methods("one.vm.updateconf")
def update_configuration(call: Call, object_id: int, text: str, how: int = 0) -> int:
    """Replacing wipes what is not named (GRAPHICS, OS, ...), appending merges keys. A VM cannot gain a CONTEXT."""
    vm = call.change(Vm, object_id)
    new = call.parse(text)
    if how not in (REPLACE, APPEND):
        raise ApiError(Code.XML_RPC_API, "Wrong update type")
    resting = (State.PENDING, State.HOLD, State.POWEROFF, State.UNDEPLOYED)
    if vm.state not in resting and vm.state_name != "RUNNING" and not vm.failed:
        raise ApiError(Code.INTERNAL, f"configuration cannot be updated in state {vm.state_name}")
    old_context, new_context = vm.template.vector("CONTEXT"), new.vector("CONTEXT")
    if new_context and old_context is None:
        raise ApiError(Code.INTERNAL, "Virtual machine does not have context, cannot add a new one.")
    for name in CONFIGURATION:
        given = new.vector(name)
        if how == REPLACE:
            vm.template.set(name, *new.vectors(name))
        elif given:
            vm.template.set(name, {**(vm.template.vector(name) or {}), **given})
    if new_context and old_context:
        kept = old_context if how == APPEND else {key: old_context[key] for key in ("DISK_ID", "TARGET")}
        vm.template.set("CONTEXT", {**kept, **new_context})
        add_context(call, vm)
    if vm.state_name == "RUNNING":
        _start_job(call, vm, Lcm.HOTPLUG, "update-context")
    return object_id


@methods("one.vm.resize")
def resize(call: Call, object_id: int, text: str, enforce: bool = True) -> int:
    """CPU, VCPU, MEMORY; of a running VM too."""
    vm = call.change(Vm, object_id)
    given = call.parse(text)
    if vm.state not in (State.POWEROFF, State.UNDEPLOYED) and vm.state_name != "RUNNING":
        raise ApiError(Code.ACTION, f"Cannot resize a VM in state {vm.state_name}")
    for name in ("CPU", "MEMORY", "VCPU"):
        if value := given.text(name):
            vm.template.set(name, value)
    try:
        check_capacity(vm.template)
    except ApiError as error:
        raise ApiError(error.code, error.message.replace("attribute must", "must")) from error
    if enforce and vm.host_id is not None:
        host = call.find(Host, vm.host_id)
        host.occupy(other for other in call.tx.all(Vm, live=True) if other.id != vm.id)
        if shortage := host.shortage(vm):
            raise ApiError(Code.ACTION, f"virtual machine [{vm.id}] does not fit in host [{host.id}]. {shortage}")
    if vm.host_id is not None:
        vm.next_record(Reason.RESIZE, call.user.id)
    if vm.state_name == "RUNNING":
        vm.move(State.ACTIVE, Lcm.HOTPLUG_RESIZE)
        call.cloud.wake(vm)
    return object_id


@methods("one.vm.diskresize")
def resize_disk(call: Call, object_id: int, disk_id: int, size: str) -> int:
    """Size in MiB, as a string; disks only grow."""
    vm = call.change(Vm, object_id)
    disk = vm.disk(disk_id)
    if disk is None:
        raise ApiError(Code.ACTION, "VM disk does not exist")
    if not size.isdigit():
        raise ApiError(Code.ACTION, "Disk SIZE is not a valid integer")
    if int(size) <= int(disk["SIZE"]):
        raise ApiError(Code.ACTION, "New disk size has to be greater than current one")
    if vm.state_name not in ("RUNNING", "POWEROFF"):
        raise ApiError(Code.ACTION, f"Could not resize disk for VM {vm.id}, wrong state {vm.state_name}.")
    vm.next_record(Reason.DISK_RESIZE, call.user.id)
    disk |= {"SIZE": size, "SIZE_PREV": disk["SIZE"], "RESIZE": "YES"}
    _start_job(call, vm, Lcm.DISK_RESIZE, "resize-disk")
    return object_id


@methods("one.vm.attachnic")
def attach_nic(call: Call, object_id: int, text: str) -> int:
    """`NIC=[...]`, to a VM that runs or is powered off."""
    vm = call.change(Vm, object_id)
    nic = _vector(call, text, "NIC")
    refusal = ApiError(Code.ACTION, f"Could not add a new NIC to VM {vm.id}, wrong state {vm.state_name}.", keep=True)
    if vm.state not in (State.ACTIVE, State.POWEROFF):
        raise refusal
    vm.template.add("NIC", nic)
    try:
        plug_nic(call, vm, nic, next_nic_id(vm))
        # oned leases before it looks what an active VM is busy with: the range's next index moves on all the same.
        if vm.state_name not in ("RUNNING", "POWEROFF"):
            unplug_nic(call.tx, vm, nic)
            raise refusal
    except ApiError as error:
        vm.drop("NIC", nic)
        raise ApiError(Code.ACTION, error.message, keep=True) from error
    refresh_security_groups(call.tx, vm)
    if vm.state == State.ACTIVE:  # of one that is off, the context is written when it boots
        refresh_context(call.tx, vm)
    nic["ATTACH"] = "YES"
    vm.next_record(Reason.NIC_ATTACH, call.user.id)
    _start_job(call, vm, Lcm.HOTPLUG_NIC, "attach-nic")
    return object_id


@methods("one.vm.detachnic")
def detach_nic(call: Call, object_id: int, nic_id: int) -> int:
    """From a VM that runs or is powered off."""
    vm = call.change(Vm, object_id)
    if vm.state_name not in ("RUNNING", "POWEROFF"):
        raise ApiError(Code.ACTION, f"Could not detach NIC from VM {vm.id}, wrong state {vm.state_name}.")
    nic = vm.nic(nic_id)
    if nic is None:
        raise ApiError(Code.ACTION, f"Could not detach NIC with NIC_ID {nic_id}, it does not exist.")
    nic["ATTACH"] = "YES"
    vm.next_record(Reason.NIC_DETACH, call.user.id)
    _start_job(call, vm, Lcm.HOTPLUG_NIC, "detach-nic")
    return object_id


@methods("one.vm.attach")
def attach_disk(call: Call, object_id: int, text: str) -> int:
    """`DISK=[...]`, to a VM that runs or is powered off."""
    vm = call.change(Vm, object_id)
    disk = _vector(call, text, "DISK")
    if vm.state_name not in ("RUNNING", "POWEROFF"):
        raise ApiError(Code.ACTION, f"Could not add a new disk to VM {vm.id}, wrong state {vm.state_name}.")
    disk_id = next_disk_id(vm)
    vm.template.add("DISK", disk)
    try:
        plug_disk(call, vm, disk, disk_id)
    except ApiError as error:
        raise ApiError(Code.ACTION, error.message) from error
    if "IMAGE_ID" not in disk:
        disk |= volatile_attributes(call.find(Datastore, vm.record.datastore))
    disk["ATTACH"] = "YES"
    vm.next_record(Reason.DISK_ATTACH, call.user.id)
    _start_job(call, vm, Lcm.HOTPLUG, "attach-disk")
    return object_id


@methods("one.vm.detach")
def detach_disk(call: Call, object_id: int, disk_id: int) -> int:
    """From a VM that runs or is powered off."""
    vm = call.change(Vm, object_id)
    disk = vm.disk(disk_id)
    if disk is None:
        raise ApiError(Code.ACTION, "VM disk does not exist")
    if vm.state_name not in ("RUNNING", "POWEROFF"):
        raise ApiError(Code.ACTION, f"Could not detach disk from VM {vm.id}, wrong state {vm.state_name}.")
    disk["ATTACH"] = "YES"
    vm.next_record(Reason.DISK_DETACH, call.user.id)
    _start_job(call, vm, Lcm.HOTPLUG, "detach-disk")
    return object_id


def _start_job(call: Call, vm: Vm, lcm: Lcm, job: Job) -> None:
    """The state shows at once that the VM is busy; the worker does the job."""
    vm.job = job
    vm.move(State.ACTIVE, POWERED_OFF[lcm, job] if vm.state == State.POWEROFF else lcm)
    call.cloud.wake(vm)


def _vector(call: Call, text: str, name: str) -> Vector:
    vector = call.parse(text).vector(name)
    if vector is None:
        raise ApiError(Code.INTERNAL, f"Wrong {name} definition. {name} vector attribute is missing.")
    return vector
