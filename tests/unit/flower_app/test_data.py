"""A site's images are found by one rule, and nothing that is not whole is trained on."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flower_app import data

TRAIN_IMAGES, TRAIN_LABELS = data.IDX_FILES["train"]


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def put_images(folder: Path, train: int = 5, test: int = 3, side: int = 28) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for (images, labels), count in zip(data.IDX_FILES.values(), (train, test), strict=True):
        write_idx(folder / images, np.arange(count * side * side).reshape(count, side, side))
        write_idx(folder / labels, np.arange(count) % 10)
    return folder


@pytest.mark.parametrize("dataset", ["auto", "fashion-mnist"])
def test_images_in_the_sites_folder_are_used(tmp_path: Path, dataset: str) -> None:
    site = data.load(dataset, 0, 2, put_images(tmp_path))
    assert site.dataset == "fashion-mnist"
    assert site.shape == (1, 28, 28)
    assert site.train.images.shape == (5, 1, 28, 28)
    assert site.test.labels.tolist() == [0, 1, 2]


def test_a_folder_of_the_partitions_number_comes_first(tmp_path: Path) -> None:
    put_images(tmp_path, train=5)
    put_images(tmp_path / "1", train=7)
    assert len(data.load("auto", 0, 2, tmp_path).train.labels) == 5
    assert len(data.load("auto", 1, 2, tmp_path).train.labels) == 7


def test_images_are_mapped_not_copied(tmp_path: Path) -> None:
    assert isinstance(data.read_idx(put_images(tmp_path) / TRAIN_IMAGES), np.memmap)


@pytest.mark.parametrize("make", ["missing", "empty", "lost+found"])
def test_auto_without_images_means_cifar10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: str) -> None:
    folder = tmp_path / "data"
    if make != "missing":
        folder.mkdir()
    if make == "lost+found":
        (folder / "lost+found").mkdir()
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(data, "_download_cifar10", lambda *partition: asked.append(partition))
    data.load("auto", 1, 4, folder)
    assert asked == [(1, 4)]


def test_cifar10_never_reads_the_sites_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloaded = object()
    monkeypatch.setattr(data, "_download_cifar10", lambda *_: downloaded)
    assert data.load("cifar10", 0, 2, put_images(tmp_path)) is downloaded


def test_auto_does_not_fall_back_when_the_folder_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "scan-0001.dcm").touch()
    with pytest.raises(FileNotFoundError, match=r"scan-0001\.dcm") as refusal:
        data.load("auto", 0, 2, tmp_path)
    assert TRAIN_IMAGES in str(refusal.value)


def test_a_partition_without_a_folder_of_its_own_is_refused(tmp_path: Path) -> None:
    put_images(tmp_path / "0")
    with pytest.raises(FileNotFoundError, match="lacks"):
        data.load("auto", 7, 8, tmp_path)


def test_fashion_mnist_without_files_names_the_folder_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="dataset=cifar10") as refusal:
        data.load("fashion-mnist", 0, 2, tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in str(refusal.value)


def test_an_unknown_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'mnist' is unknown"):
        data.load("mnist", 0, 2, tmp_path)


def damage(folder: Path, how: str) -> None:
    images, labels = folder / TRAIN_IMAGES, folder / TRAIN_LABELS
    match how:
        case "compressed":
            images.write_bytes(b"\x1f\x8b\x08\0" + bytes(100))
        case "cut short":
            images.write_bytes(images.read_bytes()[:-1])
        case "cut in its header":
            images.write_bytes(images.read_bytes()[:9])
        case "too long":
            images.write_bytes(images.read_bytes() + b"\0")
        case "no bytes at all":
            images.write_bytes(b"")
        case "floats":
            images.write_bytes(b"\0\0\x0d" + images.read_bytes()[3:])
        case "of another size":
            write_idx(images, np.zeros((5, 32, 32)))
        case "labels for fewer images":
            write_idx(labels, np.zeros(4))
        case "a label beyond the classes":
            write_idx(labels, np.array([0, 1, 2, 3, 10]))
        case "no images":
            write_idx(images, np.zeros((0, 28, 28)))
            write_idx(labels, np.zeros(0))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("compressed", "still compressed"),
        ("cut short", "Is it whole"),
        ("cut in its header", "Is it whole"),
        ("too long", "Is it whole"),
        ("no bytes at all", "no IDX file"),
        ("floats", "no IDX file of bytes"),
        ("of another size", r"\(5, 32, 32\)"),
        ("labels for fewer images", "one label for each of 5 images"),
        ("a label beyond the classes", "a label 10"),
        ("no images", "one label for each of 0 images"),
    ],
)
def test_damaged_files_are_refused_by_name(tmp_path: Path, how: str, said: str) -> None:
    damage(put_images(tmp_path), how)
    with pytest.raises(ValueError, match=said) as refusal:
        data.load("fashion-mnist", 0, 2, tmp_path)
    assert str(tmp_path) in str(refusal.value)


@pytest.mark.parametrize("given", [0, 3, "2"])
def test_the_nodes_own_partition_comes_first(given: object) -> None:
    assert data.partition_of({"partition-id": given}, 1234, 2) == int(str(given))


def test_a_partition_from_the_nodes_id_is_the_same_in_every_process() -> None:
    program = "from flower_app.data import partition_of; print([partition_of({}, 2**63 + n, 7) for n in range(50)])"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": str(Path(data.__file__).parents[1]), "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{[data.partition_of({}, 2**63 + node, 7) for node in range(50)]}\n"}


def test_partitions_from_ids_are_all_in_range_and_all_used() -> None:
    assert {data.partition_of({}, node, 5) for node in range(200)} == set(range(5))


def test_a_partition_that_cifar10_does_not_have_is_refused_before_any_download(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="num-partitions=6"):
        data.load("cifar10", 5, 2, tmp_path)
