"""What a command prints: kept for the outputs, shown while it runs, and quoted when it fails."""

import asyncio
import codecs
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from pulumi_provider_kit import Operation, UserError

Stream = Literal["stdout", "stderr"]

_SHOWN = {
    None: ("stdout", "stderr"),
    "stdoutAndStderr": ("stdout", "stderr"),
    "stdout": ("stdout",),
    "stderr": ("stderr",),
    "none": (),
}
_SILENCE = 10.0  # seconds without a line after which the progress line says for how long the command has been running


@dataclass(frozen=True)
class Output:
    """Standard output and error of a run, without one trailing newline.

    `files` has the outputs `assets` and `archive` of a local command.
    """

    stdout: str = ""
    stderr: str = ""
    files: tuple[tuple[str, Any], ...] = ()

    def environment(self) -> dict[str, str]:
        """The variables by which the next run of the resource sees this one."""
        variables = {"PULUMI_COMMAND_STDOUT": self.stdout, "PULUMI_COMMAND_STDERR": self.stderr}
        return {name: value for name, value in variables.items() if value}


class Capture:
    """Collects both streams of a running command.

    Args:
        operation: where lines are shown as progress.
        logging: the resource's `logging`: which streams are shown.
    """

    def __init__(self, operation: Operation, logging: str | None) -> None:
        self._operation = operation
        self._shown = _SHOWN[logging]
        self._pieces: list[tuple[Stream, str]] = []
        self._partial = {"stdout": "", "stderr": ""}
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in self._partial}
        self._started = self._last_shown = time.monotonic()

    async def read(self, stream: Stream, read: Callable[[int], Awaitable[bytes]]) -> None:
        """Collect a stream until its end."""
        while data := await read(65536):
            self._add(stream, self._decoders[stream].decode(data))
        self._add(stream, self._decoders[stream].decode(b"", True))
        if self._partial[stream]:
            self._add(stream, "", "\n")

    async def report_silence(self) -> None:
        """Until cancelled, say from time to time that a silent command is still running."""
        while True:
            await asyncio.sleep(_SILENCE)
            now = time.monotonic()
            if now - self._last_shown >= _SILENCE:
                self._operation.status(f"running for {now - self._started:.0f} s")

    def output(self) -> Output:
        """What was collected."""
        return Output(self._text("stdout").removesuffix("\n"), self._text("stderr").removesuffix("\n"))

    def failure(self, reason: str, command: str) -> UserError:
        """The error that quotes the command and all it printed, in the order in which it came."""
        return UserError(f"{reason}: running {json.dumps(command, ensure_ascii=False)}:\n{self._text(None)}")

    def _text(self, wanted: Stream | None) -> str:
        return "".join(text for stream, text in self._pieces if wanted in (None, stream))

    def _add(self, stream: Stream, text: str, end: str = "") -> None:
        if text:
            self._pieces.append((stream, text))
        *lines, self._partial[stream] = (self._partial[stream] + text + end).split("\n")
        if stream in self._shown:
            for line in lines:
                self._operation.status(line)
                self._last_shown = time.monotonic()
