"""From a request to the method that answers it: the table of methods, types of parameters, session, transaction."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from sandbox.oned import wire
from sandbox.oned.account import MANAGE, USE, User, authenticate, authorize
from sandbox.oned.cloud import Cloud
from sandbox.oned.document import Document
from sandbox.oned.errors import ApiError, Code, Fault
from sandbox.oned.store import Transaction
from sandbox.oned.template import Template, TemplateError, parse

D = TypeVar("D", bound=Document)
F = TypeVar("F", bound=Callable[..., "int | str"])

MISTYPED = {int: "integer", str: "a string", bool: "boolean"}
log = logging.getLogger("oned")


@dataclass(frozen=True)
class Call:
    """What a method gets besides its parameters."""

    cloud: Cloud
    tx: Transaction
    user: User

    def find(self, kind: type[D], object_id: int, right: str = USE, *, despite_lock: bool = False) -> D:
        """The object, if the user has that right to it; else 1024 or 512."""
        document = self.tx.get(kind, object_id)
        if document is None:
            which = f"[{object_id}]" if object_id >= 0 else "Pool"
            raise ApiError(Code.NO_EXISTS, f"Error getting {kind.called} {which}.", object_id)
        authorize(self.user, right, document, despite_lock=despite_lock)
        return document

    def change(self, kind: type[D], object_id: int, right: str = MANAGE) -> D:
        """The object, to be changed: it is written when the call succeeds."""
        document = self.find(kind, object_id, right)
        self.tx.put(document)
        return document

    def parse(self, text: str) -> Template:
        """The user's template, or error 8192."""
        try:
            return parse(text)
        except TemplateError as error:
            raise ApiError(Code.INTERNAL, str(error)) from error


class Methods:
    """The table of methods. A method's parameters are its function's after the first (the Call), by their types."""

    def __init__(self) -> None:
        self._functions: dict[str, Callable[..., int | str]] = {}

    def __call__(self, name: str) -> Callable[[F], F]:
        """Decorator: this function answers that method."""

        def add(function: F) -> F:
            self._functions[name] = function
            return function

        return add

    def add(self, name: str, function: Callable[..., int | str]) -> None:
        """The same for a function made elsewhere."""
        self._functions[name] = function

    def answer(self, cloud: Cloud, body: bytes) -> bytes:
        """The whole response to a request."""
        name = "?"
        try:
            name, parameters = wire.parse_call(body)
            return wire.success(self._run(cloud, name, parameters))
        except Fault as error:
            return wire.fault(error.code, error.message)
        except ApiError as error:
            return wire.failure(f"[{name}] {error.message}", error.code, error.object_id)
        except Exception as error:
            log.exception("%s failed", name)
            return wire.failure(f"[{name}] Internal error of the sandbox: {error!r}", Code.INTERNAL, -1)

    def _run(self, cloud: Cloud, name: str, parameters: list[wire.Value]) -> int | str:
        function = self._functions.get(name)
        if function is None:
            raise Fault(-506, f"Method '{name}' not defined")
        if not parameters:
            raise Fault(
                -500,
                "Unexpected error executing code for particular method, detected by Xmlrpc-c method registry code.  "
                "Method did not fail; rather, it did not complete at all.  "
                "Subscript of xmlrpc_c::paramList out of bounds",
            )
        with cloud.store.transaction() as tx:
            user = authenticate(tx, parameters[0])
            return function(Call(cloud, tx, user), *_checked(function, parameters[1:]))


def _checked(function: Callable[..., int | str], parameters: list[wire.Value]) -> list[Any]:
    """As many parameters as the function takes, of its types; more are ignored."""
    hints = get_type_hints(function, localns={"Call": Call})
    checked: list[Any] = []
    for at, parameter in enumerate(list(inspect.signature(function).parameters.values())[1:]):
        if at >= len(parameters):
            if parameter.default is inspect.Parameter.empty:
                raise Fault(-501, "Not enough parameters")
            break
        if type(parameters[at]) is not hints[parameter.name] and hints[parameter.name] is not object:
            raise Fault(-501, f"Parameter that is supposed to be {MISTYPED[hints[parameter.name]]} is not")
        checked.append(parameters[at])
    return checked


methods = Methods()
