# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""Look-up: a virtual machine template that exists."""

from collections.abc import Generator
from typing import Any

import pulumi

from . import _utilities

__all__ = ["AwaitableGetTemplateResult", "GetTemplateResult", "get_template", "get_template_output"]


@pulumi.output_type
class GetTemplateResult:
    """A virtual machine template that exists."""

    def __init__(self, *, id: int, name: str) -> None:
        """Set the properties."""
        pulumi.set(self, "id", id)
        pulumi.set(self, "name", name)

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


class AwaitableGetTemplateResult(GetTemplateResult):
    """The same, for programs that await it."""

    def __await__(self) -> Generator[Any, None, GetTemplateResult]:
        """The plain result."""
        yield from ()
        return GetTemplateResult(id=self.id, name=self.name)


def get_template(
    *,
    id: int | None = None,
    name: str | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> AwaitableGetTemplateResult:
    """A virtual machine template that exists, at once. An error if there is none or it is ambiguous.

    :param id: Id of the object.
    :param name: Name of the object; several of that name are an error that lists them.
    """
    arguments = {"id": id, "name": name}
    found = pulumi.runtime.invoke(
        "opennebula:index:getTemplate", arguments, _utilities.invoke_options(opts), GetTemplateResult
    ).value
    return AwaitableGetTemplateResult(id=found.id, name=found.name)


def get_template_output(
    *,
    id: pulumi.Input[int | None] | None = None,
    name: pulumi.Input[str | None] | None = None,
    opts: pulumi.InvokeOptions | pulumi.InvokeOutputOptions | None = None,
) -> pulumi.Output[GetTemplateResult]:
    """A virtual machine template that exists, when the arguments are known.

    :param id: Id of the object.
    :param name: Name of the object; several of that name are an error that lists them.
    """
    arguments = {"id": id, "name": name}
    return pulumi.runtime.invoke_output(
        "opennebula:index:getTemplate", arguments, _utilities.invoke_options(opts), GetTemplateResult
    )
