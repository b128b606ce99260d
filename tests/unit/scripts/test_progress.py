"""What a person sees of a run: lines without a terminal, a table on one."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from progress import Progress, round_line, round_table
from report import Report


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def a_round(number: int, **accuracies: float) -> dict[str, Any]:
    sites = {name: {"accuracy": accuracy} for name, accuracy in accuracies.items()}
    return {"event": "round", "round": number, "accuracy": 0.815, "loss": 0.5, "seconds": 9.55, "sites": sites}


def reported(*rounds: dict[str, Any], planned: int = 2) -> Report:
    report = Report(run_id="42", target="opennebula")
    report.add({"event": "start", "rounds": planned, "sites": [], "parameters": 878538})
    for round_ in rounds:
        report.add(round_)
    return report


def rendered(report: Report, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(round_table(report, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_round_is_one_plain_line() -> None:
    event = a_round(1, charite=0.8, ukb=0.83) | {"missing": ["lmu"]}
    assert (
        round_line(event, reported(event))
        == "round 1/2: accuracy 81.5 %, loss 0.5000, 9.6 s (charite 80.0 %, ukb 83.0 %; missing: lmu)"
    )


def test_what_is_no_number_is_a_dash() -> None:
    event = {"event": "round", "round": 1, "accuracy": None, "loss": float("nan"), "sites": {}}
    assert round_line(event, reported(event)) == "round 1/2: accuracy –, loss –, – s ()"


def test_the_table_has_a_column_a_site_and_says_which_was_missing() -> None:
    table = rendered(reported(a_round(1, charite=0.8, ukb=0.83), a_round(2, charite=0.85)))
    assert "charite" in table and "ukb" in table
    assert "85.0 %" in table and "missing" in table


def test_the_table_has_a_column_a_site_as_far_as_the_terminal_is_wide() -> None:
    four, five = ({f"supernode-{i}": 0.8 for i in range(1, count + 1)} for count in (4, 5))
    assert "supernode-4" in rendered(reported(a_round(1, **four)))
    assert "worst site" in rendered(reported(a_round(1, **five)))
    assert "supernode-5" in rendered(reported(a_round(1, **five)), width=120)
    assert max(map(len, rendered(reported(a_round(1, **five))).splitlines())) <= 80


def test_many_sites_are_shown_by_their_worst_and_best() -> None:
    table = rendered(reported(a_round(1, **{f"site-{i}": 0.5 + i / 100 for i in range(20)})))
    assert "site-0 50.0 %" in table and "site-19 69.0 %" in table
    assert "site-7" not in table


def test_without_a_terminal_there_are_lines_without_control_characters() -> None:
    stream, report = io.StringIO(), reported(a_round(1, charite=0.8))
    with Progress(stream) as progress:
        progress.step("waiting")
        progress.step("waiting")
        progress.event(a_round(1, charite=0.8), report)
        progress.event(a_round(1, charite=0.8), report)  # the log is read again
    lines = stream.getvalue().splitlines()
    assert lines == [
        "waiting ...",
        "round 1/2: accuracy 81.5 %, loss 0.5000, 9.6 s (charite 80.0 %)",
        "round 2 of 2 ...",
    ]


@pytest.mark.parametrize(("variable", "coloured"), [("NO_COLOR", False), ("FORCE_COLOR", True)])
def test_a_terminal_gets_the_table_and_no_color_is_respected(
    monkeypatch: pytest.MonkeyPatch, variable: str, coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv(variable, "1")
    stream, report = Terminal(), reported(a_round(1, charite=0.8))
    with Progress(stream) as progress:
        progress.console.print("colour", style="red")
        progress.event(a_round(1, charite=0.8), report)
    assert "accuracy" in stream.getvalue() and "80.0 %" in stream.getvalue()
    assert ("\x1b[31m" in stream.getvalue()) == coloured


def test_square_brackets_in_what_others_wrote_are_shown_as_they_are() -> None:
    stream = io.StringIO()
    with Progress(stream) as progress:
        progress.say("FileNotFoundError: [Errno 2] [/data]")
    assert stream.getvalue() == "FileNotFoundError: [Errno 2] [/data]\n"
