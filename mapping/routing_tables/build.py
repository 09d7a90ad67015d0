"""From a mapped network to the routing tables of a SpiNNaker board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import UsageError
from ...models.network import Network
from ..mapping import Mapping
from ..routing.key_blocks import key_blocks
from ..routing.neighbour_exploring import explored_trees
from ..routing.routes import Routes, build_routes
from ..routing.triangular import TriangularMesh
from ..target import Target
from .keys import Arrangement, Sender, allocate_keys
from .ordered_covering import compress
from .route_words import Entries, entries_of
from .tables import FIRST_PROCESSOR_BIT, KEY_BITS, MONITOR, Board, KeyBlock, RoutingTable, RoutingTables

Array = NDArray[Any]
MOST_CORES = KEY_BITS - FIRST_PROCESSOR_BIT - 1  # of a chip: a route has a bit for each, and for the monitor


def build_tables(network: Network, target: Target, mapping: Mapping) -> RoutingTables:
    """Keys, multicast trees and compressed tables of a network on a board with a triangular mesh.

    All tables are compressed, not only those above `limits.routing_entries`. Where one is longer than that even so,
    keys are arranged in another way, and the better of both is the result; one may still be too long.

    Raises
    ------
    UsageError : the target's mesh is another one, its chips have more cores than a route has bits, or absent tiles cut
        off a core.
    DoesNotFitError : there are not enough keys.
    """
    return tables_of(build_routes(network, target, mapping), network, target, mapping)


def tables_of(routes: Routes, network: Network, target: Target, mapping: Mapping) -> RoutingTables:
    """The same where the routes are known."""
    mesh, cores_of_chip = routes.mesh, target.topology.cores_per_tile.value
    if not isinstance(mesh, TriangularMesh):
        raise UsageError(f"target {target.name} has no routing tables: they are made for topology.mesh triangular only")
    if cores_of_chip > MOST_CORES:
        raise UsageError(
            f"target {target.name}: topology.cores_per_tile is {cores_of_chip}, and a route names at most {MOST_CORES}"
        )
    senders = _senders(routes, mesh, network, mapping)
    processor = np.asarray([place.core + 1 for place in mapping.places], dtype=np.int64)
    ends = np.concatenate([np.zeros(0, dtype=np.int64), *(sender.cores for sender in senders)])
    offsets = np.concatenate([[0], np.cumsum([sender.cores.size for sender in senders])]).astype(np.int64)
    starts = np.asarray([sender.tile for sender in senders], dtype=np.int64)
    tiles = routes.tiles[ends]
    begins, links = explored_trees(mesh, starts, offsets, tiles)
    entries = entries_of(mesh, starts, begins, links, offsets, tiles, processor[ends])
    limit = target.limits.of("routing_entries")
    tables: list[RoutingTable] = []
    arrangements: tuple[Arrangement, ...] = ("cores", "chips")
    for arrangement in arrangements:
        other = _keys(senders, arrangement)
        found = _compressed(entries, other, mesh)
        if not tables or _longest(found) < _longest(tables):
            keys, tables = other, found
        if limit is None or _longest(tables) <= limit:
            break
    reached = np.stack([tiles % mesh.width, tiles // mesh.width, processor[ends]], axis=1)
    blocks = []
    for number, sender in enumerate(senders):
        own = reached[offsets[number] : offsets[number + 1]]
        destinations = tuple((x, y, to) for x, y, to in own[np.lexsort(own.T[::-1])].tolist())
        source = (*mesh.tile(sender.tile)[1:], int(MONITOR if sender.core is None else processor[sender.core]))
        key, mask = keys[number].tolist()
        blocks.append(KeyBlock(sender.population, source, sender.neurons, key, mask, destinations))
    board = Board(mesh.width, mesh.height, mesh.wraps, tuple(sorted(mesh.absent)))
    return RoutingTables(board, tuple(tables), tuple(blocks))


@dataclass(frozen=True, eq=False)
class _Sender:
    """A block of keys before it has any.

    Attributes
    ----------
    core : logical number; None for the input.
    tile : number of the chip.
    neurons : (n,) int64 ascending.
    cores : (m,) int64 ascending, that it reaches.
    """

    population: str
    core: int | None
    tile: int
    neurons: Array
    cores: Array


def _senders(routes: Routes, mesh: TriangularMesh, network: Network, mapping: Mapping) -> list[_Sender]:
    """All blocks of keys, by population and core."""
    blocks = key_blocks(routes.fan_out)
    result = []
    for population in network.populations:
        if population.name not in blocks:
            continue
        part = blocks[population.name]
        own = mapping.core_of.get(population.name)
        for number, core in enumerate(part.cores.tolist()):
            begin, end = part.destinations.indptr[number : number + 2]
            reached = part.destinations.indices[begin:end].astype(np.int64)
            neurons = np.arange(population.size) if own is None else np.flatnonzero(own == core)
            tile = mesh.entry if own is None else int(routes.tiles[core])
            result.append(_Sender(population.name, None if own is None else core, tile, neurons, reached))
    return result


def _compressed(entries: Entries, keys: Array, mesh: TriangularMesh) -> list[RoutingTable]:
    """The tables of all chips that need any entry, for some allocation of keys; see `_keys`."""
    tables = []
    for tile in range(mesh.size):
        here = slice(entries.offsets[tile], entries.offsets[tile + 1])
        blocks, default = entries.block[here], entries.default[here]
        order = np.argsort(keys[blocks, 0], kind="stable")
        blocks, route, default = blocks[order], entries.route[here][order], default[order]
        if not default.all():
            words = compress(keys[blocks, 0], keys[blocks, 1], route, default)
            key, mask, word = (part.astype(np.uint32) for part in words)
            tables.append(RoutingTable(mesh.tile(tile)[1:], key, mask, word, int((~default).sum())))
    return tables


def _longest(tables: list[RoutingTable]) -> int:
    return max((table.entries for table in tables), default=0)


def _keys(senders: list[_Sender], arrangement: Arrangement) -> Array:
    """(blocks, 2) int64, key and mask of each block."""
    names = list(dict.fromkeys(sender.population for sender in senders))
    of_populations: list[list[Sender]] = [[] for _ in names]
    for sender in senders:
        block = Sender(sender.neurons.size, sender.tile, tuple(sender.cores.tolist()))
        of_populations[names.index(sender.population)].append(block)
    pairs = [pair for part in allocate_keys(of_populations, arrangement) for pair in part]
    return np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
