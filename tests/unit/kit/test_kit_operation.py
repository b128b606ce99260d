"""Waits end when the user interrupts or the time is up, and say what they were waiting for."""

import threading
import time

import pytest
from pulumi_provider_kit import Cancelled, DeadlineExceeded, Operation, Pending
from pulumi_provider_kit.operation import Cancellation, type_of

URN = "urn:pulumi:dev::proj::my:index:Parent$cloud:compute:Vm::web::1"


def operation(cancellation: Cancellation | None = None, timeout: float | None = None) -> tuple[Operation, list[str]]:
    lines: list[str] = []
    log = lambda urn, message, severity, ephemeral: lines.append(message)  # noqa: E731
    return Operation(URN, log, cancellation or Cancellation(), timeout=timeout), lines


def test_name_and_type_come_from_the_urn() -> None:
    found, _ = operation()
    assert (found.name, found.type) == ("web::1", "cloud:compute:Vm")


def test_something_without_type_has_none() -> None:
    assert type_of("") == ""


def test_a_wait_returns_what_the_probe_found() -> None:
    states = iter([Pending("BOOT"), Pending("BOOT"), 42])
    waiting, lines = operation()
    assert waiting.wait_for("VM 1", lambda: next(states)) == 42
    assert lines[0] == "waiting for VM 1: BOOT (0 s)"


def test_a_wait_says_what_it_waited_for_when_its_time_is_up() -> None:
    waiting, _ = operation(timeout=0.2)
    with pytest.raises(DeadlineExceeded, match=r"0\.2 s.*customTimeouts.*waiting for VM 1 \(now BOOT\)"):
        waiting.wait_for("VM 1", lambda: Pending("BOOT"))


def test_cancelling_ends_a_sleep_at_once() -> None:
    cancellation = Cancellation()
    sleeping, _ = operation(cancellation)
    threading.Timer(0.1, cancellation.set).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        sleeping.sleep(30)
    assert time.monotonic() - started < 5


def test_nothing_starts_to_wait_after_cancelling() -> None:
    cancellation = Cancellation()
    cancellation.set()
    with pytest.raises(Cancelled):
        operation(cancellation)[0].sleep(30)


@pytest.mark.parametrize("late", [False, True], ids=["cancelled within", "cancelled before"])
def test_cancelling_stops_an_interruptible_block(late: bool) -> None:
    cancellation, stopped = Cancellation(), threading.Event()
    if late:
        cancellation.set()
    with operation(cancellation)[0].interruptible(stopped.set):
        threading.Thread(target=cancellation.set).start()
        assert stopped.wait(5)


def test_the_deadline_stops_an_interruptible_block() -> None:
    stopped = threading.Event()
    with operation(timeout=0.1)[0].interruptible(stopped.set):
        assert stopped.wait(5)


def test_after_an_interruptible_block_nothing_is_called_any_more() -> None:
    cancellation, entered, stopped = Cancellation(), threading.Event(), threading.Event()

    def slow() -> None:  # is being called back when the block ends
        entered.set()
        time.sleep(0.1)

    with cancellation.subscribed(slow), operation(cancellation)[0].interruptible(stopped.set):
        cancelling = threading.Thread(target=cancellation.set)
        cancelling.start()
        entered.wait(5)
    cancelling.join(5)
    assert not stopped.is_set()
