"""Mistakes in train.py's options: all at once, each with its value and what is allowed, before anything is opened."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import options
import train
from options import Options, parse_options

REPOSITORY = Path(__file__).parents[3]
APP = REPOSITORY / "flower_app"


def test_what_is_not_given_is_left_to_the_app() -> None:
    assert parse_options([], APP) == Options()


def test_settings_travel_under_the_apps_own_keys() -> None:
    given = [
        "--rounds",
        "10",
        "--epochs",
        "2",
        "--lr",
        "0.05",
        "--batch-size",
        "64",
        "--dataset",
        "cifar10",
        "--min-supernodes",
        "3",
    ]
    parsed = parse_options(given, APP)
    assert parsed.settings == {
        "num-server-rounds": 10,
        "local-epochs": 2,
        "learning-rate": 0.05,
        "batch-size": 64,
        "dataset": "cifar10",
    }
    assert parsed.min_supernodes == 3
    assert parsed.hub


MISTAKES = [
    (["--rounds", "0"], "--rounds 0: must be a whole number, 1 or more"),
    (["--rounds", "two"], "--rounds two: must be a whole number, 1 or more"),
    (["--rounds", "1.5"], "--rounds 1.5: must be a whole number, 1 or more"),
    (["--epochs", "-1"], "--epochs -1: must be a whole number, 1 or more"),
    (["--batch-size", "0"], "--batch-size 0: must be a whole number, 1 or more"),
    (["--lr", "-0.1"], "--lr -0.1: must be a number above 0 and at most 1"),
    (["--lr", "nan"], "--lr nan: must be a number above 0 and at most 1"),
    (["--lr", "inf"], "--lr inf: must be a number above 0 and at most 1"),
    (["--dataset", "imagenet"], "--dataset imagenet: must be one of auto, fashion-mnist, cifar10"),
    (["--target", "moon"], "--target moon: must be one of opennebula, local-sim"),
    (["--min-supernodes", "0"], "--min-supernodes 0: must be a whole number, 1 or more"),
    (["--follow", "latest"], "--follow latest: must be the number of a run"),
    (["--follow", "7", "--rounds", "3"], "leave out --rounds"),
    (["--follow", "7", "--detach"], "--follow and --detach exclude each other"),
    (["--target", "local-sim", "--detach"], "--detach: not with --target local-sim"),
    (["--target", "local-sim", "--stack", "dev"], "--stack: not with --target local-sim"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[" ".join(arguments) for arguments, _ in MISTAKES])
def test_a_mistake_is_named(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse_options(arguments, APP)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_all_mistakes_are_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options(["--rounds", "0", "--lr", "-1", "--dataset", "x"], APP)
    assert [line.split(":")[1].split()[0] for line in capsys.readouterr().err.splitlines()] == [
        "--rounds",
        "--lr",
        "--dataset",
    ]


def test_the_data_sets_are_those_of_the_app() -> None:
    spec = importlib.util.spec_from_file_location("app_settings", APP / "flower_app" / "settings.py")
    assert spec and spec.loader
    settings = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = settings  # dataclasses look their module up
    spec.loader.exec_module(settings)
    assert options.DATASETS == settings.DATASETS


def test_help_shows_the_apps_defaults_from_any_folder_without_loading_flower(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", train.__file__, "--help"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "rounds of training (default: 3)" in done.stdout
    imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "argparse" in imported
    assert not imported & {"flwr", "grpc", "rich", "matplotlib", "jinja2", "numpy", "pulumi"}
