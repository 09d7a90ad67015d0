"""The instances of the mapping tables: irregular networks to divide among cores, and clusters to place on a mesh.

A network is (source, target, neurons): its synapses in ascending order without repeats. Clusters to place are
(source, target, traffic, clusters). Every call of a function gives the same arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NetworkInstance = tuple[Array, Array, int]
PlacementInstance = tuple[Array, Array, Array, int]

STACK = (2, 4, 4, 4, 4, 4, "pool", 8, 8, "pool", 8)  # channels of the input and of each convolution
STACK_SIZE, STACK_OUTPUTS, STACK_KEPT = 64, 10, 0.35
LIQUID_SHAPE, LIQUID_SCALE, LIQUID_FAN_OUT = (46, 46, 47), 2.0, 10
RING_NEURONS, RING_FAN_OUT, RING_REWIRED = 100_000, 10, 0.1


def convolution_stack() -> NetworkInstance:
    """CNN115k: 3x3 convolutions and 2x2 poolings on 64x64, a dense layer; of its synapses 35 % are kept at random."""
    channels, size, first = int(STACK[0]), STACK_SIZE, 0
    layers: list[tuple[Array, Array]] = []
    for entry in STACK[1:]:
        start = first + channels * size * size
        if entry == "pool":
            layers.append(_pooled(channels, size, first, start))
            size //= 2
        else:
            layers += _convolved(channels, int(entry), size, first, start)
            channels = int(entry)
        first = start
    features = channels * size * size
    outputs = first + features
    layers.append(
        (np.repeat(np.arange(features), STACK_OUTPUTS) + first, np.tile(np.arange(STACK_OUTPUTS), features) + outputs)
    )
    source, target = (np.concatenate(part) for part in zip(*layers, strict=True))
    kept = np.random.default_rng(0).random(source.size) < STACK_KEPT
    return _sorted(source[kept], target[kept], outputs + STACK_OUTPUTS)


def _pooled(channels: int, size: int, first: int, start: int) -> tuple[Array, Array]:
    neuron = np.arange(channels * size * size)
    channel, row, column = np.unravel_index(neuron, (channels, size, size))
    half = size // 2
    return first + neuron, start + (channel * half + row // 2) * half + column // 2


def _convolved(inputs: int, outputs: int, size: int, first: int, start: int) -> list[tuple[Array, Array]]:
    """Synapses place by place of the kernel, each in the order of output channel, input channel's turn, position."""
    row, column = np.divmod(np.arange(size * size), size)
    found = []
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            inside = (row + down >= 0) & (row + down < size) & (column + across >= 0) & (column + across < size)
            here = np.flatnonzero(inside)
            there = here + down * size + across
            source = np.arange(inputs)[:, None, None] * size * size + here
            target = np.arange(outputs)[None, :, None] * size * size + there
            shape = (inputs, outputs, here.size)
            found.append(
                (first + np.broadcast_to(source, shape).ravel(), start + np.broadcast_to(target, shape).ravel())
            )
    return found


def liquid(shape: tuple[int, int, int] = LIQUID_SHAPE) -> NetworkInstance:
    """LSM99k, or one like it: a liquid in three dimensions; every neuron reaches for ten at Gaussian offsets."""
    random = np.random.default_rng(0)
    neurons = int(np.prod(shape))
    position = np.stack(np.unravel_index(np.arange(neurons), shape))
    limits = np.asarray(shape)[:, None]
    sources, targets = [], []
    for _ in range(LIQUID_FAN_OUT):
        offset = np.stack([np.rint(random.normal(0, LIQUID_SCALE / np.sqrt(2), neurons)).astype(int) for _ in range(3)])
        reached = position + offset
        valid = np.all((reached >= 0) & (reached < limits), axis=0) & np.any(offset != 0, axis=0)
        sources.append(np.flatnonzero(valid))
        targets.append(np.ravel_multi_index(tuple(reached[:, valid]), shape))
    return _sorted(np.concatenate(sources), np.concatenate(targets), neurons)


def small_world() -> NetworkInstance:
    """SW100k: Watts-Strogatz, a ring of which a tenth of the synapses lead elsewhere, in an order that is hidden."""
    random = np.random.default_rng(0)
    half = RING_FAN_OUT // 2
    offset = np.concatenate([np.arange(-half, 0), np.arange(1, RING_FAN_OUT - half + 1)])
    source = np.repeat(np.arange(RING_NEURONS), RING_FAN_OUT)
    target = (np.arange(RING_NEURONS)[:, None] + offset).ravel() % RING_NEURONS
    rewired = np.flatnonzero(random.random(source.size) < RING_REWIRED)
    target[rewired] = random.integers(0, RING_NEURONS, rewired.size)
    hidden = np.random.default_rng(1).permutation(RING_NEURONS)
    return _sorted(hidden[source], hidden[target], RING_NEURONS)


def perceptron() -> NetworkInstance:
    """784-512-512-256-10, dense: where cutting a graph is worse than filling cores in order."""
    sizes = (784, 512, 512, 256, 10)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    pairs = [
        (np.repeat(np.arange(inputs), outputs) + first, np.tile(np.arange(outputs), inputs) + second)
        for inputs, outputs, first, second in zip(sizes[:-1], sizes[1:], starts[:-2], starts[1:-1], strict=True)
    ]
    source, target = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return _sorted(source, target, int(starts[-1]))


def _sorted(source: Array, target: Array, neurons: int) -> NetworkInstance:
    keys = np.unique(source * np.int64(neurons) + target)
    return keys // neurons, keys % neurons, neurons


def layered_clusters(kind: str, side: int) -> PlacementInstance:
    """Clusters of Jin et al. (ASPLOS 2023): row i of side x side feeds row i + 1, and the last row is not used.

    Parameters
    ----------
    kind : "conv", where column j feeds columns j to j + 3, cut off at the edge; or "dense", where it feeds all.
    """
    reach = 4 if kind == "conv" else side
    column, fed = np.indices((side, side)).reshape(2, -1)
    near = (fed >= column) & (fed < column + reach) if kind == "conv" else np.ones(column.size, dtype=bool)
    row = np.arange(side - 2)[:, None] * side
    source, target = (row + column[near]).ravel(), (row + side + fed[near]).ravel()
    return source, target, np.random.default_rng(1).random(source.size), side * side


NETWORKS: dict[str, Callable[[], NetworkInstance]] = {
    "cnn115k": convolution_stack,
    "lsm99k": liquid,
    "sw100k": small_world,
    "mlp": perceptron,
}
PLACEMENTS = {
    f"{kind}{side}": (kind, side) for kind, side in (("conv", 32), ("conv", 64), ("conv", 128), ("dense", 32))
}
