"""A run's settings: what `[tool.flwr.app.config]` and `--run-config` say, checked before any site is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

DATASETS = ("auto", "fashion-mnist", "cifar10")


@dataclass(frozen=True)
class Settings:
    """The keys of `[tool.flwr.app.config]`, whose comments say what they mean."""

    num_server_rounds: int
    local_epochs: int
    batch_size: int
    learning_rate: float
    dataset: str
    num_partitions: int
    min_supernodes: int
    fraction_train: float
    fraction_evaluate: float
    seed: int

    @classmethod
    def of(cls, run_config: Mapping[str, Any]) -> Settings:
        """Read a run's config; raises one ValueError that names every mistake, its value and what is allowed."""
        keys = [field.name.replace("_", "-") for field in fields(cls)]
        mistakes = [f"{key} is missing" for key in keys if key not in run_config]
        for key in keys:
            allowed, what = RULES[key]
            if key in run_config and not allowed(run_config[key]):
                mistakes.append(f"{key} is {run_config[key]!r}, it must be {what}")
        if mistakes:
            raise ValueError("run config: " + "; ".join(mistakes))
        return cls(**{key.replace("-", "_"): run_config[key] for key in keys})


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(value: Any, most: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= most


Rule = tuple[Callable[[Any], bool], str]
AT_LEAST_1: Rule = (lambda value: _whole(value, 1), "a whole number of at least 1")
AT_LEAST_0: Rule = (lambda value: _whole(value, 0), "a whole number of at least 0")
FRACTION: Rule = (lambda value: _number(value, 1), "a number above 0 and at most 1")

RULES: dict[str, Rule] = {
    "num-server-rounds": AT_LEAST_1,
    "local-epochs": AT_LEAST_1,
    "batch-size": AT_LEAST_1,
    "learning-rate": FRACTION,
    "dataset": (lambda value: value in DATASETS, f"one of {', '.join(DATASETS)}"),
    "num-partitions": AT_LEAST_0,
    "min-supernodes": AT_LEAST_1,
    "fraction-train": FRACTION,
    "fraction-evaluate": FRACTION,
    "seed": AT_LEAST_0,
}
