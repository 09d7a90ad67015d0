"""Irregular layers divided as a hypergraph, all others cut into boxes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...models.network import Network
from ..feasibility import check_cores
from ..irregular import irregular_populations
from ..search import DEFAULT_SEARCH, Search
from ..target import Target
from .box_partition import tile_populations
from .irregular_partition import divide_irregular
from .partition import CoreOf, Rates, on_chip

DIVIDED = 0.8  # share of the work that is done once the irregular layers are divided


@dataclass(frozen=True)
class HypergraphPartition:
    """Neurons of irregular layers that hear the same sources share cores; layers with a structure are cut into boxes.

    A network without irregular layers is not its business: on a dense layer, cutting a graph is worse than filling
    cores in order.

    Attributes
    ----------
    method : how the hypergraph is divided, see `irregular_partition.METHODS`.
    """

    method: str

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.method

    def unsuited(self, network: Network) -> str | None:
        """See `Partitioner`."""
        return None if irregular_populations(network) else "no irregular layer"

    def partition(
        self, network: Network, target: Target, rates: Rates | None = None, search: Search = DEFAULT_SEARCH
    ) -> CoreOf | None:
        """See `Partitioner`."""
        irregular = irregular_populations(network)
        if not irregular:
            return None
        within = replace(search, progress=lambda what, share: search.progress(what, DIVIDED * share))
        divided = divide_irregular(network, irregular, target, rates, within, self.method)
        if divided is None:
            return None
        others = [population.name for population in on_chip(network) if population.name not in irregular]
        joined = dict(divided)
        if others:
            tiled = tile_populations(network, target, rates, others, search)
            if tiled is None:
                return None
            first = 1 + max(int(part.max()) for part in divided.values())
            joined |= {name: part + first for name, part in tiled.items()}
        # Each part knows nothing of the axons that lead to the other.
        return joined if not check_cores(network, target, joined) else None
