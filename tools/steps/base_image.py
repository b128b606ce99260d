"""The image that all others are built on, `debian:trixie-slim`: pulled, or made from Debian's packages."""

import re
import shutil
import tempfile
from pathlib import Path

from tools import web
from tools.command import Failed, Shell, output
from tools.places import CACHE, ROOT, path_without_venv
from tools.root import as_root
from tools.steps import Step, docker_engine

IMAGE = "debian:trixie-slim"
HUB = "https://registry-1.docker.io/v2/"
MIRROR = "http://deb.debian.org/debian"


def system_packages() -> list[str]:
    """debootstrap, where the image is missing and cannot be pulled."""
    if shutil.which("debootstrap", path=path_without_venv()) or not Path("/etc/debian_version").exists():
        return []
    return [] if done() or web.reachable(HUB) else ["debootstrap", "debian-archive-keyring"]


def done() -> bool:
    """Whether the engine has the image."""
    inspect = ("docker", "image", "inspect", "--format", "{{.Id}}", IMAGE)
    return output(*inspect, env=docker_engine.environment()) is not None


def run(shell: Shell) -> str:
    """Pull the image where the hub can be reached, else make it."""
    environment = docker_engine.environment()
    debootstrap = shutil.which("debootstrap", path=path_without_venv())
    if web.reachable(HUB) or not debootstrap:
        shell.run("docker", "pull", "--quiet", IMAGE, env=environment)
        return "pulled"
    root = as_root()
    if root is None:
        raise Failed(f"{IMAGE} cannot be pulled, and only root can make it", "run as root: make setup")
    with tempfile.TemporaryDirectory(prefix="base-image-", dir=CACHE) as folder:
        tree = Path(folder) / "image.tar"
        # A mount namespace of its own: what debootstrap mounts in the tree is gone with it, however it ends.
        script = ROOT / "tools" / "steps" / "base_image.sh"
        make = ("env", f"PATH={path_without_venv()}", "unshare", "--mount", "sh", script, folder)
        shell.run(*root, *make, *mirrors(_sources()), stdout=tree)
        shell.run("docker", "import", "--change", 'CMD ["bash"]', tree, IMAGE, env=environment)
    return "made by debootstrap"


def mirrors(sources: str) -> tuple[str, str]:
    """Debian's mirror and its security mirror ("" if none) that a machine's apt sources name, else the public one.

    `sources`: the text of all files, of either format.
    """
    addresses = re.findall(r"\bhttps?://[^\s\"\]]+", re.sub(r"(?m)^\s*#.*", "", sources))
    debian = [address for address in addresses if re.search(r"/debian/?$", address)]
    security = [address for address in addresses if re.search(r"/debian-security/?$", address)]
    return (debian or [MIRROR])[0].rstrip("/"), (security or [""])[0].rstrip("/")


def _sources() -> str:
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *folder.glob("sources.list.d/*.list"), *folder.glob("sources.list.d/*.sources")]
    return "\n".join(file.read_text(errors="replace") for file in files if file.is_file())


STEP = Step(
    name="base image",
    done=done,
    run=run,
    remedy=f"see that `docker pull {IMAGE}` works, or that debootstrap reaches a Debian mirror; or load it yourself",
    after=("Docker engine",),
)
