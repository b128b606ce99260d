"""What a person can put right: every script ends with the cause and the remedy, never with a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable


class Problem(Exception):
    """Something is wrong outside this program; `cause` names the thing and its value, `remedy` says what to do."""

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}\n  {self.remedy}" if self.remedy else self.cause


def run_script(main: Callable[[], int]) -> int:
    """Run `main`; a `Problem` becomes one message on stderr and exit code 1, Ctrl-C becomes 130."""
    try:
        return main()
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
