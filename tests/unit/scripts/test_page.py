"""report.html: self-contained, complete, and safe whatever the sites say."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from page import accuracy_range, duration, plot, render_page, size, write_page
from report import Report

PNG = b"\x89PNG\r\n\x1a\n"


def a_report(rounds: int = 2, sites: int = 2, **fields: Any) -> Report:
    names = [f"hospital-{i}" for i in range(sites)]
    report = Report(run_id="42", target="opennebula", digests={"superlink": "sha256:abc"}, status="completed")
    about = {"dataset": "fashion-mnist", "train_examples": 6000, "test_examples": 1000, "versions": {"torch": "2.6.0"}}
    report.add(
        {
            "event": "start",
            "rounds": rounds,
            "settings": {"learning-rate": 0.01},
            "parameters": 878538,
            "sites": [{"site": name, **about} for name in names],
        }
    )
    for number in range(1, rounds + 1):
        site = {"accuracy": 0.7 + number / 100, "loss": 1 / number, "seconds": 3.2, "test_examples": 1000}
        report.add(
            {"event": "round", "round": number, **site, "bytes_up": 7_028_304, "sites": dict.fromkeys(names, site)}
        )
    report.add({"event": "end", "seconds": 75.0})
    for name, value in fields.items():
        setattr(report, name, value)
    return report


class Outside(HTMLParser):
    """Collects everything the page would fetch, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href") and value]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Outside:
    reader = Outside()
    reader.feed(page)
    reader.text = " ".join(reader.text.split())
    return reader


def test_the_page_needs_nothing_but_itself() -> None:
    page = read(render_page(a_report(), PNG))
    assert [source.split(",")[0] for source in page.fetched] == ["data:image/png;base64"]
    assert not {"script", "link", "iframe"} & set(page.tags)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0.776, 0.787), (0.7315, 0.8315)),
        ((0.1, 0.9), (0.1, 0.9)),
        ((0.0, 0.02), (0.0, 0.06)),
        ((0.99, 1.0), (0.945, 1.02)),
    ],
)
def test_the_accuracy_axis_does_not_blow_up_small_differences(
    values: tuple[float, float], shown: tuple[float, float]
) -> None:
    assert accuracy_range(*values) == pytest.approx(shown)


@pytest.mark.parametrize(
    "words",
    [
        "2 sites trained one shared model over 2 rounds in 1 min 15 s.",
        "is right for 72.0 % of them.",
        "12,000",
        "hospital-1",
        "14.1 MB of weights came from the sites",
        "878,538 parameters",
        "learning-rate",
        "torch 2.6.0",
        "sha256:abc",
        "completed",
    ],
)
def test_the_page_says(words: str) -> None:
    assert words in read(render_page(a_report(), PNG)).text


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (a_report(rounds=0, status="failed"), "No round of training was finished."),
        (a_report(status="stopped"), "The run was stopped before its end."),
        (a_report(planned_rounds=9, status="stopped"), "over 2 of 9 planned rounds"),
        (a_report(target="local-sim"), "no hospital took part"),
        (a_report(sites=1, rounds=1), "1 site trained one shared model over 1 round"),
        (
            a_report(error={"message": "no data", "site": "hospital-1", "traceback": "FileNotFoundError: /data"}),
            "hospital-1: no data FileNotFoundError: /data",
        ),
    ],
)
def test_every_ending_is_told(report: Report, words: str) -> None:
    assert words in read(render_page(report, PNG if report.rounds else None)).text


def test_what_sites_say_is_text_and_never_markup() -> None:
    report = a_report(
        error={"message": "<script>alert(1)</script>", "site": "<b>x", "traceback": "</pre><img src=http://x>"}
    )
    page = read(render_page(report, PNG))
    assert page.tags.count("img") == 1 and "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text


def test_a_run_without_any_report_of_its_sites_has_a_page_too() -> None:
    page = render_page(Report(run_id="7", target="opennebula", status="failed"), None)
    assert "No round of training was finished." in read(page).text


def test_an_app_that_reports_only_the_least_has_a_page_too() -> None:
    report = Report(run_id="7", target="opennebula", status="completed")
    for event in ({"event": "start", "sites": [{"site": "a"}]}, {"event": "round", "round": 1}, {"event": "end"}):
        report.add(event)
    assert "1 site trained one shared model over 1 round" in read(render_page(report, PNG)).text


@pytest.mark.parametrize("sites", [1, 2, 30])
def test_the_plot_is_a_picture_for_any_number_of_sites(tmp_path: Path, sites: int) -> None:
    plot(a_report(sites=sites), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(PNG)


def test_rounds_without_an_evaluation_are_gaps(tmp_path: Path) -> None:
    report = a_report()
    report.rounds[0] |= {"accuracy": None, "loss": float("nan")}
    write_page(report, tmp_path)
    assert (tmp_path / "accuracy-loss.png").read_bytes().startswith(PNG)
    assert "–" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("seconds", "said"), [(3.21, "3.2 s"), (42.4, "42 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (None, "–")]
)
def test_durations_are_said_as_a_person_says_them(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (14_056_608, "14.1 MB"), (2e9, "2.0 GB")]
)
def test_sizes_are_decimal(count: float, said: str) -> None:
    assert size(count) == said
