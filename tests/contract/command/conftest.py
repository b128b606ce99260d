"""SSH servers on loopback, and the stand-in for the command plugin as a process."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.contract.plugin_process import Engine, Plugin, until

PLUGIN = Path(__file__).parents[3] / "pulumi-command-offline" / "pulumi-resource-command"
PASSWORD = "correct horse"


@dataclass(frozen=True)
class SshServer:
    """A running server, and what a client needs."""

    port: int
    user: str
    private_key: str
    host_key: str

    def connection(self, **other: Any) -> dict[str, Any]:
        """The `connection` input for it."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "privateKey": self.private_key,
            "hostKey": self.host_key,
            "dialErrorLimit": 0,
            **other,
        }


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a client's and a host's key pair and authorized_keys."""
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("client", "host"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(folder / name)
        (folder / name).chmod(0o600)
        key.write_public_key(folder / f"{name}.pub")
    shutil.copy(folder / "client.pub", folder / "authorized_keys")
    return folder


@pytest.fixture(scope="session")
def asyncssh_server(keys: Path) -> Iterator[SshServer]:
    """asyncssh's server: the only one that knows a password."""
    script = str(Path(__file__).with_name("asyncssh_server.py"))
    arguments = [str(keys / "host"), str(keys / "authorized_keys"), PASSWORD, "GREETING", "PULUMI_COMMAND_STDOUT"]
    process = subprocess.Popen([sys.executable, script, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield _server(int(process.stdout.readline()), keys)
    process.kill()
    process.communicate()


@pytest.fixture(scope="session")
def ssh(keys: Path, request: pytest.FixtureRequest) -> Iterator[SshServer]:
    """OpenSSH's sshd where it is installed, else asyncssh's server."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if sshd is None:
        yield request.getfixturevalue("asyncssh_server")
        return
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # a root sshd wants its privilege separation folder
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = keys / "sshd_config"
    settings.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\n"
        f"HostKey {keys / 'host'}\nAuthorizedKeysFile {keys / 'authorized_keys'}\n"
        "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        "AcceptEnv GREETING PULUMI_COMMAND_STDOUT\nSubsystem sftp internal-sftp\nMaxStartups 100\n"
    )
    process = subprocess.Popen([sshd, "-D", "-e", "-f", str(settings)], stderr=subprocess.DEVNULL)
    until(lambda: _listens(port), "sshd listens")
    yield _server(port, keys)
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def plugin(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """One for all tests of a module; those that cancel make their own."""
    running = start_plugin(engine, tmp_path_factory.mktemp("project"))
    yield running
    running.stop()


@pytest.fixture
def own_plugin(engine: Engine, tmp_path: Path) -> Iterator[Plugin]:
    """One for this test alone."""
    running = start_plugin(engine, tmp_path)
    yield running
    running.stop()


def start_plugin(engine: Engine, project: Path, agent: str = "") -> Plugin:
    """The stand-in, working in a project's folder, with an SSH agent or none."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return Plugin([str(PLUGIN), engine.address], {"PATH": path, "SSH_AUTH_SOCK": agent}, project)


def _server(port: int, keys: Path) -> SshServer:
    user = os.environ.get("USER") or subprocess.check_output(["id", "-un"], text=True).strip()
    return SshServer(port, user, (keys / "client").read_text(), (keys / "host.pub").read_text().strip())


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
