"""Commands on another machine, over SSH."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import asyncssh
from pulumi_provider_kit import Operation, Properties

from .output import Capture, Output
from .ssh import connected, start


async def run_remotely(operation: Operation, command: str, inputs: Properties, variables: Mapping[str, str]) -> Output:
    """Run a command in the remote user's login shell; its output.

    Cancelling closes the connection, and the remote process goes on.

    Raises:
        UserError: it cannot be started or fails; with all it printed.
    """
    capture = Capture(operation, inputs.get("logging"))
    async with connected(operation, inputs["connection"]) as connection:
        try:
            process, refused = await start(connection, command, inputs.get("environment", {}), variables)
            for name in refused:
                operation.log(f"the SSH server refused to set {name} (no AcceptEnv); going on without it", "warning")
            silence = asyncio.create_task(capture.report_silence())
            try:
                await asyncio.gather(
                    _feed(process, inputs.get("stdin", "")),
                    capture.read("stdout", process.stdout.read),
                    capture.read("stderr", process.stderr.read),
                )
                await process.wait_closed()
            finally:
                silence.cancel()
        except (OSError, asyncssh.Error) as error:
            raise capture.failure(f"the SSH connection failed: {error}", command) from error
    if (reason := _reason(process)) is not None:
        raise capture.failure(reason, command)
    return capture.output()


async def _feed(process: asyncssh.SSHClientProcess[bytes], text: str) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # the command need not read it
        process.stdin.write(text.encode())
        await process.stdin.drain()
        process.stdin.write_eof()


def _reason(process: asyncssh.SSHClientProcess[Any]) -> str | None:
    """How the process failed; None if it did not."""
    if process.exit_signal is not None:
        name = process.exit_signal[0]
        number = getattr(signal, f"SIG{name}", 0)
        return f"Process exited with status {128 + number} from signal {name}"
    status = process.channel.get_exit_status()
    if status is None:
        return "the connection ended before the command did"
    return f"Process exited with status {status}" if status != 0 else None
