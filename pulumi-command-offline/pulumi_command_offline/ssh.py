"""SSH connections as the `connection` input describes them: proxy, host keys, keys before passwords, retries."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncssh
from asyncssh.packet import String
from pulumi_provider_kit import Operation, Properties, UserError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds between two attempts to connect; each pause is 1.5 times the last
_KEEPALIVE = 15  # seconds; a peer that does not answer 8 times is gone
_WINDOW, _PACKET = 2 * 1024 * 1024, 32768  # bytes; asyncssh's own defaults for a session


class EnvironmentRefused(UserError):
    """The SSH server does not let a variable be set."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the SSH server refused to set the environment variable {name}: it must allow it by AcceptEnv in its "
            f"sshd_config; or write the variable into the command, as in '{name}=value command'"
        )


@asynccontextmanager
async def connected(operation: Operation, connection: Properties) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """An SSH connection, through `connection.proxy` if there is one, closed at the end.

    Raises:
        UserError: no connection within `dialErrorLimit` attempts, or a key that is no key; names host, port and user.
    """
    async with AsyncExitStack() as stack:
        tunnel = None
        if proxy := connection.get("proxy"):
            tunnel = await stack.enter_async_context(await _dial(operation, proxy, None))
        yield await stack.enter_async_context(await _dial(operation, connection, tunnel))


async def start(
    connection: asyncssh.SSHClientConnection,
    command: str,
    required: Mapping[str, str],
    optional: Mapping[str, str],
) -> tuple[asyncssh.SSHClientProcess[bytes], list[str]]:
    """Start a command with environment variables; the process, and the optional variables that were refused.

    Raises:
        EnvironmentRefused: the server refused a required variable; the command did not start.
    """
    channel = _Channel(connection, required, optional)
    process = await channel.create(
        asyncssh.SSHClientProcess, command, None, {}, False, None, (), {}, False, None, None, False, False
    )
    return process, channel.refused


class _Channel(asyncssh.SSHClientChannel[bytes]):  # type: ignore[misc]  # asyncssh is not followed by mypy
    """A session that sets variables by requests with reply, where asyncssh's own does not ask whether they were set."""

    def __init__(
        self, connection: asyncssh.SSHClientConnection, required: Mapping[str, str], optional: Mapping[str, str]
    ) -> None:
        super().__init__(connection, asyncio.get_running_loop(), "strict", None, "strict", _WINDOW, _PACKET)
        self._required = required
        self._optional = optional
        self.refused: list[str] = []

    async def _make_request(self, request: bytes, *args: bytes) -> bool | None:
        if request == b"exec":
            for name, value in {**self._optional, **self._required}.items():
                if await super()._make_request(b"env", String(name), String(value)):
                    continue
                if name in self._required:
                    self.close()
                    raise EnvironmentRefused(name)
                self.refused.append(name)
        accepted: bool | None = await super()._make_request(request, *args)
        return accepted


async def _dial(
    operation: Operation, connection: Properties, tunnel: asyncssh.SSHClientConnection | None
) -> asyncssh.SSHClientConnection:
    host, port, user = connection["host"], int(connection.get("port", 22)), connection.get("user", "root")
    peer = f"{user}@{host} port {port}" + (" through the proxy" if tunnel else "")
    limit = connection.get("dialErrorLimit", 10)
    options = await _options(connection, peer)
    pause = _FIRST_PAUSE
    failures = 0
    while True:
        try:
            async with asyncio.timeout(connection.get("perDialTimeout", 15) or None):
                return await asyncssh.connect(host, port, username=user, tunnel=tunnel, **options)
        except asyncssh.HostKeyNotVerifiable as error:
            raise UserError(
                f"the host key of {peer} is not the expected {connection['hostKey']}: {error}. Either the machine was "
                "made anew, or somebody is in between"
            ) from error
        except (OSError, asyncssh.Error, TimeoutError) as error:
            failures += 1
            reason = str(error) or f"no answer within {connection.get('perDialTimeout', 15)} s"
            if -1 < limit < failures:
                raise UserError(f"cannot connect to {peer}: after {failures - 1} failed attempts: {reason}") from error
            of = "" if limit == -1 else f" of {limit}"
            operation.status(f"connecting to {peer}: attempt {failures}{of} failed, retrying ({reason})")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)


async def _options(connection: Properties, peer: str) -> dict[str, Any]:
    return {
        "config": None,
        "known_hosts": _trusted(connection.get("hostKey"), peer),
        "client_keys": await _keys(connection, peer) or None,
        "password": connection.get("password"),
        "agent_path": None,
        "keepalive_interval": _KEEPALIVE,
        "keepalive_count_max": 8,
    }


def _trusted(host_key: str | None, peer: str) -> Any:
    """asyncssh's `known_hosts`: None verifies nothing, as the official plugin does where no key is given."""
    if not host_key:
        return None
    try:
        return [asyncssh.import_public_key(host_key)], [], []
    except (asyncssh.KeyImportError, ValueError) as error:
        raise UserError(f"hostKey of {peer} is no public key in OpenSSH's format: {error}") from error


async def _keys(connection: Properties, peer: str) -> list[Any]:
    keys: list[Any] = []
    if text := connection.get("privateKey"):
        try:
            keys.append(asyncssh.import_private_key(text, connection.get("privateKeyPassword")))
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
            raise UserError(f"privateKey for {peer} cannot be used: {error}") from error
    if path := connection.get("agentSocketPath") or os.environ.get("SSH_AUTH_SOCK"):
        try:
            async with asyncssh.connect_agent(path) as agent:
                keys += await agent.get_keys()
        except OSError as error:
            raise UserError(f"cannot ask the SSH agent at {path}: {error}") from error
    return keys
