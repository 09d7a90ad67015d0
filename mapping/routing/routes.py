"""Where every spike of a mapped network goes, and over which links of the mesh, neuron by neuron."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.network import Network
from ..mapping import Mapping
from ..target import Target
from ..traffic.fan_out import FanOut, count_fan_out
from .mesh import Link, Mesh
from .multicast import multicast_loads
from .unicast import unicast_loads

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Routes:
    """Destinations of every neuron, and the links between tiles.

    A target on the neuron's own core is a synaptic event but no message. Input comes in at one tile, and sends to each
    core that holds a target.

    Attributes
    ----------
    fan_out : destinations and synapses of each neuron on each core.
    mesh : tiles and links.
    tiles : (cores,) int64, number of each core's tile.
    multicast : whether a spike is one message along a tree, and not one to each other core that holds a target of it.
    """

    fan_out: FanOut
    mesh: Mesh
    tiles: Array
    multicast: bool = False

    @property
    def packets(self) -> ReadOnly[str, sparse.csr_array]:
        """Per population, (neurons, cores) CSR of ones: the cores that a message reaches, so without the own one."""
        return self.fan_out.packets

    @property
    def synapses(self) -> ReadOnly[str, ReadOnly[str, sparse.csr_array]]:
        """Per kind of synapse and population, (neurons, cores) CSR: weights that a spike adds on each core."""
        return self.fan_out.synapses

    @property
    def links(self) -> tuple[Link, ...]:
        """((chip, column, row), (chip, column, row)) of every link of the mesh, in use or not."""
        return self.mesh.links

    def messages(self, population: str) -> Array:
        """(neurons,) int64, messages that a spike of each neuron of a population sends."""
        reached = np.diff(self.packets[population].indptr).astype(np.int64)
        return np.asarray(np.minimum(reached, 1) if self.multicast else reached)

    def link_packets(self, spikes: ReadOnly[str, Array]) -> Array:
        """Messages over each link, (links,) float64; exact below 2**53.

        Parameters
        ----------
        spikes : per population, (neurons,) spikes of each neuron.
        """
        tiles = np.append(self.tiles, self.mesh.entry)
        if not self.multicast:
            pairs = self.fan_out.packets_between(spikes).tocoo()
            return unicast_loads(self.mesh, tiles[pairs.row], tiles[pairs.col], pairs.data)
        loads: Array = np.zeros(self.mesh.start.size)
        for name, matrix in self.packets.items():
            starts = tiles[self.fan_out.origin(name)]
            loads += multicast_loads(self.mesh, starts, matrix.indptr, tiles[matrix.indices], spikes[name])[0]
        return loads


def build_routes(network: Network, target: Target, mapping: Mapping) -> Routes:
    """Routes of a mapped network."""
    mesh = Mesh.of(target)
    fan_out = count_fan_out(network, target, mapping.core_of)
    return Routes(fan_out, mesh, mesh.numbers(mapping.places), target.topology.routing == "multicast")
