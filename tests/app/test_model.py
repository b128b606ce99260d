"""The network is the one promised, and it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from flower_app.data import Split
from flwr.app import ArrayRecord

from flower_app import model


@pytest.mark.parametrize(("shape", "parameters"), [((3, 32, 32), 878_538), ((1, 28, 28), 582_026)])
def test_the_number_of_parameters(shape: tuple[int, int, int], parameters: int) -> None:
    assert sum(weights.numel() for weights in model.SimpleCNN(shape).parameters()) == parameters


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28)])
def test_one_score_for_each_class(shape: tuple[int, int, int]) -> None:
    assert model.SimpleCNN(shape)(torch.zeros(4, *shape)).shape == (4, 10)


def test_images_become_floats_from_minus_one_to_one() -> None:
    images = np.array([[0, 255], [51, 204]], np.uint8).reshape(1, 1, 2, 2)
    batch, labels = next(model.batches(Split(images, np.array([7], np.uint8)), torch.arange(1), 1))
    torch.testing.assert_close(batch.flatten(), torch.tensor([-1.0, 1.0, -0.6, 0.6]))
    assert (batch.dtype, labels.dtype, labels.tolist()) == (torch.float32, torch.int64, [7])


def test_batches_cover_every_image_once(split: Split) -> None:
    sizes, labels = [], []
    for images, chosen in model.batches(split, torch.randperm(640), 100):
        sizes.append(len(images))
        labels += chosen.tolist()
    assert sizes == [100] * 6 + [40]
    assert sorted(labels) == sorted(split.labels.tolist())


def test_one_step_on_a_batch_reduces_its_loss(split: Split) -> None:
    torch.manual_seed(0)
    batch = Split(split.images[:32], split.labels[:32])
    net = model.SimpleCNN((1, 28, 28))
    before, _ = model.test(net, batch)
    said = model.train(net, batch, epochs=1, learning_rate=0.01, batch_size=32)
    after, _ = model.test(net, batch)
    assert after < before
    assert said == pytest.approx(before, rel=1e-4)  # the loss of the only batch, before its step


def test_training_learns_what_is_there_to_learn(split: Split) -> None:
    torch.manual_seed(0)
    net = model.SimpleCNN((1, 28, 28))
    model.train(net, split, epochs=4, learning_rate=0.01, batch_size=32)
    loss, accuracy = model.test(net, split)
    assert accuracy > 0.9
    assert loss < 0.5


def test_testing_changes_nothing_and_does_not_depend_on_batches(split: Split) -> None:
    net = model.SimpleCNN((1, 28, 28))
    before = {name: weights.clone() for name, weights in net.state_dict().items()}
    assert model.test(net, split, 7) == pytest.approx(model.test(net, split, 640), rel=1e-5)
    torch.testing.assert_close(dict(net.state_dict()), before)


def test_the_same_seed_trains_the_same_weights(split: Split) -> None:
    def trained(seed: int) -> Any:
        torch.manual_seed(0)
        net = model.SimpleCNN((1, 28, 28))
        torch.manual_seed(seed)
        model.train(net, split, epochs=1, learning_rate=0.01, batch_size=32)
        return net.output.weight.detach()

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))


def test_weights_survive_the_wire() -> None:
    sent, received = model.SimpleCNN((3, 32, 32)), model.SimpleCNN((3, 32, 32))
    record = ArrayRecord(sent.state_dict())
    received.load_state_dict(record.to_torch_state_dict())
    torch.testing.assert_close(dict(received.state_dict()), dict(sent.state_dict()), rtol=0, atol=0)
