"""The steps of set-up, one a file."""

from collections.abc import Callable
from dataclasses import dataclass

from tools.command import Shell


@dataclass(frozen=True)
class Step:
    """One thing that set-up sees to.

    `done` says within a second or so whether it is there already. `run` makes it, from whatever an earlier, interrupted
    run left, and returns a few words on what it did.
    """

    name: str
    done: Callable[[], bool]
    run: Callable[[Shell], str]
    remedy: str
    """What a person does when `run` failed."""
    after: tuple[str, ...] = ()
    """Names of the steps that must be there first."""
