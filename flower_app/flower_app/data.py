"""A site's own images, found by one rule:

- "auto": what lies in the site's read-only /data, else CIFAR-10 from the Hugging Face hub;
- "fashion-mnist": the four IDX files in /data, and nothing else;
- "cifar10": the site's part of CIFAR-10, downloaded once and kept in the cache under $HOME, and nothing else.

/data/<partition id>/ comes before /data, where it exists: that is how one machine simulates several sites.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

DATA = Path("/data")
CLASSES = 10
CIFAR10 = "uoft-cs/cifar10"
IDX_SHAPE = (1, 28, 28)
IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


@dataclass(frozen=True)
class Split:
    """N images as bytes, shape (N, channels, height, width), and their N labels, 0 to 9."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class SiteData:
    """What one site trains on and tests on."""

    dataset: str
    train: Split
    test: Split

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width


def load(dataset: str, partition_id: int, num_partitions: int, folder: Path = DATA) -> SiteData:
    """Find a site's images by the rule above; raises an error that says what was looked for, found, and what to do."""
    own = folder / str(partition_id)
    folder = own if own.is_dir() else folder
    if dataset == "auto":
        dataset = "cifar10" if _is_empty(folder) else "fashion-mnist"
    if dataset == "fashion-mnist":
        return _read_folder(folder)
    if dataset == "cifar10":
        return _download_cifar10(partition_id, num_partitions)
    raise ValueError(f"dataset {dataset!r} is unknown")


def partition_of(node_config: Mapping[str, Any], node_id: int, num_partitions: int) -> int:
    """Return the partition that the node was given, else one that follows from its id and stays the same.

    Python's own hash() of text differs from process to process, and every message is handled by a process of its own.
    """
    if "partition-id" in node_config:
        return int(node_config["partition-id"])
    digest = hashlib.sha256(str(node_id).encode()).digest()
    return int.from_bytes(digest[:8], "big") % num_partitions


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Map an IDX file of bytes into memory, in its own dimensions (http://yann.lecun.com/exdb/mnist/)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        if len(head) < 4 or head[:3] != b"\0\0\x08":
            raise ValueError(f"{path} is no IDX file of bytes: it begins with {head.hex()!r}. Is it still compressed?")
        begin = 4 + 4 * head[3]
        shape = tuple(np.frombuffer(file.read(begin - 4).ljust(begin - 4, b"\0"), ">u4").tolist())
    if size != begin + math.prod(shape):
        raise ValueError(f"{path} has {size} bytes where its header promises {begin + math.prod(shape)}. Is it whole?")
    return np.memmap(path, np.uint8, "r", offset=begin, shape=shape)


def _is_empty(folder: Path) -> bool:
    if not folder.is_dir():
        return True
    # A fresh ext4 image has a lost+found.
    return all(entry.name == "lost+found" or entry.name.startswith(".") for entry in folder.iterdir())


def _read_folder(folder: Path) -> SiteData:
    missing = [name for names in IDX_FILES.values() for name in names if not (folder / name).is_file()]
    if missing:
        found = ", ".join(sorted(entry.name for entry in folder.iterdir())) if folder.is_dir() else "no such folder"
        raise FileNotFoundError(
            f"{folder} lacks {', '.join(missing)} (there is: {found or 'nothing'}). "
            "Put the four IDX files there, uncompressed, or run with dataset=cifar10"
        )
    splits = {split: _read_split(folder / images, folder / labels) for split, (images, labels) in IDX_FILES.items()}
    return SiteData("fashion-mnist", splits["train"], splits["test"])


def _read_split(images_file: Path, labels_file: Path) -> Split:
    images, labels = read_idx(images_file), read_idx(labels_file)
    if images.shape[1:] != IDX_SHAPE[1:]:
        raise ValueError(f"{images_file} has shape {images.shape}; images of 28x28 are expected")
    if labels.shape != images.shape[:1] or not len(labels):
        raise ValueError(
            f"{labels_file} has shape {labels.shape}; one label for each of {len(images)} images is needed"
        )
    if labels.max() >= CLASSES:
        raise ValueError(f"{labels_file} has a label {labels.max()}; labels are 0 to {CLASSES - 1}")
    return Split(images[:, np.newaxis], labels)


def _download_cifar10(partition_id: int, num_partitions: int) -> SiteData:
    if partition_id >= num_partitions:
        raise ValueError(
            f"partition {partition_id} of cifar10 does not exist when it is cut into {num_partitions}: "
            f"run with num-partitions={partition_id + 1} or more"
        )
    # Here, not above: it takes seconds to import, and whoever has images of their own does not need it.
    from flwr_datasets import FederatedDataset
    from flwr_datasets.partitioner import IidPartitioner

    parts = {split: IidPartitioner(num_partitions=num_partitions) for split in IDX_FILES}
    federated = FederatedDataset(dataset=CIFAR10, partitioners=parts)
    splits = {}
    for split in IDX_FILES:
        try:
            rows = federated.load_partition(partition_id, split).with_format("numpy")[:]
        except OSError as error:
            raise ConnectionError(
                f"{CIFAR10} is not in the cache and cannot be downloaded from the Hugging Face hub ({error}). "
                "Let the SuperNode's machine reach huggingface.co (setting network:egress), "
                "or put IDX files into the site's /data and run with dataset=fashion-mnist"
            ) from error
        splits[split] = Split(rows["img"].transpose(0, 3, 1, 2), rows["label"].astype(np.uint8))
    return SiteData("cifar10", splits["train"], splits["test"])
