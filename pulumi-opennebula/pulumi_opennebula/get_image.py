# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""Look-up: an image that exists."""

from collections.abc import Generator
from typing import Any

import pulumi

from . import _utilities

__all__ = ["AwaitableGetImageResult", "GetImageResult", "get_image", "get_image_output"]


@pulumi.output_type
class GetImageResult:
    """An image that exists."""

    def __init__(
        self, *, id: int, name: str, type: str, state: str, size: int, persistent: bool, datastore_id: int
    ) -> None:
        """Set the properties."""
        pulumi.set(self, "id", id)
        pulumi.set(self, "name", name)
        pulumi.set(self, "type", type)
        pulumi.set(self, "state", state)
        pulumi.set(self, "size", size)
        pulumi.set(self, "persistent", persistent)
        pulumi.set(self, "datastore_id", datastore_id)

    @property
    @pulumi.getter
    def id(self) -> int:
        """Id."""
        return pulumi.get(self, "id")

    @property
    @pulumi.getter
    def name(self) -> str:
        """Name."""
        return pulumi.get(self, "name")

    @property
    @pulumi.getter
    def type(self) -> str:
        """`OS`, `CDROM`, `DATABLOCK`, ..."""
        return pulumi.get(self, "type")

    @property
    @pulumi.getter
    def state(self) -> str:
        """State, such as `READY`."""
        return pulumi.get(self, "state")

    @property
    @pulumi.getter
    def size(self) -> int:
        """Size in MiB."""
        return pulumi.get(self, "size")

    @property
    @pulumi.getter
    def persistent(self) -> bool:
        """Whether what a virtual machine writes is kept in it."""
        return pulumi.get(self, "persistent")

    @property
    @pulumi.getter(name="datastoreId")
    def datastore_id(self) -> int:
        """Datastore that holds it."""
        return pulumi.get(self, "datastore_id")


class AwaitableGetImageResult(GetImageResult):
    """The same, for programs that await it."""

    def __await__(self) -> Generator[Any, None, GetImageResult]:
        """The plain result."""
        yield from ()
        return GetImageResult(
            id=self.id,
            name=self.name,
            type=self.type,
            state=self.state,
            size=self.size,
            persistent=self.persistent,
            datastore_id=self.datastore_id,
        )


def get_image(
    *,
    id: int | None = None,
    name: str | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> AwaitableGetImageResult:
    """An image that exists, at once. An error if there is none or it is ambiguous.

    :param id: Id of the object.
    :param name: Name of the object; several of that name are an error that lists them.
    """
    arguments = {"id": id, "name": name}
    found = pulumi.runtime.invoke(
        "opennebula:index:getImage", arguments, _utilities.invoke_options(opts), GetImageResult
    ).value
    return AwaitableGetImageResult(
        id=found.id,
        name=found.name,
        type=found.type,
        state=found.state,
        size=found.size,
        persistent=found.persistent,
        datastore_id=found.datastore_id,
    )


def get_image_output(
    *,
    id: pulumi.Input[int | None] | None = None,
    name: pulumi.Input[str | None] | None = None,
    opts: pulumi.InvokeOptions | pulumi.InvokeOutputOptions | None = None,
) -> pulumi.Output[GetImageResult]:
    """An image that exists, when the arguments are known.

    :param id: Id of the object.
    :param name: Name of the object; several of that name are an error that lists them.
    """
    arguments = {"id": id, "name": name}
    return pulumi.runtime.invoke_output(
        "opennebula:index:getImage", arguments, _utilities.invoke_options(opts), GetImageResult
    )
