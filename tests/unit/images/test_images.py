"""What the images promise can be read in their files, and images/build refuses before it starts."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
IMAGES = ("superlink", "supernode")


def requirements(name: str) -> list[str]:
    lines = (PROJECT / "images" / name / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def last_stage(name: str) -> str:
    return re.split(r"^FROM ", (PROJECT / "images" / name / "Dockerfile").read_text(), flags=re.MULTILINE)[-1]


@pytest.mark.parametrize("name", IMAGES)
def test_every_python_package_is_pinned(name: str) -> None:
    assert not [line for line in requirements(name) if not re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+", line)]


def test_the_superlink_has_no_ml_framework() -> None:
    packages = {line.split("==")[0].lower() for line in requirements("superlink")}
    assert not packages & {"torch", "torchvision", "tensorflow", "scikit-learn", "flwr-datasets", "datasets", "ray"}
    assert "torch" not in last_stage("superlink")


def test_flower_has_one_version_everywhere() -> None:
    app = tomllib.loads((PROJECT / "flower_app/pyproject.toml").read_text())["project"]["dependencies"]
    deployer = (PROJECT / "requirements.txt").read_text().splitlines()
    pins = [*app, *deployer, *requirements("superlink"), *requirements("supernode")]
    versions = {pin.split("==")[1] for pin in pins if re.match(r"flwr(\[simulation\])?==", pin)}
    labels = {re.findall(r'image\.version="(.+)"', last_stage(name))[0] for name in IMAGES}
    assert versions == labels
    assert len(versions) == 1


@pytest.mark.parametrize("name", IMAGES)
def test_the_image_runs_unprivileged(name: str) -> None:
    assert re.findall(r"^USER (.+)$", last_stage(name), re.MULTILINE) == ["49999:49999"]


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_of_the_builders_network_reaches_the_result(name: str) -> None:
    assert not re.search(r"certificates|PIP_INDEX_URL|proxy", last_stage(name))


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {}, "usage: images/build"),
        (["superlink"], {}, "usage: images/build"),
        (["sklearn", "some:tag"], {}, "no image is called 'sklearn'"),
        (["superlink", "some:tag"], {"PIP_CERT": "/nowhere/ca.pem"}, "the CA bundle '/nowhere/ca.pem'"),
        (["superlink", "some:tag"], {"DOCKER_HOST": "unix:///nowhere.sock"}, "no Docker engine answers at unix:///now"),
    ],
)
def test_build_refuses_what_cannot_work(arguments: list[str], environment: dict[str, str], said: str) -> None:
    build = subprocess.run(
        [PROJECT / "images/build", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 1
    assert said in build.stderr
    assert not build.stdout
