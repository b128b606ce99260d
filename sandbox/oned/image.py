"""Images: their document, who uses them, and one.image.*."""

from __future__ import annotations

import secrets
import time
from enum import IntEnum
from typing import ClassVar

from pydantic import Field

from sandbox.oned import driver
from sandbox.oned.account import MANAGE
from sandbox.oned.call import Call, methods
from sandbox.oned.document import Document
from sandbox.oned.driver import DriverError
from sandbox.oned.errors import ApiError, Code
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
from sandbox.oned.xml import cdata, element, group, ids

TYPES = ("OS", "CDROM", "DATABLOCK")
PREFIX = "Error allocating a new image. "


class ImageState(IntEnum):
    """STATE of an image."""

    INIT = 0
    READY = 1
    USED = 2
    DISABLED = 3
    LOCKED = 4
    ERROR = 5
    CLONE = 6
    DELETE = 7
    USED_PERS = 8
    LOCKED_USED = 9
    LOCKED_USED_PERS = 10


LOCKED = (ImageState.LOCKED, ImageState.LOCKED_USED, ImageState.LOCKED_USED_PERS)


class Image(Document):
    """An image in a datastore. `size` is in MiB."""

    pool: ClassVar[str] = "image"
    called: ClassVar[str] = "image"
    kind: ClassVar[str] = "IMAGE"
    root: ClassVar[str] = "IMAGE"

    type: str
    path: str
    size: int
    datastore: int
    datastore_name: str
    persistent: bool = False
    format: str = ""
    fs: str = ""
    source: str = ""  # where the volume is; "" before it is made
    state: ImageState = ImageState.LOCKED
    prev_state: ImageState = ImageState.INIT
    registered: int
    vms: list[int] = Field(default_factory=list)

    def move(self, state: ImageState) -> None:
        """Enter the state; PREV_STATE shows the same from then on, as in oned."""
        self.state = self.prev_state = state

    @property
    def locked(self) -> bool:
        """Whether the driver has yet to make it."""
        return self.state in LOCKED

    def acquire(self, vm: int) -> None:
        """The VM uses it from now on; raises 8192 where it cannot."""
        if self.state in (ImageState.USED_PERS, ImageState.LOCKED_USED_PERS):
            raise ApiError(Code.INTERNAL, f"Cannot acquire image {self.id}, it is persistent and already in use")
        if self.state not in (ImageState.READY, ImageState.USED, ImageState.LOCKED, ImageState.LOCKED_USED):
            raise ApiError(Code.INTERNAL, f"Cannot acquire image {self.id}, it is in state: {self.state.name}")
        self.vms.append(vm)
        if self.locked:
            self.move(ImageState.LOCKED_USED_PERS if self.persistent else ImageState.LOCKED_USED)
        else:
            self.settle()

    def release(self, vm: int) -> None:
        """The VM does not use it any more."""
        self.vms = [other for other in self.vms if other != vm]
        if self.state in (ImageState.USED, ImageState.USED_PERS):
            self.settle()

    def settle(self) -> None:
        """Ready or used, by the VMs that use it."""
        used = ImageState.USED_PERS if self.persistent else ImageState.USED
        self.move(used if self.vms else ImageState.READY)

    def for_driver(self) -> driver.Image:
        """The image as the driver makes it."""
        return driver.Image(
            id=self.id,
            name=self.name,
            type=self.type,
            source=self.path,
            size=self.size,
            persistent=self.persistent,
            format=self.format or "raw",
        )

    def xml(self) -> str:
        """The document."""
        return group(
            self.root,
            self.head_xml(),
            element("TYPE", TYPES.index(self.type)),
            element("DISK_TYPE", 0),
            element("PERSISTENT", int(self.persistent)),
            element("REGTIME", self.registered),
            element("MODTIME", self.registered),
            cdata("SOURCE", self.source),
            cdata("PATH", self.path),
            cdata("FORMAT", self.format),
            cdata("FS", self.fs),
            element("SIZE", self.size),
            element("STATE", self.state.value),
            element("PREV_STATE", self.prev_state.value),
            element("RUNNING_VMS", len(self.vms)),
            element("CLONING_OPS", 0),
            element("CLONING_ID", -1),
            element("TARGET_SNAPSHOT", -1),
            element("DATASTORE_ID", self.datastore),
            element("DATASTORE", self.datastore_name),
            ids("VMS", self.vms),
            group("CLONES"),
            group("APP_CLONES"),
            self.template.xml("TEMPLATE"),
            group("SNAPSHOTS", cdata("ALLOW_ORPHANS", "NO"), cdata("CURRENT_BASE", -1), cdata("NEXT_SNAPSHOT", 0)),
            group("BACKUP_INCREMENTS"),
            group("BACKUP_DISK_IDS"),
        )


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
        registered=int(time.time()),
        template=template,
        **owned(call),
    )
    call.tx.put(image)
    datastore.images.append(image.id)
    call.tx.put(datastore)
    call.cloud.wake(image)
    return image.id


def new_source(datastore: Datastore) -> str:
    """Where a new volume of that datastore is."""
    return f"{datastore.base_path}/{secrets.token_hex(16)}"


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


add_info(Image)
add_pool_info(Image)
add_rename(Image)
add_update(Image)
add_chmod(Image)
add_lock(Image)
