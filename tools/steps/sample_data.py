"""Fashion-MNIST for the demo, from Debian's package, split into one folder per site under .tools/sample-data."""

import shutil
import tarfile
import tempfile
from pathlib import Path

from tools.command import Failed, Shell, output
from tools.places import CACHE, LOCAL, PYTHON, ROOT
from tools.steps import Step, base_image, docker_engine

PACKAGE = "dataset-fashion-mnist"
INSIDE = Path("usr/share/datasets/fashion-mnist")
"""Where the package has its files."""

CACHED = CACHE / "fashion-mnist"
SPLIT = LOCAL / "sample-data" / "fashion-mnist"


def done() -> bool:
    """Whether the split, which is written whole or not at all, is there."""
    return SPLIT.is_dir()


def run(shell: Shell) -> str:
    """Fetch the package, unless it is cached, and split what it holds."""
    if not CACHED.is_dir():
        with tempfile.TemporaryDirectory(prefix="fashion-mnist-", dir=CACHE) as folder:
            _fetch(Path(folder), shell)
            (Path(folder) / INSIDE).rename(CACHED)
    shell.run(PYTHON, ROOT / "scripts" / "sample_data.py", CACHED, SPLIT)
    return "split into one folder per site"


def _fetch(folder: Path, shell: Shell) -> None:
    """Unpack the package's files under `folder`, without installing it.

    By this machine's apt, which needs no root for it, where that knows the package; else by the base image's.
    """
    archive = folder / "files.tar"
    if shutil.which("dpkg-deb") and output("apt-cache", "show", "--no-all-versions", PACKAGE):
        shell.run("apt-get", "download", PACKAGE, cwd=folder)
        shell.run("dpkg-deb", "--fsys-tarfile", *folder.glob("*.deb"), stdout=archive)
    else:
        script = f"""
            cd /tmp
            apt-get -q update >&2
            apt-get -q download {PACKAGE} >&2
            dpkg-deb --fsys-tarfile *.deb"""
        container = ("docker", "run", "--rm", "--network", "host", base_image.IMAGE, "sh", "-euc", script)
        shell.run(*container, stdout=archive, env=docker_engine.environment())
    with tarfile.open(archive) as members:
        members.extractall(folder, filter="data")
    if not (folder / INSIDE).is_dir():
        raise Failed(f"the package {PACKAGE} has no /{INSIDE}")


STEP = Step(
    name="sample data",
    done=done,
    run=run,
    remedy=f"see that a Debian mirror with the package {PACKAGE} is reached",
    after=("Python packages", "base image"),
)
