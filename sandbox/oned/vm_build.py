"""From a user's template to a VM: capacity checked, addresses leased, images acquired, context written, and all given back.

What fails raises ApiError 8192 with oned's words; each call knows its own code for that.
"""

from __future__ import annotations

from uuid import uuid4


from sandbox.oned import context
from sandbox.oned.account import USE, User, allowed
from sandbox.oned.call import Call
from sandbox.oned.document import Document
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.image import Image
from sandbox.oned.infrastructure import Datastore
from sandbox.oned.network import Network
from sandbox.oned.pool import check_name, owned
from sandbox.oned.security_group import SecurityGroup
from sandbox.oned.states import State
from sandbox.oned.store import Transaction
from sandbox.oned.template import Template, Vector, listed, listed_ids
from sandbox.oned.vm import Vm, now

# What oned reads itself; everything else that a user writes goes to USER_TEMPLATE.
KNOWN = {
    *("CPU", "VCPU", "MEMORY", "DISK", "NIC", "CONTEXT", "GRAPHICS", "VIDEO", "OS", "FEATURES", "INPUT", "RAW"),
    *("CPU_MODEL", "TOPOLOGY", "NUMA_NODE", "PCI", "TPM", "TEMPLATE_ID", "HYPERVISOR", "NIC_DEFAULT", "VMGROUP"),
    *("MEMORY_SLOTS", "MEMORY_MAX", "VCPU_MAX", "CPU_COST", "MEMORY_COST", "DISK_COST"),
}
FREE_NAME = "one"
RESTRICTED_IN_NICS = (
    "MAC",
    "VLAN_ID",
    "BRIDGE",
)  # of oned.conf's VM_RESTRICTED_ATTR, for those who are no administrators


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
        **owned(call),  # type: ignore[arg-type]
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


def plug_nic(call: Call, vm: Vm, nic: Vector, nic_id: int) -> None:
    """Complete the NIC: its address leased, its network's attributes written into it."""
    nic["NIC_ID"] = str(nic_id)
    nic.setdefault("NAME", f"NIC{nic_id}")
    network = _network_of(call, nic)
    if network is None:
        return
    network.lease(vm.id, nic)
    call.tx.put(network)
    nic["TARGET"] = f"one-{vm.id}-{nic_id}"
    wanted = listed_ids(network.template.text("SECURITY_GROUPS")) + listed_ids(nic.get("SECURITY_GROUPS", ""))
    nic["SECURITY_GROUPS"] = listed(sorted(set(wanted)))


def plug_disk(call: Call, vm: Vm, disk: Vector, disk_id: int) -> None:
    """Complete the disk: its image acquired, its target chosen."""
    try:
        image = _image_of(call, disk)
        size = disk.get("SIZE", "")
        if image and size.isdigit() and int(size) < image.size:
            raise ApiError(
                Code.INTERNAL, f"SIZE of {size}MB is less than the image [{image.id}] size of {image.size}MB."
            )
        if not image and not _positive(size, whole=True):
            raise ApiError(Code.INTERNAL, "Wrong number or missing SIZE attribute.")
        if image:
            image.acquire(vm.id)
            call.tx.put(image)
    except ApiError as error:
        raise ApiError(error.code, f"DISK {disk_id}: {error.message}") from error
    disk["DISK_ID"] = str(disk_id)
    disk.setdefault("DEV_PREFIX", (image.template.text("DEV_PREFIX") if image else "") or "sd")
    disk.setdefault("TARGET", _free_target(vm, disk["DEV_PREFIX"]))
    if image:
        disk |= image_attributes(call.tx, image, disk)


def image_attributes(tx: Transaction, image: Image, disk: Vector) -> Vector:
    """What a disk says of its image and the datastore."""
    datastore = tx.get(Datastore, image.datastore)
    traits = datastore.template if datastore else Template()
    cdrom = image.type == "CDROM"
    attributes = {
        "ALLOW_ORPHANS": traits.text("ALLOW_ORPHANS"),
        "CLONE": "NO" if image.persistent else "YES",
        "CLONE_TARGET": traits.text("CLONE_TARGET"),
        "CLUSTER_ID": listed(datastore.clusters if datastore else []),
        "DATASTORE": image.datastore_name,
        "DATASTORE_ID": str(image.datastore),
        "DEV_PREFIX": disk.get("DEV_PREFIX") or image.template.text("DEV_PREFIX") or "sd",
        "DISK_SNAPSHOT_TOTAL_SIZE": "0",
        "DISK_TYPE": "FILE",
        "DRIVER": image.format,
        "FORMAT": image.format,
        "IMAGE": image.name,
        "IMAGE_ID": str(image.id),
        "IMAGE_STATE": str(image.state.value),
        "LN_TARGET": traits.text("LN_TARGET"),
        "ORIGINAL_SIZE": str(image.size),
        "PERSISTENT_SNAPSHOTS": "YES",
        "READONLY": "YES" if cdrom else "NO",
        "SAVE": "YES" if image.persistent else "NO",
        "SIZE": disk.get("SIZE") or str(image.size),
        "SOURCE": image.source,
        "TM_MAD": traits.text("TM_MAD"),
        "TYPE": "CDROM" if cdrom else "FILE",
    }
    return attributes | ({"PERSISTENT": "YES"} if image.persistent else {})


def volatile_attributes(datastore: Datastore) -> Vector:
    """What a volatile disk says of the system datastore that it is in."""
    return {
        "ALLOW_ORPHANS": datastore.template.text("ALLOW_ORPHANS"),
        "CLUSTER_ID": listed(datastore.clusters),
        "DATASTORE": datastore.name,
        "DATASTORE_ID": str(datastore.id),
        "DISK_TYPE": "FILE",
        "DRIVER": "raw",
        "FORMAT": "raw",
        "PERSISTENT_SNAPSHOTS": "YES",
        "TM_MAD": datastore.template.text("TM_MAD"),
        "TM_MAD_SYSTEM": datastore.template.text("TM_MAD"),
    }


def unplug_nic(tx: Transaction, vm: Vm, nic: Vector) -> None:
    """Give the NIC's address back; its security groups are seen to by `refresh_security_groups`."""
    if network := network_with_id(tx, nic):
        network.release(vm.id, nic)
        tx.put(network)


def unplug_disk(tx: Transaction, vm: Vm, disk: Vector) -> None:
    """Release the disk's image."""
    image = tx.get(Image, int(disk["IMAGE_ID"])) if disk.get("IMAGE_ID", "").isdigit() else None
    if image:
        image.release(vm.id)
        tx.put(image)


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


def security_groups(nic: Vector) -> list[int]:
    """Ids of the NIC's groups."""
    return listed_ids(nic.get("SECURITY_GROUPS", ""))


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


def next_disk_id(vm: Vm) -> int:
    """The first disk id above all of the VM's, the context's included."""
    vectors = [*vm.template.vectors("DISK"), vm.template.vector("CONTEXT") or {}]
    return max((int(vector["DISK_ID"]) for vector in vectors if "DISK_ID" in vector), default=-1) + 1


def next_nic_id(vm: Vm) -> int:
    """The first NIC id above all of the VM's."""
    return max((int(nic["NIC_ID"]) for nic in vm.template.vectors("NIC") if "NIC_ID" in nic), default=-1) + 1


def images(tx: Transaction, vm: Vm) -> list[Image]:
    """The images that its disks are of."""
    numbers = [disk["IMAGE_ID"] for disk in vm.template.vectors("DISK") if disk.get("IMAGE_ID", "").isdigit()]
    return [image for number in numbers if (image := tx.get(Image, int(number)))]


def network_with_id(tx: Transaction, nic: Vector) -> Network | None:
    """The network that the (completed) NIC is in."""
    return tx.get(Network, int(nic["NETWORK_ID"])) if nic.get("NETWORK_ID", "").isdigit() else None


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


def _network_of(call: Call, nic: Vector) -> Network | None:
    if "NETWORK_ID" in nic:
        network = network_with_id(call.tx, nic)
        if network is None:
            raise ApiError(Code.INTERNAL, f"Virtual network with ID: {nic['NETWORK_ID']} does not exist")
    elif "NETWORK" in nic:
        owner = _owner(call, nic, "NETWORK")
        network = next((n for n in call.tx.all(Network) if n.name == nic["NETWORK"] and n.uid == owner), None)
        if network is None:
            raise ApiError(
                Code.INTERNAL,
                f"User {owner} does not own a network with name: {nic['NETWORK']} . "
                "Set NETWORK_UNAME or NETWORK_UID of owner in NIC.",
            )
    else:
        return None
    _check_use(call, network)
    return network


def _image_of(call: Call, disk: Vector) -> Image | None:
    if "IMAGE_ID" in disk:
        number = disk["IMAGE_ID"]
        image = call.tx.get(Image, int(number)) if number.isdigit() else None
        if image is None:
            raise ApiError(Code.INTERNAL, f"Image with ID: {number} does not exist")
    elif "IMAGE" in disk:
        owner = _owner(call, disk, "IMAGE")
        image = next((i for i in call.tx.all(Image) if i.name == disk["IMAGE"] and i.uid == owner), None)
        if image is None:
            raise ApiError(
                Code.INTERNAL,
                f"User {owner} does not own an image with name: {disk['IMAGE']} . "
                "Set IMAGE_UNAME or IMAGE_UID of owner in DISK.",
            )
    else:
        return None
    _check_use(call, image)
    return image


def _owner(call: Call, vector: Vector, prefix: str) -> int:
    if vector.get(f"{prefix}_UID", "").isdigit():
        return int(vector[f"{prefix}_UID"])
    name = vector.get(f"{prefix}_UNAME")
    return next((user.id for user in call.tx.all(User) if user.name == name), call.user.id)


def _check_use(call: Call, document: Document) -> None:
    if not allowed(call.user, USE, document):
        raise ApiError(
            Code.AUTHORIZATION,
            f"User [{call.user.id}] : Not authorized to perform USE {document.kind} [{document.id}].",
        )


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


def _free_target(vm: Vm, prefix: str) -> str:
    taken = {disk.get("TARGET") for disk in vm.template.vectors("DISK")}
    return next(name for letter in "abcdefghijklmnopqrstuvwxyz" if (name := f"{prefix}{letter}") not in taken)


def _positive(text: str, *, whole: bool) -> bool:
    try:
        return (int(text) if whole else float(text)) > 0
    except ValueError:
        return False
