"""`train.py --target local-sim`, as a person runs it: a real training in the SuperNode image, without any cloud."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project_copy import copy_project

pytestmark = pytest.mark.timeout(900)  # the image may have to be built first; with it a training takes half a minute


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy, so that a developer's runs/latest stays what it is."""
    copy_project(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def training(project: Path) -> Iterator[subprocess.Popen[str]]:
    script = str(project / "scripts" / "train.py")
    command = [sys.executable, script, "--target", "local-sim", "--rounds", "1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def container_of(training: subprocess.Popen[str], *which: str) -> str:
    """The name of the training's container while it runs, or (`which` is --all) while there is one; else nothing."""
    name = f"name=flower-local-sim-{training.pid}"
    listed = ["docker", "ps", *which, "--filter", name, "--format", "{{.Names}}"]
    return subprocess.run(listed, capture_output=True, text=True, check=True).stdout.strip()


def test_the_report_has_the_shape_of_a_federations(project: Path, training: subprocess.Popen[str]) -> None:
    out, err = training.communicate()
    assert training.returncode == 0, err
    report = json.loads(out)
    folder = project / "runs" / "latest"
    assert json.loads((folder / "report.json").read_text()) == report
    assert {"report.html", "metrics.csv", "accuracy-loss.png"} <= {file.name for file in folder.iterdir()}

    assert {"run_id", "status", "settings", "sites", "rounds", "seconds", "bytes", "versions", "digests"} <= set(report)
    assert (report["status"], report["error"]) == ("completed", None)
    assert report["settings"]["num-server-rounds"] == 1
    assert [site["site"] for site in report["sites"]] == ["site-0", "site-1"]
    assert {site["train_examples"] for site in report["sites"]} == {6000}
    (only,) = report["rounds"]
    assert {"round", "accuracy", "loss", "seconds", "bytes_up", "bytes_down", "sites", "missing"} <= set(only)
    assert set(only["sites"]) == {"site-0", "site-1"}
    for values in only["sites"].values():
        assert {"accuracy", "loss", "train_loss", "examples", "test_examples", "seconds"} <= set(values)
    assert only["accuracy"] > 0.7  # it has learned: chance is 0.1
    assert report["bytes"]["up"] > 2 * 4 * 582_026  # the weights of two sites
    assert {"flwr", "python", "app", "sites"} <= set(report["versions"])
    assert {"local-sim", "app"} <= set(report["digests"])
    assert not container_of(training, "--all")


def test_a_killed_training_takes_its_container_along(training: subprocess.Popen[str]) -> None:
    assert training.stderr is not None
    next(line for line in training.stderr if "submitted" in line)
    name = container_of(training)
    assert name
    training.kill()
    subprocess.run(["docker", "wait", name], capture_output=True, check=False)  # gone already is as good
    assert not container_of(training)
