"""What all resources do alike: adopt or allocate, wait, report a partial create, read drift, verify a delete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from pulumi_provider_kit import (
    CheckFailure,
    InitFailed,
    Operation,
    Properties,
    ReadResult,
    Resource,
    UserError,
)

from ..client import Client, NotFound, OneError
from ..cloud import Cloud
from ..document import Document
from ..marks import ATTRIBUTE
from ..properties import read, write
from ..template import Attributes
from ..waits import Unusable
from .checks import key_problems, name_problems, text_problems

Wanted = TypeVar("Wanted")
Item = TypeVar("Item")

_NEVER_TAGS = frozenset({ATTRIBUTE, "ERROR", "NAME", "DESCRIPTION"})


class CloudResource(Resource, Generic[Wanted]):
    """A resource of OpenNebula.

    Subclasses say what an object of theirs is in OpenNebula's words. All of them are driven by what is really there: an
    update compares the live object with the wanted inputs, so that it also finishes what an interrupted one began.

    Attributes:
        inputs: the class of the inputs.
        kind: OpenNebula's name of the kind in its methods, `vn`.
        noun: its name in messages.
        template: path of the template that holds the tags in the object's document.
        reserved: attributes of that template that no tag may have.
    """

    delete_before_replace = True  # names, addresses and persistent images cannot be there twice
    inputs: ClassVar[type]
    kind: ClassVar[str]
    noun: ClassVar[str]
    template: ClassVar[str] = "TEMPLATE"
    reserved: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    @property
    def client(self) -> Client:
        """The connection."""
        return self.cloud.client

    # --- what a subclass says -----------------------------------------------------------------------------------------

    def problems(self, inputs: Properties) -> Iterable[CheckFailure]:
        """What is wrong with the meaning of the inputs; anything in them can be UNKNOWN."""
        return ()

    def allocate(self, operation: Operation, wanted: Wanted, marks: Attributes) -> int:
        """Make the object with these marks in its template; its id."""
        raise NotImplementedError

    def settle(self, operation: Operation, id: int, name: str) -> Document:
        """Wait until the object is usable; its document. Raises Unusable if it never will be."""
        return self.client.info(self.kind, id)

    def change(self, operation: Operation, live: Document, wanted: Wanted, old: Wanted) -> None:
        """Make the live object as wanted; `old` are the inputs it was last given."""
        raise NotImplementedError

    def remove(self, operation: Operation, id: int, name: str) -> None:
        """Remove the object, and wait until it is gone."""
        raise NotImplementedError

    def outputs(self, document: Document, wanted: Wanted) -> Any:
        """The computed outputs, as an instance of their class."""
        raise NotImplementedError

    def live(self, document: Document, before: Wanted, importing: bool) -> Wanted:
        """The inputs that would make the object as it is.

        Args:
            document: the object.
            before: the inputs in the state; what they leave to OpenNebula is no drift, whatever it chose.
            importing: whether there are none yet, so that everything that can be an input is wanted.
        """
        raise NotImplementedError

    def is_gone(self, document: Document) -> bool:
        """Whether the document is that of an object that no longer exists."""
        return False

    # --- the kit's methods --------------------------------------------------------------------------------------------

    def check(
        self, operation: Operation, old_inputs: Properties, inputs: Properties
    ) -> tuple[Properties, list[CheckFailure]]:
        """Fill in the name, and find what is wrong."""
        if old_inputs:
            self.cloud.marks.saw_inputs(operation.urn)
        inputs = {**inputs, "name": inputs.get("name") or operation.name}
        failures = [
            *name_problems(inputs["name"]),
            *text_problems(inputs),
            *key_problems("tags", inputs.get("tags"), self.reserved | _NEVER_TAGS),
            *self.problems(inputs),
        ]
        return inputs, failures

    def diff(
        self,
        operation: Operation,
        id: str,
        old_inputs: Properties,
        outputs: Properties,
        inputs: Properties,
        changes: Any,
    ) -> Any:
        """The kit's, and remember that this object is in the state."""
        self.cloud.marks.saw_id(operation.urn, id)
        return changes

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Adopt what an interrupted create left, else allocate; then wait."""
        wanted: Wanted = read(self.inputs, inputs)
        name = inputs["name"]
        with explained(f"create {self.noun} {name!r}"):
            left = self.cloud.leftover(operation, self.kind, self.template, inputs)
            if left is not None:
                id = left.id
            else:
                id = self.allocate(operation, wanted, [(ATTRIBUTE, self.cloud.marks.of(operation.urn, inputs))])
        try:
            with explained(f"finish {self.noun} {name!r}"):
                document = self.settle(operation, id, name)
            return str(id), self._outputs(document, wanted)
        except Unusable as error:
            try:
                self.remove(operation, id, name)
            except UserError as second:
                reasons = [str(error), f"and it could not be removed: {second}"]
                raise InitFailed(str(id), self._partial(id, wanted), reasons) from error
            raise UserError(str(error)) from error
        except UserError as error:
            raise InitFailed(str(id), self._partial(id, wanted), [str(error)]) from error

    def update(
        self, operation: Operation, id: str, old_inputs: Properties, old_outputs: Properties, inputs: Properties
    ) -> Properties:
        """Make the live object as wanted, then wait."""
        self.cloud.marks.saw_id(operation.urn, id)
        wanted: Wanted = read(self.inputs, inputs)
        with explained(f"update {self.noun} {inputs['name']!r}"):
            live = self.client.info(self.kind, int(id))
            if self.is_gone(live):
                raise UserError(f"{self.noun} {id} is gone; `pulumi refresh` takes note of it")
            self.change(operation, live, wanted, read(self.inputs, old_inputs))
            document = self.settle(operation, int(id), inputs["name"])
        return self._outputs(document, wanted)

    def read(self, operation: Operation, id: str, inputs: Properties, outputs: Properties) -> ReadResult | None:
        """The live object, with its inputs as they are now."""
        self.cloud.marks.saw_id(operation.urn, id)
        if not id.isdecimal():
            raise UserError(f"the id of a {self.noun} is a number, not {id!r}")
        with explained(f"read {self.noun} {id}"):
            try:
                document = self.client.info(self.kind, int(id))
            except NotFound:
                return None
        if self.is_gone(document):
            return None
        before: Wanted = read(self.inputs, inputs or self.to_import(document))
        live = self.live(document, before, importing=not inputs)
        return ReadResult(id, _as_set(write(live), inputs), self._outputs(document, live))

    def to_import(self, document: Document) -> Properties:
        """The required inputs of an object that is not in the state yet."""
        return {}

    def delete(self, operation: Operation, id: str, inputs: Properties, outputs: Properties) -> None:
        """Remove it, and wait until it is gone."""
        self.cloud.marks.saw_id(operation.urn, id)
        name = inputs.get("name") or operation.name
        with explained(f"delete {self.noun} {name!r}"):
            self.remove(operation, int(id), name)

    # --- templates ----------------------------------------------------------------------------------------------------

    def merged(self, live: Document, own: Iterable[str], wanted: Attributes, old_tags: Iterable[str]) -> Attributes:
        """The live template with our attributes as wanted, and what others put there kept.

        Args:
            live: the object.
            own: names of the attributes that the inputs set.
            wanted: these attributes, tags included.
            old_tags: tags set before, to be removed unless wanted.
        """
        ours = {name.upper() for name in (*own, *old_tags, *(name for name, _ in wanted))}
        kept = [(name, value) for name, value in live.attributes(self.template) if name not in ours]
        return [*kept, *((name.upper(), value) for name, value in wanted)]

    def live_tags(self, document: Document, before: dict[str, str], importing: bool) -> dict[str, str]:
        """The tags that were set, with the values they have now; in an import, all that could be tags."""
        there = {name: value for name, value in document.attributes(self.template) if isinstance(value, str)}
        if importing:
            return {name: value for name, value in there.items() if name not in self.reserved | _NEVER_TAGS}
        return {name: there[name.upper()] for name in before if name.upper() in there}

    def _outputs(self, document: Document, wanted: Wanted) -> Properties:
        return {**write(wanted), **write(self.outputs(document, wanted))}

    def _partial(self, id: int, wanted: Wanted) -> Properties:
        """Outputs of an object that is not as wanted; its inputs alone where it cannot be seen."""
        try:
            return self._outputs(self.client.info(self.kind, id), wanted)
        except (UserError, ValueError):
            return write(wanted)


@contextmanager
def explained(action: str) -> Iterator[None]:
    """Within the block, refusals and answers that cannot be used say what could not be done."""
    try:
        yield
    except (OneError, ValueError) as error:
        raise UserError(f"cannot {action}: {error}") from error


def in_order_of(wanted: Sequence[Item], live: Sequence[Item]) -> list[Item]:
    """The live items, those that are wanted in the order in which they are wanted, the others after them."""
    rest = list(live)
    ordered = []
    for item in wanted:
        if item in rest:
            rest.remove(item)
            ordered.append(item)
    return [*ordered, *rest]


def _as_set(live: Any, inputs: Any) -> Any:
    """The live inputs without empty lists and maps that were not set: to OpenNebula, unset and empty are the same."""
    match live:
        case dict():
            given = inputs if isinstance(inputs, dict) else {}
            kept = {name: value for name, value in live.items() if value not in ([], {}) or name in given}
            return {name: _as_set(value, given.get(name)) for name, value in kept.items()}
        case list():
            given_items = inputs if isinstance(inputs, list) else []
            return [
                _as_set(value, given_items[index] if index < len(given_items) else None)
                for index, value in enumerate(live)
            ]
    return live
