"""The one operation under way: whose it is, how long it may take, how it reports, how it is interrupted."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeVar

from .errors import Cancelled, DeadlineExceeded

T = TypeVar("T")
Severity = Literal["debug", "info", "warning", "error"]


Log = Callable[[str, str, Severity, bool], None]
"""Where messages go: URN, message, severity, and whether it is ephemeral (a progress line)."""


class Cancellation:
    """Set once, when the engine asks to stop; wakes every wait and runs what was subscribed."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def is_set(self) -> bool:
        """Whether the engine has asked to stop."""
        return self._event.is_set()

    def set(self) -> None:
        """Interrupt everything under way; may be called more than once."""
        with self._lock:
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def wait(self, seconds: float) -> bool:
        """Sleep, or less if interrupted; whether it is."""
        return self._event.wait(seconds)

    @contextmanager
    def subscribed(self, callback: Callable[[], None]) -> Iterator[None]:
        """Within the block, cancelling calls back, from another thread; at once if it is already cancelled."""
        with self._lock:
            late = self._event.is_set()
            if not late:
                self._callbacks.append(callback)
        if late:
            callback()
        try:
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)


@dataclass(frozen=True)
class Pending:
    """What a probe of `Operation.wait_for` returns while there is still something to wait for."""

    state: str


class Operation:
    """Passed to every method of a `Resource`.

    Attributes:
        urn: the resource's URN; empty in a function call.
        name: its Pulumi name, the last part of the URN.
        type: its type token, `package:module:Type`.
        preview: whether nothing may be changed.
        deadline: end of the time allowed, on `time.monotonic`'s clock; None for no limit.
    """

    def __init__(
        self, urn: str, log: Log, cancellation: Cancellation, *, preview: bool = False, timeout: float | None = None
    ) -> None:
        self.urn = urn
        self.name = urn.split("::", 3)[-1]
        self.type = type_of(urn)
        self.preview = preview
        self.deadline = None if timeout is None else time.monotonic() + timeout
        self._timeout = timeout
        self._log = log
        self._cancellation = cancellation

    @property
    def cancelled(self) -> bool:
        """Whether the user wants everything to stop."""
        return self._cancellation.is_set

    @property
    def remaining(self) -> float | None:
        """Seconds left until the deadline, not below 0; None for no limit."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def log(self, message: str, severity: Severity = "info") -> None:
        """Show a message beside the resource and keep it in the summary."""
        self._log(self.urn, message, severity, False)

    def status(self, message: str) -> None:
        """Show what is happening now, in the resource's line of the progress display; the next one replaces it."""
        self._log(self.urn, message, "info", True)

    def check(self) -> None:
        """Return if the operation may go on.

        Raises:
            Cancelled: the user interrupted.
            DeadlineExceeded: the time is up.
        """
        if self.cancelled:
            raise Cancelled("interrupted")
        if self.remaining == 0.0:
            raise DeadlineExceeded(f"not done within {self._timeout:g} s; customTimeouts on the resource allow more")

    def sleep(self, seconds: float) -> None:
        """Sleep, waking early to raise what `check` raises."""
        self.check()
        remaining = self.remaining
        self._cancellation.wait(seconds if remaining is None else min(seconds, remaining))
        self.check()

    def wait_for(self, what: str, probe: Callable[[], T | Pending]) -> T:
        """Probe until it returns something other than Pending, and return that.

        The status line says `waiting for {what}: {state}` with the seconds so far. Probing starts at four times a
        second and slows down with the time waited, to once in 5 s.

        Raises:
            Cancelled, DeadlineExceeded: as `check`; the message says what was waited for and its last state.
        """
        started = time.monotonic()
        while True:
            found = probe()
            if not isinstance(found, Pending):
                return found
            waited = time.monotonic() - started
            self.status(f"waiting for {what}: {found.state} ({waited:.0f} s)")
            try:
                self.sleep(min(max(0.25, waited / 10), 5.0))
            except (Cancelled, DeadlineExceeded) as error:
                raise type(error)(f"{error}, while waiting for {what} (now {found.state})") from None

    @contextmanager
    def interruptible(self, stop: Callable[[], None]) -> Iterator[None]:
        """Within the block, cancel and deadline call `stop`, from another thread; never after it.

        For waits that are not a `sleep`: a running process, a blocking socket. `stop` must return at once. Call `check`
        after the block to raise what ended it.
        """
        lock, within = threading.Lock(), True

        def stop_within() -> None:
            with lock:
                if within:
                    stop()

        timer = None if self.remaining is None else threading.Timer(self.remaining, stop_within)
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            with self._cancellation.subscribed(stop_within):
                yield
        finally:
            with lock:
                within = False
            if timer is not None:
                timer.cancel()


def type_of(urn: str) -> str:
    """The type token in `urn:pulumi:stack::project::parent$package:module:Type::name`; empty if there is none."""
    parts = urn.split("::", 3)
    return parts[2].rsplit("$", 1)[-1] if len(parts) == 4 else ""
