"""The networks and inputs of the simulator's table, as our networks and as plain arrays for the peers.

Every network is made of layers of leaky neurons without synaptic current, in integers:

    v <- trunc(v * (4096 - decay) / 4096) + (sum of weights << 6) + (bias << 6)
    spike where v > threshold << 6, and then v <- 0

with a spike seen by the next layer within the same step of a sample (a step later on the chip), and by a recurrent
layer in the next one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spikeloom.backends.program import Program
from spikeloom.models.connectivity import Connectivity, Convolution, Dense, Pool, Sparse, compose
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire

Array = NDArray[Any]

UNITY = 4096  # decays are in 4096ths
SHIFT = 6  # potentials are in 64ths of a weight
LARGEST_THRESHOLD = 131071
GESTURE_NAME = "network.npz"
LISTED = 30_000_000  # synapses up to which a layered network is also listed one by one


@dataclass(frozen=True, eq=False)
class Operator:
    """What lies between two layers of neurons, in the order in which spikes pass.

    Attributes
    ----------
    kind : "dense", "convolution" or "sum pooling" (windows that do not overlap, an incomplete last one left out).
    weights : (targets, sources), (output channels, input channels, *kernel) int16; None for pooling.
    padding, stride : of a convolution, on every side and along both axes.
    size : of a pooling window.
    """

    kind: str
    weights: Array | None = None
    padding: int = 0
    stride: int = 1
    size: int = 1

    def connectivity(self, shape: tuple[int, ...]) -> Connectivity:
        """As one of our connectivities, for an input of this shape."""
        if self.kind == "dense":
            assert self.weights is not None
            return Dense(self.weights)
        if self.kind == "convolution":
            assert self.weights is not None
            sides = ((self.padding, self.padding), (self.padding, self.padding))
            return Convolution(self.weights, shape, (self.stride, self.stride), sides, (1, 1))
        window = (self.size, self.size)
        return Pool(np.ones(shape[0], dtype=np.int16), shape, window, window, ((0, 0), (0, 0)))


@dataclass(frozen=True, eq=False)
class Layer:
    """Neurons, and what leads to them.

    Attributes
    ----------
    operators : from the layer before.
    shape : (channels, rows, columns) or (neurons,).
    decay, threshold : see the equation of this module.
    """

    operators: tuple[Operator, ...]
    shape: tuple[int, ...]
    decay: int
    threshold: int

    def connectivity(self, shape: tuple[int, ...]) -> Connectivity:
        """All operators as one, for an input of this shape: a pooled spike is one event at each target."""
        found: Connectivity | None = None
        for operator in self.operators:
            one = operator.connectivity(shape)
            found = one if found is None else compose(found, one)
            shape = _shape_after(one, shape)
        assert found is not None
        return found.with_weights(np.ascontiguousarray(found.weights, dtype=np.int16))


def _shape_after(connectivity: Connectivity, shape: tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(connectivity, Convolution | Pool):
        return connectivity.output_shape
    return (connectivity.targets,)


@dataclass(frozen=True, eq=False)
class Chain:
    """Layers one after another.

    Attributes
    ----------
    shape : of the input.
    layers : in the order of the spikes.
    """

    shape: tuple[int, ...]
    layers: tuple[Layer, ...]

    def network(self) -> Network:
        """As our network; layer k is called "layer k", counted from 1."""
        populations = [Population("input", self.shape, Role.INPUT, None, 0)]
        projections = []
        for number, layer in enumerate(self.layers, start=1):
            before = populations[-1]
            connectivity = layer.connectivity(before.shape)
            population = Population(f"layer {number}", layer.shape, Role.NEURON, leaky(layer), number)
            populations.append(population)
            name = f"{before.name} to {population.name}"
            projections.append(Projection(name, before.name, population.name, connectivity))
        return Network(tuple(populations), tuple(projections), populations[-1].name, integer=True)

    def arrays(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """What a peer needs to build the same: a description for JSON, and the arrays that it names."""
        arrays: dict[str, Array] = {}
        layers = []
        for number, layer in enumerate(self.layers, start=1):
            operators = []
            for place, operator in enumerate(layer.operators):
                entry: dict[str, Any] = {
                    "kind": operator.kind,
                    "padding": operator.padding,
                    "stride": operator.stride,
                    "size": operator.size,
                }
                if operator.weights is not None:
                    entry["weights"] = f"weights {number} {place}"
                    arrays[entry["weights"]] = operator.weights
                operators.append(entry)
            layers.append(
                {
                    "operators": operators,
                    "shape": list(layer.shape),
                    "decay": layer.decay,
                    "threshold": layer.threshold,
                }
            )
        return {"kind": "chain", "shape": list(self.shape), "layers": layers}, arrays


def leaky(layer: Layer, **changes: Array) -> IntegerLeakyIntegrateAndFire:
    """The neurons of a layer."""
    fields: dict[str, Array] = {
        "current_decay": np.asarray(UNITY),
        "voltage_decay": np.asarray(layer.decay),
        "threshold": np.asarray(layer.threshold),
        "bias_mantissa": np.asarray(0),
        "bias_exponent": np.asarray(SHIFT),
    }
    return IntegerLeakyIntegrateAndFire(**{**fields, **changes})


@dataclass(frozen=True, eq=False)
class Workload:
    """A row of the table.

    Attributes
    ----------
    title : what it is, in a line.
    network : ours.
    data : (samples, steps, inputs) bool.
    description : for the peers, JSON.
    arrays : that the description names, and those that all peers get.
    shown : the input for the peers where it is another than ours, as where they know no neurons without an input.
    program : the network on a chip, where counters of its cores are asked for.
    """

    title: str
    network: Network
    data: Array
    description: dict[str, Any]
    arrays: dict[str, Array] = field(default_factory=dict)
    shown: Array | None = None
    program: Program | None = None

    def save(self, folder: Path, listed: bool) -> None:
        """Write what the peers read.

        Parameters
        ----------
        listed : also every synapse of a layered network one by one, for peers that know no layers.
        """
        folder.mkdir(parents=True, exist_ok=True)
        data = self.data if self.shown is None else self.shown
        samples, steps, inputs = data.shape
        document = {**self.description, "samples": samples, "steps": steps, "inputs": inputs}
        (folder / "workload.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
        np.savez(folder / "workload.npz", input=np.packbits(data.astype(bool), axis=-1), **self.arrays)
        if listed:
            np.savez(folder / "synapses.npz", **self._listed())

    def _listed(self) -> dict[str, Array]:
        count = sum(projection.connectivity.synapses() for projection in self.network.projections)
        if count > LISTED:
            raise ValueError(f"{count:,} synapses are too many to list one by one (limit {LISTED:,})")
        arrays: dict[str, Array] = {}
        for number, projection in enumerate(self.network.projections, start=1):
            # By source, as event-driven simulators walk through them.
            entries = sparse.csr_array(projection.connectivity.to_sparse().T).tocoo()
            arrays[f"source {number}"] = entries.row.astype(np.int32)
            arrays[f"target {number}"] = entries.col.astype(np.int32)
            arrays[f"weight {number}"] = entries.data.astype(np.int32)
        return arrays

    def fan_out(self) -> dict[str, Array]:
        """Per population, (neurons,) int64: weights other than zero that a spike of each neuron adds."""
        found: dict[str, Array] = {}
        for projection in self.network.projections:
            entries = projection.connectivity.to_sparse()
            counts = np.bincount(entries.indices, minlength=entries.shape[1])
            found[projection.source] = found.get(projection.source, 0) + counts
        return found


def perceptron_weights(seed: int = 0) -> list[Array]:
    """Weights of A and B, (inputs, outputs) int8 and even, for 784-512-512-10."""
    random = np.random.default_rng(seed)
    sizes = (784, 512, 512, 10)
    ranges = ((-30, 31), (-38, 43), (-38, 43))
    pairs = zip(sizes[:-1], sizes[1:], ranges, strict=True)
    return [2 * random.integers(low, high, (inputs, outputs)).astype(np.int8) for inputs, outputs, (low, high) in pairs]


def perceptron_input(samples: int, steps: int, inputs: int = 784, rate: float = 0.1, seed: int = 1) -> Array:
    """(samples, steps, inputs) bool, each a spike with the probability `rate`."""
    return np.random.default_rng(seed).random((samples, steps, inputs)) < rate


def perceptron(samples: int, steps: int) -> Workload:
    """A: 1 sample of 1000 steps; B: 128 samples of 100 steps."""
    layers = tuple(
        Layer((Operator("dense", np.ascontiguousarray(weights.T, dtype=np.int16)),), (weights.shape[1],), 200, 700)
        for weights in perceptron_weights()
    )
    chain = Chain((784,), layers)
    description, arrays = chain.arrays()
    title = f"MLP 784-512-512-10, 10 % input spikes, {_times(samples, steps)}"
    return Workload(title, chain.network(), perceptron_input(samples, steps), description, arrays)


def event_camera(
    samples: int, steps: int, channels: tuple[int, int], padding: tuple[int, int], input_rate: float, rate: float
) -> Workload:
    """C: 2 x 34 x 34, conv 5 x 5, sum pool 2, conv 3 x 3, sum pool 2, 256, 10.

    Weights are random and even; the threshold of every layer is the one at which it fires at `rate`.

    Parameters
    ----------
    channels, padding : of the two convolutions.
    input_rate : spikes of an input and step.
    rate : spikes of a neuron and step.
    """
    random = np.random.default_rng(2)
    shape = (2, 34, 34)
    sizes = [shape]
    for count, kernel, pad in zip(channels, (5, 3), padding, strict=True):
        side = sizes[-1][1] if len(sizes) == 1 else sizes[-1][1] // 2
        sizes.append((count, side + 2 * pad - kernel + 1, side + 2 * pad - kernel + 1))
    pooled = channels[1] * (sizes[2][1] // 2) ** 2
    pool = Operator("sum pooling", size=2)
    operators: list[tuple[tuple[Operator, ...], tuple[int, ...]]] = [
        ((Operator("convolution", _even(random, (channels[0], 2, 5, 5)), padding[0]),), sizes[1]),
        ((pool, Operator("convolution", _even(random, (channels[1], channels[0], 3, 3)), padding[1])), sizes[2]),
        ((pool, Operator("dense", _even(random, (256, pooled)))), (256,)),
        ((Operator("dense", _even(random, (10, 256))),), (10,)),
    ]
    data = perceptron_input(samples, steps, int(np.prod(shape)), input_rate, seed=3)
    layers: list[Layer] = []
    before = shape
    spikes = data[: min(samples, 4)]
    for found, size in operators:
        blank = Layer(found, size, 200, 0)
        layer, spikes = _at_rate(blank, blank.connectivity(before), spikes, rate)
        layers.append(layer)
        before = size
    chain = Chain(shape, tuple(layers))
    description, arrays = chain.arrays()
    title = (
        f"event camera 2x34x34, conv 5x5 ({channels[0]}), conv 3x3 ({channels[1]}), sum poolings, 256, 10; "
        f"{_times(samples, steps)}"
    )
    return Workload(title, chain.network(), data, description, arrays)


def _even(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Even weights, a little more positive than negative, none of them zero."""
    weights = random.integers(-38, 42, shape)
    return (2 * (weights + (weights >= 0))).astype(np.int16)


def _at_rate(layer: Layer, connectivity: Connectivity, spikes: Array, rate: float) -> tuple[Layer, Array]:
    """The layer with the lowest threshold at which it fires at most at `rate`, and its spikes then."""
    samples, steps, inputs = spikes.shape
    sums = connectivity.apply(spikes.reshape(-1, inputs)).reshape(samples, steps, -1)
    low, high = 0, LARGEST_THRESHOLD
    while low < high:
        middle = (low + high) // 2
        if run_layer(sums, layer.decay, middle).mean() > rate:
            low = middle + 1
        else:
            high = middle
    return Layer(layer.operators, layer.shape, layer.decay, low), run_layer(sums, layer.decay, low)


def run_layer(sums: Array, decay: int, threshold: int) -> Array:
    """Spikes of neurons, (samples, steps, neurons) bool, from the sums of weights that arrive, of the same shape."""
    spikes = np.zeros(sums.shape, dtype=bool)
    voltage = np.zeros((sums.shape[0], sums.shape[2]))
    for step in range(sums.shape[1]):
        voltage = np.trunc(voltage * ((UNITY - decay) / UNITY)) + sums[:, step] * 2**SHIFT
        spikes[:, step] = voltage > threshold * 2**SHIFT
        voltage[spikes[:, step]] = 0
    return spikes


def random_recurrent(neurons: int, synapses: int, steps: int) -> Workload:
    """E: leaky neurons, driven by a bias each to spikes about every hundred steps, with random recurrent synapses.

    Parameters
    ----------
    synapses : to each neuron, on average a few less: a pair that is drawn twice counts once.
    """
    random = np.random.default_rng(4)
    source = random.integers(0, neurons, (neurons, synapses), dtype=np.int32)
    source.sort(axis=1)
    first = np.ones(source.shape, dtype=bool)
    np.not_equal(source[:, 1:], source[:, :-1], out=first[:, 1:])
    indptr = np.concatenate([[0], np.cumsum(first.sum(axis=1))]).astype(np.int64)
    weights = random.integers(-6, 6, int(indptr[-1]), dtype=np.int8)
    weights = (2 * (weights + (weights >= 0))).astype(np.int8)
    connectivity = Sparse(weights, source[first].astype(np.int64), indptr, neurons)
    bias = random.integers(9, 14, neurons)
    start = random.integers(0, 700 << SHIFT, neurons)
    layer = Layer((), (neurons,), 40, 700)
    neuron = leaky(layer, bias_mantissa=bias, initial_voltage=start)
    populations = (
        Population("input", (1,), Role.INPUT, None, 0),
        Population("neurons", (neurons,), Role.NEURON, neuron, 0),
    )
    network = Network(populations, (Projection("recurrent", "neurons", "neurons", connectivity),), "neurons", True)
    description = {"kind": "recurrent", "neurons": neurons, "decay": layer.decay, "threshold": layer.threshold}
    arrays = {"bias": bias << SHIFT, "start": start}
    title = f"{neurons:,} LIF neurons, {weights.size:,} random synapses, {_times(1, steps)}"
    return Workload(title, network, np.zeros((1, steps, 1), dtype=bool), description, arrays)


def _times(samples: int, steps: int) -> str:
    return f"{samples} {'sample' if samples == 1 else 'samples'} x {steps} steps"


SIZES: dict[str, dict[str, Any]] = {
    "A": {"samples": 1, "steps": 1000},
    "B": {"samples": 128, "steps": 100},
    "C": {"samples": 100, "steps": 300, "channels": (4, 2), "padding": (0, 0), "input_rate": 0.0142, "rate": 0.05},
    "W": {"samples": 100, "steps": 300, "channels": (8, 16), "padding": (0, 0), "input_rate": 0.0142, "rate": 0.05},
    "D": {"steps": 1000},
    "E": {"neurons": 100_000, "synapses": 100, "steps": 1000},
    "F": {"rows": 784, "fan_out": 512, "events": 200_000_000},
}
MAKERS: dict[str, Callable[..., Workload]] = {
    "A": perceptron,
    "B": perceptron,
    "C": event_camera,
    "W": event_camera,
    "E": random_recurrent,
}


def make(row: str, sizes: dict[str, Any], folder: Path) -> Workload:
    """The workload of a row.

    Parameters
    ----------
    folder : of the row, where D finds the network that SANA-FE wrote.
    """
    if row == "D":
        from simulator_gesture import gesture

        return gesture(folder / GESTURE_NAME, **sizes)
    return MAKERS[row](**sizes)
