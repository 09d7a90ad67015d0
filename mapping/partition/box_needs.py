"""What boxes of a layer need of a core, and the messages they take, for many ways of cutting at once.

It serves to choose among the ways: all needs are upper bounds, the same numbers as those of `resources.py` wherever
kernels are shared or layers are dense without zeros. What is chosen is counted once more by `resources.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Projection
from ..synaptic_memory import ListedFormats, Storage, formats_of, storage_of
from ..target import Target
from ..tiles import TileGrid, tile_grid
from .box_fields import Extents, Field, extents_of, field_of
from .partition import Rates
from .tiling import Cuts

Array = NDArray[Any]


class Grid(NamedTuple):
    """Ways of cutting a layer along each axis; every combination of them is one way of cutting it into boxes."""

    channels: tuple[Cuts, ...]
    rows: tuple[Cuts, ...]
    columns: tuple[Cuts, ...]

    @property
    def extents(self) -> Extents:
        """Of the layer."""
        return self.channels[0][-1], self.rows[0][-1], self.columns[0][-1]


@dataclass(frozen=True, eq=False)
class Arrival:
    """A projection into the layer.

    Attributes
    ----------
    source : population it comes from.
    field : what boxes see.
    rate : mean spikes of a source neuron in a step.
    kernel : how it is stored where kernels are shared, else None.
    formats : how it is stored otherwise, else None.
    """

    source: str
    field: Field
    rate: float
    kernel: Storage | None
    formats: ListedFormats | None


@dataclass(frozen=True, eq=False)
class BoxNeeds:
    """The account of one layer.

    Attributes
    ----------
    population : name.
    extents : of the layer.
    arrivals : all that ends in it.
    reach : the most cores that one of its neurons reaches, 0 where the target does not limit them.
    tiles : see `tile_grid`.
    bits_per_neuron, bits_per_listed_synapse : see `SharedMemory`; 0 where synapses have a memory of their own.
    """

    population: str
    extents: Extents
    arrivals: tuple[Arrival, ...]
    reach: float
    tiles: TileGrid | None
    bits_per_neuron: int
    bits_per_listed_synapse: int
    _sums: dict[Any, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, network: Network, target: Target, population: str, rates: Rates, reach: float) -> BoxNeeds | None:
        """The account of a layer; None where something ends in it whose fields are no boxes."""
        layer = network.by_name[population]
        extents = extents_of(layer.shape)
        arrivals = []
        for projection in network.incoming(population):
            seen = field_of(projection.connectivity, extents_of(network.by_name[projection.source].shape), extents)
            if seen is None:
                return None
            arrivals.append(_arrival(projection, seen, target, network.integer, rates))
        return cls(
            population,
            extents,
            tuple(arrivals),
            reach,
            tile_grid(network, target, population),
            target.synaptic_memory.neuron_bits,
            target.synaptic_memory.bits_set_aside,
        )

    @cached_property
    def kernel_bits(self) -> int:
        """Of all its shared kernels on one core."""
        return self._kernel_bits_of((0, self.extents[0]))

    def most(self, grid: Grid) -> dict[str, Array]:
        """Per resource, (ways along channels, along rows, along columns) what the neediest box needs of a core."""
        channels, rows, columns = (_largest(ways) for ways in grid)
        neurons = channels[:, None, None] * rows[:, None] * columns
        bits = np.zeros(neurons.shape, dtype=np.int64) + self._kernel_bits(grid.channels)[:, None, None]
        sources = np.zeros(neurons.shape, dtype=np.int64)
        listed = np.zeros(neurons.shape, dtype=np.int64)
        for number, arrival in enumerate(self.arrivals):
            seen = self._product(grid, "most seen", number)
            sources = sources + seen
            if arrival.formats is not None:
                taken = _listed_bits(arrival, neurons, seen)
                bits = bits + taken
                synapses = neurons * arrival.field.synapses_per_target * self.bits_per_listed_synapse
                listed = listed + np.maximum(synapses - taken, 0)
        room = neurons if self.tiles is None else self._room(grid)
        return {
            "neurons": neurons,
            "synaptic_memory_bits": bits,
            "input_axons": sources,
            "output_axons": neurons * self.reach,
            "memory_bits": bits + listed + room * self.bits_per_neuron,
        }

    def messages(self, grid: Grid, within: dict[str, Grid]) -> Array:
        """(ways along channels, rows, columns) messages to the boxes in a step.

        Parameters
        ----------
        within : layers whose boxes share the cores of the boxes of the same number, by name, in the same ways.
        """
        total = np.zeros([len(ways) for ways in grid])
        for number, arrival in enumerate(self.arrivals):
            total = total + arrival.rate * self._product(grid, "seen", number)
            if arrival.source in within and within[arrival.source].extents == arrival.field.sources:
                total = total - arrival.rate * self._aligned(grid, within[arrival.source], number)
        return total

    def _room(self, grid: Grid) -> Array:
        assert self.tiles is not None
        row_ways, column_ways = grid.rows, grid.columns
        # With one spatial axis a chip has rows where a tiling has columns; one row of a plane is not meant.
        lone = self.tiles.rows != self.extents[1]
        cell_ways = column_ways if lone else row_ways
        cells = [max(TileGrid.cell_rows(span) for span in pairwise(cuts)) for cuts in cell_ways]
        across = [1 if np.diff(cuts).max() == 1 else self.tiles.columns for cuts in column_ways]
        channels = _largest(grid.channels)[:, None, None]
        if lone:
            return np.asarray(channels * np.ones((len(row_ways), 1), dtype=np.int64) * np.array(cells))
        return np.asarray(channels * np.array(cells)[:, None] * np.array(across))

    def _kernel_bits(self, ways: tuple[Cuts, ...]) -> Array:
        """(ways,) of the neediest channels."""
        return np.array([max(self._kernel_bits_of(span) for span in pairwise(cuts)) for cuts in ways], dtype=np.int64)

    def _kernel_bits_of(self, span: tuple[int, int]) -> int:
        key = ("kernel", span)
        if key not in self._sums:
            neurons = np.arange(*span) * (self.extents[1] * self.extents[2])
            stores = (arrival.kernel for arrival in self.arrivals if arrival.kernel is not None)
            self._sums[key] = sum(store.needs(neurons).stored for store in stores)
        return int(self._sums[key])

    def _product(self, grid: Grid, what: str, number: int) -> Array:
        """Over all boxes, what they see of a projection's source; or the most that one sees."""
        axes = []
        for axis, ways in enumerate(grid):
            along = self.arrivals[number].field.axes[axis]
            values = np.zeros(len(ways), dtype=np.int64)
            for way, cuts in enumerate(ways):
                key = (what, number, axis, cuts)
                if key not in self._sums:
                    sizes = along.sizes(cuts)
                    self._sums["seen", number, axis, cuts] = int(sizes.sum())
                    self._sums["most seen", number, axis, cuts] = int(sizes.max())
                values[way] = self._sums[key]
            axes.append(values)
        return np.asarray(axes[0][:, None, None] * axes[1][:, None] * axes[2])

    def _aligned(self, grid: Grid, source: Grid, number: int) -> Array:
        """Over all boxes, what they see of the source's box of the same number."""
        axes = []
        for axis, (ways, source_ways) in enumerate(zip(grid, source, strict=True)):
            along = self.arrivals[number].field.axes[axis]
            values = np.zeros(len(ways), dtype=np.int64)
            for way, pair in enumerate(zip(ways, source_ways, strict=True)):
                key = ("aligned", number, axis, pair)
                if key not in self._sums:
                    self._sums[key] = along.aligned(*pair)
                values[way] = self._sums[key]
            axes.append(values)
        return np.asarray(axes[0][:, None, None] * axes[1][:, None] * axes[2])


def mean_rate(rates: Rates, population: str) -> float:
    """Spikes of a neuron in a step; 1 where none are given."""
    return float(np.mean(rates.get(population, 1.0)))


def _largest(ways: tuple[Cuts, ...]) -> Array:
    """(ways,) the longest part of each."""
    return np.array([np.diff(cuts).max() for cuts in ways], dtype=np.int64)


def _arrival(projection: Projection, seen: Field, target: Target, integer: bool, rates: Rates) -> Arrival:
    formats = formats_of(projection, target, integer)
    kernel = storage_of(projection, target, integer) if formats is None else None
    return Arrival(projection.source, seen, mean_rate(rates, projection.source), kernel, formats)


def _listed_bits(arrival: Arrival, neurons: Array, seen: Array) -> Array:
    """Bits of single synapses, at most."""
    formats = arrival.formats
    assert formats is not None
    word = formats.word
    crowd = np.minimum(neurons, int(np.prod([axis.crowd() for axis in arrival.field.axes])))
    synapses = neurons * arrival.field.synapses_per_target
    dense = seen * (-(-(formats.dense_header + neurons * formats.dense_each) // word) * word)
    alike = seen * (-(-(formats.sparse_header + crowd * formats.sparse_each) // word) * word)
    filled = synapses * formats.sparse_each + seen * (formats.sparse_header + word - 1)
    return np.asarray(np.minimum(dense, np.minimum(alike, filled)))
