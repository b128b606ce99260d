"""Pulumi's `command` plugin: the official one where it can be downloaded, else the stand-in of this repository.

`.tools/pulumi-resource-command` is a link to either; Pulumi.yaml names the folder of a script that runs what is there.
"""

import os
from pathlib import Path

from tools import web
from tools.command import Failed, Shell
from tools.places import LOCAL, ROOT, VENV_BIN, required
from tools.steps import Step

VERSION = required("pulumi-command")
SITE = "https://get.pulumi.com/"
PULUMI = VENV_BIN / "pulumi"
STAND_IN = ROOT / "pulumi-command-offline" / "pulumi-resource-command"
LINK = LOCAL / STAND_IN.name


def official() -> Path:
    """Where the Pulumi CLI keeps the official plugin, whether or not it is there."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return home / "plugins" / f"resource-command-v{VERSION}" / STAND_IN.name


def done() -> bool:
    """Whether either is linked and there."""
    return LINK.exists() and LINK.readlink() in (official(), STAND_IN)


def run(shell: Shell) -> str:
    """Download the official plugin where that is possible within seconds; link it, or else the stand-in."""
    refusal = "plugins cannot be downloaded here"
    if not official().exists() and web.reachable(SITE):
        try:
            shell.run(PULUMI, "plugin", "install", "resource", "command", VERSION)
        except Failed as failure:
            refusal = f"the download failed ({shell.log}): {failure.cause.splitlines()[0]}"
    LOCAL.mkdir(exist_ok=True)
    LINK.unlink(missing_ok=True)
    if official().exists():
        LINK.symlink_to(official())
        return f"{VERSION} installed"
    LINK.symlink_to(STAND_IN)
    return f"{refusal}: the stand-in pulumi-command-offline is used"


STEP = Step(
    name="command plugin",
    done=done,
    run=run,
    remedy="see the cause above",
    after=("Pulumi CLI", "Python packages"),
)
