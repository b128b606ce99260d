"""How an object is known again: marks that tell which stack, resource and inputs it was made for.

A create can be interrupted after OpenNebula made the object and before Pulumi wrote down its id: the answer was lost,
the provider or the computer died. So every object carries, from its first moment on, the vector attribute

    PULUMI = [ STACK = "<random id>", URN = "<urn>", INPUTS = "<hash>" ]

and a create first looks for an object of the user's with exactly the marks it would set. The random id keeps stacks of
the same name apart; it is the id of the provider in the stack's state, which the engine draws, and writes down before
anything is created. The hash keeps a replacement from taking the object that it replaces. Where the inputs are the same
(`--target-replace`), `Marks` remembers what the engine told of the state in this run.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from typing import Any, Literal
from urllib.parse import quote

from .document import Document

ATTRIBUTE = "PULUMI"


class Marks:
    """The marks of one stack's objects, and what this run has seen of the stack's state."""

    def __init__(self) -> None:
        self.stack = ""  # the random id
        self.urns = "urn:"  # how the URNs of all its resources begin
        self._lock = threading.Lock()
        self._in_state: set[str] = set()  # URNs that had inputs in the state
        self._ids: defaultdict[str, set[str]] = defaultdict(set)  # their ids, where the engine has told

    def of(self, urn: str, inputs: dict[str, Any]) -> dict[str, str]:
        """The marks of an object made for that resource with these inputs."""
        text = json.dumps([self.stack, inputs], sort_keys=True, separators=(",", ":"))
        return {
            "STACK": self.stack,
            "URN": quote(urn, safe=":$/._- "),  # names of resources may hold what the template syntax cannot
            "INPUTS": hashlib.sha256(text.encode()).hexdigest()[:16],
        }

    def own(self, found: Document, template: str) -> bool:
        """Whether the stack made this object.

        Either sign will do: a renamed stack keeps its random id, one with a newer plugin its URNs.
        """
        carried = dict(found.attributes(template)).get(ATTRIBUTE)
        return isinstance(carried, dict) and (
            carried.get("STACK") == self.stack or carried.get("URN", "").startswith(self.urns)
        )

    def saw_inputs(self, urn: str) -> None:
        """The state has this resource."""
        with self._lock:
            self._in_state.add(urn)

    def saw_id(self, urn: str, id: str) -> None:
        """The state has this resource with this id."""
        with self._lock:
            self._ids[urn].add(id)

    def compare(
        self, found: Document, template: str, urn: str, marks: dict[str, str]
    ) -> Literal["same", "other inputs", "not ours"]:
        """Whether this object is what an interrupted create with these marks left."""
        with self._lock:
            ids = self._ids[urn]
            # In the state, but the engine did not say under which id: a forced replacement. It could be this one.
            if str(found.id) in ids or (urn in self._in_state and not ids):
                return "not ours"
        carried = dict(found.attributes(template)).get(ATTRIBUTE, {})
        if carried == marks:
            return "same"
        if isinstance(carried, dict) and all(carried.get(key) == marks[key] for key in ("STACK", "URN")):
            return "other inputs"
        return "not ours"
