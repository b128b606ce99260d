"""The Pulumi CLI with its Python language host: an installed one, else the official release, else built from source.

`.tools/pulumi` is a link to the folder that holds both; `.venv/bin/pulumi` runs what is there.
"""

import shutil
import tempfile
from pathlib import Path

from tools.command import Shell, output
from tools.places import CACHE, LOCAL, go_module, path_without_venv, required
from tools.steps import Step, pulumi_build, pulumi_release
from tools.steps.version import at_least

VERSION = go_module("cli", r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)")
"""The version that is installed where there is none."""

OLDEST = required("pulumi")
"""An installed CLI must be at least as new as the SDK that the program uses."""

LINK = LOCAL / "pulumi"
CACHED = CACHE / f"pulumi-{VERSION}"


def done() -> bool:
    """Whether the CLI that the link names still runs and is new enough."""
    return usable(LINK)


def run(shell: Shell) -> str:
    """Find or make a CLI and link it."""
    installed = shutil.which("pulumi", path=path_without_venv())
    if installed and usable(Path(installed).resolve().parent):
        _link(Path(installed).resolve().parent)
        return f"{installed}, which is installed, is used"
    how = "from this user's cache"
    if not usable(CACHED):
        with tempfile.TemporaryDirectory(prefix="pulumi-", dir=CACHE) as folder:
            made = Path(folder) / "bin"
            how = pulumi_release.fetch(VERSION, made, shell) or pulumi_build.build(VERSION, made, shell)
            shutil.rmtree(CACHED, ignore_errors=True)
            made.rename(CACHED)
        pulumi_build.remove_leftovers()
    _link(CACHED)
    return f"{VERSION} {how}"


def usable(folder: Path) -> bool:
    """Whether a folder holds a CLI that is new enough, with the language host beside it."""
    version = output(folder / "pulumi", "version", env={"PULUMI_SKIP_UPDATE_CHECK": "true"})
    return version is not None and at_least(OLDEST, version) and (folder / "pulumi-language-python").is_file()


def _link(folder: Path) -> None:
    LOCAL.mkdir(exist_ok=True)
    draft = LOCAL / "pulumi.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(folder)
    draft.replace(LINK)


STEP = Step(
    name="Pulumi CLI",
    done=done,
    run=run,
    remedy=f"see the cause above, or install Pulumi {OLDEST} or newer yourself (pulumi.com/docs/install)",
    after=("virtual environment",),
)
