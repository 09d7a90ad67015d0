"""A layer by itself: what reaches some of its neurons in the float network, and what they make of it.

A layer with spatial axes has one kind of neuron a channel; a few positions of each say as much as all. What follows
has an axis of *replicates*, samples times positions, and one of *rows*: channels, or the neurons of a layer without
spatial axes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.connectivity import Connectivity, Convolution, Dense, Pool
from ...models.network import Network, Population, Projection, Role
from ...models.neurons import LeakyIntegrateAndFire

Array = NDArray[Any]

LARGEST_FLOAT = 1 << 24  # float32 adds whole numbers up to here exactly; of split weights it may miss the last bit
MOST_ENTRIES = 1 << 22  # arriving sums of a layer, over steps, replicates and rows
MOST_WINDOW_ENTRIES = 1 << 24  # of inputs laid out as windows


class Arriving(ABC):
    """What reaches the sampled neurons over one projection.

    Attributes
    ----------
    row_of_weight : in the order of the flat weights, the row that each belongs to.
    """

    row_of_weight: Array

    @abstractmethod
    def sums(self, weights: Array) -> Array:
        """(steps, replicates, rows) of what arrives with these flat weights, float."""

    def columns(self) -> Array | None:
        """(steps, replicates, weights of a row): what each weight of a row meets, where it is the same for all rows.

        The flat weights are then (rows, weights of a row). None where rows have inputs of their own.
        """
        return None


class _FromAll(Arriving):
    """Every source reaches every row."""

    def __init__(self, dense: Dense, sent: Array, targets: Array, rows: int) -> None:
        self.sent, self.targets, self.rows = sent, targets, rows
        self.row_of_weight = np.repeat(np.arange(dense.targets) // (dense.targets // rows), dense.sources)
        self.whole = targets.shape[0] == 1 and dense.targets == rows

    def sums(self, weights: Array) -> Array:
        steps, _, sources = self.sent.shape
        matrix = weights.reshape(-1, sources).astype(self.sent.dtype)
        if self.whole:
            return np.asarray(self.sent @ matrix.T)
        each = [self.sent @ matrix[targets].T for targets in self.targets]
        return np.stack(each, axis=2).reshape(steps, -1, self.rows)

    def columns(self) -> Array | None:
        return self.sent if self.whole else None


class _FromWindows(Arriving):
    """A convolution: the windows of the sampled positions."""

    def __init__(self, planar: Convolution, sent: Array, positions: Array) -> None:
        steps, samples, _ = sent.shape
        images = sent.reshape(steps, samples, *planar.input_shape)
        (top, bottom), (left, right) = planar.padding
        padded = np.pad(images, ((0, 0), (0, 0), (0, 0), (top, bottom), (left, right)))
        down = np.arange(planar.kernel[0]) * planar.dilation[0]
        along = np.arange(planar.kernel[1]) * planar.dilation[1]
        windows = []
        for position in positions:
            y, x = divmod(int(position), planar.output_shape[2])
            rows, columns = y * planar.stride[0] + down, x * planar.stride[1] + along
            windows.append(padded[:, :, :, rows[:, None], columns[None, :]])
        inputs = planar.input_shape[0] // planar.groups
        stacked = np.stack(windows, axis=2)  # (steps, samples, positions, channels, y, x)
        self.windows = stacked.reshape(
            steps, samples * positions.size, planar.groups, inputs * int(np.prod(planar.kernel))
        )
        self.channels = planar.output_shape[0]
        self.row_of_weight = np.repeat(np.arange(self.channels), self.windows.shape[3])

    def sums(self, weights: Array) -> Array:
        steps, replicates, groups, size = self.windows.shape
        kernels = weights.reshape(groups, self.channels // groups, size).astype(self.windows.dtype)
        if groups == 1:
            return np.asarray(self.windows[:, :, 0] @ kernels[0].T)
        each = np.einsum("trgk,gck->trgc", self.windows, kernels, optimize=True)
        return np.asarray(each).reshape(steps, replicates, -1)

    def columns(self) -> Array | None:
        return self.windows[:, :, 0] if self.windows.shape[2] == 1 else None


class _FromPools(Arriving):
    """Sums over windows, one weight a channel."""

    def __init__(self, pool: Pool, sent: Array, positions: Array) -> None:
        convolution = pool.as_convolution().as_planar()
        windows = _FromWindows(convolution, sent, positions)
        ones = np.ones(convolution.weights.size, dtype=sent.dtype)
        self.summed = windows.sums(ones)
        self.row_of_weight = np.arange(pool.input_shape[0])

    def sums(self, weights: Array) -> Array:
        return np.asarray(self.summed * weights.astype(self.summed.dtype))


class _FromListed(Arriving):
    """Listed synapses, and one-to-one ones."""

    def __init__(self, connectivity: Connectivity, sent: Array, targets: Array, rows: int) -> None:
        positions = connectivity.targets // rows
        numbered = connectivity.with_weights(np.arange(1, connectivity.weights.size + 1))
        matrix = numbered.to_sparse()
        self.row_of_weight = np.zeros(connectivity.weights.size, dtype=np.int64)
        self.row_of_weight[matrix.data - 1] = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) // positions
        self.sent, self.rows = sent, rows
        self.chosen = sparse.csr_array(matrix[targets.reshape(-1)])
        self.places = targets.shape[0]

    def sums(self, weights: Array) -> Array:
        steps, samples, sources = self.sent.shape
        values = weights.reshape(-1)[self.chosen.data - 1].astype(self.sent.dtype)
        matrix = sparse.csr_array((values, self.chosen.indices, self.chosen.indptr), shape=self.chosen.shape)
        result = (matrix @ self.sent.reshape(-1, sources).T).T
        return np.asarray(result).reshape(steps, samples * self.places, self.rows)


@dataclass(frozen=True, eq=False)
class LayerSample:
    """Some neurons of a layer, what reaches them, and what they answer in float.

    Attributes
    ----------
    incoming : projections, their weights per unit of integer input.
    arriving : per projection, what reaches the neurons.
    targets : (positions, rows): the neurons' numbers in their population.
    wanted : (steps, replicates, rows) bool: spikes of the float layer; a replicate is a sample and a position, in this
        order.
    neuron : the float neurons, parameters () or (positions, rows).
    largest_current, largest_voltage : (rows,), the largest magnitudes of the float states.
    highest_voltage : (rows,), the largest float potential after a step.
    """

    incoming: tuple[Projection, ...]
    arriving: Mapping[str, Arriving]
    targets: Array
    wanted: Array
    neuron: LeakyIntegrateAndFire
    largest_current: Array
    largest_voltage: Array
    highest_voltage: Array

    @property
    def rows(self) -> int:
        """Channels, or neurons of a layer without spatial axes."""
        return int(self.targets.shape[1])


def sample_layer(
    network: Network,
    population: Population,
    incoming: tuple[Projection, ...],
    activity: Mapping[str, Array],
    units: Mapping[str, float],
    seed: int = 0,
) -> LayerSample:
    """Draw positions and samples, collect what reaches them, and run the float neurons once.

    Parameters
    ----------
    population : spiking leaky neurons.
    incoming : see `LayerSample`.
    activity : per population, (samples, steps, neurons), of the float network.
    units : per population, integers sent per unit of its output.
    """
    spikes = activity[population.name]
    samples, steps, size = spikes.shape
    rows = population.shape[0]
    window = max((int(np.prod(p.connectivity.weights.shape[1:])) for p in incoming), default=1)
    room = min(MOST_ENTRIES // max(1, steps * rows), MOST_WINDOW_ENTRIES // max(1, steps * window))
    samples = min(samples, max(1, room))
    random = np.random.default_rng(seed)
    count = min(size // rows, max(1, room // samples))
    positions = np.sort(random.choice(size // rows, count, replace=False))
    targets = np.arange(rows) * (size // rows) + positions[:, np.newaxis]
    arriving = {
        p.name: _arriving(p.connectivity, _sent(network, p, activity, units[p.source], samples), targets, rows)
        for p in incoming
    }
    wanted = np.ascontiguousarray(spikes[:samples].transpose(1, 0, 2)[:, :, targets].reshape(steps, -1, rows) != 0)
    assert isinstance(population.neuron, LeakyIntegrateAndFire)
    neuron = parameters_at(population.neuron, targets)
    current = np.zeros((samples, *targets.shape))
    voltage = np.broadcast_to(neuron.initial_voltage, current.shape).astype(np.float64)
    largest_current, largest_voltage, highest_voltage = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    sums = sum((arriving[p.name].sums(p.connectivity.weights.reshape(-1)) for p in incoming), np.zeros(wanted.shape))
    for step in range(steps):
        (current, voltage), _ = neuron.step((current, voltage), sums[step].reshape(current.shape))
        largest_current = np.maximum(largest_current, np.abs(current).max(axis=(0, 1)))
        largest_voltage = np.maximum(largest_voltage, np.abs(voltage).max(axis=(0, 1)))
        highest_voltage = np.maximum(highest_voltage, voltage.max(axis=(0, 1)))
    largest = largest_current, largest_voltage, highest_voltage
    return LayerSample(incoming, arriving, targets, wanted, neuron, *largest)


def parameters_at(neuron: LeakyIntegrateAndFire, targets: Array) -> LeakyIntegrateAndFire:
    """The neurons of some numbers: parameters that differ from neuron to neuron get the shape of `targets`."""
    chosen = {
        field.name: getattr(neuron, field.name)[targets]
        for field in fields(neuron)
        if isinstance(getattr(neuron, field.name), np.ndarray) and getattr(neuron, field.name).ndim
    }
    return replace(neuron, **chosen)


def _arriving(connectivity: Connectivity, sent: Array, targets: Array, rows: int) -> Arriving:
    positions = targets[:, 0]  # of the first channel, whose numbers begin at 0
    if isinstance(connectivity, Dense):
        return _FromAll(connectivity, sent, targets, rows)
    if isinstance(connectivity, Convolution) and connectivity.output_shape[0] == rows:
        return _FromWindows(connectivity.as_planar(), sent, positions)
    if isinstance(connectivity, Pool) and connectivity.output_shape[0] == rows:
        return _FromPools(connectivity, sent, positions)
    return _FromListed(connectivity, sent, targets, rows)


def _sent(network: Network, projection: Projection, activity: Mapping[str, Array], unit: float, samples: int) -> Array:
    """(steps, samples, sources) of what a projection carries, in integers of its source."""
    source = network.by_name[projection.source]
    some = next(iter(activity.values()))
    if source.role is Role.CONSTANT:
        return np.ones((some.shape[1], samples, 1), dtype=np.float32)
    values = activity[projection.source][:samples].transpose(1, 0, 2)
    largest = float(np.max(np.abs(values), initial=0.0)) * unit
    exact = largest * 256 * min(projection.connectivity.sources, 1 << 16) < LARGEST_FLOAT
    sent = np.rint(values * unit) if unit != 1.0 else values
    sent = np.ascontiguousarray(sent, dtype=np.float32 if exact else np.float64)
    lag = min(network.lag(projection), sent.shape[0])
    return np.concatenate([np.zeros_like(sent[:lag]), sent[: sent.shape[0] - lag]]) if lag else sent
