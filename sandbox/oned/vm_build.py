"""From a user's template to a VM: capacity, images, addresses, context; and all of it given back.

What fails raises ApiError 8192 with oned's words; each call knows its own code for that.
"""

from __future__ import annotations

from uuid import uuid4

from sandbox.oned import context
from sandbox.oned.account import User
from sandbox.oned.call import Call
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.infrastructure import Datastore
from sandbox.oned.network import Network
from sandbox.oned.plugs import (
    images,
    network_with_id,
    next_disk_id,
    plug_disk,
    plug_nic,
    security_groups,
    unplug_disk,
    unplug_nic,
)
from sandbox.oned.pool import check_name, owned
from sandbox.oned.security_group import SecurityGroup
from sandbox.oned.states import State
from sandbox.oned.store import Transaction
from sandbox.oned.template import Template, Vector
from sandbox.oned.vm import Vm, now

# What oned reads itself; everything else that a user writes goes to USER_TEMPLATE.
KNOWN = {
    *("CPU", "VCPU", "MEMORY", "DISK", "NIC", "CONTEXT", "GRAPHICS", "VIDEO", "OS", "FEATURES", "INPUT", "RAW"),
    *("CPU_MODEL", "TOPOLOGY", "NUMA_NODE", "PCI", "TPM", "TEMPLATE_ID", "HYPERVISOR", "NIC_DEFAULT", "VMGROUP"),
    *("MEMORY_SLOTS", "MEMORY_MAX", "VCPU_MAX", "CPU_COST", "MEMORY_COST", "DISK_COST"),
}
FREE_NAME = "one"
# Of oned.conf's VM_RESTRICTED_ATTR: only administrators may write them into a NIC.
RESTRICTED_IN_NICS = ("MAC", "VLAN_ID", "BRIDGE")


def build(call: Call, template: Template, *, hold: bool) -> Vm:
    """A new VM, written. Raises ApiError with everything given back."""
    name = template.take("NAME")
    if name:
        check_name(name)
    check_capacity(template)
    _check_restricted(call.user, template)
    vm_id = call.tx.new_id(Vm)
    known = Template(items=[item for item in template.items if item[0] in KNOWN])
    rest = Template(items=[item for item in template.items if item[0] not in KNOWN])
    vm = Vm(
        id=vm_id,
        name=name or f"{FREE_NAME}-{vm_id}",
        template=known,
        user_template=rest,
        state=State.HOLD if hold else State.PENDING,
        start=now(),
        **owned(call),
    )
    vm.template.set("VMID", str(vm_id))
    if hold:
        vm.template.set("SUBMIT_ON_HOLD", "YES")
    operating_system = vm.template.vector("OS") or {}
    vm.template.set("OS", {**operating_system, "UUID": str(uuid4())})
    try:
        for at, disk in enumerate(vm.template.vectors("DISK")):
            plug_disk(call, vm, disk, at)
        for at, nic in enumerate(vm.template.vectors("NIC")):
            plug_nic(call, vm, nic, at)
        if template.has("NIC_ALIAS"):
            raise ApiError(Code.INTERNAL, "NIC_ALIAS is not supported by the sandbox: use a NIC for each address.")
        add_context(call, vm)
    except ApiError as error:
        # The number is free again, the address ranges' next index is not: as in oned.
        give_back(call.tx, vm)
        call.tx.return_id(Vm, vm_id)
        raise ApiError(error.code, error.message, keep=True) from error
    if any(image.locked for image in images(call.tx, vm)):
        vm.state = State.CLONING
    refresh_security_groups(call.tx, vm)
    write_requirements(call.tx, vm)
    call.tx.put(vm)
    call.cloud.wake(vm)
    return vm


def check_capacity(template: Template) -> None:
    """CPU and MEMORY are required, VCPU is not; raises 8192."""
    if not _positive(template.text("MEMORY"), whole=True):
        raise ApiError(Code.INTERNAL, "MEMORY attribute must be a positive integer value.")
    if not _positive(template.text("CPU"), whole=False):
        raise ApiError(Code.INTERNAL, "CPU attribute must be a positive float or integer value.")
    if template.has("VCPU") and not _positive(template.text("VCPU"), whole=True):
        raise ApiError(Code.INTERNAL, "VCPU attribute must be a positive integer value.")


def give_back(tx: Transaction, vm: Vm) -> None:
    """Everything that the VM holds: addresses, images, security groups."""
    for nic in vm.template.vectors("NIC"):
        unplug_nic(tx, vm, nic)
    for disk in vm.template.vectors("DISK"):
        unplug_disk(tx, vm, disk)
    for group in tx.all(SecurityGroup):
        if vm.id in group.vms():
            group.sort(vm.id, None)
            tx.put(group)


def finish(tx: Transaction, vm: Vm) -> None:
    """DONE: the document stays for good, what it held is free."""
    give_back(tx, vm)
    vm.close_graphics()
    vm.queue, vm.job = [], ""
    vm.end = now()
    vm.move(State.DONE)
    tx.put(vm)


def refresh_security_groups(tx: Transaction, vm: Vm) -> None:
    """SECURITY_GROUP_RULE of all NICs' groups; the groups know the VM (a new one is told all rules as it is made)."""
    wanted = sorted({number for nic in vm.template.vectors("NIC") for number in security_groups(nic)})
    networks = tx.all(Network)
    rules: list[Vector] = []
    for group in tx.all(SecurityGroup):
        member = group.id in wanted
        if member != (vm.id in group.vms()):
            group.sort(vm.id, group.updated if member else None)
            tx.put(group)
        if member:
            named = {"SECURITY_GROUP_ID": str(group.id), "SECURITY_GROUP_NAME": group.name}
            rules.extend({**rule, **named} for rule in group.rules(networks))
    vm.template.set("SECURITY_GROUP_RULE", *rules)


def add_context(call: Call, vm: Vm) -> None:
    """Complete the VM's CONTEXT, if it has one, and give it its place as a CD."""
    given = vm.template.vector("CONTEXT")
    if given is None:
        return
    if given.get("TOKEN", "").upper() == "YES":
        raise ApiError(Code.INTERNAL, "TOKEN set, but onegate endpoint was not defined in oned.conf.")
    completed = context.complete(vm, given, lambda vector: _network_for_context(call.tx, vector))
    disk_id = given.get("DISK_ID") or str(next_disk_id(vm))
    vm.template.set("CONTEXT", {**completed, "DISK_ID": disk_id, "TARGET": given.get("TARGET", "hda")})


def refresh_context(tx: Transaction, vm: Vm) -> None:
    """The NICs changed: describe them anew."""
    if given := vm.template.vector("CONTEXT"):
        vm.template.set("CONTEXT", context.with_nics(vm, given, lambda vector: _network_for_context(tx, vector)))


def write_requirements(tx: Transaction, vm: Vm) -> None:
    """AUTOMATIC_REQUIREMENTS: only hosts of clusters that have all networks and images are asked.

    A VM that was somewhere before goes to datastores of the same kind only.
    """
    members = [set(network.clusters) for nic in vm.template.vectors("NIC") if (network := network_with_id(tx, nic))]
    members += [
        set(datastore.clusters) for image in images(tx, vm) if (datastore := tx.get(Datastore, image.datastore))
    ]
    unpinned = "!(PIN_POLICY = PINNED)"
    if not members:
        vm.template.set("AUTOMATIC_REQUIREMENTS", unpinned)
        return
    clusters = sorted(set.intersection(*members))
    if not clusters:
        raise ApiError(Code.INTERNAL, "Incompatible cluster IDs: no cluster has all of the VM's networks and images.")
    hosts = " | ".join(f"CLUSTER_ID = {cluster}" for cluster in clusters)
    stores = " | ".join(f'"CLUSTERS/ID" @> {cluster}' for cluster in clusters)
    vm.template.set("AUTOMATIC_REQUIREMENTS", f"({hosts}) & {unpinned}")
    same = f' & (TM_MAD = "{vm.record.tm_mad}")' if vm.history else ""
    vm.template.set("AUTOMATIC_DS_REQUIREMENTS", f"({stores}){same}")
    vm.template.set("AUTOMATIC_NIC_REQUIREMENTS", f"({stores})")


def _check_restricted(user: User, template: Template) -> None:
    if user.gid == 0:
        return
    for nic in template.vectors("NIC"):
        for name in RESTRICTED_IN_NICS:
            if name in nic:
                raise ApiError(
                    Code.AUTHORIZATION, f"User [{user.id}] : VM Template includes a restricted attribute {name}."
                )


def _network_for_context(tx: Transaction, vector: Vector) -> Network | None:
    if "NETWORK_ID" in vector:
        return network_with_id(tx, vector)
    return next((network for network in tx.all(Network) if network.name == vector.get("NETWORK")), None)


def _positive(text: str, *, whole: bool) -> bool:
    try:
        return (int(text) if whole else float(text)) > 0
    except ValueError:
        return False
