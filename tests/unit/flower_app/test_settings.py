"""A run's settings are checked before any site is asked."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flower_app.settings import RULES, Settings

APP = tomllib.loads((Path(__file__).parents[3] / "flower_app/pyproject.toml").read_text())["tool"]["flwr"]["app"]
DEFAULTS: dict[str, Any] = APP["config"]


def test_the_bundles_defaults_are_valid_and_keep_their_values() -> None:
    settings = Settings.of(DEFAULTS)
    assert (settings.num_server_rounds, settings.local_epochs, settings.batch_size) == (3, 1, 32)
    assert (settings.learning_rate, settings.dataset, settings.min_supernodes) == (0.01, "auto", 2)
    assert (settings.fraction_train, settings.fraction_evaluate, settings.num_partitions) == (1.0, 1.0, 0)


def test_every_key_of_the_bundle_has_a_rule_and_a_setting() -> None:
    names = {field.name.replace("_", "-") for field in fields(Settings)}
    assert set(DEFAULTS) == set(RULES) == names


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num-server-rounds", 0),
        ("num-server-rounds", "two"),
        ("num-server-rounds", 2.5),
        ("num-server-rounds", True),
        ("local-epochs", -1),
        ("batch-size", 0),
        ("learning-rate", 0),
        ("learning-rate", 1.5),
        ("learning-rate", "fast"),
        ("learning-rate", float("nan")),
        ("dataset", "mnist"),
        ("num-partitions", -2),
        ("min-supernodes", 0),
        ("fraction-train", 0.0),
        ("fraction-evaluate", 1.01),
        ("seed", -1),
    ],
)
def test_a_bad_value_is_refused_by_key_and_value(key: str, value: object) -> None:
    with pytest.raises(ValueError, match="must be") as refusal:
        Settings.of({**DEFAULTS, key: value})
    assert f"{key} is {value!r}" in str(refusal.value)


def test_all_mistakes_are_named_at_once() -> None:
    config = {**DEFAULTS, "batch-size": 0, "dataset": "mnist"}
    del config["seed"]
    with pytest.raises(ValueError, match="run config") as refusal:
        Settings.of(config)
    for mistake in ("batch-size is 0", "dataset is 'mnist'", "one of auto, fashion-mnist, cifar10", "seed is missing"):
        assert mistake in str(refusal.value)


def test_whole_numbers_are_good_fractions_and_rates() -> None:
    assert Settings.of({**DEFAULTS, "fraction-train": 1, "learning-rate": 1}).fraction_train == 1
