"""The report of a run: gathered from the events that the ServerApp logs, kept as runs/<run id>/report.json.

An event is one log line `FLOWER_REPORT {json}` with the key "event": start, round, error or end (flower_app logs them).
Reading a log twice, as after a lost stream, gives the same report.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MARK = "FLOWER_REPORT "
FEDERATION = "federation"
METRICS = ("accuracy", "loss", "train_loss", "examples", "test_examples", "seconds")
Event = dict[str, Any]


@dataclass
class Report:
    """What is known of a run so far; the fields are the keys of report.json.

    `status` is submitted, running, completed, failed or stopped. `sites` and `rounds` are as in the events; a round
    has accuracy (0..1) and loss weighted by test examples, seconds, bytes_up and bytes_down (arrays alone), `sites`
    (per-site values by name) and `missing` (names). `error` has message, site and traceback. `bytes` sums the rounds.
    """

    run_id: str
    target: str
    status: str = "submitted"
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    settings: dict[str, Any] = field(default_factory=dict)
    parameters: int | None = None
    sites: list[dict[str, Any]] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    seconds: float | None = None
    bytes: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    versions: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    planned_rounds: int | None = None

    def add(self, event: Event) -> None:
        """Take in one event; a round that is known already is replaced."""
        kind = event.get("event")
        values = {key: value for key, value in event.items() if key != "event"}
        if kind == "start":
            self.planned_rounds = values.get("rounds")
            self.settings = {**self.settings, **values.get("settings", {})}
            self.parameters = values.get("parameters")
            self.sites = values.get("sites", [])
            self.versions["sites"] = {site["site"]: site.get("versions", {}) for site in self.sites}
        elif kind == "round":
            known = {round_["round"]: round_ for round_ in self.rounds} | {values["round"]: values}
            self.rounds = [known[number] for number in sorted(known)]
            self.bytes = {
                "up": sum(round_.get("bytes_up", 0) for round_ in self.rounds),
                "down": sum(round_.get("bytes_down", 0) for round_ in self.rounds),
            }
        elif kind == "error":
            self.error = {"message": "", "site": None, "traceback": ""} | values
        elif kind == "end":
            self.seconds = values.get("seconds")

    @property
    def last(self) -> dict[str, Any]:
        """The last round, empty before the first."""
        return self.rounds[-1] if self.rounds else {}

    @property
    def site_names(self) -> list[str]:
        """Every site that took part or was announced, in the app's order."""
        announced = [site["site"] for site in self.sites]
        seen = sorted({name for round_ in self.rounds for name in round_.get("sites", {})})
        return list(dict.fromkeys(announced + seen))

    def as_json(self) -> str:
        """Return the text of report.json: strict JSON, so that a loss which is not a number becomes null."""
        return json.dumps(_finite(asdict(self)), indent=2, allow_nan=False) + "\n"


def parse_event(line: str) -> Event | None:
    """Return the event in a log line, None where it has none; raise ValueError when it cannot be read."""
    _, mark, text = line.partition(MARK)
    if not mark:
        return None
    event, _ = json.JSONDecoder().raw_decode(text)
    if not isinstance(event, dict):
        raise ValueError(f"not an object: {text!r}")
    return event


def write_report(report: Report, folder: Path) -> None:
    """Write report.json and metrics.csv into `folder`; each is whole at any moment."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / "report.json", report.as_json())
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["round", "site", *METRICS])
    for round_ in report.rounds:
        for site, values in {FEDERATION: round_, **round_.get("sites", {})}.items():
            rows.writerow([round_["round"], site, *(values.get(metric, "") for metric in METRICS)])
    replace_text(folder / "metrics.csv", table.getvalue())


def replace_text(path: Path, text: str) -> None:
    """Write a file so that a reader, or a crash, sees the old text or the new one; the mode of an old one is kept."""
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")
    unfinished.write_text(text)
    if path.exists():
        unfinished.chmod(path.stat().st_mode)
    unfinished.replace(path)


def point_latest(runs: Path, run_id: str) -> None:
    """Make runs/latest lead to runs/<run id>."""
    link = runs / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(run_id)
    link.replace(runs / "latest")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
