"""report.html and the plot: a run as a physician or an auditor reads it, self-contained and printable."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any

from progress import number, percent
from report import Report, replace_text

TEMPLATE = "report.html.j2"
COLOURS = ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280", "#975a16", "#2c7a7b", "#9b2c2c")
INK = "#1a202c"


def write_page(report: Report, folder: Path) -> Path:
    """Write accuracy-loss.png (once there are rounds) and report.html into `folder`; return the latter."""
    picture = folder / "accuracy-loss.png"
    if report.rounds:
        plot(report, picture)
    page = folder / "report.html"
    replace_text(page, render_page(report, picture.read_bytes() if report.rounds else None))
    return page


def render_page(report: Report, picture: bytes | None) -> str:
    """Return the page; `picture` is a PNG that becomes part of it."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(percent=percent, number=number, duration=duration, size=size, plain=plain)
    return environment.get_template(TEMPLATE).render(
        report=report,
        last=report.last,
        sites=site_rows(report),
        training_images=sum(site.get("train_examples", 0) for site in report.sites) or None,
        picture=base64.b64encode(picture).decode() if picture else None,
    )


def site_rows(report: Report) -> list[dict[str, Any]]:
    """Return what the page says of each site: what it announced, and how the last round's model did there."""
    announced = {site["site"]: site for site in report.sites}
    rows = []
    for name in report.site_names:
        reached = [round_["sites"][name] for round_ in report.rounds if name in round_.get("sites", {})]
        rows.append({"site": name, "last": reached[-1] if reached else {}, **announced.get(name, {})})
    return rows


def plot(report: Report, path: Path) -> None:
    """Draw accuracy and loss by round, the federation bold and each site thin, as a PNG."""
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    accuracy: Axes
    loss: Axes
    accuracy, loss = figure.subplots(1, 2)
    rounds = [round_["round"] for round_ in report.rounds]
    names = report.site_names
    for axes, metric in ((accuracy, "accuracy"), (loss, "loss")):
        for index, name in enumerate(names):
            values = [_value(round_.get("sites", {}).get(name, {}), metric) for round_ in report.rounds]
            few = len(names) <= len(COLOURS)
            colour = COLOURS[index] if few else "#a0aec0"
            axes.plot(
                rounds, values, color=colour, linewidth=1.2, marker="o", markersize=3, label=name if few else None
            )
        together = [_value(round_, metric) for round_ in report.rounds]
        axes.plot(rounds, together, color=INK, linewidth=2.4, marker="o", markersize=4, label="all sites together")
        axes.set_xlabel("round")
        axes.set_title(f"{metric} on held-back test images", fontsize=11, loc="left")
        axes.set_xlim(rounds[0] - 0.25, rounds[-1] + 0.25)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    accuracy.set_ylim(*accuracy_range(*accuracy.get_ylim()))
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    loss.set_ylim(0, 1.08 * loss.get_ylim()[1])
    accuracy.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=144)


def accuracy_range(low: float, high: float) -> tuple[float, float]:
    """Return the accuracies that the axis shows: at least ten points, so that chance does not look like progress."""
    spare = max(0.0, 0.1 - (high - low)) / 2
    return max(0.0, low - spare), min(1.02, high + spare)


def duration(seconds: Any) -> str:
    """Return seconds as a person says them: 42 s, 3 min 20 s, 2 h 5 min."""
    if not isinstance(seconds, int | float):
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: Any) -> str:
    """Return bytes in decimal units: 14.1 MB."""
    if not isinstance(count, int | float):
        return "–"
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count} bytes"


def plain(count: Any) -> str:
    """Return a count with thousands separated, an en dash where there is none."""
    return f"{count:,}" if isinstance(count, int) else "–"


def _value(values: dict[str, Any], metric: str) -> float:
    value = values.get(metric)
    return float(value) if isinstance(value, int | float) else math.nan
