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
    if shutil.which("ss"):
        said = _output("ss", "-Hltnp", f"sport = :{port}")
        match = re.search(r'users:\(\("([^"]+)",pid=(\d+)', said)
    else:
        match = re.search(r"p(\d+)\nc(.+)", _output("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"))
        return f"{match[2]} (process {match[1]})" if match else None
    return f"{match[1]} (process {match[2]})" if match else None


def _output(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True).stdout
