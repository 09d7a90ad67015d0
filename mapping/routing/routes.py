"""Where every spike of a mapped network goes, and over which links of the mesh."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.network import Network
from ..fan_out import FanOut, count_fan_out
from ..mapping import Mapping
from ..target import Target
from .mesh import ENTRY, Link, Mesh

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Routes:
    """Destinations of every neuron, and the links between tiles.

    A spike is one message to each other core that holds a target of it, unicast, first along the row of tiles and then
    along the column. A target on the neuron's own core is a synaptic event but no message. Input comes in at tile
    (0, 0) of chip 0, one message for each core that holds a target.

    Attributes
    ----------
    fan_out : destinations and synapses of each neuron on each core.
    mesh : tiles and links.
    tiles : (cores,) int64, number of each core's tile.
    """

    fan_out: FanOut
    mesh: Mesh
    tiles: Array

    @property
    def cores(self) -> int:
        """Number of logical cores; also the number that stands for the input in `route`."""
        return self.fan_out.cores

    @property
    def destinations(self) -> ReadOnly[str, sparse.csr_array]:
        """Per population, (neurons, cores) CSR of ones: all cores with a target, the own one too."""
        return self.fan_out.destinations

    @property
    def packets(self) -> ReadOnly[str, sparse.csr_array]:
        """Per population, (neurons, cores) CSR of ones: the messages of a spike, so without the own core."""
        return self.fan_out.packets

    @property
    def synapses(self) -> ReadOnly[str, ReadOnly[str, sparse.csr_array]]:
        """Per kind of synapse and population, (neurons, cores) CSR: weights that a spike adds on each core."""
        return self.fan_out.synapses

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """((chip, column, row), (chip, column, row)) of every link of the mesh, in use or not."""
        return tuple((self.mesh.tile(start), self.mesh.tile(end)) for start, end in self.mesh.steps)

    @cached_property
    def east_west(self) -> Array:
        """(links,) bool, whether a link runs along a row."""
        return np.asarray([start[2] == end[2] for start, end in self.links], dtype=bool)

    def route(self, source: int, destination: int) -> Array:
        """Links from a core (or, with `source` = `cores`, from the input) to a core, int64 indices into `links`."""
        start = ENTRY if source == self.cores else int(self.tiles[source])
        return np.asarray(self.mesh.route(start, int(self.tiles[destination])), dtype=np.int64)

    def packet_matrix(self, spikes: ReadOnly[str, Array | float]) -> Array:
        """Messages between cores from the spikes of each neuron; see `FanOut.packet_matrix`."""
        return self.fan_out.packet_matrix(spikes)

    def link_packets(self, packets: Array) -> Array:
        """Messages over each link.

        Parameters
        ----------
        packets : (cores + 1, cores) messages from core to core; the last row is the input.

        Returns
        -------
        (links,) in the dtype of `packets`.
        """
        ends = np.concatenate([self.tiles, [ENTRY]])
        between = np.zeros((self.mesh.size, self.mesh.size), dtype=packets.dtype)
        np.add.at(between, (ends[:, None], self.tiles[None, :]), packets)
        result = np.zeros(len(self.links), dtype=packets.dtype)
        for start, end in zip(*np.nonzero(between), strict=True):
            result[self.mesh.route(int(start), int(end))] += between[start, end]
        return result


def build_routes(network: Network, target: Target, mapping: Mapping) -> Routes:
    """Routes of a mapped network."""
    mesh = Mesh.of(target)
    tiles = np.asarray([mesh.number(place) for place in mapping.places], dtype=np.int64)
    return Routes(count_fan_out(network, target, mapping.core_of), mesh, tiles)
