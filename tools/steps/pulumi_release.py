"""The official release of the Pulumi CLI, where it can be reached."""

import hashlib
import platform
import tarfile
import tempfile
from pathlib import Path

from tools import web
from tools.command import Failed, Shell

SITE = "https://get.pulumi.com/releases/sdk"

MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def fetch(version: str, target: Path, shell: Shell, site: str = SITE) -> str | None:
    """Unpack the release into the folder `target`, once its checksum is verified.

    Returns a few words on what was done, or None if the site cannot be reached within seconds. Raises Failed if what
    came is not what was published.
    """
    archive = (
        f"pulumi-v{version}-{platform.system().lower()}-{MACHINES.get(platform.machine(), platform.machine())}.tar.gz"
    )
    sums = web.get(f"{site}/pulumi-{version}-checksums.txt")
    if sums is None:
        return None
    with tempfile.TemporaryFile(dir=target.parent) as file:
        digest = hashlib.sha256()
        for chunk in web.chunks(f"{site}/{archive}"):
            shell.go_on()
            digest.update(chunk)
            file.write(chunk)
        verify(archive, digest.hexdigest(), sums.decode())
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:gz") as members:
            members.extractall(target.parent, filter="data")
    (target.parent / "pulumi").rename(target)
    return "from the official release, checksum verified"


def verify(name: str, sha256: str, sums: str) -> None:
    """Raise Failed unless `sums`, lines of a checksum and a file's name, gives this file just this checksum."""
    published = {words[1].lstrip("*"): words[0] for line in sums.splitlines() if len(words := line.split()) == 2}
    if published.get(name, "").lower() != sha256:
        raise Failed(
            f"{name} has the checksum {sha256}, and {published.get(name, 'none')} is published",
            "run it again: a download may have been cut short; if it stays so, something between here and there"
            " changes what is downloaded",
        )
