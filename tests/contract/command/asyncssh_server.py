"""An SSH server for tests, run as a process: commands in a shell, SFTP, forwarding, an allow-list of variables.

It stands in where no sshd is installed, and it knows a password, which an unprivileged sshd cannot check.

Usage: asyncssh_server.py HOST_KEY AUTHORIZED_KEYS PASSWORD ACCEPTED_VARIABLES...
Prints its port.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import asyncssh
from asyncssh.packet import SSHPacket


class Server(asyncssh.SSHServer):  # type: ignore[misc]  # asyncssh is not followed by mypy
    def __init__(self, password: str) -> None:
        self._password = password

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == self._password

    def connection_requested(self, *_: Any) -> bool:
        return True


async def run(process: Any) -> None:
    """Run the requested command in a shell, as sshd does."""
    shell = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", process.command,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **process.env},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    feeding = asyncio.create_task(feed(process.stdin, shell.stdin))
    await asyncio.gather(pump(shell.stdout, process.stdout), pump(shell.stderr, process.stderr))
    status = await shell.wait()
    feeding.cancel()
    if status < 0:
        process.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
    else:
        process.exit(status)


async def pump(source: Any, target: Any) -> None:
    """Carry bytes until the source ends."""
    with suppress(BrokenPipeError, ConnectionResetError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()


async def feed(source: Any, stdin: Any) -> None:
    await pump(source, stdin)
    stdin.close()


def allow(accepted: set[str]) -> None:
    """Refuse all other variables: asyncssh has no setting for it."""
    setenv = asyncssh.SSHServerChannel._process_env_request

    def process_env_request(channel: Any, packet: SSHPacket) -> bool:
        name = SSHPacket(packet.get_remaining_payload()).get_string().decode()
        return name in accepted and bool(setenv(channel, packet))

    asyncssh.SSHServerChannel._process_env_request = process_env_request


async def main() -> None:
    host_key, authorized_keys, password, *accepted = sys.argv[1:]
    allow(set(accepted))
    server = await asyncssh.create_server(
        lambda: Server(password), "127.0.0.1", 0, server_host_keys=[host_key],
        authorized_client_keys=authorized_keys, process_factory=run, sftp_factory=True, encoding=None,
    )  # fmt: skip
    print(server.get_port(), flush=True)
    await server.wait_closed()


asyncio.run(main())
