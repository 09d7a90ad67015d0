"""How long quantization takes for networks of a million parameters, and how much memory."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from quantization_networks import SHARED
from quantization_training import Neurons, SpikingNetwork, export
from torch import nn

from spikeloom.deploy.compilation import compile_model
from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.model_source import load_graph, open_data
from spikeloom.mapping.target_files import load_target

STEPS = 16
SPIKES = 0.1  # of a neuron and step, to which the gains of the untrained layers are brought
TRIED = 16  # images on which the gains are found
LARGEST_GAIN = 64.0


@dataclass(frozen=True)
class Timing:
    """What a calibration took.

    Attributes
    ----------
    parameters : of the network.
    samples : that the quantizer looked at.
    seconds : of wall clock, from the network in memory to its integers.
    processor_seconds : the same of all processors together, which tell less of what else the machine does.
    memory : bytes, the most that the process held at any time.
    spikes : of a neuron and step in float, per layer.
    """

    parameters: int
    samples: int
    seconds: float
    processor_seconds: float
    memory: int
    spikes: dict[str, float]


class Clock:
    """Notes when each stage begins, in seconds since the clock was made: of wall clock, and of all processors."""

    def __init__(self) -> None:
        self._made = time.monotonic(), time.process_time()
        self.begun: dict[str, tuple[float, float]] = {}

    def stage(self, name: str, total: int | None = None) -> Callable[[int], None]:
        """See `Progress`."""
        self.begun[name] = time.monotonic() - self._made[0], time.process_time() - self._made[1]
        return lambda done: None

    def expect(self, stages: int) -> None:
        """See `Progress`."""

    def detail(self, what: str) -> None:
        """See `Progress`."""


def calibration_timing(name: str, samples: int) -> Timing:
    """Calibrate a network of `NETWORKS` in a process of its own, whose memory is then its own as well."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as executor:
        return executor.submit(_calibrate, name, samples).result()


def _calibrate(name: str, samples: int) -> Timing:
    import tempfile
    from pathlib import Path

    import nir

    torch.manual_seed(0)
    network = NETWORKS[name]()
    with np.load(SHARED / "mnist" / "test.npz") as file:
        x = (file["x"][:samples].reshape(-1, *network.input_shape) / 255).astype(np.float32)
    spikes = _enlivened(network, torch.from_numpy(x[:TRIED]))
    config = Configuration(steps=STEPS, calibration_samples=samples)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.nir"
        nir.write(path, export(network))
        graph = load_graph(str(path), config)
    data = open_data(graph, (x, None), graph, config)
    clock = Clock()
    compiled = compile_model(graph, load_target("loihi2"), data, config, clock)
    seconds, processor_seconds = clock.begun["mapping"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Timing(parameters, len(compiled.calibrated_on), seconds, processor_seconds, memory, spikes)


def _enlivened(network: SpikingNetwork, x: torch.Tensor) -> dict[str, float]:
    """Give each layer the gain at which it spikes as trained ones do; PyTorch's initial weights leave it silent."""
    rates: dict[str, float] = {}
    operator = None
    with torch.no_grad():
        for name, layer in network.layers.items():
            if hasattr(layer, "weight"):
                operator = layer
            if not isinstance(layer, Neurons):
                continue
            assert operator is not None
            weight, bias = operator.weight.clone(), operator.bias.clone()
            low, high = 0.0, LARGEST_GAIN
            for _ in range(12):  # the rate rises with the gain
                gain = (low + high) / 2
                operator.weight.copy_(weight * gain)
                operator.bias.copy_(bias * gain)
                rates[name] = float(network(x)[name].mean())
                low, high = (low, gain) if rates[name] > SPIKES else (gain, high)
    return rates


def _dense() -> SpikingNetwork:
    layers = {
        "dense1": nn.Linear(784, 800),
        "lif1": Neurons((800,), 0.9),
        "dense2": nn.Linear(800, 400),
        "lif2": Neurons((400,), 0.9),
        "readout": nn.Linear(400, 10),
        "readout_lif": Neurons((10,), 0.9),
    }
    return SpikingNetwork(layers, (784,), STEPS)


def _convolutional() -> SpikingNetwork:
    layers = {
        "convolution1": nn.Conv2d(1, 32, 3, padding=1),
        "lif1": Neurons((32, 28, 28), 0.9),
        "pool1": nn.AvgPool2d(2),
        # A second pool would enter the dense matrix after it, which then had four times as many synapses.
        "convolution2": nn.Conv2d(32, 64, 3, stride=2, padding=1),
        "lif2": Neurons((64, 7, 7), 0.9),
        "flatten": nn.Flatten(),
        "dense": nn.Linear(3136, 320),
        "dense_lif": Neurons((320,), 0.9),
        "readout": nn.Linear(320, 10),
        "readout_lif": Neurons((10,), 0.9),
    }
    return SpikingNetwork(layers, (1, 28, 28), STEPS)


NETWORKS = {"dense": _dense, "convolutional": _convolutional}
