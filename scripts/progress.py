"""What a person sees while a run goes on: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import math
import time
from types import TracebackType
from typing import Any, Self, TextIO

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from report import Event, Report


class Progress:
    """Shows a report as it grows. `say` adds a line above it; NO_COLOR and terminals without cursor are respected."""

    def __init__(self, stream: TextIO) -> None:
        self.console = Console(file=stream, highlight=False, soft_wrap=not stream.isatty())
        self.report: Report | None = None
        self._step = ""
        self._since = time.monotonic()
        self._shown: set[int] = set()
        self._live = Live(self, console=self.console, refresh_per_second=4) if self.console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the table as it is; what is said from now on comes below it."""
        self._step = ""
        if self._live:
            self._live.stop()
            self._live = None

    def say(self, line: str) -> None:
        """Print one line that stays."""
        self.console.print(Text(line))

    def step(self, what: str) -> None:
        """Say what is being waited for now; on a terminal it is shown below the table with its seconds."""
        if what == self._step:
            return
        self._step, self._since = what, time.monotonic()
        if what and not self._live:
            self.say(f"{what} ...")

    def event(self, event: Event, report: Report) -> None:
        """Show what an event brought; `report` has taken it in already."""
        self.report = report
        if event.get("event") == "start":
            count, images = len(report.sites), sum(site.get("train_examples", 0) for site in report.sites)
            sites = f"{count} sites, {images:,} training examples" if count else "the sites"
            self._once(0, f"training on {sites}" + (f", {report.parameters:,} parameters" if report.parameters else ""))
        elif event.get("event") == "round":
            self._once(event["round"], round_line(event, report))
        if report.planned_rounds and len(report.rounds) < report.planned_rounds and not report.error:
            self.step(f"round {len(report.rounds) + 1} of {report.planned_rounds}")
        elif report.rounds:
            self.step("finishing")

    def _once(self, number: int, line: str) -> None:
        if number in self._shown:
            return  # the log is being read again after a lost stream
        self._shown.add(number)
        if not self._live or number == 0:
            self.say(line)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        parts: list[Any] = [round_table(self.report, options.max_width)] if self.report and self.report.rounds else []
        if self._step:
            parts.append(Text(f"{self._step} ... {time.monotonic() - self._since:.0f} s", style="dim"))
        yield Group(*parts)


def round_table(report: Report, width: int) -> Table:
    """Return the table of rounds, with a column a site if `width` allows it, else with the worst and the best site."""
    names = report.site_names
    columns = ["round", "accuracy", "loss", "seconds"]
    each = len(" ".join(column.ljust(len("100.0 %")) for column in [*columns, *names])) <= width
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    for column in (*columns, *(names if each else ("worst site", "best site"))):
        table.add_column(column, justify="right")
    for round_ in report.rounds:
        sites = round_.get("sites", {})
        if each:
            cells = [percent(sites[name].get("accuracy")) if name in sites else "missing" for name in names]
        else:
            known = {name: values["accuracy"] for name, values in sites.items() if is_number(values.get("accuracy"))}
            extremes = [min(known, key=known.__getitem__), max(known, key=known.__getitem__)] if known else ["", ""]
            cells = [f"{name} {percent(known.get(name))}" for name in extremes]
        table.add_row(
            str(round_["round"]),
            Text(percent(round_.get("accuracy")), style="bold"),
            number(round_.get("loss")),
            number(round_.get("seconds"), 1),
            *cells,
        )
    return table


def round_line(round_: Event, report: Report) -> str:
    """Return a round as one plain line."""
    planned = f"/{report.planned_rounds}" if report.planned_rounds else ""
    sites = ", ".join(f"{name} {percent(site.get('accuracy'))}" for name, site in round_.get("sites", {}).items())
    missing = f"; missing: {', '.join(round_['missing'])}" if round_.get("missing") else ""
    return (
        f"round {round_['round']}{planned}: accuracy {percent(round_.get('accuracy'))}, "
        f"loss {number(round_.get('loss'))}, {number(round_.get('seconds'), 1)} s ({sites}{missing})"
    )


def percent(value: Any) -> str:
    """Return a share of 0..1 as percent, an en dash where there is none."""
    return f"{100 * value:.1f} %" if is_number(value) else "–"


def number(value: Any, digits: int = 4) -> str:
    """Return a number, an en dash where there is none."""
    return f"{value:.{digits}f}" if is_number(value) else "–"


def is_number(value: Any) -> bool:
    """Whether `value` is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)
