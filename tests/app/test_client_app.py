"""The ClientApp's handlers, called as the SuperNode calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flower_app.client_app import app
from flwr.app import ConfigRecord as Config
from flwr.app import Context, Message, RecordDict

from flower_app import data

CONFIG: dict[str, Any] = {"dataset": "auto", "num-partitions": 2, "seed": 0}
TRAINING = {"local-epochs": 1, "batch-size": 32, "learning-rate": 0.01, "server-round": 1}


@pytest.fixture(autouse=True)
def sites_folder(two_sites: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def load(dataset: str, partition_id: int, num_partitions: int) -> data.SiteData:
        return original(dataset, partition_id, num_partitions, two_sites)

    original = data.load
    monkeypatch.setattr(data, "load", load)
    return two_sites


def ask(kind: str, partition: int = 0, arrays: Any = None, **config: Any) -> Message:
    content = RecordDict({"config": Config({**CONFIG, **config})})
    if arrays is not None:
        content["arrays"] = arrays
    message = Message(content, dst_node_id=1234, message_type=kind)
    node_config = {"site": f"hospital-{partition}", "partition-id": partition}
    return app(message, Context(1, 1234, node_config, RecordDict(), {}))


def weights(partition: int = 0, **config: Any) -> Any:
    return ask("query", partition, **{"send-weights": True}, **config).content["arrays"]


def test_a_site_describes_itself_without_weights() -> None:
    reply = ask("query", 1, **{"send-weights": False}).content
    said = reply["site"]
    assert (said["site"], said["dataset"], list(said["shape"])) == ("hospital-1", "fashion-mnist", [1, 28, 28])
    assert (said["partition-id"], said["train-examples"], said["test-examples"]) == (1, 160, 100)
    assert said["torch"].startswith("2.")
    assert not reply.array_records


def test_initial_weights_follow_from_the_seed() -> None:
    first = weights(seed=1)["output.weight"].numpy()
    assert (weights(seed=1)["output.weight"].numpy() == first).all()
    assert (weights(seed=2)["output.weight"].numpy() != first).any()


def test_training_sends_new_weights_the_loss_and_the_count() -> None:
    arrays = weights()
    reply = ask("train", 1, arrays, **TRAINING).content
    assert reply["metrics"]["num-examples"] == 160
    assert reply["metrics"]["train-loss"] > 0
    assert reply["metrics"]["seconds"] > 0
    assert reply["site"]["site"] == "hospital-1"
    assert (reply["arrays"]["conv1.weight"].numpy() != arrays["conv1.weight"].numpy()).any()
    assert {name: array.shape for name, array in reply["arrays"].items()} == {
        name: array.shape for name, array in arrays.items()
    }


def test_training_differs_by_round_and_repeats_by_seed() -> None:
    arrays = weights()

    def trained(**config: int) -> bytes:
        reply = ask("train", 0, arrays, **{**TRAINING, **config})
        return bytes(reply.content["arrays"]["conv1.weight"].numpy().tobytes())

    assert trained() == trained()
    assert trained() != trained(**{"server-round": 2})


def test_evaluation_weighs_by_the_test_images() -> None:
    metrics = ask("evaluate", 0, weights()).content["metrics"]
    assert metrics["num-examples"] == 100
    assert 0 <= metrics["accuracy"] <= 1
    assert metrics["loss"] > 0


def test_an_exception_comes_back_as_the_sites_name_and_traceback(sites_folder: Path) -> None:
    labels = sites_folder / "0" / data.IDX_FILES["train"][1]
    labels.write_bytes(labels.read_bytes()[:-1])
    reply = ask("query", **{"send-weights": False})
    assert not reply.has_content()
    said = json.loads(reply.error.reason or "")
    assert said["site"] == "hospital-0"
    assert "in read_idx" in said["traceback"]
    assert str(labels) in said["traceback"].splitlines()[-1]


def test_weights_of_another_shape_are_an_error_not_a_wrong_model() -> None:
    arrays = weights()
    arrays["output.weight"] = arrays["output.bias"]
    assert "size mismatch" in (ask("evaluate", 0, arrays).error.reason or "")
