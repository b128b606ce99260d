"""images/tag: the same content is the same image, any change is another."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RULE = Path(__file__).parents[3] / "images" / "tag"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    shutil.copy(RULE, tmp_path / "tag")
    (tmp_path / "supernode").mkdir()
    (tmp_path / "supernode" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "supernode" / "start").write_text("#!/bin/sh\n")
    return tmp_path


def tag(images: Path, name: str = "supernode") -> str:
    done = subprocess.run([sys.executable, images / "tag", name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_tag_is_the_name_and_twelve_hex_digits(images: Path) -> None:
    name, _, digest = tag(images).partition(":")
    assert name == "flower-supernode"
    assert len(digest) == 12 and int(digest, 16) >= 0


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda folder: (folder / "start").write_text("#!/bin/sh\nexit\n"),
    "a new file": lambda folder: (folder / "more").write_text(""),
    "another name": lambda folder: (folder / "start").rename(folder / "begin"),
    "now executable": lambda folder: (folder / "start").chmod(0o755),
    "a file gone": lambda folder: (folder / "start").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_is_another_tag(images: Path, change: Callable[[Path], object]) -> None:
    before = tag(images)
    change(images / "supernode")
    assert tag(images) != before


def test_when_it_was_cloned_and_with_which_umask_does_not_matter(images: Path, tmp_path: Path) -> None:
    before = tag(images)
    (images / "supernode" / "start").touch()
    (images / "supernode" / "start").chmod(0o600)
    (images / "supernode" / "__pycache__").mkdir()
    (images / "supernode" / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert tag(images) == before


@pytest.mark.parametrize("name", ["nothing", "", ".."])
def test_an_unknown_image_is_refused(images: Path, name: str) -> None:
    done = subprocess.run([sys.executable, images / "tag", name], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "usage: images/tag NAME" in done.stderr
