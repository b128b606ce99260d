"""The report that grows out of the app's log lines."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from report import Report, parse_event, point_latest, replace_text, write_report

START = {
    "event": "start",
    "rounds": 2,
    "settings": {"num-server-rounds": 2, "dataset": "auto"},
    "parameters": 878538,
    "sites": [
        {"site": "charite", "train_examples": 6000, "test_examples": 1000, "versions": {"torch": "2.6"}},
        {"site": "bergmannsheil", "train_examples": 5000, "test_examples": 900, "versions": {"torch": "2.5"}},
    ],
}


def a_round(number: int, accuracy: float, **more: Any) -> dict[str, Any]:
    site = {
        "accuracy": accuracy,
        "loss": 0.5,
        "train_loss": 0.6,
        "examples": 6000,
        "test_examples": 1000,
        "seconds": 2.0,
    }
    return {
        "event": "round",
        "round": number,
        "accuracy": accuracy,
        "loss": 0.5,
        "seconds": 9.5,
        "bytes_up": 7_000_000,
        "bytes_down": 14_000_000,
        "sites": {"charite": site, "bergmannsheil": site},
        "missing": [],
        **more,
    }


END = {"event": "end", "seconds": 21.5}


def reported(*events: dict[str, Any]) -> Report:
    report = Report(run_id="42", target="opennebula", settings={"min-supernodes": 2})
    for event in events:
        report.add(event)
    return report


def test_a_run_is_summed_up() -> None:
    report = reported(START, a_round(1, 0.7), a_round(2, 0.8), END)
    assert report.settings == {"min-supernodes": 2, "num-server-rounds": 2, "dataset": "auto"}
    assert [round_["accuracy"] for round_ in report.rounds] == [0.7, 0.8]
    assert report.bytes == {"up": 14_000_000, "down": 28_000_000}
    assert report.seconds == 21.5
    assert report.versions["sites"] == {"charite": {"torch": "2.6"}, "bergmannsheil": {"torch": "2.5"}}
    assert report.site_names == ["charite", "bergmannsheil"]


def test_a_log_that_is_read_twice_gives_the_same_report() -> None:
    events = [START, a_round(1, 0.7), a_round(2, 0.8)]
    once, twice = reported(*events), reported(*events, *events)
    once.started_at = twice.started_at
    assert once == twice


def test_the_keys_that_others_rely_on_are_in_the_file(tmp_path: Path) -> None:
    write_report(reported(START, a_round(1, 0.7), END), tmp_path)
    written = json.loads((tmp_path / "report.json").read_text())
    promised = {"run_id", "status", "settings", "sites", "rounds", "seconds", "bytes", "versions", "digests"}
    assert promised <= set(written)
    assert {"round", "accuracy", "loss", "seconds", "sites"} <= set(written["rounds"][0])


def test_a_loss_that_is_not_a_number_is_null_in_strict_json() -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    text = reported(START, a_round(1, 0.1, loss=math.nan, seconds=math.inf)).as_json()
    written = json.loads(text, parse_constant=refuse)["rounds"][0]
    assert (written["loss"], written["seconds"], written["accuracy"]) == (None, None, 0.1)


def test_metrics_have_a_row_for_the_federation_and_each_site_in_each_round(tmp_path: Path) -> None:
    write_report(reported(START, a_round(1, 0.7), a_round(2, 0.8)), tmp_path)
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["round"], row["site"]) for row in rows] == [
        (number, site) for number in "12" for site in ("federation", "charite", "bergmannsheil")
    ]
    assert rows[3]["accuracy"] == "0.8"
    assert rows[4]["train_loss"] == "0.6"


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ('INFO :      FLOWER_REPORT {"event": "end", "seconds": 1}\n', {"event": "end", "seconds": 1}),
        ('\x1b[92mINFO \x1b[0m:      FLOWER_REPORT {"event": "end"}\x1b[0m\n', {"event": "end"}),
        ('FLOWER_REPORT {"event": "round", "loss": NaN}', {"event": "round", "loss": math.nan}),
        ("INFO :      Received 2 results\n", None),
        ("", None),
    ],
)
def test_events_are_found_in_log_lines(line: str, event: dict[str, Any] | None) -> None:
    assert repr(parse_event(line)) == repr(event)


@pytest.mark.parametrize("line", ['FLOWER_REPORT {"event": "rou', "FLOWER_REPORT ", "FLOWER_REPORT [1]"])
def test_a_broken_event_is_an_error_and_not_silence(line: str) -> None:
    with pytest.raises(ValueError):
        parse_event(line)


def test_a_missing_site_keeps_its_column() -> None:
    alone = a_round(2, 0.8, missing=["bergmannsheil"])
    del alone["sites"]["bergmannsheil"]
    assert reported(START, a_round(1, 0.7), alone).site_names == ["charite", "bergmannsheil"]


def test_latest_leads_to_the_last_run(tmp_path: Path) -> None:
    for run in ("1", "2"):
        (tmp_path / run).mkdir()
        point_latest(tmp_path, run)
    assert (tmp_path / "latest").resolve() == tmp_path / "2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "latest"]


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("old")
    file.chmod(0o600)
    replace_text(file, "new")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [file]
