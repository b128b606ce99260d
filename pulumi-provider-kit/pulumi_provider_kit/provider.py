"""What an author writes: resources, functions and the provider that holds them.

Methods get plain Python values: secrets are unwrapped, and what they return is made secret again wherever the input of
the same name was, or where the schema says so. A method may return `Secret` values for more.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .codec import Properties
from .diff import Change
from .operation import Operation
from .schema import CheckFailure, Schema

__all__ = ["CheckFailure", "Function", "Provider", "ReadResult", "Resource"]

Function = Callable[[Operation, Properties], Mapping[str, Any]]
"""A function of the package: arguments to result."""


@dataclass(frozen=True)
class ReadResult:
    """A live object: its id, the inputs that would make it as it is, and its outputs."""

    id: str
    inputs: Properties
    outputs: Properties


class Resource:
    """One type of resource; override what it can do. One instance serves all, from many threads at once.

    Attributes:
        delete_before_replace: whether two of it cannot exist beside each other.
        stable_outputs: outputs that no update in place ever changes; a preview keeps their values.
        default_timeout: seconds for create, update, delete and read where the program sets no `custom_timeouts`; None
            for no limit.
    """

    delete_before_replace: bool = False
    stable_outputs: Collection[str] = ()
    default_timeout: float | None = None

    def check(
        self, operation: Operation, old_inputs: Properties, inputs: Properties
    ) -> tuple[Properties, list[CheckFailure]]:
        """Complete the inputs, and find what is wrong with their meaning; types were checked against the schema.

        Inputs can be UNKNOWN anywhere: not known yet, or wrong and reported already.
        """
        return inputs, []

    def diff(
        self,
        operation: Operation,
        id: str,
        old_inputs: Properties,
        outputs: Properties,
        inputs: Properties,
        changes: dict[str, Change],
    ) -> dict[str, Change]:
        """Change the list of changes, which is that of old and new inputs by path; an empty one means no update."""
        return changes

    def preview(self, operation: Operation, inputs: Properties, old_outputs: Properties | None) -> Properties:
        """The outputs as far as they are known before a create (`old_outputs` is None) or an update.

        Outputs of the schema that are missing here and are no inputs become UNKNOWN: return only what is certain.
        """
        if old_outputs is None:
            return dict(inputs)
        return {name: old_outputs[name] for name in self.stable_outputs if name in old_outputs} | inputs

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Make the object; its id and outputs.

        Raises:
            InitFailed: it exists but is not as wanted.
            UserError: it does not exist.
        """
        raise NotImplementedError(f"{operation.type} cannot be created")

    def read(self, operation: Operation, id: str, inputs: Properties, outputs: Properties) -> ReadResult | None:
        """The live object, None if it is gone. In an import, inputs and outputs are empty.

        The default trusts the state.
        """
        return ReadResult(id, inputs, outputs)

    def update(
        self, operation: Operation, id: str, old_inputs: Properties, old_outputs: Properties, inputs: Properties
    ) -> Properties:
        """Change the object in place; its outputs. Raises as `create`."""
        raise NotImplementedError(f"{operation.type} cannot be updated in place")

    def delete(self, operation: Operation, id: str, inputs: Properties, outputs: Properties) -> None:
        """Remove the object; return only when it is gone, also if it was already."""


class Provider:
    """A package of resources and functions.

    Args:
        name: the package's name, also that of its configuration namespace.
        version: its semantic version.
        schema: its Pulumi package schema.
        resources: by type token, each in the schema.
        functions: by token, each in the schema.

    Attributes:
        id: that of the provider resource, set before `configure`. The engine draws it, a random UUID, and keeps it in
            the state, so it tells stacks apart; in the preview of its creation it is not the final one.
    """

    def __init__(
        self,
        name: str,
        version: str,
        schema: Mapping[str, Any],
        resources: Mapping[str, Resource],
        functions: Mapping[str, Function] | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self.schema = Schema({**schema, "name": name, "version": version})
        self.resources = resources
        self.functions = functions or {}
        self.id = ""

    def check_config(self, operation: Operation, config: Properties) -> tuple[Properties, list[CheckFailure]]:
        """Complete the provider's inputs and find what is wrong with their meaning, as `Resource.check`."""
        return config, []

    def configure(self, operation: Operation, config: Properties) -> None:
        """Get ready to work; called once, before all else. Raise UserError if the cloud cannot be used."""
