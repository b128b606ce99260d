"""A Docker engine that answers: one that does already, else one of our own, its address then in .tools/docker-host."""

import os
import shutil

from tools import engine
from tools.command import Failed, Shell, output
from tools.places import LOCAL, path_without_venv
from tools.root import as_root
from tools.steps import Step

RECORD = LOCAL / "docker-host"
"""There, with the address, if this clone uses the engine of our own. `make clean` removes it."""


def environment() -> dict[str, str]:
    """What makes the docker command speak to the engine that this clone uses, as `.venv/bin/docker` does."""
    chosen = os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT")
    own = {"DOCKER_HOST": RECORD.read_text()} if RECORD.exists() and not chosen else {}
    return {"PATH": path_without_venv(), **own}


def system_packages() -> list[str]:
    """What is missing for an engine of our own; nothing where one answers."""
    if done():
        return []
    needed = {"docker": "docker-cli", "dockerd": "docker.io", "iptables": "iptables", "ip": "iproute2"}
    return [package for program, package in needed.items() if not shutil.which(program, path=path_without_venv())]


def done() -> bool:
    """Whether the engine that this clone uses answers, and knows of that if it is our own."""
    return engine.answers(environment()) and (engine.knows(RECORD) or not RECORD.exists())


def run(shell: Shell) -> str:
    """Use the engine that answers by itself, else start our own."""
    RECORD.unlink(missing_ok=True)
    if engine.answers(environment()):
        return "one answers"
    for variable in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        if os.environ.get(variable):
            raise Failed(
                f"no Docker engine answers at {variable}={os.environ[variable]}", f"start it, or unset {variable}"
            )
    if not engine.answers(engine.OWN):
        complaint = output("sh", "-c", "docker version 2>&1 >/dev/null || true", env=environment()) or ""
        if "permission denied" in complaint:
            raise Failed(complaint, "sudo usermod -aG docker $USER, and log in again")
    engine.start(as_root(), RECORD)
    return f"our own answers at {engine.HOST}"


STEP = Step(
    name="Docker engine",
    done=done,
    run=run,
    remedy="start Docker by your own means (sudo systemctl start docker), or set DOCKER_HOST to one that you may use",
    after=("system packages",),
)
