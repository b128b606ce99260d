"""The way in: OpenSSH through the bastion to the federation's machines, with every host key pinned.

The Control API listens on the SuperLink's own loopback; a `Tunnel` brings it to a loopback port here.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from outputs import StackOutputs
from problem import Problem

BASTION = "bastion"


def write_ssh_config(folder: Path, outputs: StackOutputs) -> Path:
    """Write known_hosts and an ssh_config (0600) with a Host for each machine, by its name; return the latter."""
    known_hosts = folder / "known_hosts"
    config = folder / "ssh_config"
    for path, text in ((known_hosts, outputs.known_hosts), (config, render_ssh_config(outputs, known_hosts))):
        path.touch(mode=0o600)
        path.write_text(text.rstrip("\n") + "\n")
    return config


def render_ssh_config(outputs: StackOutputs, known_hosts: Path) -> str:
    """Return an OpenSSH client configuration (ssh_config(5)) that reaches each machine and trusts nothing else."""
    lines = []
    if outputs.bastion:
        bastion = outputs.bastion
        lines += [f"Host {BASTION}", f"  HostName {bastion.host}", f"  Port {bastion.port}", f"  User {bastion.user}"]
    for machine in (outputs.superlink, *outputs.supernodes):
        lines += [f"Host {machine.name}", f"  HostName {machine.ip}", f"  User {outputs.user}"]
        lines += [f"  ProxyJump {BASTION}"] if outputs.bastion else []
    lines += [
        "Host *",
        f"  IdentityFile {_quote(outputs.private_key_file)}",
        "  IdentitiesOnly yes",
        "  IdentityAgent none",
        f"  UserKnownHostsFile {_quote(known_hosts)}",
        "  GlobalKnownHostsFile none",
        "  StrictHostKeyChecking yes",
        "  UpdateHostKeys no",
        "  BatchMode yes",
        "  ForwardAgent no",
        "  ForwardX11 no",
        "  ConnectTimeout 15",
        "  ServerAliveInterval 15",
        "  ServerAliveCountMax 3",
    ]
    return "\n".join(lines) + "\n"


class Tunnel:
    """A loopback port here that leads to the Control API on the SuperLink's machine; closed however the block ends.

    The remote command is `cat` rather than none (-N): its echo says that the forward stands, and it ends with our end
    of the pipe, so that the tunnel cannot outlive this process even if that is killed.
    """

    def __init__(self, config: Path, outputs: StackOutputs, port: int | None = None) -> None:
        self.config = config
        self.outputs = outputs
        self.port = port or free_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """Host and port of this end."""
        return f"127.0.0.1:{self.port}"

    @property
    def open(self) -> bool:
        """Whether the connection still stands."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def connect(self) -> None:
        """Open the connection, again if it was lost; raise `Problem` with the cause OpenSSH gave."""
        self.close()
        if not shutil.which("ssh"):
            raise Problem(
                "ssh: command not found", "Install the OpenSSH client (Debian: apt-get install openssh-client)."
            )
        if not self.outputs.private_key_file.is_file():
            raise Problem(
                f"{self.outputs.private_key_file}: the key that opens the machines is not there",
                "Bring back the file, or set ssh:privateKeyFile to where it is and run `pulumi up`.",
            )
        forward = f"{self.address}:{self.outputs.control_endpoint}"
        command = ["ssh", "-F", str(self.config), "-T", "-o", "ExitOnForwardFailure=yes"]
        self._process = subprocess.Popen(
            [*command, "-L", forward, self.outputs.superlink.name, "cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C must reach Flower through the tunnel before the tunnel ends
        )
        try:
            with suppress(BrokenPipeError):
                print("ready", file=self._process.stdin, flush=True)
            answered = next(iter(self._process.stdout or ()), "") == "ready\n"
        except BaseException:
            self.close()
            raise
        if not answered:
            _, said = self._process.communicate()
            raise explain(said, self.outputs, self.port)

    def close(self) -> None:
        """End the connection; the port here is free afterwards."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
            self._process = None


def remote(config: Path, machine: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command on a machine by its name; exit code 255 means that OpenSSH could not reach it."""
    return subprocess.run(
        ["ssh", "-F", str(config), "-T", machine, command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def explain(said: str, outputs: StackOutputs, port: int) -> Problem:
    """Turn OpenSSH's last words into a cause and a remedy."""
    superlink = f"the SuperLink's machine {outputs.superlink.name} ({outputs.superlink.ip})"
    bastion = f"the bastion {outputs.bastion.host}:{outputs.bastion.port}" if outputs.bastion else superlink
    tail = " / ".join(line.strip() for line in said.splitlines()[-3:] if line.strip())
    if "ddress already in use" in said:
        return Problem(f"port {port} on 127.0.0.1 is taken", "Close what uses it, or choose another with --port.")
    if "IDENTIFICATION HAS CHANGED" in said or "Host key verification failed" in said:
        return Problem(
            f"a host key is not the one that was pinned: {tail}",
            "If the machine was rebuilt, `pulumi up --refresh` pins its new key. If it was not, somebody may be "
            "listening in between: do not go on before you know.",
        )
    if "Permission denied" in said:
        return Problem(
            f"the key {outputs.private_key_file} is refused: {tail}",
            "Check ssh:privateKeyFile, and that its public half is in root's authorized_keys on that host.",
        )
    if "stdio forwarding failed" in said or "open failed" in said:
        return Problem(
            f"{superlink} does not answer behind {bastion}: {tail}",
            "Is the VM running? `pulumi up --refresh` says so, and brings back what is gone.",
        )
    return Problem(
        f"no SSH connection to {bastion}: {tail or 'it closed without a word'}",
        "Is it up, and reachable from here (network, VPN, firewall)? Its address is the setting bastion:host.",
    )


def _quote(path: Path) -> str:
    return '"' + str(path).replace("%", "%%") + '"'
