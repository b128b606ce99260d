"""The engine that clones share: nobody stops it under another one's feet."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import engine


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process that the pid file names, in place of a dockerd; what runs in it is what the file `containers` lists."""
    home = tmp_path / "engine"
    home.mkdir()
    for name, value in {
        "HOME": home,
        "PID": home / "docker.pid",
        "USERS": home / "users",
        "BRIDGE": "no-bridge",
    }.items():
        monkeypatch.setattr(engine, name, value)
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\ncat {tmp_path}/containers 2>/dev/null\n")
    docker.chmod(0o755)
    monkeypatch.setattr(engine, "OWN", {"PATH": f"{tmp_path}:{os.defpath}"})
    monkeypatch.setattr(engine, "answers", lambda environment: True)
    command = [sys.executable, "-c", "print('up', flush=True); input()", str(engine.PID)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        engine.PID.write_text(str(process.pid))
        yield process
        process.kill()


def clone(folder: Path) -> Path:
    """A clone that was set up to use the engine: the file that says so."""
    (folder / ".tools").mkdir(parents=True)
    record = folder / ".tools" / "docker-host"
    engine.start([], record)
    return record


def test_set_up_tells_the_engine_of_the_clone_and_the_clone_of_the_engine(
    tmp_path: Path, running: subprocess.Popen[bytes]
) -> None:
    record = clone(tmp_path / "one")
    assert record.read_text() == engine.HOST
    assert engine.knows(record)
    assert not engine.knows(tmp_path / "other" / ".tools" / "docker-host")


def test_the_engine_stays_until_the_last_clone_is_cleaned(tmp_path: Path, running: subprocess.Popen[bytes]) -> None:
    one, other = clone(tmp_path / "one"), clone(tmp_path / "other")
    assert f"stays, for {tmp_path / 'other'} " in engine.stop([], one)
    assert running.poll() is None
    assert not engine.knows(one)
    assert engine.stop([], other).startswith("stopped")
    assert running.wait(10) != 0


def test_a_clone_that_was_deleted_holds_nothing(tmp_path: Path, running: subprocess.Popen[bytes]) -> None:
    one = clone(tmp_path / "one")
    clone(tmp_path / "deleted")
    shutil.rmtree(tmp_path / "deleted")
    assert engine.stop([], one).startswith("stopped")


def test_a_clones_containers_keep_the_engine_and_its_address(tmp_path: Path, running: subprocess.Popen[bytes]) -> None:
    one = clone(tmp_path / "one")
    (tmp_path / "containers").write_text("4711\n4712\n")
    assert "stays: 2 containers run in it" in engine.stop([], one)
    assert engine.knows(one)
    assert running.poll() is None
