"""Debian packages that the machine lacks, all in one call of apt-get."""

import shutil

from tools.command import Failed, Shell, output
from tools.places import path_without_venv
from tools.root import as_root
from tools.steps import Step, base_image, docker_engine, venv


def missing() -> list[str]:
    """Names of the packages that are needed and not there."""
    names = [] if shutil.which("ssh") and shutil.which("ssh-keygen") else ["openssh-client"]
    return [*names, *venv.system_packages(), *docker_engine.system_packages(), *base_image.system_packages()]


def done() -> bool:
    """Whether nothing is missing."""
    return not missing()


def run(shell: Shell) -> str:
    """Install what is missing, as root or by a sudo that asks nothing."""
    names = missing()
    command = f"apt-get update && apt-get install --yes {' '.join(names)}"
    if not shutil.which("apt-get"):
        raise Failed(f"{', '.join(names)} missing, and there is no apt-get to install them", _elsewhere(names))
    root = as_root()
    if root is None:
        raise Failed(f"{', '.join(names)} missing, and only root can install packages", f"sudo sh -c '{command}'")
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    shell.run(*root, *environment, "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", "update")
    install = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", "install", "--yes", "--no-install-recommends"]
    shell.run(*root, *environment, *install, *(name for name in names if _known(name)))
    return f"installed {', '.join(names)}"


def _known(name: str) -> bool:
    """Whether this release of Debian has the package: docker-cli is one of its own only from Debian 13 on."""
    return name != "docker-cli" or bool(output("apt-cache", "show", "--no-all-versions", name))


def _elsewhere(names: list[str]) -> str:
    if "docker.io" in names:
        return "install and start Docker (docs.docker.com/engine/install), and what else is named, by your own means"
    return f"install {', '.join(names)} by your system's own means (PATH was {path_without_venv()})"


STEP = Step(
    name="system packages",
    done=done,
    run=run,
    remedy="see that `apt-get update` works on this machine",
)
