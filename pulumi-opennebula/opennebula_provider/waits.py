"""Waits for networks, images and removals; those for virtual machines are in `vm_waits.py`."""

from __future__ import annotations

import time
from collections.abc import Callable

from pulumi_provider_kit import Operation, Pending, UserError
from pyone import IMAGE_STATES

from .client import Client, NotFound, OneError
from .document import Document

SETTLING = 10.0  # seconds within which oned can still tell the state before an action
PATIENCE = 30.0  # seconds for a graceful shutdown, and for other users of an object to let go of it

Clock = Callable[[], float]


class Unusable(UserError):
    """The object exists and will never become usable."""


def network_ready(operation: Operation, client: Client, id: int, name: str) -> Document:
    """Wait until a network can be used; its document.

    Raises:
        Unusable: oned could not make it.
    """

    def probe() -> Document | Pending:
        document = client.info("vn", id)
        state = document.number("STATE")
        if state == 5:
            raise Unusable(f"network {id} ({name}) is in state ERROR: {reason(document)}")
        return document if state == 1 else Pending(NETWORK_STATES.get(state, str(state)))

    return operation.wait_for(f"network {id} ({name})", probe)


NETWORK_STATES = {
    0: "INIT",
    1: "READY",
    2: "LOCK_CREATE",
    3: "LOCK_DELETE",
    4: "DONE",
    5: "ERROR",
    6: "UPDATE_FAILURE",
}


def image_ready(operation: Operation, client: Client, id: int, name: str) -> Document:
    """Wait until an image can be used; its document.

    Raises:
        Unusable: oned could not make it.
    """

    def probe() -> Document | Pending:
        document = client.info("image", id)
        state = document.number("STATE")
        if state == IMAGE_STATES.ERROR:
            raise Unusable(f"image {id} ({name}) is in state ERROR: {reason(document)}")
        under_way = state in (IMAGE_STATES.INIT, IMAGE_STATES.LOCKED, IMAGE_STATES.CLONE, IMAGE_STATES.DELETE)
        return Pending(IMAGE_STATES(state).name) if under_way else document

    return operation.wait_for(f"image {id} ({name})", probe)


def removed(
    operation: Operation,
    what: str,
    remove: Callable[[], object],
    look: Callable[[], Document],
    clock: Clock = time.monotonic,
) -> None:
    """Remove an object and wait until it is gone.

    Args:
        operation: the delete.
        what: the object in messages.
        remove: asks oned to remove it; harmless when asked twice.
        look: its document.
        clock: seconds, for tests.

    Raises:
        UserError: it is in use by others for longer than `PATIENCE`.
    """
    started = clock()
    asked: float | None = None

    def probe() -> bool | Pending:
        nonlocal asked
        try:
            document = look()
            if asked is None or clock() - asked > SETTLING:
                remove()
                asked = clock()
            return Pending(reason(document) or "being removed")
        except NotFound:
            return True
        except OneError as error:
            # In use: machines that were just terminated let go of it in a moment. Locked: it is being made.
            if error.code not in (0x0800, 0x2000) or clock() - started > PATIENCE:
                raise UserError(f"cannot remove {what}: {error}") from None
            return Pending(error.reason)

    operation.wait_for(what, probe)


def reason(document: Document) -> str:
    """oned's own reason for a failure, empty if it gives none. It says `date : reason`."""
    said = document.text("USER_TEMPLATE/ERROR") or document.text("TEMPLATE/ERROR")
    _, separator, text = said.partition(" : ")
    return text if separator else said
