"""An integer network as flat arrays that one compiled kernel walks through.

Neurons are renumbered inside: populations with spatial axes are laid out channels last, so that a spike that meets a
convolution adds one contiguous row of output channels at each position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool
from ...models.network import Network, Population, Projection, Role
from ...models.neurons import IntegerNeuron
from ...models.neurons.rules import leaky_rule, sigma_delta_rule

Array = NDArray[Any]


class Source(IntEnum):
    """Where a population's output comes from."""

    INPUT = 0
    CONSTANT = 1
    NEURONS = 2


class Rule(IntEnum):
    """The step of a population's neurons."""

    LEAKY = 0
    SIGMA_DELTA = 1


_RULES = {leaky_rule.NAME: Rule.LEAKY, sigma_delta_rule.NAME: Rule.SIGMA_DELTA}
_SOURCES = {Role.INPUT: Source.INPUT, Role.CONSTANT: Source.CONSTANT, Role.NEURON: Source.NEURONS}
_STATES = 2  # of a neuron, whatever its rule
# Share of weights other than zero up to which a dense matrix is laid out as lists. A listed weight takes about 20 times
# as long as one of a dense row, which the compiler vectorises: with 512 to 2048 neurons on either side, lists were
# faster below a share of 0.04 to 0.07 (one core, Xeon); with 256 and fewer the layouts hardly differ there.
_LISTED_SHARE = 0.05
_MOST_PARAMETERS = max(len(leaky_rule.PARAMETERS), len(sigma_delta_rule.PARAMETERS))


class Kind(IntEnum):
    """How a projection's weights are stored."""

    DENSE = 0
    CONVOLUTION = 1
    ONE_TO_ONE = 2
    SPARSE = 3


class Column(IntEnum):
    """Columns of the table of projections."""

    KIND = 0
    SOURCE = 1
    TARGET = 2
    LAG = 3
    WEIGHTS = 4  # where its weights begin
    POINTERS = 5  # sparse: where its row pointers begin
    INDICES = 6  # sparse: where its target numbers begin
    CHANNELS_IN = 7
    HEIGHT_IN = 8
    WIDTH_IN = 9
    CHANNELS_OUT = 10
    HEIGHT_OUT = 11
    WIDTH_OUT = 12
    KERNEL_Y = 13
    KERNEL_X = 14
    STRIDE_Y = 15
    STRIDE_X = 16
    PAD_Y = 17
    PAD_X = 18
    DILATION_Y = 19
    DILATION_X = 20
    GROUPS = 21


@dataclass(frozen=True, eq=False)
class Tables:
    """What the kernel reads.

    Attributes
    ----------
    offsets : (populations + 1,) int64; each population's neurons in all state arrays.
    sources : (populations,) int64, see `Source`.
    rules : (populations,) int64, see `Rule`.
    first_projection : (populations + 1,) int64; projections are sorted by target.
    projections : (projections, columns) int64, see `Column`.
    weights : int16, already shifted by their exponents.
    pointers, indices : int64 and int32, of sparse projections, a row a source.
    start : (states, neurons) int64; both state variables before the first step.
    parameters : (parameters, neurons) int64, in the order of the population's rule.
    orders : per population, (neurons,) int64: the number in C order, channels first, of each inner number.
    slots : steps of spikes to be kept, one more than the largest lag.
    """

    names: tuple[str, ...]
    offsets: Array
    sources: Array
    rules: Array
    first_projection: Array
    projections: Array
    weights: Array
    pointers: Array
    indices: Array
    start: Array
    parameters: Array
    orders: Mapping[str, Array]
    slots: int

    @property
    def neurons(self) -> int:
        """All neurons, inputs and constants among them."""
        return int(self.offsets[-1])


def build_tables(network: Network) -> Tables:
    """Lay out an integer network."""
    populations = network.populations
    number = {population.name: index for index, population in enumerate(populations)}
    offsets = np.concatenate([[0], np.cumsum([population.size for population in populations])]).astype(np.int64)
    orders = {population.name: _channels_last(population.shape) for population in populations}
    ordered = sorted(network.projections, key=lambda projection: number[projection.target])
    stores = _Stores()
    rows = [_row(network, projection, number, orders, stores) for projection in ordered]
    targets = [number[projection.target] for projection in ordered]
    return Tables(
        tuple(number),
        offsets,
        np.array([_SOURCES[population.role] for population in populations], dtype=np.int64),
        np.array([_rule(population) for population in populations], dtype=np.int64),
        np.searchsorted(targets, np.arange(len(populations) + 1)).astype(np.int64),
        np.array(rows, dtype=np.int64).reshape(len(rows), len(Column)),
        _joined(stores.weights, np.int16),
        _joined(stores.pointers, np.int64),
        _joined(stores.indices, np.int32),
        *_neurons(populations, orders, offsets),
        orders,
        network.gap + 1,
    )


class _Stores:
    """Growing lists of arrays that become one array each."""

    def __init__(self) -> None:
        self.weights: list[Array] = []
        self.pointers: list[Array] = []
        self.indices: list[Array] = []

    @staticmethod
    def add(parts: list[Array], values: Array) -> int:
        start = sum(part.size for part in parts)
        parts.append(values.reshape(-1))
        return start


def _joined(parts: list[Array], dtype: type) -> Array:
    return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype=dtype)


def _rule(population: Population) -> int:
    return _RULES[population.neuron.rule.name] if isinstance(population.neuron, IntegerNeuron) else Rule.LEAKY


def _channels_last(shape: tuple[int, ...]) -> Array:
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return np.ascontiguousarray(np.moveaxis(numbers, 0, -1)).reshape(-1)


def _neurons(populations: tuple[Population, ...], orders: Mapping[str, Array], offsets: Array) -> tuple[Array, Array]:
    """Initial states and parameters of all neurons, in the inner numbering."""
    neurons = int(offsets[-1])
    start = np.zeros((_STATES, neurons), dtype=np.int64)
    parameters = np.zeros((_MOST_PARAMETERS, neurons), dtype=np.int64)
    for index, population in enumerate(populations):
        neuron = population.neuron
        if not isinstance(neuron, IntegerNeuron):
            continue
        place = slice(offsets[index], offsets[index + 1])
        order = orders[population.name]
        for row, state in enumerate(neuron.initial_state(1, population.size)):
            start[row, place] = state[0, order]
        for row, name in enumerate(neuron.rule.parameters):
            values = np.broadcast_to(neuron.rule_parameters[name], (population.size,))
            parameters[row, place] = values[order]
    return start, parameters


def _row(
    network: Network, projection: Projection, number: Mapping[str, int], orders: Mapping[str, Array], stores: _Stores
) -> list[int]:
    row = dict.fromkeys(Column, 0)
    row[Column.SOURCE], row[Column.TARGET] = number[projection.source], number[projection.target]
    row[Column.LAG] = network.lag(projection)
    connectivity = projection.connectivity
    source, target = network.by_name[projection.source], network.by_name[projection.target]
    if isinstance(connectivity, Pool):
        connectivity = connectivity.as_convolution()
    if isinstance(connectivity, Convolution) and _keeps_layout(connectivity, source, target):
        weights = _convolution(connectivity.as_planar(), row)
    elif isinstance(connectivity, OneToOne) and np.array_equal(orders[source.name], orders[target.name]):
        row[Column.KIND] = Kind.ONE_TO_ONE
        weights = connectivity.weights[orders[source.name]]
    elif isinstance(connectivity, Dense) and _fills_rows(connectivity.weights):
        row[Column.KIND] = Kind.DENSE
        weights = connectivity.weights[orders[target.name]][:, orders[source.name]].T
    else:
        weights = _sparse(connectivity, orders[source.name], orders[target.name], row, stores)
    shifted = np.ascontiguousarray(weights).astype(np.int32) << projection.exponent
    if shifted.size and (shifted.min() < -32768 or shifted.max() > 32767):
        raise ValueError(f"projection {projection.name!r} has weights beyond 16 bits after its exponent")
    row[Column.WEIGHTS] = stores.add(stores.weights, shifted.astype(np.int16))
    return [row[column] for column in Column]


def _fills_rows(weights: Array) -> bool:
    """Whether so many weights differ from zero that walking whole rows is faster than walking lists."""
    return int(np.count_nonzero(weights)) > _LISTED_SHARE * weights.size


def _keeps_layout(convolution: Convolution, source: Population, target: Population) -> bool:
    """Whether the populations have the axes of the convolution: a flattened one is laid out otherwise."""
    return source.shape == convolution.input_shape and target.shape == convolution.output_shape


def _convolution(planar: Convolution, row: dict[Column, int]) -> Array:
    row[Column.KIND] = Kind.CONVOLUTION
    row[Column.CHANNELS_IN], row[Column.HEIGHT_IN], row[Column.WIDTH_IN] = planar.input_shape
    row[Column.CHANNELS_OUT], row[Column.HEIGHT_OUT], row[Column.WIDTH_OUT] = planar.output_shape
    row[Column.KERNEL_Y], row[Column.KERNEL_X] = planar.kernel
    row[Column.STRIDE_Y], row[Column.STRIDE_X] = planar.stride
    row[Column.PAD_Y], row[Column.PAD_X] = planar.padding[0][0], planar.padding[1][0]
    row[Column.DILATION_Y], row[Column.DILATION_X] = planar.dilation
    row[Column.GROUPS] = planar.groups
    outputs, inputs = planar.weights.shape[0] // planar.groups, planar.weights.shape[1]
    grouped = planar.weights.reshape(planar.groups, outputs, inputs, *planar.kernel)
    return grouped.transpose(0, 2, 3, 4, 1)  # (group, input channel, y, x, output channel)


def _sparse(connectivity: Connectivity, source: Array, target: Array, row: dict[Column, int], stores: _Stores) -> Array:
    row[Column.KIND] = Kind.SPARSE
    matrix = connectivity.to_sparse()[target][:, source].tocsc()
    matrix.sort_indices()
    row[Column.POINTERS] = stores.add(stores.pointers, matrix.indptr.astype(np.int64))
    row[Column.INDICES] = stores.add(stores.indices, matrix.indices.astype(np.int32))
    weights: Array = matrix.data
    return weights
