"""Structured layers cut into boxes, and boxes put on cores."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.network import Network, Projection
from ..resources import Accountant
from ..search import DEFAULT_SEARCH, Effort, Search
from ..target import Target
from ..traffic.neuron_groups import number_of_cores
from ..windows import as_convolution
from .box_fields import extents_of, field_of
from .box_needs import BoxNeeds, mean_rate
from .box_tiling import Block, Price, best_block
from .box_traffic import box_traffic, cores_reached, listed_traffic
from .dense_blocks import row_blocks
from .fused_tiling import best_blocks
from .packing import Group, load_of, pack
from .partition import CoreOf, Rates, on_chip
from .tiling import Tiling

Array = NDArray[Any]
LONGEST: Mapping[Effort, int] = {"fast": 4, "normal": 6, "best": 12}  # layers of a block
PRICES = (1.0, 4.0, 16.0)  # of a core, in the spikes that it would send if all sent the same
ROUNDS = 12  # output axons depend on the partition that they limit
SLACK = (1.0, 0.9, 0.75, 0.5, 0.25)  # shares of a core to plan for, where the closed form was too hopeful


@dataclass(frozen=True)
class BoxPartition:
    """Layers cut into boxes of channels, rows and columns.

    Attributes
    ----------
    fused : whether layers that follow each other may be cut alike, so that aligned boxes share cores.
    """

    fused: bool = False

    @property
    def name(self) -> str:
        """What the user calls it."""
        return "fused boxes" if self.fused else "boxes"

    def unsuited(self, network: Network) -> str | None:
        """See `Partitioner`; suits all."""
        return None

    def partition(
        self, network: Network, target: Target, rates: Rates | None = None, search: Search = DEFAULT_SEARCH
    ) -> CoreOf | None:
        """See `Partitioner`."""
        names = [population.name for population in on_chip(network)]
        return tile_populations(network, target, rates, names, search, self.fused)


def tile_populations(
    network: Network,
    target: Target,
    rates: Rates | None,
    names: Collection[str],
    search: Search = DEFAULT_SEARCH,
    fused: bool = True,
) -> dict[str, Array] | None:
    """Cut some populations into boxes and give these cores of their own.

    Parameters
    ----------
    names : of the populations, none of them an input. Irregular ones are cut in the order of their neurons.
    fused : see `BoxPartition`.

    Returns
    -------
    Per population (neurons,) int32 logical cores, from 0 without gaps; None where some neurons fit on no core, or where
    that takes more cores than there are.
    """
    wanted = [population.name for population in on_chip(network) if population.name in set(names)]
    task = _Task(network, target, rates or {}, tuple(wanted), LONGEST[search.effort] if fused else 1, search)
    spikes = sum(mean_rate(task.rates, name) * network.by_name[name].size for name in wanted)
    for price in PRICES:
        found = task.solve(price * spikes / target.cores)
        if found is not None and number_of_cores(found) <= target.cores:
            return found
    return None


@dataclass(frozen=True)
class _Task:
    network: Network
    target: Target
    rates: Rates
    names: tuple[str, ...]
    longest: int
    search: Search

    def solve(self, price: float) -> dict[str, Array] | None:
        """Cores as if there were any number of them; None where a neuron fits on none, or a way around is not found."""
        limited = self.target.limits.of("output_axons") is not None
        reached: dict[str, Array] = {}
        for _ in range(ROUNDS):
            accountant = Accountant(self.network, self.target, reached)
            groups = self._groups(accountant, price, reached)
            if groups is None:
                return None
            tilings = {tiling.population: tiling for group in groups for tiling, _ in group.boxes}
            if limited:
                actual = self._reached(tilings)
                if any((actual[name] > reached.get(name, 0)).any() for name in actual):
                    reached = {name: np.maximum(actual[name], reached.get(name, 0)) for name in actual}
                    continue
            return self._cores(accountant, groups, tilings)
        return None

    def _groups(self, accountant: Accountant, price: float, reached: Mapping[str, Array]) -> list[Group] | None:
        """Boxes of which every group fits on a core, block after block in the network's order."""
        boxed: list[BoxNeeds] = []
        ordered: list[str] = []
        price_of_all = Price(accountant.limits, price)
        for name in self.names:
            reach = float(np.max(reached[name], initial=0)) if name in reached else 0.0
            structured = int(np.prod(self.network.by_name[name].shape[1:])) > 1
            needs = BoxNeeds.of(self.network, self.target, name, self.rates, reach) if structured else None
            # The closed form is an upper bound: where it finds no room for a single position, there may yet be some.
            if needs is None or best_block([needs], price_of_all) is None:
                ordered.append(name)
            else:
                boxed.append(needs)
        blocks = self._in_order(accountant, ordered)
        if blocks is None:
            return None
        for slack in SLACK:
            limits = {name: None if limit is None else int(limit * slack) for name, limit in accountant.limits.items()}
            found = best_blocks(boxed, Price(limits, price), self.longest, self.search)
            groups = None if found is None else self._grouped(accountant, [*found, *blocks])
            if groups is not None:
                return groups
        blocks = self._in_order(accountant, self.names)
        return None if blocks is None else self._grouped(accountant, blocks)

    def _in_order(self, accountant: Accountant, names: Sequence[str]) -> list[Block] | None:
        """Layers cut in the order of their neurons."""
        blocks = []
        for name in names:
            cuts = row_blocks(accountant, name, self.network.by_name[name].size)
            if cuts is None:
                return None
            blocks.append(Block((Tiling(name, cuts, (0, 1), (0, 1)),), 0.0))
        return blocks

    def _grouped(self, accountant: Accountant, blocks: Sequence[Block]) -> list[Group] | None:
        """The boxes that share a core, in the network's order; None where some need too much."""
        order = {name: number for number, name in enumerate(self.names)}
        groups = []
        for number, block in enumerate(sorted(blocks, key=lambda block: order[block.tilings[0].population])):
            for box in range(block.boxes):
                boxes = tuple((tiling, box) for tiling in block.tilings)
                load = load_of(accountant, boxes)
                if accountant.exceeded(load):
                    return None
                groups.append(Group(boxes, number, load))
        return groups

    def _cores(
        self, accountant: Accountant, groups: Sequence[Group], tilings: Mapping[str, Tiling]
    ) -> dict[str, Array]:
        starts: dict[str, int] = {}
        for number, group in enumerate(groups):
            for tiling, _ in group.boxes:
                starts.setdefault(tiling.population, number)
        traffic = self._traffic(tilings, starts, len(groups))
        core = pack(accountant, groups, traffic, self.target.cores, self.search).astype(np.int32)
        empty = {name: np.zeros(0, dtype=np.int32) for name in self.names if name not in tilings}
        return {name: core[starts[name] :][tiling.box_of()] for name, tiling in tilings.items()} | empty

    def _traffic(self, tilings: Mapping[str, Tiling], starts: Mapping[str, int], groups: int) -> sparse.csr_array:
        """(groups, groups) messages a step, as far as packing wants to know them."""
        rows, columns, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
        for projection in self.network.projections:
            if projection.source not in tilings or projection.target not in tilings:
                continue
            source, end = tilings[projection.source], tilings[projection.target]
            rate = self.rates.get(projection.source, 1.0)
            seen = field_of(projection.connectivity, source.extents, end.extents)
            if seen is not None and seen.sources == source.extents:
                part = box_traffic(seen, source, end, rate)
            elif as_convolution(projection.connectivity) is None:
                boxes = source.box_of(), end.box_of()
                part = listed_traffic(projection.connectivity, *boxes, rate, source.boxes, end.boxes)
            else:
                continue  # a kernel over a layer that is cut in the order of its neurons: too many synapses to list
            entries = part.tocoo()
            rows.append(entries.row + starts[projection.source])
            columns.append(entries.col + starts[projection.target])
            values.append(entries.data)
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sparse.csr_array(entries, shape=(groups, groups))

    def _reached(self, tilings: Mapping[str, Tiling]) -> dict[str, Array]:
        """Per population, (neurons,) groups of boxes that each neuron reaches, at most."""
        total = {name: np.zeros(self.network.by_name[name].size, dtype=np.int64) for name in self.names}
        for projection in self.network.projections:
            if projection.source in total and projection.target in tilings:
                total[projection.source] += self._groups_reached(projection, tilings[projection.target])
        return total

    def _groups_reached(self, projection: Projection, tiling: Tiling) -> Array:
        source = extents_of(self.network.by_name[projection.source].shape)
        seen = field_of(projection.connectivity, source, tiling.extents)
        if seen is not None:
            return cores_reached(seen, tiling)
        synapses = projection.connectivity.to_sparse().tocoo()
        keys = np.unique(synapses.col.astype(np.int64) * tiling.boxes + tiling.box_of()[synapses.row])
        return np.bincount(keys // tiling.boxes, minlength=projection.connectivity.sources)
