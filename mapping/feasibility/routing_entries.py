"""Entries of the routers' tables that multicast trees take; see `Limits.routing_entries`.

On a square mesh they are counted. For a triangular one there are real tables, and what they hold decides.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network
from ..mapping import Mapping, Place
from ..problem import Problem
from ..target import Target, TilePlace
from .arrivals import arrivals, distinct_sources
from .routing_tables import check_routing_tables
from .tree_entries import count_entries

Array = NDArray[Any]


def check_routing_entries(network: Network, target: Target, mapping: Mapping) -> list[Problem]:
    """The tile whose router's table is fullest, where that is too full; of real tables all that are."""
    if target.topology.mesh == "triangular":
        return check_routing_tables(network, target, mapping)
    limit = target.limits.of("routing_entries")
    if limit is None or target.topology.routing != "multicast":
        return []
    entries = routing_entries(network, target, mapping)
    worst = int(np.argmax(entries))
    if entries[worst] <= limit:
        return []
    width = _board(target)[0]
    advice = (
        f"the router at column {worst % width} and row {worst // width} of the board takes part in so many trees; let "
        f"neurons reach fewer cores (smaller layers), or choose a target with {entries[worst]} entries a tile"
    )
    return [Problem("the network", "routing_entries", int(entries[worst]), limit, advice)]


def routing_entries(network: Network, target: Target, mapping: Mapping) -> Array:
    """Entries of each tile's table on a square mesh, (tiles,) int64, the board's tiles row by row."""
    width, height = _board(target)
    tile_of = np.asarray([_tile(target, place) for place in mapping.places], dtype=np.int64)
    entries = np.zeros(width * height, dtype=np.int64)
    chosen = _representatives(network, mapping)
    for population in network.populations:
        own = mapping.core_of.get(population.name)
        neurons = chosen[population.name]
        number_of = np.full(population.size, -1, dtype=np.int64)
        number_of[neurons] = np.arange(neurons.size)
        trees, cores = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for core, found in arrivals(network, population.name, mapping.core_of, mapping.cores):
            reached = number_of[distinct_sources(found)]
            reached = reached[reached >= 0]
            if own is not None:
                reached = reached[np.asarray(own)[neurons[reached]] != core]
            trees.append(reached)
            cores.append(np.full(reached.size, core))
        tree, end = np.concatenate(trees), tile_of[np.concatenate(cores)]
        order = np.argsort(tree, kind="stable")
        offsets = np.concatenate([[0], np.cumsum(np.bincount(tree, minlength=neurons.size))])
        entry = _tile(target, target.topology.input_tile)
        roots = np.full(neurons.size, entry) if own is None else tile_of[np.asarray(own)[neurons]]
        count_entries(roots, offsets, end[order], width, entries)
    return entries


def _representatives(network: Network, mapping: Mapping) -> ReadOnly[str, Array]:
    """Per population, (n,) int64, one neuron of each set of neurons of a core that reach the same other cores.

    A set of cores is known by a sum of random 64-bit numbers, one for each core and one for each core as the origin.
    """
    random, origins = np.random.default_rng(0).integers(0, 2**64, (2, mapping.cores + 1), dtype=np.uint64)
    kept: dict[str, Array] = {}
    known = np.zeros(0, dtype=np.uint64)
    for population in network.populations:
        own = mapping.core_of.get(population.name)
        origin = np.full(population.size, mapping.cores) if own is None else np.asarray(own)
        sums = origins[origin]
        reaching = np.zeros(population.size, dtype=bool)
        for core, found in arrivals(network, population.name, mapping.core_of, mapping.cores):
            sources = distinct_sources(found)
            sources = sources[origin[sources] != core]
            sums[sources] += random[core]
            reaching[sources] = True
        neurons = np.flatnonzero(reaching)
        keys, first = np.unique(sums[neurons], return_index=True)
        kept[population.name] = neurons[first[~np.isin(keys, known)]]
        known = np.concatenate([known, keys])
    return kept


def _board(target: Target) -> tuple[int, int]:
    """Columns and rows of the board, in tiles."""
    topology = target.topology
    across = topology.chip_columns or topology.chips
    return across * topology.columns.value, topology.chips // across * topology.rows.value


def _tile(target: Target, place: Place | TilePlace) -> int:
    """Number of a place's tile on the board, row by row."""
    width, _ = _board(target)
    columns, rows = target.topology.columns.value, target.topology.rows.value
    down, across = divmod(place.chip, width // columns)
    return (down * rows + place.row) * width + across * columns + place.column
