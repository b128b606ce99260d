"""The OS images of the cloud and the bastion's: built from guest/, named by its content."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound

from sandbox.engine import EngineError
from sandbox.oned.driver import SeedImage

BASE = "debian:trixie-slim"
BASTION = "bastion"
SEEDS = (
    SeedImage("debian-13-docker", "debian-13-docker", 8192, description="Debian 13 with Docker"),
    SeedImage("debian-13", "debian-13", 4096, description="Debian 13"),
)
LABEL = "flower-on-opennebula.guest"
_FOLDER = Path(__file__).parent / "guest"


def tag(target: str) -> str:
    """The Docker image of a target of guest/Dockerfile, as guest/ was when this process first asked."""
    return f"flower-on-opennebula/{target}:{content_hash(_FOLDER)}"


def missing(client: docker.DockerClient) -> list[str]:
    """Targets that must be built."""
    return [target for target in _targets() if not _present(client, tag(target))]


def build(client: docker.DockerClient, target: str) -> Iterator[str]:
    """Build a target; yields what the engine says. Raises EngineError with the last words of a failing build."""
    said: list[str] = []
    try:
        for message in client.api.build(
            path=str(_FOLDER),
            target=target,
            tag=tag(target),
            network_mode="host",
            rm=True,
            forcerm=True,
            decode=True,
            labels={LABEL: target},
            buildargs={name: value for name, value in os.environ.items() if name.lower() in _PROXIES},
        ):
            if "error" in message:
                raise EngineError(f"image {target} does not build: {message['error'].strip()}\n" + "".join(said[-15:]))
            if text := message.get("stream", ""):
                said.append(text)
                yield text
    except APIError as error:
        raise EngineError(f"image {target} does not build: {error.explanation or error}") from error


def check_base(client: docker.DockerClient) -> None:
    """Have the image that all others start from. Raises EngineError when it is not here and cannot be pulled."""
    if _present(client, BASE):
        return
    try:
        client.images.pull(BASE)
    except APIError as error:
        raise EngineError(
            f"the base image {BASE} is not here and cannot be pulled: {error.explanation or error}\n"
            "Run `make setup`, which makes it from Debian's packages."
        ) from error


_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "ftp_proxy")


def _targets() -> tuple[str, ...]:
    return (BASTION, *(seed.source for seed in SEEDS))


def _present(client: docker.DockerClient, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


@functools.cache
def content_hash(folder: Path) -> str:
    """12 hex digits that change with names, contents and executability of the files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(folder).as_posix()
            digest.update(f"{name}\0{path.stat().st_mode & 0o111:o}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
