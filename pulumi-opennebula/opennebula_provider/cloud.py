"""What the resources work on: the connection to OpenNebula, and the search for what an interrupted create left."""

from __future__ import annotations

import threading
from typing import Any

from pulumi_provider_kit import Operation, UserError

from .client import Client, NotFound
from .document import Document
from .marks import Marks

_MINE = -3  # filter of the pools: the user's own objects
_ALL = (-1, -1)  # from, to


class Cloud:
    """One OpenNebula, as one stack uses it. Set up by the provider's `configure`."""

    def __init__(self) -> None:
        self.marks = Marks()
        self._client: Client | None = None
        self._lock = threading.Lock()
        self._listings: dict[str, list[tuple[int, str]]] = {}

    @property
    def client(self) -> Client:
        """The connection.

        Raises:
            UserError: the provider's settings are not known yet.
        """
        if self._client is None:
            raise UserError("the settings of the opennebula provider are not known yet")
        return self._client

    def connect(self, client: Client, stack: str, urn: str) -> None:
        """Use this connection for the stack of that random id, to which the provider's URN belongs."""
        self._client = client
        self.marks.stack = stack
        self.marks.urns = "::".join([*urn.split("::")[:2], ""])

    @property
    def connected(self) -> bool:
        """Whether the settings are known."""
        return self._client is not None

    def leftover(self, operation: Operation, kind: str, template: str, inputs: dict[str, Any]) -> Document | None:
        """What an interrupted create of the resource left, if it left something.

        Args:
            operation: the create.
            kind: `vm`, `vn`, ...
            template: path of the template with the marks in the object's document.
            inputs: of the create, with `name`.
        """
        marks = self.marks.of(operation.urn, inputs)
        for id, name in self._listing(kind):
            if name != inputs["name"]:
                continue
            try:
                found = self.client.info(kind, id)
            except NotFound:
                continue
            match self.marks.compare(found, template, operation.urn, marks):
                case "same":
                    operation.log(f"goes on with {kind} {id}, which an interrupted run left", "info")
                    return found
                case "other inputs":
                    operation.log(
                        f"{kind} {id} ({name}) was left by an interrupted run that had other inputs for "
                        f"{operation.name}; remove it by hand unless you need it",
                        "warning",
                    )
        return None

    def _listing(self, kind: str) -> list[tuple[int, str]]:
        """Ids and names of the user's objects when this run began to create: leftovers are from earlier runs."""
        with self._lock:
            if kind not in self._listings:
                every_state_but_done = (-1,) if kind == "vm" else ()
                pool = self.client.document(f"{kind}pool.info", _MINE, *_ALL, *every_state_but_done)
                self._listings[kind] = [(entry.id, entry.name) for entry in pool.each("*")]
            return self._listings[kind]
