"""Images: their document, and who uses them."""

from __future__ import annotations

import secrets
from enum import IntEnum
from typing import ClassVar

from pydantic import Field

from sandbox.oned import driver
from sandbox.oned.document import Document
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.infrastructure import Datastore
from sandbox.oned.xml import cdata, element, group, ids

TYPES = ("OS", "CDROM", "DATABLOCK")


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


def new_source(datastore: Datastore) -> str:
    """Where a new volume of that datastore is."""
    return f"{datastore.base_path}/{secrets.token_hex(16)}"
