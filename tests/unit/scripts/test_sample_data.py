"""The demo's split: what each site gets, and that it never changes."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sample_data
from problem import Problem
from sample_data import Bytes, read_idx, split, write_idx

COUNTS = {"train": 203, "t10k": 31}  # no multiples of the number of partitions


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Images whose first pixels are their number, so that each can be told from all others."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name, count in COUNTS.items():
        images = np.zeros((count, 28, 28), dtype=np.uint8)
        images[:, 0, 0] = np.arange(count)
        write_idx(folder / f"{name}-images-idx3-ubyte", images)
        write_idx(folder / f"{name}-labels-idx1-ubyte", (np.arange(count) % 10).astype(np.uint8))
    return folder


def numbers(out: Path, name: str, partitions: int) -> list[list[int]]:
    return [read_idx(out / str(p) / f"{name}-images-idx3-ubyte")[:, 0, 0].tolist() for p in range(partitions)]


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("partitions", [1, 10])
def test_partitions_are_disjoint_and_together_the_source(
    source: Path, tmp_path: Path, name: str, partitions: int
) -> None:
    assert split(source, tmp_path / "out", partitions)
    parts = numbers(tmp_path / "out", name, partitions)
    assert sorted(number for part in parts for number in part) == list(range(COUNTS[name]))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_every_image_keeps_its_label(source: Path, tmp_path: Path) -> None:
    split(source, tmp_path / "out")
    for partition, images in enumerate(numbers(tmp_path / "out", "train", 10)):
        labels: Bytes = read_idx(tmp_path / "out" / str(partition) / "train-labels-idx1-ubyte")
        assert labels.tolist() == [number % 10 for number in images]


def test_the_split_is_shuffled_and_the_same_on_every_machine(source: Path, tmp_path: Path) -> None:
    split(source, tmp_path / "out")
    # What the first version of the split gave: any other result would move images between sites already deployed.
    assert numbers(tmp_path / "out", "t10k", 10)[:3] == [[22, 10, 0, 9], [2, 20, 6], [14, 11, 8]]


def test_gzipped_sources_are_read(source: Path, tmp_path: Path) -> None:
    split(source, tmp_path / "plain")
    for file in list(source.iterdir()):
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    split(source, tmp_path / "zipped")
    assert numbers(tmp_path / "zipped", "train", 10) == numbers(tmp_path / "plain", "train", 10)


def test_what_is_there_is_kept(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    split(source, out)
    before = (out / "3" / "train-images-idx3-ubyte").stat().st_mtime_ns
    assert not split(source, out)
    assert (out / "3" / "train-images-idx3-ubyte").stat().st_mtime_ns == before


def test_another_number_of_partitions_is_refused_rather_than_mixed(source: Path, tmp_path: Path) -> None:
    split(source, tmp_path / "out", 10)
    with pytest.raises(Problem, match="4 partitions asked for"):
        split(source, tmp_path / "out", 4)


def test_other_users_may_read_what_is_mounted_into_containers(source: Path, tmp_path: Path) -> None:
    previous = os.umask(0o022)
    try:
        split(source, tmp_path / "out")
    finally:
        os.umask(previous)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "not an IDX file"),
        (b"\0\0\x08", "not an IDX file"),
        (b"\0\0\x08\x01\0\0", "not an IDX file"),
        (b"\0\0\x08\x01\0\0\0\x05abc", "cut short"),
        (b"<html>", "not an IDX file"),
        (b"\0\0\x08\x01\0\0\0\x03abc", "31 t10k images but 3 labels"),
    ],
)
def test_a_bad_source_is_named_and_leaves_nothing(
    source: Path, tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = source / "t10k-labels-idx1-ubyte"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Problem, match=message):
        split(source, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("partitions", [0, -1, 32])
def test_an_impossible_number_of_partitions_is_refused(source: Path, tmp_path: Path, partitions: int) -> None:
    with pytest.raises(Problem, match=f"--partitions {partitions}: must be between 1 and 31"):
        split(source, tmp_path / "out", partitions)


def test_the_command_says_what_it_did_and_fails_without_a_traceback(source: Path, tmp_path: Path) -> None:
    command = [sys.executable, sample_data.__file__]
    done = subprocess.run([*command, source, tmp_path / "out", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"out": str(tmp_path / "out"), "partitions": 10, "made": True}
    failed = subprocess.run([*command, tmp_path, tmp_path / "new"], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"error: {tmp_path}/train-images-idx3-ubyte: no such file")
    assert "Traceback" not in failed.stderr
