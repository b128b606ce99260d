"""What a command prints is kept exactly, shown by lines, and quoted in the order in which it came."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pulumi_command_offline.output import Capture, Output
from pulumi_provider_kit import Operation
from pulumi_provider_kit.operation import Cancellation


def capture(logging: str | None = None) -> tuple[Capture, list[str]]:
    lines: list[str] = []
    operation = Operation("", lambda urn, message, severity, ephemeral: lines.append(message), Cancellation())
    return Capture(operation, logging), lines


def pieces(*data: bytes) -> Callable[[int], Awaitable[bytes]]:
    """A stream that comes in these pieces."""
    left = iter([*data, b""])

    async def read(_size: int) -> bytes:
        return next(left)

    return read


@pytest.mark.parametrize(
    ("data", "text", "lines"),
    [
        ([b"one\ntw", b"o\n"], "one\ntwo", ["one", "two"]),
        ([b"no end"], "no end", ["no end"]),
        ([b"\xc3", b"\xa4\n"], "ä", ["ä"]),  # a character in two pieces
        ([b"\xff\n"], "\ufffd", ["\ufffd"]),
        ([b"a\n\n"], "a\n", ["a", ""]),
        ([b"10%\r20%\n"], "10%\r20%", ["10%\r20%"]),
        ([], "", []),
    ],
)
def test_a_stream_is_kept_without_one_trailing_newline_and_shown_by_lines(
    data: list[bytes], text: str, lines: list[str]
) -> None:
    captured, shown = capture()
    asyncio.run(captured.read("stdout", pieces(*data)))
    assert captured.output() == Output(stdout=text)
    assert shown == lines


def test_a_failure_quotes_both_streams_in_their_order() -> None:
    captured, _ = capture("none")

    async def alternate() -> None:
        for stream, data in (("stdout", b"1\n"), ("stderr", b"2\n"), ("stdout", b"3\n")):
            await captured.read(stream, pieces(data))  # type: ignore[arg-type]

    asyncio.run(alternate())
    assert str(captured.failure("exit status 1", 'say "hi"')) == 'exit status 1: running "say \\"hi\\"":\n1\n2\n3\n'


def test_the_next_run_sees_only_streams_that_said_something() -> None:
    assert Output("out", "").environment() == {"PULUMI_COMMAND_STDOUT": "out"}


def test_a_silent_command_is_reported_as_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi_command_offline.output._SILENCE", 0.05)
    captured, lines = capture()

    async def silence() -> None:
        reporting = asyncio.create_task(captured.report_silence())
        while not lines:
            await asyncio.sleep(0.01)
        reporting.cancel()

    asyncio.run(asyncio.wait_for(silence(), 10))
    assert lines[0].startswith("running for ")
