"""How commands that need root are run."""

import os

from tools.command import output


def as_root() -> list[str] | None:
    """What goes before a command so that root runs it: nothing, or a sudo that asks nothing; None if neither works."""
    if os.geteuid() == 0:
        return []
    return ["sudo", "-n"] if output("sudo", "-n", "true") is not None else None
