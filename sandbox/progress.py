"""Lines of progress: what is being done, and how long it took."""

from __future__ import annotations

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
    print(f"  {text:<{_WIDTH}}", end="", flush=True)
    try:
        yield remarks
    except BaseException as error:
        print(f" {'stopped' if isinstance(error, KeyboardInterrupt) else 'failed'}", flush=True)
        raise
    print(f"{time.monotonic() - started:6.1f} s  {' '.join(remarks)}".rstrip(), flush=True)


def say(text: str) -> None:
    """A line of its own."""
    print(text, file=sys.stdout, flush=True)
