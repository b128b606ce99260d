"""Commands on this machine, in a shell or another interpreter."""

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pulumi_provider_kit import Archive, Asset, Operation, Properties, UserError

from .command import run_until_cancelled
from .globs import matching_files
from .output import Capture, Output

_SHELL = ("/bin/sh", "-c")
_PATIENCE = 5.0  # seconds between asking an interrupted command to end and killing it


async def run_locally(operation: Operation, command: str, inputs: Properties, variables: Mapping[str, str]) -> Output:
    """Run a command; its output, and the files that `assetPaths` and `archivePaths` name.

    Raises:
        UserError: it cannot be started or fails; with all it printed.
    """
    interpreter: Sequence[str] = inputs.get("interpreter") or _SHELL
    directory = Path(inputs.get("dir") or ".")
    if not directory.is_dir():
        raise UserError(f"dir {directory} is not a directory here (in {Path.cwd()})")
    capture = Capture(operation, inputs.get("logging"))
    environment = {**os.environ, **inputs.get("environment", {}), **variables}
    async with _process([*interpreter, command], directory, environment) as process:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101  (all are pipes)
        silence = asyncio.create_task(capture.report_silence())
        try:
            await asyncio.gather(
                _feed(process.stdin, inputs.get("stdin", "")),
                capture.read("stdout", process.stdout.read),
                capture.read("stderr", process.stderr.read),
            )
            status = await process.wait()
        finally:
            silence.cancel()
    if status != 0:
        raise capture.failure(_reason(status), command)
    return replace(capture.output(), files=tuple(_files(directory, inputs).items()))


def run_function(operation: Operation, arguments: Properties) -> Properties:
    """The function `local.run`: the command runs in every preview and every update."""
    output = run_until_cancelled(operation, run_locally(operation, arguments["command"], arguments, {}))
    return {**arguments, "stdout": output.stdout, "stderr": output.stderr, **dict(output.files)}


@asynccontextmanager
async def _process(
    command: Sequence[str], directory: Path, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is gone, with all it started, when the block is left early."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            cwd=directory,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    )
    try:
        process = await asyncio.shield(starting)  # interrupted halfway, the process would run on with nobody to end it
    except asyncio.CancelledError:
        await _end(await starting)
        raise
    except (OSError, ValueError) as error:
        raise UserError(f"cannot run {command[0]}: {error}") from error
    try:
        yield process
    except BaseException:
        await _end(process)
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the process group: ask, wait, kill."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PATIENCE)
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def _feed(stdin: asyncio.StreamWriter, text: str) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # the command need not read it
        stdin.write(text.encode())
        await stdin.drain()
    stdin.close()


def _reason(status: int) -> str:
    return f"exit status {status}" if status > 0 else f"signal: {signal.strsignal(-status)}"


def _files(directory: Path, inputs: Properties) -> dict[str, Any]:
    files: dict[str, Any] = {}
    if (patterns := inputs.get("assetPaths")) is not None:
        files["assets"] = _assets(directory, patterns)
    if (patterns := inputs.get("archivePaths")) is not None:
        files["archive"] = Archive(assets=_assets(directory, patterns))
    return files


def _assets(directory: Path, patterns: Sequence[str]) -> dict[str, Asset]:
    return {name: _asset(directory / name) for name in matching_files(directory, patterns)}


def _asset(path: Path) -> Asset:
    with path.open("rb") as file:
        return Asset(hash=hashlib.file_digest(file, "sha256").hexdigest(), path=str(path))
