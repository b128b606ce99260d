"""The options of train.py: every mistake is named, with its value and what is allowed, before anything is opened."""

from __future__ import annotations

import argparse
import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TARGETS = ("opennebula", "local-sim")
HUB_DATASETS = ("cifar10",)
DATASETS = ("auto", "fashion-mnist", *HUB_DATASETS)  # those of flower_app; a test holds the two together


@dataclass(frozen=True)
class Options:
    """What was asked for; `settings` are the run-config keys that were given, `follow` is the id of a submitted run."""

    target: str = "opennebula"
    stack: str | None = None
    min_supernodes: int | None = None
    json: bool = False
    detach: bool = False
    follow: str | None = None
    settings: dict[str, int | float | str] = field(default_factory=dict)

    @property
    def hub(self) -> bool:
        """Whether the data set comes from a hub on the internet."""
        return self.settings.get("dataset") in HUB_DATASETS


@dataclass(frozen=True)
class Rule:
    """How the text of an option becomes a value, and when it may not."""

    read: Callable[[str], Any]
    good: Callable[[Any], bool]
    allowed: str


COUNT = Rule(int, lambda value: value >= 1, "a whole number, 1 or more")
RATE = Rule(float, lambda value: math.isfinite(value) and 0 < value <= 1, "a number above 0 and at most 1")
DATASET = Rule(str, lambda value: value in DATASETS, f"one of {', '.join(DATASETS)}")
TARGET = Rule(str, lambda value: value in TARGETS, f"one of {', '.join(TARGETS)}")
RUN_ID = Rule(int, lambda value: value >= 1, "the number of a run, as printed when it was submitted")

# option: run-config key, rule, what it is
SETTINGS = {
    "rounds": ("num-server-rounds", COUNT, "rounds of training"),
    "epochs": ("local-epochs", COUNT, "passes over its own images that a site makes in a round"),
    "lr": ("learning-rate", RATE, "learning rate"),
    "batch-size": ("batch-size", COUNT, "images in a step"),
    "dataset": ("dataset", DATASET, f"{', '.join(DATASETS)}; auto is what a site holds"),
}


def parse_options(arguments: list[str], app: Path) -> Options:
    """Return the options; on mistakes print them all and exit with 2. `app` is the folder that holds the defaults."""
    parser = _parser(app)
    given = parser.parse_args(arguments)
    mistakes: list[str] = []

    def read(option: str, rule: Rule) -> Any:
        text = getattr(given, option.replace("-", "_"))
        if text is None or (option == "follow" and not text):
            return None
        try:
            value = rule.read(text)
            if rule.good(value):
                return value
        except ValueError:
            pass
        mistakes.append(f"--{option} {text}: must be {rule.allowed}")
        return None

    values = {key: read(option, rule) for option, (key, rule, _) in SETTINGS.items()}
    target, minimum, follow = read("target", TARGET), read("min-supernodes", COUNT), read("follow", RUN_ID)
    named = [option for option in SETTINGS if getattr(given, option.replace("-", "_")) is not None]
    named += ["min-supernodes"] if given.min_supernodes is not None else []
    if given.follow and named:
        mistakes.append(f"--follow: a run that was submitted keeps its settings; leave out --{', --'.join(named)}")
    if given.follow is not None and given.detach:
        mistakes.append("--follow and --detach exclude each other")
    if target == "local-sim":
        for option in ("stack", "detach", "follow"):
            if getattr(given, option):
                mistakes.append(f"--{option}: not with --target local-sim, which has no deployment and ends with us")
    if mistakes:
        parser.exit(2, "".join(f"error: {mistake}\n" for mistake in mistakes))
    return Options(
        target=target,
        stack=given.stack,
        min_supernodes=minimum,
        json=given.json,
        detach=given.detach,
        follow=str(follow) if follow else None,
        settings={key: value for key, value in values.items() if value is not None},
    )


def _parser(app: Path) -> argparse.ArgumentParser:
    defaults = _defaults(app)
    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Train over the deployed federation, or on this machine alone, and write the report to runs/. "
        "Ctrl-C stops the run and keeps what is known so far.",
    )
    for option, (key, _, what) in SETTINGS.items():
        default = f" (default: {defaults[key]})" if key in defaults else ""
        parser.add_argument(f"--{option}", metavar="NAME" if option == "dataset" else "N", help=what + default)
    parser.add_argument(
        "--target", default="opennebula", metavar="|".join(TARGETS), help="where to train (default: opennebula)"
    )
    parser.add_argument("--stack", metavar="NAME", help="Pulumi stack (default: the selected one)")
    parser.add_argument(
        "--min-supernodes",
        metavar="N",
        help="start when so many are online, and average no fewer (default: all of the stack); "
        "with local-sim, how many to simulate (default: 2)",
    )
    parser.add_argument("--json", action="store_true", help="print the report, and only it, to stdout as JSON")
    parser.add_argument("--detach", action="store_true", help="submit the run and leave")
    parser.add_argument(
        "--follow",
        nargs="?",
        const="",
        metavar="RUN_ID",
        help="follow a run that was submitted before, and write its report; "
        "without RUN_ID submit one and follow it, which is the default",
    )
    return parser


def _defaults(app: Path) -> dict[str, Any]:
    try:
        project = tomllib.loads((app / "pyproject.toml").read_text())
        return dict(project["tool"]["flwr"]["app"]["config"])
    except (OSError, KeyError, ValueError):
        return {}  # `flwr run` will say what is wrong with it
