"""Disks and NICs of a VM: completed from images and networks as they come, given back as they go."""

from __future__ import annotations

from sandbox.oned.account import USE, User, allowed
from sandbox.oned.call import Call
from sandbox.oned.document import Document
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.image import Image
from sandbox.oned.infrastructure import Datastore
from sandbox.oned.network import Network
from sandbox.oned.store import Transaction
from sandbox.oned.template import Template, Vector, listed, listed_ids
from sandbox.oned.vm import Vm


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
        if not image and not (size.isdigit() and int(size)):
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


def security_groups(nic: Vector) -> list[int]:
    """Ids of the NIC's groups."""
    return listed_ids(nic.get("SECURITY_GROUPS", ""))


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


def _free_target(vm: Vm, prefix: str) -> str:
    taken = {disk.get("TARGET") for disk in vm.template.vectors("DISK")}
    return next(name for letter in "abcdefghijklmnopqrstuvwxyz" if (name := f"{prefix}{letter}") not in taken)
