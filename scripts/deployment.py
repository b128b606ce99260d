"""A deployed federation, reached: stack outputs, the tunnel, a private FLWR_HOME, and which SuperNodes are online."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from flower import CONNECTION, Flower, RunSettings, plain_text, tool_environment, write_home
from outputs import MachineOutput, read_outputs
from problem import Problem
from ssh import Tunnel, remote, write_ssh_config

PATIENCE = 60.0  # seconds until a SuperNode that was just (re)started must be online; it takes about 5

# Prints the container's state, its node id where it has one, and the last line of its log.
INSPECT = """\
docker inspect --format '{{.State.Status}}' NAME 2>/dev/null || echo absent
docker logs NAME 2>&1 | sed -n 's/.*SuperNode ID: \\([0-9]*\\).*/id \\1/p' | tail -n 1
docker logs --tail 1 NAME 2>&1"""

BRING_MACHINE = "`pulumi up --refresh` brings it back"


class Deployment:
    """The federation of a stack. Entering opens the way in and makes `flower`, leaving closes it."""

    target = "opennebula"

    def __init__(self, stack: str | None) -> None:
        self.outputs = read_outputs(stack)
        self.supernodes = len(self.outputs.supernodes)
        self.federation: RunSettings = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="flower-")))  # 0700
            self._config = write_ssh_config(folder, self.outputs)
            self._tunnel = opening.enter_context(Tunnel(self._config, self.outputs))
            write_home(folder / "flwr", self._tunnel.address)
            self.flower = Flower(["flwr"], CONNECTION, tool_environment(FLWR_HOME=str(folder / "flwr")))
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def reconnect(self) -> None:
        """Open the tunnel again where it was lost."""
        if not self._tunnel.open:
            self._tunnel.connect()

    def app(self, path: Path) -> str:
        """Return where `flower` finds the app that is at `path` here."""
        return str(path)

    def digests(self) -> dict[str, str]:
        """Return the image digest of each machine, by its name."""
        return {machine.name: machine.image_digest for machine in (self.outputs.superlink, *self.outputs.supernodes)}

    def wait_online(self, wanted: int, step: Callable[[str], None], say: Callable[[str], None]) -> None:
        """Return when `wanted` SuperNodes are online; raise `Problem` that names the others after `PATIENCE`."""
        deadline = time.monotonic() + PATIENCE
        online: set[str] = set()
        while True:
            try:
                online = self.flower.online_nodes()
                unavailable = None
            except Problem as problem:  # the SuperLink itself may be restarting
                unavailable = problem
            if len(online) >= wanted:
                break
            if time.monotonic() > deadline:
                if unavailable:
                    raise self._no_superlink(unavailable)
                missing = self.missing(online)
                raise Problem(
                    f"{len(online)} of {self.supernodes} SuperNodes are online, {wanted} are wanted\n  "
                    + "\n  ".join(missing),
                    f"Bring them back, or train with those there are: --min-supernodes {len(online)}."
                    if online
                    else "Bring them back.",
                )
            step(f"waiting for SuperNodes, {len(online)} of {wanted} online")
            time.sleep(0.5)
        say(f"{len(online)} of {self.supernodes} SuperNodes online")
        if len(online) < self.supernodes:
            for line in self.missing(online):
                say(f"  without {line}")

    def missing(self, online: set[str]) -> list[str]:
        """Return a line for each SuperNode whose node id is not in `online`: its name, address and why."""
        with ThreadPoolExecutor(max_workers=16) as pool:
            reasons = pool.map(lambda node: self._why_offline(node, online), self.outputs.supernodes)
            return [
                f"{node.site or node.name} ({node.name}, {node.ip}): {reason}"
                for node, reason in zip(self.outputs.supernodes, reasons, strict=True)
                if reason
            ]

    def _why_offline(self, node: MachineOutput, online: set[str]) -> str:
        answer = remote(self._config, node.name, INSPECT.replace("NAME", "flower-supernode"))
        if answer.returncode == 255:
            return f"its machine does not answer ({answer.stderr.strip() or 'no reason given'}); {BRING_MACHINE}"
        state, *rest = plain_text(answer.stdout).splitlines() or ["unknown"]
        node_id = next((line.removeprefix("id ") for line in rest if line.startswith("id ")), None)
        if state == "running" and node_id in online:
            return ""
        if state == "absent":
            return f"no container flower-supernode on its machine; {bring_container(node.site)}"
        words = rest[-1].strip() if rest else "none"
        remedy = "" if state == "running" else f"; {bring_container(node.site)}"
        return f"its container is {state} but not online; its last words: {words}{remedy}"

    def _no_superlink(self, problem: Problem) -> Problem:
        answer = remote(self._config, self.outputs.superlink.name, INSPECT.replace("NAME", "flower-superlink"))
        state, *rest = plain_text(answer.stdout).splitlines() or [answer.stderr.strip() or "unknown"]
        words = rest[-1] if rest else "none"
        return Problem(
            f"{problem.cause}\n  the container flower-superlink is {state}; its last words: {words}",
            f"{BRING_MACHINE if answer.returncode == 255 else bring_container('superlink')}.",
        )


def bring_container(of: str) -> str:
    """Return what starts the container of a site, or of "superlink": Pulumi does not see that somebody stopped it."""
    return f"`pulumi up --replace '**::{of}-container-run'` starts it again"
