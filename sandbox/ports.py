"""Loopback ports: a free one, and who has one that is not."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess

import docker

from sandbox.place import LABEL


def choose_free() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def is_free(port: int) -> bool:
    """Whether one could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def owner(client: docker.DockerClient, port: int) -> str:
    """Who listens there, as far as it can be known: a sandbox, a container, or a process."""
    for container in client.containers.list(ignore_removed=True):
        published = [binding["HostPort"] for bindings in container.ports.values() for binding in bindings or ()]
        if str(port) in published:
            sandbox = container.labels.get(LABEL)
            return f"the bastion of sandbox {sandbox}" if sandbox else f"container {container.name}"
    return _process(port) or "another program"


def _process(port: int) -> str | None:
    found = re.search(r"pid=(\d+)", _output("ss", "-Hltnp", f"sport = :{port}")) or re.search(
        r"^p(\d+)", _output("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fp")
    )
    if found is None:
        return None
    command = _output("ps", "-o", "args=", "-p", found[1]).strip()
    return f"process {found[1]} ({command[:100]})"


def _output(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True).stdout
