"""Image: a disk image in a datastore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from pulumi_provider_kit import CheckFailure, Operation, Pending, Properties
from pyone import IMAGE_STATES, IMAGE_TYPES

from ..client import NotFound, WrongState
from ..definitions import Image, ImageOutputs
from ..document import Document
from ..template import Attributes, render, vector
from ..waits import Unusable, image_ready, removed
from .base import CloudResource
from .checks import device_prefix, one_of, positive

_TYPES = ("OS", "CDROM", "DATABLOCK")
_OWN = ("DESCRIPTION", "DEV_PREFIX")


class ImageResource(CloudResource[Image]):
    """See the definition of `Image`."""

    inputs = Image
    kind = "image"
    noun = "image"
    reserved = frozenset({*_OWN, "PATH", "SIZE", "TYPE", "PERSISTENT", "FORMAT", "DRIVER", "SOURCE", "FS", "MD5"})
    stable_outputs = ("sizeMib", "source")
    default_timeout = 3600.0

    def problems(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Either a path or a size."""
        yield from one_of("type", inputs.get("type"), _TYPES)
        yield from one_of("format", inputs.get("format"), ("raw", "qcow2"))
        yield from positive("size", inputs.get("size"))
        yield from device_prefix("devPrefix", inputs.get("devPrefix"))
        if "path" in inputs and "size" in inputs:
            yield CheckFailure("size", "is that of an empty image; an image with a path has the size of its file")
        if "path" not in inputs and "size" not in inputs:
            yield CheckFailure("path", "is required: a file on the front end or a URL; or size, for an empty image")
        if "path" not in inputs and inputs.get("type") == "CDROM":
            yield CheckFailure("type", "an empty image cannot be a CDROM")

    def allocate(self, operation: Operation, wanted: Image, marks: Attributes) -> int:
        """Register it. Until a datastore was looked at for the first time, oned takes it for full: wait for that."""
        values = vector(
            {
                "NAME": wanted.name,
                "TYPE": _type(wanted),
                "PATH": wanted.path,
                "SIZE": wanted.size,
                "PERSISTENT": "YES" if wanted.persistent else "NO",
                "FORMAT": wanted.format,
            }
        )
        template = render([*values.items(), *_attributes(wanted), *marks])

        def probe() -> int | Pending:
            unknown_size = self.client.info("datastore", wanted.datastore_id).number("TOTAL_MB") == 0
            try:
                return int(self.client.call("image.allocate", template, wanted.datastore_id, False))
            except WrongState:
                if not unknown_size:
                    raise
                return Pending("not monitored yet")

        return operation.wait_for(f"datastore {wanted.datastore_id}", probe)

    def settle(self, operation: Operation, id: int, name: str) -> Document:
        """Wait until it is READY."""
        return image_ready(operation, self.client, id, name)

    def change(self, operation: Operation, live: Document, wanted: Image, old: Image) -> None:
        """Rename it, set its attributes, type and persistence."""
        id = live.id
        live = image_ready(operation, self.client, id, live.name)
        if live.name != wanted.name:
            self.client.call("image.rename", id, wanted.name, again=True)
        if _live_type(live) != _type(wanted):
            self.client.call("image.chtype", id, _type(wanted), again=True)
        if (live.number("PERSISTENT") == 1) != wanted.persistent:
            self.client.call("image.persistent", id, wanted.persistent, again=True)
        attributes = self.merged(live, _OWN if wanted.dev_prefix else ("DESCRIPTION",), _attributes(wanted), old.tags)
        if attributes != live.attributes(self.template):
            self.client.call("image.update", id, render(attributes), 0, again=True)

    def remove(self, operation: Operation, id: int, name: str) -> None:
        """Delete it, once it is no longer being made; machines that are being terminated may use it for a moment."""
        with suppress(NotFound, Unusable):
            image_ready(operation, self.client, id, name)
        removed(
            operation,
            f"image {id} ({name})",
            lambda: self.client.call("image.delete", id, again=True),
            lambda: self.client.info("image", id),
        )

    def outputs(self, document: Document, wanted: Image) -> ImageOutputs:
        """State, size and place."""
        return ImageOutputs(
            state=IMAGE_STATES(document.number("STATE")).name,
            size_mib=document.number("SIZE"),
            source=document.text("SOURCE"),
        )

    def to_import(self, document: Document) -> Properties:
        """The datastore."""
        return {"datastoreId": document.number("DATASTORE_ID")}

    def live(self, document: Document, before: Image, importing: bool) -> Image:
        """The image as it is. Its format may be found out by the datastore's driver, so that is never drift."""
        path = document.maybe("PATH")
        if importing:
            return Image(
                name=document.name,
                description=document.maybe("TEMPLATE/DESCRIPTION"),
                datastore_id=document.number("DATASTORE_ID"),
                path=path,
                size=None if path else document.number("SIZE"),
                type=_live_type(document),
                persistent=document.number("PERSISTENT") == 1,
                dev_prefix=document.maybe("TEMPLATE/DEV_PREFIX"),
                tags=self.live_tags(document, {}, importing),
            )
        return Image(
            name=document.name,
            description=document.maybe("TEMPLATE/DESCRIPTION"),
            datastore_id=document.number("DATASTORE_ID"),
            path=before.path,
            size=None if before.size is None else document.number("SIZE"),
            type=_live_type(document) if before.type or _live_type(document) != _type(before) else None,
            persistent=document.number("PERSISTENT") == 1,
            format=before.format,
            dev_prefix=None if before.dev_prefix is None else document.maybe("TEMPLATE/DEV_PREFIX"),
            tags=self.live_tags(document, before.tags, importing),
        )


def _type(wanted: Image) -> str:
    return wanted.type or ("OS" if wanted.path else "DATABLOCK")


def _live_type(document: Document) -> str:
    return str(IMAGE_TYPES(document.number("TYPE")).name)


def _attributes(wanted: Image) -> Attributes:
    values = vector(dict(zip(_OWN, (wanted.description, wanted.dev_prefix), strict=True)))
    return [*values.items(), *wanted.tags.items()]
