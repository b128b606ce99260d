"""How every script ends: with the cause and the remedy, never with a traceback; and in order when it is interrupted."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType


class Problem(Exception):
    """Something is wrong outside this program; `cause` names the thing and its value, `remedy` says what to do."""

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}\n  {self.remedy}" if self.remedy else self.cause


def run_script(main: Callable[[], int]) -> int:
    """Run `main`; a `Problem`, or another Python than .venv's, is told on stderr (exit code 1); Ctrl-C becomes 130."""
    try:
        return main()
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as missing:
        remedy = "Run `make setup`, then `. .venv/bin/activate` in this shell."
        print(f"error: {sys.executable} has no package {missing.name}\n  {remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def listen_to_signals() -> None:
    """Let a lost terminal and a polite kill do what Ctrl-C does; `nohup` keeps its meaning."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
