"""The Docker engine that plays the hypervisor."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from datetime import datetime

import docker
from docker.errors import DockerException
from docker.models.containers import Container

TIMEOUT_SECONDS = 120


class EngineError(Exception):
    """The engine cannot be used; the text says why and what to do."""


def connect() -> docker.DockerClient:
    """A client of the engine that `docker` itself talks to.

    Raises EngineError when there is none, or it does not answer.
    """
    address = _address()
    try:
        client = docker.DockerClient(base_url=address, timeout=TIMEOUT_SECONDS, max_pool_size=64)
        client.ping()
    except (DockerException, OSError) as error:
        raise EngineError(
            f"Docker does not answer at {address or 'its default address'}: {error}\n"
            "Start Docker, or run `make setup`, which brings an engine where there is none."
        ) from error
    return client


def write_files(container: Container, files: Mapping[str, tuple[str, int]]) -> None:
    """Write files (absolute path to text and mode) into the container, running or not, owned by root."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, (text, mode) in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))
    container.put_archive("/", archive.getvalue())


def execute(container: Container, *command: str, workdir: str | None = None) -> tuple[int, str]:
    """Run a command in the container: its exit code, and its output with errors, stripped."""
    code, output = container.exec_run(list(command), workdir=workdir)
    return code or 0, b"".join([output] if isinstance(output, bytes) else output).decode(errors="replace").strip()


def console(container: Container, since: datetime | None = None) -> str:
    """What the container's first process and its children wrote, since a time or ever."""
    output = container.logs(since=since.timestamp()) if since else container.logs()
    return b"".join([output] if isinstance(output, bytes) else output).decode(errors="replace").strip()


def _address() -> str | None:
    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    command = shutil.which("docker")
    if command is None:
        return None
    asked = subprocess.run(
        [command, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], capture_output=True, text=True
    )
    return asked.stdout.strip() or None
