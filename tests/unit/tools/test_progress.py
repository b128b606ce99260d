"""What set-up shows, on a terminal and elsewhere."""

import io
import os
import shutil
import time

import pytest

from tools.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((40, 24)))
    return now


def test_a_step_ends_with_its_result_and_its_time(clock: list[float]) -> None:
    screen = io.StringIO()
    shown = Progress(screen)
    shown.begin("base image")
    clock[0] = 35.14
    shown.end("base image", "pulled")
    assert screen.getvalue() == "base image ... pulled (35.1 s)\n"


def test_elsewhere_a_long_step_gives_a_line_every_half_minute(clock: list[float]) -> None:
    screen = io.StringIO()
    shown = Progress(screen)
    shown.begin("base image")
    for clock[0] in range(0, 70, 5):
        shown.tick({"base image": "unpacking"})
    assert screen.getvalue().splitlines() == [
        "base image ... still at it after 30 s: unpacking",
        "base image ... still at it after 60 s: unpacking",
    ]


def test_a_terminal_shows_all_running_steps_in_one_line_that_lines_replace(clock: list[float]) -> None:
    screen = Terminal()
    shown = Progress(screen)
    shown.begin("one")
    shown.begin("two")
    clock[0] = 7
    shown.tick({"one": "", "two": "unpacking something with a very long name"})
    status = screen.getvalue()
    assert "one 7 s, two 7 s  unpacking" in status
    assert len(status.strip("\r")) < 40
    shown.end("one", "made")
    assert screen.getvalue().endswith("one ... made (7.0 s)\n")
    assert "\n" not in screen.getvalue()[:-1]
