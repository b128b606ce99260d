"""Where things lie, and the versions that the files of this repository pin."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_BIN = VENV / "bin"
PYTHON = VENV_BIN / "python"
LOCAL = ROOT / ".tools"
"""What belongs to this clone alone."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flower-on-opennebula"
"""What is expensive and the same for every clone of this user."""


def path_without_venv() -> str:
    """PATH as it is for somebody who has not activated `.venv`, with the system administrator's folders."""
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder) != VENV_BIN]
    return os.pathsep.join([*folders, "/usr/local/sbin", "/usr/sbin", "/sbin"])


def required(distribution: str) -> str:
    """The version of a Python distribution that requirements.txt pins, like "3.223.0"."""
    return _pinned(ROOT / "requirements.txt", rf"^{re.escape(distribution)}==(\S+)")


def go_module(folder: str, pattern: str) -> str:
    """The version that a line of tools/pulumi/<folder>/go.mod gives, without its leading v."""
    return _pinned(ROOT / "tools" / "pulumi" / folder / "go.mod", pattern)


def _pinned(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.read_text(), re.MULTILINE)
    if not found:
        raise LookupError(f"{file} has no line like {pattern}")
    return found[1]
