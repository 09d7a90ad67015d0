"""The digits network: its training in PyTorch and its export to NIR.

Needs PyTorch. To use the committed network without it, see ``digits_data.NIR_FILE``.
The network, at each of ``STEPS`` steps, all layers within the same step::

    image (1, 8, 8) → conv 3x3 → LIF (16, 8, 8) → sum 2x2 → conv 3x3 → LIF (32, 4, 4)
                    → sum 2x2 → flatten → affine → LIF (10)

The image is the same constant current at every step. The class is the output neuron
with the most spikes, the lower index where two have equally many.
"""

import hashlib
import importlib.metadata
import io
import itertools
import json
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ..training.components import Components
from ..training.deterministic import deterministic, seeded
from ..training.distortion import distorted_tensor
from ..training.layers import LeakyLayer
from ..training.recipe import Distortion
from . import digits_data

EPOCHS: Final = 80
DT: Final = 1e-4
"""Length of a step in seconds. It only sets the scale of NIR's time constants."""

BETA: Final = 0.875
"""Share of the membrane voltage kept from step to step.

1 - 1/8 rather than 0.9, because a chip's 12-bit decay (512/4096) holds it exactly.
"""

THRESHOLD: Final = 1.0
POPULATIONS: Final = {"lif1": (16, 8, 8), "lif2": (32, 4, 4), "lif_out": (digits_data.CLASSES,)}

Progress = Callable[[int, int, float, float], None]
"""Called after each epoch: epochs done, epochs in all, mean loss, training accuracy."""

_BATCH: Final = 64
_LEARNING_RATE: Final = 5e-3
_WEIGHT_DECAY: Final = 0.1
# PyTorch's own initial weights are too small to make many neurons spike.
_INITIAL_GAIN: Final = 2.0
# Spikes cost energy: hidden layers are drawn to this many spikes per neuron and step.
_TARGET_RATE: Final = 0.1
_RATE_PENALTY: Final = 100.0
# Without it, a few weights of the last layer grow to as much as eleven times their
# standard deviation, and 8 bits must then cover that range.
_LABEL_SMOOTHING: Final = 0.02
_DISTORTION: Final = Distortion(turn=0.15, scale=0.1, shift=0.15)  # 0.25 is a pixel: 8 of them span -1 to 1


class DigitsNetwork(nn.Module):  # type: ignore[misc,unused-ignore]
    """The spiking network; names of its linear maps are those of the nodes in the NIR file."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, padding=1)
        self.fc = nn.Linear(32 * 2 * 2, digits_data.CLASSES)
        self.neurons = LeakyLayer(Components(retention=BETA, threshold=THRESHOLD))
        with torch.no_grad():
            self.conv1.weight.mul_(_INITIAL_GAIN)
            self.conv2.weight.mul_(_INITIAL_GAIN)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Show images of shape (samples, 1, 8, 8) for ``STEPS`` steps.

        Returns the spikes of each population, of shape (steps, samples, ...).
        """
        # Layer after layer, not step after step: without feedback the spikes are the
        # same, and a convolution runs once for all steps. The image does not change,
        # so neither does the first layer's current.
        current = self.conv1(images).expand(digits_data.STEPS, -1, -1, -1, -1)
        lif1 = self.neurons(current)
        current = self.conv2(_sum_pool(lif1)).unflatten(0, (digits_data.STEPS, -1))
        lif2 = self.neurons(current)
        current = self.fc(_sum_pool(lif2).flatten(1)).unflatten(0, (digits_data.STEPS, -1))
        return {
            "lif1": lif1,
            "lif2": lif2,
            "lif_out": self.neurons(current),
        }


def _sum_pool(spikes: torch.Tensor) -> torch.Tensor:
    """Add up 2x2 spikes; a sum, unlike a mean, stays an integer. Merges steps and samples."""
    return functional.avg_pool2d(spikes.flatten(0, 1), 2, divisor_override=1)


def train(
    seed: int = 0,
    epochs: int = EPOCHS,
    *,
    out: Path,
    card: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train the network and write it to ``out`` as NIR, and its card to ``card``.

    The test images are looked at once, after the last epoch. The same seed gives the
    same weights on the same machine and versions; elsewhere PyTorch may add in another
    order, and the last bits then decide some spikes.

    Returns
    -------
    dict
        The card.
    """
    for path in (out, card):
        if path is not None:  # before the minutes of training, lest they be for nothing
            path.parent.mkdir(parents=True, exist_ok=True)
    images, labels = digits_data.load("train")
    network, _ = fit(images, labels, seed=seed, epochs=epochs, progress=progress)
    train_accuracy, _ = evaluate(network, images, labels)
    test_images, test_labels = digits_data.load("test")
    test_accuracy, spikes = evaluate(network, test_images, test_labels)
    content = io.BytesIO()  # HDF5's library crashes on a full disk; Python says so
    nir.write(content, export(network))
    _replace(out, lambda temporary: temporary.write_bytes(content.getvalue()))
    command = f"spikeloom train digits --seed {seed}"
    contents: dict[str, Any] = {
        "name": "digits",
        "data": "scikit-learn digits, split by spikeloom.models.zoo.digits_data",
        "test_accuracy": test_accuracy,
        "train_accuracy": train_accuracy,
        "test_samples": len(test_labels),
        "train_samples": len(labels),
        "spikes_per_sample": spikes,
        "spikes_per_neuron_and_step": {
            name: spikes[name] / (math.prod(shape) * digits_data.STEPS) for name, shape in POPULATIONS.items()
        },
        "steps": digits_data.STEPS,
        "dt": DT,
        "beta": BETA,
        "threshold": THRESHOLD,
        "threshold_comparison": ">",
        "reset": "to zero",
        "encoder": "constant current",
        "readout": "most output spikes, ties to the lower index",
        "seed": seed,
        "epochs": epochs,
        "command": command if epochs == EPOCHS else f"{command} --epochs {epochs}",
        "versions": {
            package: importlib.metadata.version(package) for package in ("torch", "numpy", "scikit-learn", "nir")
        },
        # Ties the card to its file: the two cannot be replaced in one go.
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
    }
    if card is not None:
        text = json.dumps(contents, indent=2) + "\n"
        _replace(card, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return contents


def fit(
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    seed: int = 0,
    epochs: int = EPOCHS,
    progress: Progress | None = None,
) -> tuple[DigitsNetwork, list[float]]:
    """Train a new network; return it with the mean loss of each epoch."""
    losses = []
    with seeded(seed), deterministic():
        network = DigitsNetwork()
        optimizer = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        all_images, all_labels = torch.from_numpy(images), torch.from_numpy(labels)
        for epoch in range(1, epochs + 1):
            loss_sum, correct = 0.0, 0
            shuffled = torch.randperm(len(labels))
            for start in range(0, len(labels), _BATCH):
                batch = shuffled[start : start + _BATCH]
                truth = all_labels[batch]
                spikes = network(distorted_tensor(all_images[batch], _DISTORTION))
                counts = spikes["lif_out"].sum(0)
                loss = functional.cross_entropy(counts, truth, label_smoothing=_LABEL_SMOOTHING)
                for hidden in ("lif1", "lif2"):
                    loss = loss + _RATE_PENALTY * (spikes[hidden].mean() - _TARGET_RATE) ** 2
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                loss_sum += loss.item() * len(truth)
                correct += int((counts.argmax(1) == truth).sum())
            schedule.step()
            losses.append(loss_sum / len(labels))
            if progress is not None:
                progress(epoch, epochs, losses[-1], correct / len(labels))
    return network, losses


def evaluate(
    network: DigitsNetwork, images: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[float, dict[str, float]]:
    """Return the accuracy (0 to 1) and each population's mean spikes per sample."""
    with torch.no_grad():
        spikes = network(torch.from_numpy(images))
    # NumPy's argmax promises the lowest index where counts are equal; PyTorch's does not.
    classes = spikes["lif_out"].sum(0).numpy().argmax(1)
    totals = {name: float(fired.sum(dtype=torch.float64)) for name, fired in spikes.items()}
    accuracy = float(np.mean(classes == labels))
    return accuracy, {name: total / len(labels) for name, total in totals.items()}


def export(network: DigitsNetwork) -> nir.NIRGraph:
    """Convert the network to NIR, with ``dt`` in the graph's metadata.

    A forward Euler step of NIR's equation, ``tau·dv/dt = v_leak - v + r·I``, is the
    network's own step if ``dt/tau = 1 - BETA`` and ``r = tau/dt``.
    """
    nodes: dict[str, nir.NIRNode] = {
        "input": nir.Input({"input": np.array(digits_data.INPUT_SHAPE)}),
        "conv1": _nir_conv(network.conv1, (8, 8)),
        "lif1": _nir_lif(POPULATIONS["lif1"]),
        "pool1": _nir_sum_pool(),
        "conv2": _nir_conv(network.conv2, (4, 4)),
        "lif2": _nir_lif(POPULATIONS["lif2"]),
        "pool2": _nir_sum_pool(),
        "flatten": nir.Flatten({"input": np.array((32, 2, 2))}, start_dim=0, end_dim=-1),
        "fc": nir.Affine(_array(network.fc.weight), _array(network.fc.bias)),
        "lif_out": _nir_lif(POPULATIONS["lif_out"]),
        "output": nir.Output({"output": np.array(POPULATIONS["lif_out"])}),
    }
    names = list(nodes)
    return nir.NIRGraph(nodes, list(itertools.pairwise(names)), metadata={"dt": DT})


def _array(parameter: torch.Tensor | None) -> NDArray[np.float32]:
    assert parameter is not None  # all layers have a bias
    values: NDArray[np.float32] = parameter.detach().numpy().astype(np.float32)
    return values


def _nir_conv(layer: nn.Conv2d, input_shape: tuple[int, int]) -> nir.Conv2d:
    weight, bias = _array(layer.weight), _array(layer.bias)
    return nir.Conv2d(input_shape, weight, (1, 1), (1, 1), (1, 1), groups=1, bias=bias)


def _nir_sum_pool() -> nir.SumPool2d:
    window = np.array((2, 2))
    return nir.SumPool2d(kernel_size=window, stride=window, padding=np.zeros(2, dtype=int))


def _nir_lif(shape: tuple[int, ...]) -> nir.LIF:
    zeros, ones = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    tau = DT / (1.0 - BETA)
    return nir.LIF(tau=tau * ones, r=tau / DT * ones, v_leak=zeros, v_threshold=THRESHOLD * ones, v_reset=zeros)


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all: a crash leaves the old one."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        temporary = Path(folder) / path.name
        write(temporary)
        temporary.replace(path)
