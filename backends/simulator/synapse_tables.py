"""The synapses of an integer network as flat arrays that the compiled loops walk through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool
from ...models.network import Network, Population, Projection
from .convolution_tables import ConvolutionTables
from .layout import outer_numbers
from .row_sums import ROOM_BEYOND

Array = NDArray[Any]

# Share of weights other than zero up to which a dense matrix is laid out as lists. A listed weight takes about 30 times
# as long as one of a dense row, which the compiler vectorises.
_LISTED_SHARE = 0.03
_SUM_LIMIT = 1 << 15


class Kind(IntEnum):
    """How a projection's weights are stored."""

    DENSE = 0
    CONVOLUTION = 1
    GROUPED_CONVOLUTION = 2  # or with dilation
    ONE_TO_ONE = 3
    LISTED = 4


class Column(IntEnum):
    """Columns of the table of projections."""

    KIND = 0
    SOURCE = 1
    TARGET = 2
    LAG = 3
    WIDE = 4  # 0: weights of 8 bits; 1: of 16 bits, as soon as a projection to the same target needs them
    WEIGHTS = 5  # where its weights begin
    POINTERS = 6  # listed: where its pointers begin, pieces + 1 a source
    INDICES = 7  # listed: where its target numbers begin; a convolution: where its table of what is reached begins
    CHANNELS_IN = 8
    HEIGHT_IN = 9
    WIDTH_IN = 10
    CHANNELS_OUT = 11
    HEIGHT_OUT = 12
    WIDTH_OUT = 13
    KERNEL_Y = 14
    KERNEL_X = 15
    STRIDE_Y = 16
    STRIDE_X = 17
    PAD_Y = 18
    PAD_X = 19
    DILATION_Y = 20
    DILATION_X = 21
    GROUPS = 22
    RUN = 23  # of a convolution, see `ConvolutionTables`: weights of a run
    LINES_REACHED = 24
    GRID_LINE = 25
    MARGIN = 26


@dataclass(frozen=True, eq=False)
class SynapseTables:
    """What the compiled loops read of synapses.

    Attributes
    ----------
    rows : (projections, columns) int64, sorted by target; see `Column`.
    first : (populations + 1,) int64: where each population's incoming projections begin in `rows`.
    narrow, wide : int8 and int16, all weights, already shifted by their exponents; with room after each projection's.
    pointers, indices : int64 and int32, of listed projections; `indices` also holds what convolutions reach.
    """

    rows: Array
    first: Array
    narrow: Array
    wide: Array
    pointers: Array
    indices: Array

    def largest_grid(self) -> int:
        """Sums of the largest grid of a convolution."""
        rows = self.rows[self.rows[:, Column.KIND] == Kind.CONVOLUTION]
        lines = rows[:, Column.HEIGHT_OUT] + 2 * (rows[:, Column.LINES_REACHED] - 1)
        return int((lines * rows[:, Column.GRID_LINE]).max(initial=0))

    def weights_of(self, row: Array) -> Array:
        """Where the weights of a projection stand, which are of one kind for all projections to a target."""
        return self.wide if row[Column.WIDE] else self.narrow


def build_synapses(network: Network, pieces: Mapping[str, Array]) -> SynapseTables:
    """Lay out the synapses of an integer network.

    Parameters
    ----------
    pieces : per population with neurons, (pieces + 1,): the inner numbers at which its pieces begin, and its size.
    """
    number = {population.name: index for index, population in enumerate(network.populations)}
    ordered = sorted(network.projections, key=lambda projection: number[projection.target])
    stores = _Stores()
    widths = [_bits(projection) for projection in ordered]
    wide = {projection.target for projection, bits in zip(ordered, widths, strict=True) if bits > 8}
    rows = [
        _row(network, projection, number, pieces[projection.target], projection.target in wide, stores)
        for projection in ordered
    ]
    targets = [number[projection.target] for projection in ordered]
    return SynapseTables(
        np.array(rows, dtype=np.int64).reshape(len(rows), len(Column)),
        np.searchsorted(targets, np.arange(len(number) + 1)).astype(np.int64),
        *(_joined(parts, dtype) for parts, dtype in zip(stores.parts, stores.dtypes, strict=True)),
    )


class _Stores:
    """Growing lists of arrays that become one array each: narrow and wide weights, pointers, indices."""

    dtypes = (np.int8, np.int16, np.int64, np.int32)

    def __init__(self) -> None:
        self.parts: list[list[Array]] = [[] for _ in self.dtypes]
        self._sizes = [0] * len(self.dtypes)

    def add(self, store: int, values: Array) -> int:
        start = self._sizes[store]
        self.parts[store].append(np.ascontiguousarray(values, dtype=self.dtypes[store]).reshape(-1))
        self._sizes[store] += values.size
        return start


_NARROW, _WIDE, _POINTERS, _INDICES = range(4)


def _joined(parts: list[Array], dtype: type) -> Array:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)


def _bits(projection: Projection) -> int:
    """Bits of the weights of a projection, shifted by its exponent: 8 or 16."""
    weights = projection.connectivity.weights
    low, high = (int(weights.min()), int(weights.max())) if weights.size else (0, 0)
    low, high = low << projection.exponent, high << projection.exponent
    if low < -_SUM_LIMIT or high >= _SUM_LIMIT:
        raise ValueError(f"projection {projection.name!r} has weights beyond 16 bits after its exponent")
    return 8 if low >= -128 and high <= 127 else 16


def _row(
    network: Network, projection: Projection, number: Mapping[str, int], pieces: Array, wide: bool, stores: _Stores
) -> list[int]:
    row = dict.fromkeys(Column, 0)
    row[Column.SOURCE], row[Column.TARGET] = number[projection.source], number[projection.target]
    row[Column.LAG], row[Column.WIDE] = network.lag(projection), int(wide)
    connectivity = projection.connectivity
    source, target = network.by_name[projection.source], network.by_name[projection.target]
    if isinstance(connectivity, Pool):
        connectivity = connectivity.as_convolution()
    if isinstance(connectivity, Convolution) and _keeps_layout(connectivity, source, target):
        planar = connectivity.as_planar()
        weights = _convolution(planar, row, stores)
    elif isinstance(connectivity, OneToOne) and (source.shape == target.shape or _flat(source, target)):
        row[Column.KIND] = Kind.ONE_TO_ONE
        weights = connectivity.weights[outer_numbers(source.shape)]
    elif isinstance(connectivity, Dense) and _fills_rows(connectivity.weights):
        row[Column.KIND] = Kind.DENSE
        weights = _reordered(connectivity.weights, target, source).T
    else:
        weights = _listed(connectivity, source, target, pieces, row, stores)
    _store(weights, projection, row, stores)
    return [row[column] for column in Column]


def _store(weights: Array, projection: Projection, row: dict[Column, int], stores: _Stores) -> None:
    dtype = np.int16 if row[Column.WIDE] else np.int8
    shifted = np.zeros(weights.size + ROOM_BEYOND, dtype=dtype)
    np.left_shift(weights, projection.exponent, out=shifted[: weights.size].reshape(weights.shape), casting="unsafe")
    row[Column.WEIGHTS] = stores.add(_WIDE if row[Column.WIDE] else _NARROW, shifted)


def _fills_rows(weights: Array) -> bool:
    """Whether so many weights differ from zero that walking whole rows is faster than walking lists."""
    return int(np.count_nonzero(weights)) > _LISTED_SHARE * weights.size


def _reordered(matrix: Array, target: Population, source: Population) -> Array:
    """A matrix (targets, sources) in the inner numbering."""
    if len(target.shape) > 1:
        matrix = matrix[outer_numbers(target.shape)]
    if len(source.shape) > 1:
        matrix = matrix[:, outer_numbers(source.shape)]
    return matrix


def _flat(source: Population, target: Population) -> bool:
    return len(source.shape) == len(target.shape) == 1


def _keeps_layout(convolution: Convolution, source: Population, target: Population) -> bool:
    """Whether the populations have the axes of the convolution: a flattened one is laid out otherwise."""
    return source.shape == convolution.input_shape and target.shape == convolution.output_shape


def _convolution(planar: Convolution, row: dict[Column, int], stores: _Stores) -> Array:
    runs = planar.groups == 1 and planar.dilation == (1, 1)
    row[Column.KIND] = Kind.CONVOLUTION if runs else Kind.GROUPED_CONVOLUTION
    row[Column.CHANNELS_IN], row[Column.HEIGHT_IN], row[Column.WIDTH_IN] = planar.input_shape
    row[Column.CHANNELS_OUT], row[Column.HEIGHT_OUT], row[Column.WIDTH_OUT] = planar.output_shape
    row[Column.KERNEL_Y], row[Column.KERNEL_X] = planar.kernel
    row[Column.STRIDE_Y], row[Column.STRIDE_X] = planar.stride
    row[Column.PAD_Y], row[Column.PAD_X] = planar.padding[0][0], planar.padding[1][0]
    row[Column.DILATION_Y], row[Column.DILATION_X] = planar.dilation
    row[Column.GROUPS] = planar.groups
    if runs:
        tables = ConvolutionTables.of(planar)
        row[Column.INDICES] = stores.add(_INDICES, tables.reached)
        row[Column.LINES_REACHED], row[Column.RUN] = tables.weights.shape[3:]
        row[Column.GRID_LINE], row[Column.MARGIN] = tables.grid_line, tables.margin
        return tables.weights
    outputs, inputs = planar.weights.shape[0] // planar.groups, planar.weights.shape[1]
    grouped = planar.weights.reshape(planar.groups, outputs, inputs, *planar.kernel)
    return grouped.transpose(0, 2, 3, 4, 1)  # (group, input channel, y, x, output channel)


def _listed(
    connectivity: Connectivity,
    source: Population,
    target: Population,
    pieces: Array,
    row: dict[Column, int],
    stores: _Stores,
) -> Array:
    """Weights in lists, a list a source; pointers say where in it the targets of each piece of the target begin."""
    row[Column.KIND] = Kind.LISTED
    matrix = connectivity.to_sparse()
    if len(target.shape) > 1:
        matrix = matrix[outer_numbers(target.shape)]
    if len(source.shape) > 1:
        matrix = matrix[:, outer_numbers(source.shape)]
    matrix = matrix.tocsc()
    matrix.sort_indices()
    begins, ends = matrix.indptr[:-1].astype(np.int64), matrix.indptr[1:].astype(np.int64)
    starts = [begins]
    for piece in pieces[1:-1]:
        before = np.concatenate([[0], np.cumsum(matrix.indices < piece)])
        starts.append(begins + before[ends] - before[begins])
    row[Column.POINTERS] = stores.add(_POINTERS, np.stack([*starts, ends], axis=1))
    row[Column.INDICES] = stores.add(_INDICES, matrix.indices)
    return np.asarray(matrix.data)
