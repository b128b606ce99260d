"""Pulumi's `command` plugin: the official one where it can be downloaded, else the stand-in of this repository.

The stand-in is linked into `.venv/bin`, for this clone alone; Pulumi says in every run that it uses it.
"""

import json

from tools import web
from tools.command import Failed, Shell, output
from tools.places import ROOT, VENV_BIN, required
from tools.steps import Step

VERSION = required("pulumi-command")
SITE = "https://get.pulumi.com/"
PULUMI = VENV_BIN / "pulumi"
STAND_IN = ROOT / "pulumi-command-offline" / "pulumi-resource-command"
LINK = VENV_BIN / STAND_IN.name


def done() -> bool:
    """Whether either is there."""
    return LINK.exists() or _installed()


def run(shell: Shell) -> str:
    """Download the plugin where that is possible within seconds, else link the stand-in."""
    LINK.unlink(missing_ok=True)
    refusal = "plugins cannot be downloaded here"
    if web.reachable(SITE):
        try:
            shell.run(PULUMI, "plugin", "install", "resource", "command", VERSION)
            return f"{VERSION} installed"
        except Failed as failure:
            refusal = f"the download failed ({shell.log}): {failure.cause.splitlines()[0]}"
    LINK.symlink_to(STAND_IN)
    return f"{refusal}: the stand-in pulumi-command-offline is used"


def _installed() -> bool:
    plugins = json.loads(output(PULUMI, "plugin", "ls", "--json") or "[]")
    return any(plugin["name"] == "command" and plugin.get("version") == VERSION for plugin in plugins)


STEP = Step(
    name="command plugin",
    done=done,
    run=run,
    remedy="see the cause above",
    after=("Pulumi CLI", "Python packages"),
)
