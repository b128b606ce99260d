"""The whole bundle as `flwr run` starts it: packed, installed and run by Flower's own simulation in this container."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flower_app.data import DATA, IDX_FILES

CONNECTION = """\
[superlink]
default = "local-sim"

[superlink.local-sim]
address = ":local:"
"""


@pytest.fixture
def sites(two_sites: Path) -> Iterator[Path]:
    """The folders /data/0 and /data/1."""
    shutil.copytree(two_sites, DATA, dirs_exist_ok=True)
    yield DATA
    for folder in DATA.iterdir():
        shutil.rmtree(folder)


def flwr_run(**settings: object) -> list[dict[str, Any]]:
    home = Path.home() / ".flwr"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(CONNECTION)
    run_config = " ".join(f"{key.replace('_', '-')}={value}" for key, value in settings.items())
    command = ["flwr", "run", "/project/flower_app", "local-sim", "--stream", "--run-config", run_config]
    command += ["--federation-config", "num-supernodes=2 client-resources-num-cpus=1"]
    said = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    lines = [line for line in said.stdout.splitlines() if line.startswith("FLOWER_REPORT ")]
    assert lines, said.stdout + said.stderr
    return [json.loads(line.removeprefix("FLOWER_REPORT ")) for line in lines]


@pytest.mark.usefixtures("sites")
def test_two_sites_train_one_model() -> None:
    events = flwr_run(num_server_rounds=2, local_epochs=2)
    assert [event["event"] for event in events] == ["start", "round", "round", "end"]
    start, first, last, _ = events
    assert start["parameters"] == 582_026
    assert {site["site"]: site["train_examples"] for site in start["sites"]} == {"site-0": 320, "site-1": 160}
    assert last["loss"] < first["loss"]
    assert last["accuracy"] == pytest.approx(
        sum(site["accuracy"] * site["test_examples"] for site in last["sites"].values()) / 200
    )
    assert last["missing"] == []


def test_a_broken_site_stops_the_run_and_is_named(sites: Path) -> None:
    labels = sites / "1" / IDX_FILES["train"][1]
    labels.write_bytes(labels.read_bytes()[:-1])
    events = flwr_run(num_server_rounds=1)
    assert [event["event"] for event in events] == ["error"]
    assert events[0]["site"] == "site-1"
    assert str(labels) in events[0]["message"]
    assert "in read_idx" in events[0]["traceback"]
