"""`.venv/bin/docker`: which engine it speaks to, and which docker it runs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.places import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A set-up clone, and in `tmp_path`/system a docker command that prints its arguments and DOCKER_HOST."""
    venv = tmp_path / "a clone" / ".venv" / "bin"
    venv.mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "wrappers" / "docker", venv)
    (tmp_path / "system").mkdir()
    docker = tmp_path / "system" / "docker"
    docker.write_text('#!/bin/sh\necho "$@ at ${DOCKER_HOST-no address}"\n')
    docker.chmod(0o755)
    return tmp_path / "a clone"


def run(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    venv = project / ".venv" / "bin"
    path = f"{venv}:{project.parent / 'system'}:{os.defpath}"
    return subprocess.run(
        [venv / "docker", "ps"], env={"PATH": path, **variables}, capture_output=True, text=True, timeout=20
    )


def test_an_engine_that_answers_by_itself_needs_no_address(project: Path) -> None:
    assert run(project).stdout == "ps at no address\n"


@pytest.mark.parametrize(
    ("variables", "address"),
    [({}, "unix:///own"), ({"DOCKER_HOST": "tcp://theirs"}, "tcp://theirs"), ({"DOCKER_CONTEXT": "x"}, "no address")],
    ids=["none", "DOCKER_HOST", "DOCKER_CONTEXT"],
)
def test_the_projects_own_engine_is_used_unless_the_user_names_one(
    project: Path, variables: dict[str, str], address: str
) -> None:
    (project / ".tools").mkdir()
    (project / ".tools" / "docker-host").write_text("unix:///own")
    assert run(project, **variables).stdout == f"ps at {address}\n"


def test_wrappers_of_two_clones_on_path_do_not_call_each_other_for_ever(project: Path) -> None:
    other = project.parent / "another clone" / ".venv" / "bin"
    shutil.copytree(project / ".venv" / "bin", other)
    path = f"{project / '.venv' / 'bin'}:{other}:{project.parent / 'system'}:{os.defpath}"
    assert run(project, PATH=path).stdout == "ps at no address\n"


def test_without_a_docker_command_it_says_so_and_does_not_call_itself(project: Path) -> None:
    ended = run(project, PATH=f"{project / '.venv' / 'bin'}:/nonexistent:{_only_coreutils(project.parent)}")
    assert ended.returncode == 127
    assert "make setup" in ended.stderr


def _only_coreutils(folder: Path) -> Path:
    tools = folder / "coreutils"
    tools.mkdir()
    for name in ("readlink", "dirname", "cat", "sh"):
        (tools / name).symlink_to(shutil.which(name) or "")
    return tools
