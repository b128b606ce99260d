"""Flower's own command line, `flwr`, pointed at one SuperLink: submit a run, follow its log, ask how it is, stop it.

The command line is Flower's public interface to the Control API; the Python classes behind it are not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from problem import Problem

CONNECTION = "opennebula"
RunSettings = Mapping[str, int | float | str]


@dataclass(frozen=True)
class RunStatus:
    """What the SuperLink says of a run.

    `status` is pending, starting, running, completed, failed or stopped; `submitted_at` is ISO 8601 in UTC.
    """

    status: str
    submitted_at: str
    details: str
    fab_hash: str
    fab_version: str

    @property
    def finished(self) -> bool:
        """Whether the run has ended, one way or another."""
        return self.status in ("completed", "failed", "stopped")


class Flower:
    """`flwr` for one SuperLink connection.

    `command` starts it: ["flwr"], or a `docker exec` that reaches the one in a container.
    Methods raise `Problem` with Flower's own message.
    """

    def __init__(self, command: Sequence[str], connection: str, environment: Mapping[str, str]) -> None:
        self.command = list(command)
        self.connection = connection
        self.environment = dict(environment)

    def run(self, app: str, settings: RunSettings, federation: RunSettings | None = None) -> str:
        """Submit the app at path `app`; return the run id.

        An interrupt on the way lets the submission finish and stops that run, so that none is left unknown.
        """
        arguments = ["run", app, self.connection]
        for option, values in (("--run-config", settings), ("--federation-config", federation or {})):
            if values:
                arguments += [option, " ".join(f"{key}={json.dumps(value)}" for key, value in values.items())]
        process = self._start(arguments)
        try:
            answer = self._finish(process, arguments)
        except KeyboardInterrupt:
            self.stop(self._finish(process, arguments)["run-id"])
            raise
        return str(answer["run-id"])

    def log(self, run_id: str) -> Generator[str, None, None]:
        """Yield the log lines of a run from its first on, until it ends or the stream is lost.

        Close the iterator to leave early.
        """
        command = [*self.command, "log", run_id, self.connection, "--stream"]
        with subprocess.Popen(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is ours to handle: the stream must outlive it until the run has stopped
        ) as process:
            try:
                yield from map(plain_text, process.stdout or ())
            finally:
                process.terminate()

    def status(self, run_id: str) -> RunStatus:
        """Return what the SuperLink knows of a run."""
        try:
            run = self._ask(["ls", "--run-id", run_id, self.connection])["runs"][0]
        except Problem as problem:
            if "Run ID not found" not in problem.cause:
                raise
            raise Problem(
                f"the SuperLink knows no run {run_id}", "`python scripts/tunnel.py`, then `flwr ls`, lists its runs."
            ) from None
        return RunStatus(
            status=run["status"].rsplit(":", 1)[-1],  # "running", "finished:completed"
            submitted_at=datetime.fromisoformat(run["pending-at"]).isoformat(timespec="seconds"),
            details=run["status-details"],
            fab_hash=run["fab-hash"],
            fab_version=run["fab-version"],
        )

    def stop(self, run_id: str) -> None:
        """Ask the SuperLink to stop a run."""
        self._ask(["stop", run_id, self.connection])

    def online_nodes(self) -> set[str]:
        """Return the node ids of the SuperNodes that are online."""
        nodes = self._ask(["supernode", "list", self.connection])["nodes"]
        return {node["node-id"] for node in nodes if node["status"] == "online"}

    def _ask(self, arguments: list[str]) -> Any:
        return self._finish(self._start(arguments), arguments)

    def _start(self, arguments: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *arguments, "--format", "json"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _finish(self, process: subprocess.Popen[str], arguments: list[str]) -> Any:
        out, err = process.communicate()
        try:
            answer = json.loads(out)
        except ValueError:
            raise Problem(f"flwr {arguments[0]} failed: {(err or out).strip()}") from None
        if not answer.get("success"):
            raise Problem(f"flwr {arguments[0]} failed: {error_message(answer.get('error-message', out))}")
        return answer


def error_message(said: str) -> str:
    """Return Flower's error message without what its command line had printed until then."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    start = next((index for index, line in enumerate(lines) if line.startswith("[code:")), 0)
    return "\n  ".join(lines[start:])


def plain_text(line: str) -> str:
    """Return what Flower logged without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def write_home(folder: Path, address: str) -> None:
    """Make `folder` a FLWR_HOME (0700) whose connection leads to the Control API at `address` (host:port)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f'[superlink]\ndefault = "{CONNECTION}"\n\n{connection_table(address)}')


def connection_table(address: str) -> str:
    """Return the TOML table of the connection to a deployed SuperLink.

    The tunnel is what protects it: the Control API listens on the SuperLink's own loopback and nowhere else.
    """
    return f'[superlink.{CONNECTION}]\naddress = "{address}"\ninsecure = true\n'


def tool_environment(**extra: str) -> dict[str, str]:
    """Return the environment for programs we start: those beside this Python come first, and nothing calls home."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "FLWR_TELEMETRY_ENABLED": "0",
        "PYTHONUNBUFFERED": "1",  # or the log would come in blocks of 8 KiB
        **extra,
    }
    # gRPC would send even loopback through a proxy.
    bypass = [host for host in environment.get("no_proxy", environment.get("NO_PROXY", "")).split(",") if host]
    environment["no_proxy"] = ",".join(dict.fromkeys([*bypass, "127.0.0.1", "localhost"]))
    return environment
