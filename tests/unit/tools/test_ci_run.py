"""`.ci/run`: tests, then cleaning whatever happens, and an exit status that hides nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from tools.places import ROOT


@pytest.mark.parametrize(
    ("test_status", "clean_status", "status"),
    [(0, 0, 0), (2, 0, 2), (0, 1, 1), (2, 1, 2)],
    ids=["all well", "tests fail", "something is left", "both"],
)
def test_the_exit_status_is_honest_and_cleaning_always_comes_last(
    tmp_path: Path, test_status: int, clean_status: int, status: int
) -> None:
    make = tmp_path / "make"
    exits = f"case $1 in test) exit {test_status} ;; clean) exit {clean_status} ;; esac"
    make.write_text(f'#!/bin/sh\necho "make $1 CI=$CI"\ncat\n{exits}\n')
    make.chmod(0o755)
    ended = subprocess.run(
        ["bash", ROOT / ".ci" / "run"],
        env={"PATH": f"{tmp_path}:{os.defpath}"},
        input="nobody reads this",
        capture_output=True,
        text=True,
    )
    assert ended.stdout.splitlines() == ["make test CI=true", "make clean CI=true"]
    assert ended.returncode == status
