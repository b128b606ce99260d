"""one.image.*: images are made and removed by the worker; the calls only say what shall be."""

from __future__ import annotations

from sandbox.oned.account import MANAGE
from sandbox.oned.call import Call, methods
from sandbox.oned.driver import DriverError
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.image import TYPES, Image, ImageState
from sandbox.oned.infrastructure import Datastore
from sandbox.oned.pool import (
    add_chmod,
    add_info,
    add_lock,
    add_pool_info,
    add_rename,
    add_update,
    check_new_name,
    owned,
)
from sandbox.oned.vm import now

PREFIX = "Error allocating a new image. "

add_info(Image)
add_pool_info(Image)
add_rename(Image)
add_update(Image)
add_chmod(Image)
add_lock(Image)


@methods("one.image.allocate")
def allocate(call: Call, text: str, datastore_id: int, skip_capacity_check: bool = False) -> int:
    """-> id. The image is LOCKED until the driver has made it."""
    template = call.parse(text)
    datastore = call.find(Datastore, datastore_id)
    if datastore.type == Datastore.TYPES["SYSTEM_DS"]:
        raise ApiError(Code.ALLOCATE, f"{PREFIX}New images can only be allocated in a files or image datastore.")
    name, path, kind = template.take("NAME"), template.take("PATH"), template.take("TYPE") or "OS"
    size = _size(call, path, template.take("SIZE"))
    if not skip_capacity_check and size > datastore.free:
        raise ApiError(Code.ACTION, "Not enough space in datastore")
    check_new_name(call, Image, name, Code.ALLOCATE, PREFIX)
    if kind.upper() not in TYPES:
        raise ApiError(Code.ALLOCATE, f"{PREFIX}Unknown type ")
    if not template.has("DEV_PREFIX"):
        template.set("DEV_PREFIX", "sd")
    image = Image(
        id=call.tx.new_id(Image),
        name=name,
        type=kind.upper(),
        path=path,
        size=size,
        datastore=datastore.id,
        datastore_name=datastore.name,
        persistent=template.take("PERSISTENT").upper() == "YES",
        format=template.take("FORMAT"),
        fs=template.take("FS"),
        registered=now(),
        template=template,
        **owned(call),
    )
    call.tx.put(image)
    datastore.images.append(image.id)
    call.tx.put(datastore)
    call.cloud.wake(image)
    return image.id


@methods("one.image.delete")
def delete(call: Call, object_id: int, force: bool = False) -> int:
    """The image is in DELETE until the driver has removed it."""
    image = call.change(Image, object_id)
    if image.locked and not force:
        raise ApiError(
            Code.INTERNAL,
            "Image locked, use --force flag to remove the image. Force delete may leave some files on Datastore",
            object_id,
        )
    if image.vms:
        raise ApiError(Code.ACTION, f"Cannot delete image. There are {len(image.vms)} VMs using it.")
    image.move(ImageState.DELETE)
    call.cloud.wake(image)
    return object_id


@methods("one.image.enable")
def enable(call: Call, object_id: int, wanted: bool) -> int:
    """A disabled image takes no VMs."""
    image = call.change(Image, object_id)
    allowed = (ImageState.DISABLED, ImageState.ERROR) if wanted else (ImageState.READY, ImageState.ERROR)
    if image.state in allowed:
        image.move(ImageState.READY if wanted else ImageState.DISABLED)
    elif image.state != (ImageState.READY if wanted else ImageState.DISABLED):
        raise ApiError(Code.ACTION, f"Could not {'enable' if wanted else 'disable'} image, it is {image.state.name}")
    return object_id


@methods("one.image.persistent")
def persistent(call: Call, object_id: int, wanted: bool) -> int:
    """Whether what a VM writes stays; not while VMs use it."""
    image = call.change(Image, object_id)
    if image.vms:
        raise ApiError(
            Code.INTERNAL, f"Image {object_id} cannot be made {'' if wanted else 'non-'}persistent, it is used"
        )
    image.persistent = wanted
    return object_id


@methods("one.image.chtype")
def change_type(call: Call, object_id: int, kind: str) -> int:
    """OS, CDROM or DATABLOCK."""
    image = call.find(Image, object_id, MANAGE)
    if kind.upper() not in TYPES:
        raise ApiError(Code.INTERNAL, "Unknown type ")
    image.type = kind.upper()
    call.tx.put(image)
    return object_id


def _size(call: Call, path: str, text: str) -> int:
    try:
        if path:
            return max(call.cloud.driver.image_size(path), int(text) if text.isdigit() else 0)
        if not text.isdigit() or int(text) == 0:
            raise DriverError("Wrong number or missing SIZE attribute.")
        return int(text)
    except DriverError as error:
        raise ApiError(Code.INTERNAL, f"Cannot parse image SIZE: {error}") from error
