"""The network and how it learns. All that needs torch is here and in client_app.py."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from flower_app.data import CLASSES, Split

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class SimpleCNN(nn.Module):
    """Two 5x5 convolutions, each pooled by 2, and two linear layers.

    878,538 parameters for images of shape (3, 32, 32), 582,026 for (1, 28, 28).
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        self.conv1 = nn.Conv2d(channels, 32, kernel_size=5)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=5)
        self.hidden = nn.Linear(64 * _pooled(height) * _pooled(width), 512)
        self.output = nn.Linear(512, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, channels, height, width) to (N, classes): unnormalized scores."""
        features = functional.max_pool2d(functional.relu(self.conv1(images)), 2)
        features = functional.max_pool2d(functional.relu(self.conv2(features)), 2)
        return self.output(functional.relu(self.hidden(features.flatten(1))))


def train(net: nn.Module, split: Split, epochs: int, learning_rate: float, batch_size: int) -> float:
    """Train in place by SGD with momentum 0.9; returns the mean loss of an image over all epochs.

    The order of the images follows from torch's seed.
    """
    net.to(DEVICE).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=learning_rate, momentum=0.9)
    total = 0.0
    for _ in range(epochs):
        for images, labels in batches(split, torch.randperm(len(split.labels)), batch_size):
            optimizer.zero_grad()
            loss = functional.cross_entropy(net(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
    return total / (epochs * len(split.labels))


@torch.no_grad()
def test(net: nn.Module, split: Split, batch_size: int = 256) -> tuple[float, float]:
    """Return the mean loss of an image and the accuracy, 0 to 1."""
    net.to(DEVICE).eval()
    total, correct = 0.0, 0
    for images, labels in batches(split, torch.arange(len(split.labels)), batch_size):
        scores = net(images)
        total += functional.cross_entropy(scores, labels, reduction="sum").item()
        correct += int((scores.argmax(1) == labels).sum())
    return total / len(split.labels), correct / len(split.labels)


def batches(split: Split, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (images, labels) in that order: floats in [-1, 1] of shape (size, channels, height, width), and int64."""
    for chosen in order.split(size):
        images = torch.from_numpy(split.images[chosen.numpy()]).to(DEVICE)
        labels = torch.from_numpy(split.labels[chosen.numpy()]).to(DEVICE)
        yield images.float() / 127.5 - 1, labels.long()


def _pooled(side: int) -> int:
    return ((side - 4) // 2 - 4) // 2
