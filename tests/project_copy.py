"""A copy of the project whose Pulumi state meets nobody else's, for tests that drive it as a user does."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def copy_project(folder: Path) -> None:
    """Copy what git knows or would add, so that the working tree is tested as a fresh clone would be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_symlink() or source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    for made_by_setup in (".tools", ".venv"):
        (folder / made_by_setup).symlink_to(ROOT / made_by_setup)


def environment_of_its_own(parent: Path) -> dict[str, str]:
    """Variables with which commands find the tools, but no backend, cloud or Flower of the developer's.

    Makes `state` (the backend) and `pulumi-home` in `parent`.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "ONE_", "FLWR_"))}
    state = parent / "state"
    state.mkdir()
    home = parent / "pulumi-home"
    home.mkdir()
    plugins = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi")) / "plugins"
    if plugins.is_dir():  # official plugins that set-up installed need no second download
        (home / "plugins").symlink_to(plugins)
    return inherited | {
        "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(16),
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "FLWR_HOME": str(parent / "flwr-home"),
        "NO_COLOR": "1",
    }
