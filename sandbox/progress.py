"""Lines of progress: what is being done, and how long it took."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_WIDTH = 58


@contextmanager
def step(text: str) -> Iterator[list[str]]:
    """Say what begins, and at its end how long it took; a remark put into the yielded list is said too."""
    started = time.monotonic()
    remarks: list[str] = []
    _write(f"  {text:<{_WIDTH}}")
    try:
        yield remarks
    except BaseException as error:
        say(f" {'stopped' if isinstance(error, KeyboardInterrupt) else 'failed'}")
        raise
    say(f"{time.monotonic() - started:6.1f} s  {' '.join(remarks)}".rstrip())


def say(text: str) -> None:
    """A line of its own."""
    _write(f"{text}\n")


def hush() -> None:
    """Whoever read the output is gone (`| head`): what else is said goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _write(text: str) -> None:
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        hush()  # the work goes on
