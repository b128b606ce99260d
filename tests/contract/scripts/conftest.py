"""A federation on loopback: a real SuperLink and two real SuperNodes, behind a bastion that speaks SSH.

The bastion lets its clients reach the private addresses of the "machines" and nothing else, as a front end does. A
machine is an SSH server of its own: its commands run in a shell here, where `docker` answers from what its process
logged.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

BIN = Path(sys.executable).parent
SUPERLINK, SUPERNODES = "172.16.100.3", ("172.16.100.4", "172.16.100.5")
DOCKER = """\
#!/bin/sh
case "$1" in
inspect) cat {state} ;;
logs) tail -n 200 {log} ;;
esac
"""


def wait_for(what: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class SshWorld:
    """SSH servers in a thread of their own; `routes` says where the bastion's and the SuperLink's forwards lead."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.key_file = folder / "id_ed25519"
        self.key_file.touch(mode=0o600)
        self.key_file.write_bytes(self.key.export_private_key("openssh"))
        self.routes: dict[tuple[str, int], tuple[str, int]] = {}
        self.servers: list[asyncssh.SSHAcceptor] = []
        self.connections: set[asyncssh.SSHServerConnection] = set()

    def run(self, work: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(wait(), self.loop).result(30)

    def listen(self, machine: Path | None = None) -> int:
        """Start a server and return its port; with a `machine` folder, whose bin/ comes first, it runs commands."""
        world = self

        class Server(asyncssh.SSHServer):  # type: ignore[misc]
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                self.conn = conn
                world.connections.add(conn)

            def connection_lost(self, exc: Exception | None) -> None:
                world.connections.discard(self.conn)

            def connection_requested(self, host: str, port: int, orig_host: str, orig_port: int) -> Any:
                if (host, port) not in world.routes:
                    raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "No route to host")
                return self.conn.forward_connection(*world.routes[host, port])

        async def command(process: asyncssh.SSHServerProcess[bytes]) -> None:
            assert machine is not None
            shell = await asyncio.create_subprocess_shell(
                process.command or "exit 1",
                env={"PATH": f"{machine / 'bin'}:{os.environ['PATH']}"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            assert shell.stdin and shell.stdout
            feeding = asyncio.create_task(feed(process.stdin, shell.stdin))
            while some := await shell.stdout.read(4096):
                process.stdout.write(some)
            process.exit(await shell.wait())
            feeding.cancel()

        authorized = asyncssh.import_authorized_keys(self.key.export_public_key("openssh").decode())
        server = self.run(
            asyncssh.create_server(
                Server,
                "127.0.0.1",
                0,
                server_host_keys=[self.host_key],
                authorized_client_keys=authorized,
                process_factory=command if machine else None,
                encoding=None,
            )
        )
        self.servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def drop_connections(self) -> None:
        def drop() -> None:
            for connection in list(self.connections):
                connection.abort()

        self.loop.call_soon_threadsafe(drop)

    def close(self) -> None:
        async def close() -> None:
            for server in self.servers:
                server.close()
                await server.wait_closed()

        self.run(close())
        self.loop.call_soon_threadsafe(self.loop.stop)


async def feed(source: asyncssh.SSHReader[bytes], sink: asyncio.StreamWriter) -> None:
    """Pass on what the client sends; its end, or the connection's, is the command's end of input."""
    with suppress(asyncssh.Error, OSError):
        while some := await source.read(4096):
            sink.write(some)
    sink.close()


@dataclass
class Federation:
    folder: Path
    ssh: SshWorld
    outputs: dict[str, Any]
    fleet: int
    appio: tuple[int, ...]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        home = self.folder / name
        home.mkdir(exist_ok=True)
        log = (home / "log").open("ab")
        env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "FLWR_HOME": str(home), "HOME": str(home)}
        env |= {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1", "PYTHONUNBUFFERED": "1"}
        env["FLWR_SUPEREXEC_TASK_POLL_INTERVAL"] = "0.1"
        program = [str(BIN / command[0]), *command[1:]]
        self.processes[name] = subprocess.Popen(program, env=env, stdout=log, stderr=log, start_new_session=True)
        (home / "state").write_text("running\n")

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        process.wait(30)
        (self.folder / name / "state").write_text("exited\n")

    def supernode(self, index: int) -> None:
        self.start(
            f"supernode-{index}",
            *("flower-supernode", "--insecure", "--superlink", f"127.0.0.1:{self.fleet}"),
            *("--port", str(self.appio[index])),
            *("--node-config", f'site="site-{index}" partition-id={index}'),
        )


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    folder = tmp_path_factory.mktemp("federation")
    ssh = SshWorld(folder)
    control, fleet, runtime, *appio = free_ports(5)
    for name in ("superlink", "supernode-0", "supernode-1"):
        (folder / name / "bin").mkdir(parents=True)
        docker = folder / name / "bin" / "docker"
        files = {part: shlex.quote(str(folder / name / part)) for part in ("state", "log")}
        docker.write_text(DOCKER.format(**files))
        docker.chmod(0o755)
    bastion = ssh.listen()
    for address, name in zip((SUPERLINK, *SUPERNODES), ("superlink", "supernode-0", "supernode-1"), strict=True):
        ssh.routes[address, 22] = ("127.0.0.1", ssh.listen(folder / name))
    ssh.routes["127.0.0.1", 9093] = ("127.0.0.1", control)
    host_key = ssh.host_key.export_public_key("openssh").decode().strip()
    outputs = {
        "superlinkEndpoint": f"{SUPERLINK}:9092",
        "controlEndpoint": "127.0.0.1:9093",
        "superlink": {"name": "superlink", "ip": SUPERLINK, "vmId": "1", "imageDigest": "sha256:aaa"},
        "supernodes": [
            {"name": f"supernode-{i}", "site": f"site-{i}", "ip": ip, "vmId": str(i + 2), "imageDigest": "sha256:bbb"}
            for i, ip in enumerate(SUPERNODES)
        ],
        "bastion": {"host": "127.0.0.1", "port": bastion, "user": "root"},
        "ssh": {"user": "root", "privateKeyFile": str(ssh.key_file)},
        "sshKnownHosts": f"[127.0.0.1]:{bastion} {host_key}\n"
        + "".join(f"{ip} {host_key}\n" for ip in (SUPERLINK, *SUPERNODES)),
        "images": {"superlink": "flower-superlink:0", "supernode": "flower-supernode:0"},
    }
    here = Federation(folder, ssh, outputs, fleet, tuple(appio))
    here.start(
        "superlink",
        *("flower-superlink", "--insecure", "--port", str(runtime)),
        *("--fleet-api-address", f"127.0.0.1:{fleet}", "--control-api-address", f"127.0.0.1:{control}"),
        *("--database", str(folder / "superlink.db"), "--disable-runtime-dependency-installation"),
    )
    try:
        for index in (0, 1):
            here.supernode(index)
        wait_for(lambda: all("SuperNode ID" in (folder / f"supernode-{i}" / "log").read_text() for i in (0, 1)))
        yield here
    finally:
        for name in list(here.processes):
            here.stop(name)
        ssh.close()


@dataclass
class Training:
    """train.py in a process of its own, its output kept in files."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def out(self) -> str:
        return (self.folder / "stdout").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "stderr").read_text()

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "runs" / "latest" / "report.json").read_text()))

    def wait(self, seconds: float = 90.0) -> int:
        return self.process.wait(seconds)


# Everything is train.py's own but where the outputs come from, which app is sent and where reports go.
DRIVER = """\
import json, sys
from pathlib import Path
import deployment, outputs, problem, train
from options import parse_options

given, app, runs = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), Path(sys.argv[3])
deployment.read_outputs = lambda stack: outputs.parse_outputs(given, stack)
deployment.PATIENCE = float(sys.argv[4])
problem.listen_to_signals()
sys.exit(problem.run_script(lambda: train.train(parse_options(sys.argv[5:], app), app, runs)))
"""

Train = Callable[..., Training]


@pytest.fixture
def train(federation: Federation, tmp_path: Path) -> Iterator[Train]:
    started: list[Training] = []

    def start(*options: str, app: Path | None = None, patience: float = 30.0, **changed: Any) -> Training:
        (tmp_path / "outputs.json").write_text(json.dumps({**federation.outputs, **changed}))
        app = app or Path(__file__).parent / "tiny_app"
        arguments = [str(tmp_path / "outputs.json"), str(app), str(tmp_path / "runs"), str(patience), *options]
        scripts = Path(__file__).parents[3] / "scripts"
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, *arguments],
            env={**os.environ, "PYTHONPATH": str(scripts), "TMPDIR": str(tmp_path)},
            stdout=(tmp_path / "stdout").open("wb"),
            stderr=(tmp_path / "stderr").open("wb"),
            start_new_session=True,
        )
        started.append(Training(process, tmp_path))
        return started[-1]

    yield start
    for training in started:
        if training.process.poll() is None:
            training.process.kill()
            training.process.wait()
