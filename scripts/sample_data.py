"""Split Fashion-MNIST into one folder per site, so that a demo can put on each machine its own images and no others.

    python scripts/sample_data.py SOURCE OUT [--partitions 10]

SOURCE holds the four IDX files (plain or .gz) as published and as Debian's dataset-fashion-mnist installs them under
/usr/share/datasets/fashion-mnist. OUT/<partition>/ gets four IDX files of the same names. The split is IID, disjoint,
complete and always the same, so that adding a site changes nobody else's data.

IDX: two zero bytes, the element type (8 = unsigned byte), the number of dimensions, each dimension as a big-endian
32-bit integer, then the elements (http://yann.lecun.com/exdb/mnist/, "The IDX file format").
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from problem import Problem, run_script

PARTITIONS = 10
SPLITS = ("train", "t10k")
SEED = 20170825

Bytes = npt.NDArray[np.uint8]


def main(argv: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description="Split Fashion-MNIST into one folder per site: disjoint, complete, always the same."
    )
    parser.add_argument("source", type=Path, help="folder of the four IDX files, plain or .gz")
    parser.add_argument("out", type=Path, help="folder to make, with one folder per partition; kept if it is there")
    parser.add_argument(
        "--partitions", type=int, default=PARTITIONS, help="number of partitions (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    options = parser.parse_args(argv)

    made = split(options.source, options.out, options.partitions)
    if options.json:
        print(json.dumps({"out": str(options.out), "partitions": options.partitions, "made": made}))
    else:
        print(f"{options.out}: {options.partitions} partitions {'written' if made else 'are already there'}")
    return 0


def split(source: Path, out: Path, partitions: int = PARTITIONS) -> bool:
    """Write `partitions` folders under `out`, all or none; False when they are there already.

    Raises `Problem` when `source` lacks a file or holds something else than IDX, or `out` holds another split.
    """
    if out.is_dir() and any(out.iterdir()):
        return _check_existing(out, partitions)
    pairs = {name: _read_pair(source, name) for name in SPLITS}
    fewest = min(len(labels) for _, labels in pairs.values())
    if not 1 <= partitions <= fewest:
        raise Problem(f"--partitions {partitions}: must be between 1 and {fewest}, so that every partition has images")

    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        unfinished.chmod(0o755)  # mkdtemp's 0700 would keep the container's user out
        for name, (images, labels) in pairs.items():
            # RandomState's stream is frozen by NumPy's compatibility policy (NEP 19); Generator's may change.
            order = np.random.RandomState(SEED).permutation(len(labels))
            for partition, chosen in enumerate(np.array_split(order, partitions)):
                folder = unfinished / str(partition)
                folder.mkdir(exist_ok=True)
                write_idx(folder / f"{name}-images-idx3-ubyte", images[chosen])
                write_idx(folder / f"{name}-labels-idx1-ubyte", labels[chosen])
        try:
            unfinished.rename(out)
        except OSError:
            if not out.is_dir():
                raise
            return _check_existing(out, partitions)  # another process was faster
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True


def read_idx(path: Path) -> Bytes:
    """Return the array of an IDX file of unsigned bytes; `path` or `path`.gz is read."""
    zipped = path.with_name(path.name + ".gz")
    if path.is_file():
        content = path.read_bytes()
    elif zipped.is_file():
        content = gzip.decompress(zipped.read_bytes())
    else:
        raise Problem(
            f"{path}: no such file, nor {zipped.name}",
            "SOURCE must hold the four files of Fashion-MNIST (Debian: apt-get install dataset-fashion-mnist).",
        )
    header = 4 + 4 * content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    shape = (
        np.frombuffer(content[4:header], dtype=">u4").astype(int) if 4 < header <= len(content) else np.empty(0, int)
    )
    if not len(shape) or len(content) - header != int(np.prod(shape)):
        raise Problem(f"{path}: not an IDX file of unsigned bytes, or cut short", "Install the data set again.")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)


def write_idx(path: Path, array: Bytes) -> None:
    """Write `array` (uint8) as an IDX file."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    path.write_bytes(header + array.tobytes())


def _read_pair(source: Path, name: str) -> tuple[Bytes, Bytes]:
    images = read_idx(source / f"{name}-images-idx3-ubyte")
    labels = read_idx(source / f"{name}-labels-idx1-ubyte")
    if len(images) != len(labels):
        raise Problem(f"{source}: {len(images)} {name} images but {len(labels)} labels", "Install the data set again.")
    return images, labels


def _check_existing(out: Path, partitions: int) -> bool:
    there = {folder.name for folder in out.iterdir()}
    if there != {str(partition) for partition in range(partitions)}:
        raise Problem(
            f"{out}: holds something else than the {partitions} partitions asked for ({len(there)} entries)",
            "Remove the folder, or name another one.",
        )
    return False


if __name__ == "__main__":
    sys.exit(run_script(main))
