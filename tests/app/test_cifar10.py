"""CIFAR-10 through flwr-datasets, here from files of the same columns, since the hub is out of a test's reach."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Image

from flower_app import data


@pytest.fixture
def cifar10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten rows to train and six to test; the image of label n is all red of brightness n."""
    folder = tmp_path / "cifar10"
    folder.mkdir()
    for split, rows in (("train", 10), ("test", 6)):
        images = np.zeros((rows, 32, 32, 3), np.uint8)
        images[..., 0] = np.arange(rows)[:, None, None]
        features = Features({"img": Image(), "label": ClassLabel(num_classes=10)})
        columns = {"img": list(images), "label": list(range(rows))}
        Dataset.from_dict(columns, features=features).to_parquet(folder / f"{split}-00000-of-00001.parquet")
    monkeypatch.setattr(data, "CIFAR10", str(folder))
    return folder


@pytest.mark.usefixtures("cifar10")
def test_the_parts_are_disjoint_and_make_the_whole() -> None:
    sites = [data.load("cifar10", partition, 2) for partition in (0, 1)]
    for split, rows in (("train", 10), ("test", 6)):
        labels = [label for site in sites for label in getattr(site, split).labels.tolist()]
        assert sorted(labels) == list(range(rows))
        assert {len(getattr(site, split).labels) for site in sites} == {rows // 2}


@pytest.mark.usefixtures("cifar10")
def test_images_come_channels_first_beside_their_labels() -> None:
    site = data.load("cifar10", 0, 2)
    assert (site.dataset, site.shape) == ("cifar10", (3, 32, 32))
    assert (site.train.images[:, 0, 5, 5] == site.train.labels).all()
    assert not site.train.images[:, 1:].any()


def test_an_unreachable_hub_names_the_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # else it tries for half a minute
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(ConnectionError, match="uoft-cs/cifar10") as refusal:
        data.load("cifar10", 0, 2)
    assert "network:egress" in str(refusal.value)
    assert "dataset=fashion-mnist" in str(refusal.value)
