# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""Look-up: a datastore that exists."""

from collections.abc import Generator
from typing import Any

import pulumi

from . import _utilities

__all__ = ["AwaitableGetDatastoreResult", "GetDatastoreResult", "get_datastore", "get_datastore_output"]


@pulumi.output_type
class GetDatastoreResult:
    """A datastore that exists."""

    def __init__(self, *, id: int, name: str, type: str, free_mib: int, total_mib: int) -> None:
        """Set the properties."""
        pulumi.set(self, "id", id)
        pulumi.set(self, "name", name)
        pulumi.set(self, "type", type)
        pulumi.set(self, "free_mib", free_mib)
        pulumi.set(self, "total_mib", total_mib)

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
        """`IMAGE`, `SYSTEM` or `FILE`."""
        return pulumi.get(self, "type")

    @property
    @pulumi.getter(name="freeMib")
    def free_mib(self) -> int:
        """Free space in MiB."""
        return pulumi.get(self, "free_mib")

    @property
    @pulumi.getter(name="totalMib")
    def total_mib(self) -> int:
        """Total space in MiB."""
        return pulumi.get(self, "total_mib")


class AwaitableGetDatastoreResult(GetDatastoreResult):
    """The same, for programs that await it."""

    def __await__(self) -> Generator[Any, None, GetDatastoreResult]:
        """The plain result."""
        yield from ()
        return GetDatastoreResult(
            id=self.id, name=self.name, type=self.type, free_mib=self.free_mib, total_mib=self.total_mib
        )


def get_datastore(
    *,
    id: int | None = None,
    name: str | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> AwaitableGetDatastoreResult:
    """A datastore that exists, at once. An error if there is none or it is ambiguous.

    :param id: Id of the object.
    :param name: Name of the object; several of that name are an error that lists them.
    """
    arguments = {"id": id, "name": name}
    found = pulumi.runtime.invoke(
        "opennebula:index:getDatastore", arguments, _utilities.invoke_options(opts), GetDatastoreResult
    ).value
    return AwaitableGetDatastoreResult(
        id=found.id, name=found.name, type=found.type, free_mib=found.free_mib, total_mib=found.total_mib
    )


def get_datastore_output(
    *,
    id: pulumi.Input[int | None] | None = None,
    name: pulumi.Input[str | None] | None = None,
    opts: pulumi.InvokeOptions | pulumi.InvokeOutputOptions | None = None,
) -> pulumi.Output[GetDatastoreResult]:
    """A datastore that exists, when the arguments are known.

    :param id: Id of the object.
    :param name: Name of the object; several of that name are an error that lists them.
    """
    arguments = {"id": id, "name": name}
    return pulumi.runtime.invoke_output(
        "opennebula:index:getDatastore", arguments, _utilities.invoke_options(opts), GetDatastoreResult
    )
