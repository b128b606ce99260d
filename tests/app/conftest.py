"""These run inside the SuperNode image, by tests/app/run: there is no torch on the deployer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flower_app.data import IDX_FILES, Split


def stripes(count: int, seed: int) -> Split:
    """Images that can be learned in seconds: class n is noise with a bright band at row 2n."""
    random = np.random.RandomState(seed)
    labels = random.randint(0, 10, count).astype(np.uint8)
    images = random.randint(0, 100, (count, 1, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[0, 2 * label : 2 * label + 3] += 150
    return Split(images, labels)


@pytest.fixture
def split() -> Split:
    return stripes(640, seed=1)


def put_site(folder: Path, seed: int, train: int = 320, test: int = 100) -> Path:
    """Write a site's four IDX files."""
    folder.mkdir(parents=True)
    for (images, labels), count in zip(IDX_FILES.values(), (train, test), strict=True):
        made = stripes(count, seed + count)
        for name, array in ((images, made.images[:, 0]), (labels, made.labels)):
            header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
            (folder / name).write_bytes(header + array.tobytes())
    return folder


@pytest.fixture
def two_sites(tmp_path: Path) -> Path:
    """A folder with partitions 0 and 1, of different sizes."""
    put_site(tmp_path / "sites" / "0", seed=10, train=320)
    put_site(tmp_path / "sites" / "1", seed=20, train=160)
    return tmp_path / "sites"
