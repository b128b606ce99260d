"""`.venv`: the Python packages of requirements.txt at the versions of constraints.txt, and the wrappers beside them."""

import hashlib
import importlib.util
import re
import shutil
import sys
from pathlib import Path

from tools.command import Shell, output
from tools.places import PYTHON, ROOT, VENV, VENV_BIN
from tools.steps import Step

WRAPPERS = ROOT / "tools" / "wrappers"
STAMP = VENV / "requirements.sha256"
"""Says which requirements have been installed, whole."""

UNFINISHED = VENV / "unfinished"
"""There while pip runs: what an interrupted pip leaves behind is not to be trusted."""


def system_packages() -> list[str]:
    """Debian keeps apart from Python what makes virtual environments."""
    return [] if importlib.util.find_spec("ensurepip") else [f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"]


def done() -> bool:
    """Whether there is an environment that no interrupted pip has left."""
    return not UNFINISHED.exists() and output(PYTHON, "-c", "import pip") is not None


def run(shell: Shell) -> str:
    """Make an empty environment."""
    shell.run(getattr(sys, "_base_executable", sys.executable), "-m", "venv", "--clear", VENV)
    return "made"


def packages_done() -> bool:
    """Whether just these requirements are installed and the wrappers are today's."""
    wrappers = all(_same(wrapper, VENV_BIN / wrapper.name) for wrapper in WRAPPERS.iterdir())
    return STAMP.is_file() and STAMP.read_text() == fingerprint(ROOT) and wrappers


def install_packages(shell: Shell) -> str:
    """Install the requirements and the wrappers."""
    UNFINISHED.touch()
    shell.run(PYTHON, "-m", "pip", "install", "--progress-bar=off", "-r", "requirements.txt", cwd=ROOT)
    shell.run(PYTHON, "-m", "pip", "check")
    for wrapper in WRAPPERS.iterdir():
        shutil.copy(wrapper, VENV_BIN / wrapper.name)
    STAMP.write_text(fingerprint(ROOT))
    UNFINISHED.unlink()
    return "installed, pip check is clean"


def fingerprint(root: Path) -> str:
    """A hash of all that decides what pip installs: the lists, the packages of this repository, the Python version."""
    digest = hashlib.sha256(sys.version.encode())
    lists = [root / "requirements.txt", root / "constraints.txt"]
    own = re.findall(r"^-e (\S+)", lists[0].read_text(), re.MULTILINE)
    for file in [*lists, *(root / folder / "pyproject.toml" for folder in own)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


STEP = Step(
    name="virtual environment",
    done=done,
    run=run,
    remedy="see that `python3 -m venv FOLDER` works on this machine",
    after=("system packages",),
)

PACKAGES = Step(
    name="Python packages",
    done=packages_done,
    run=install_packages,
    remedy="see that pip reaches its index (a mirror is set by PIP_INDEX_URL, its certificate authority by PIP_CERT)",
    after=("virtual environment",),
)
