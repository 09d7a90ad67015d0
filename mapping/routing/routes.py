"""Where every spike of a mapped network goes, and over which links of the mesh, group of neurons by group."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.network import Network
from ..mapping import Mapping
from ..target import Target
from ..traffic.fan_out import FanOut, count_fan_out
from ..traffic.source_classes import SourceClasses
from .key_blocks import key_blocks
from .mesh import Link, Mesh
from .multicast import tree_links
from .neighbour_exploring import explored_trees
from .triangular import TriangularMesh

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Ways:
    """The messages that a population's groups send, those that begin and end on the same cores taken together.

    Attributes
    ----------
    of_groups : (groups, ways) CSR int32 of ones: with unicast routing a way to each core that a spike of the group
        reaches, with multicast routing the one to all of them, on a triangular mesh the one of its block of keys.
    origins : (ways,) int64, the core where each begins; the number of cores for the input.
    arrivals : (ways, cores) CSR int32 of ones, where each ends.
    links : (ways, links) CSR int32 of ones, what each crosses.
    """

    of_groups: sparse.csr_array
    origins: Array
    arrivals: sparse.csr_array
    links: sparse.csr_array


@dataclass(frozen=True, eq=False)
class Routes:
    """Destinations of every group of neurons, and the links between tiles.

    A target on the neuron's own core is a synaptic event but no message. Input comes in at one tile, and sends to each
    core that holds a target. On a triangular mesh a spike goes to all cores that any neuron of its block of keys
    reaches; see `KeyBlocks`. One that reaches its own core is then a message too, for it takes a packet to the router
    and back, but over no link.

    Attributes
    ----------
    fan_out : destinations and synapses of each group on each core.
    mesh : tiles and links.
    tiles : (cores,) int64, number of each core's tile.
    multicast : whether a spike is one message along a tree, and not one to each other core that holds a target of it.
    """

    fan_out: FanOut
    mesh: Mesh | TriangularMesh
    tiles: Array
    multicast: bool = False

    @property
    def packets(self) -> ReadOnly[str, sparse.csr_array]:
        """Per population, (groups, cores) CSR of ones: the cores that a message reaches, so without the own one."""
        return self.fan_out.packets

    @property
    def links(self) -> tuple[Link, ...]:
        """((chip, column, row), (chip, column, row)) of every link of the mesh, in use or not."""
        return self.mesh.links

    @cached_property
    def ways(self) -> ReadOnly[str, Ways]:
        """Per population that has any projection, the ways of its messages."""
        if isinstance(self.mesh, TriangularMesh):
            return {
                name: self._ways(
                    blocks.of_groups, blocks.cores, blocks.destinations.indptr, blocks.destinations.indices
                )
                for name, blocks in key_blocks(self.fan_out).items()
            }
        routed = self._trees if self.multicast else self._pairs
        return {name: routed(name, packets) for name, packets in self.packets.items()}

    def _pairs(self, population: str, packets: sparse.csr_array) -> Ways:
        """A way for each pair of an origin and a core that it sends to."""
        cores = self.tiles.size
        senders, sender = np.unique(self.fan_out.origins[population], return_inverse=True)
        keys = np.repeat(sender * cores, np.diff(packets.indptr)) + packets.indices
        present = np.zeros(senders.size * cores, dtype=bool)
        present[keys] = True
        pairs = np.flatnonzero(present)
        number = (np.cumsum(present, dtype=np.int32) - 1)[keys]
        of_groups = sparse.csr_array((packets.data, number, packets.indptr), shape=(packets.shape[0], pairs.size))
        return self._ways(of_groups, senders[pairs // cores], np.arange(pairs.size + 1), pairs % cores)

    def _trees(self, population: str, packets: sparse.csr_array) -> Ways:
        """A way for each origin and set of cores that it sends to together."""
        classes = SourceClasses.empty(packets.shape[0])
        columns = packets.tocsc()
        for core in np.flatnonzero(np.diff(columns.indptr)).tolist():
            groups = columns.indices[columns.indptr[core] : columns.indptr[core + 1]]
            classes.split(core, groups, np.ones_like(groups), np.zeros_like(groups))
        number = int(classes.used[0])
        sending = np.flatnonzero(np.diff(packets.indptr))
        keys = self.fan_out.origins[population][sending] * number + classes.nodes[sending]
        trees, first, way = np.unique(keys, return_index=True, return_inverse=True)
        ones = np.ones(sending.size, dtype=np.int32)
        of_groups = sparse.csr_array((ones, (sending, way)), shape=(packets.shape[0], trees.size))
        reached = packets[sending[first]]
        return self._ways(of_groups, trees // number, reached.indptr, reached.indices)

    def _ways(self, of_groups: sparse.csr_array, origins: Array, offsets: Array, ends: Array) -> Ways:
        """Ways from cores to cores, the latter by way as in `Flows`."""
        starts = np.append(self.tiles, self.mesh.entry)[origins]
        if isinstance(self.mesh, TriangularMesh):
            crossed = explored_trees(self.mesh, starts, offsets, self.tiles[ends])
        else:
            crossed = tree_links(self.mesh, starts, offsets, self.tiles[ends])
        return Ways(of_groups, origins, _ones(offsets, ends, self.tiles.size), _ones(*crossed, self.mesh.start.size))


def _ones(offsets: Array, columns: Array, width: int) -> sparse.csr_array:
    """(rows, width) CSR int32 of ones."""
    return sparse.csr_array((np.ones(columns.size, dtype=np.int32), columns, offsets), shape=(offsets.size - 1, width))


def build_routes(network: Network, target: Target, mapping: Mapping) -> Routes:
    """Routes of a mapped network.

    Raises
    ------
    UsageError : absent tiles of a triangular mesh cut off a core.
    """
    mesh = TriangularMesh.of(target) if target.topology.mesh == "triangular" else Mesh.of(target)
    fan_out = count_fan_out(network, target, mapping.core_of)
    return Routes(fan_out, mesh, mesh.numbers(mapping.places), target.topology.routing == "multicast")
