"""What a program takes of the memories of SpiNNaker 1: 64 KB beside each processor, and the SDRAM of each chip.

Beside a processor, as sPyNNaker lays it out:

    neurons       parameters and states
    keys          one a neuron
    ring buffers  two a neuron, of 16 slots of 16 bits; the neurons of a core are numbered in as many bits as they take,
                  so that there are buffers for a power of two of them
    sources       the table of populations that reach the core: an entry for each block of keys, and one more for each
                  population of the core that it reaches
    spikes        that wait
    rows          that are on their way from the SDRAM; each as long as the longest
    system        what is left to SARK and spin1_api

In SDRAM are the rows: for each block of keys and population on a core that it reaches, a row for each neuron of the
block, as sPyNNaker stores it, all padded to the longest of them, with a header. Synapses of several projections between
the same two populations share a row here (assumed; sPyNNaker keeps projections apart), as their delays and signs are in
the synapse. Besides, the SDRAM holds the parameters and the tables from which the processors are filled. The
instructions have a memory of their own, 32 KB, which is not modelled; nor are recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...mapping.mapping import Mapping as Placement
from ...mapping.problem import Problem
from ...mapping.processor_memory import BYTES_A_WORD, ProcessorMemory
from ...mapping.routing.key_blocks import key_blocks
from ...mapping.traffic.fan_out import FanOut

Array = NDArray[Any]
Tile = tuple[int, int, int]
CORE_PARTS = ("neurons", "keys", "ring_buffers", "sources", "spikes", "rows", "system")
TILE_PARTS = ("synapses", "parameters", "tables")
SIGNS = 2


@dataclass(frozen=True, eq=False)
class MemoryUse:
    """Bytes in use.

    Attributes
    ----------
    cores : per part (see `CORE_PARTS`), (cores,) int64 bytes beside each processor.
    tiles : chip, column and row of each tile in use, in the order of their first cores.
    shared : per part (see `TILE_PARTS`), (tiles,) int64 bytes of each tile's shared memory.
    problems : limits that are exceeded.
    """

    cores: Mapping[str, Array]
    tiles: tuple[Tile, ...]
    shared: Mapping[str, Array]
    problems: tuple[Problem, ...]

    @property
    def of_cores(self) -> Array:
        """(cores,) int64 bytes beside each processor."""
        return np.asarray(np.sum(list(self.cores.values()), axis=0))

    @property
    def of_tiles(self) -> Array:
        """(tiles,) int64 bytes of each tile's shared memory."""
        return np.asarray(np.sum(list(self.shared.values()), axis=0))


def memory_use(mapping: Placement, fan_out: FanOut, memory: ProcessorMemory) -> MemoryUse:
    """Count bytes.

    Parameters
    ----------
    mapping : of the network whose spikes `fan_out` tells of.
    memory : the sizes of all parts.
    """
    neurons = np.zeros(mapping.cores, dtype=np.int64)
    for cores in mapping.core_of.values():
        neurons += np.bincount(cores, minlength=mapping.cores)
    matrices = _matrices(fan_out)
    longest, synaptic_words, sources, parts = (np.zeros(mapping.cores, dtype=np.int64) for _ in range(4))
    for matrix in matrices:
        words = memory.of("row_header_words") + memory.of("synapse_words") * matrix.longest
        np.maximum.at(longest, matrix.core, words)
        np.add.at(synaptic_words, matrix.core, words * matrix.neurons)
        np.add.at(parts, matrix.core, 1)
    for blocks in key_blocks(fan_out).values():
        sources += np.bincount(blocks.destinations.indices, minlength=mapping.cores)
    numbered = np.where(neurons > 0, 1 << np.ceil(np.log2(np.maximum(neurons, 1))).astype(np.int64), 0)
    table = memory.of("table_bytes") + memory.of("source_bytes") * sources + memory.of("matrix_bytes") * parts
    on_cores = {
        "neurons": memory.of("neuron_bytes") * neurons,
        "keys": memory.of("key_bytes") * neurons,
        "ring_buffers": SIGNS * memory.of("ring_slots") * memory.of("slot_bytes") * numbered,
        "sources": table,
        "spikes": np.full(mapping.cores, memory.of("spike_buffer_bytes")),
        "rows": memory.of("row_buffers") * BYTES_A_WORD * longest,
        "system": np.full(mapping.cores, memory.of("system_bytes")),
    }
    tiles, tile = _tiles(mapping)
    on_tiles = {
        "synapses": BYTES_A_WORD * synaptic_words,
        "parameters": on_cores["neurons"] + on_cores["keys"],
        "tables": table,
    }
    shared = {name: _summed(part, tile, len(tiles)) for name, part in on_tiles.items()}
    use = MemoryUse(MappingProxyType(on_cores), tiles, MappingProxyType(shared), ())
    return MemoryUse(use.cores, tiles, use.shared, _problems(use, mapping, memory, tile))


@dataclass(frozen=True, eq=False)
class _Matrices:
    """The rows that all blocks of one population have on all cores for one population there; all (matrices,) int64.

    Attributes
    ----------
    core : where they are.
    neurons : of the block, each of which has a row.
    longest : synapses of the longest of these rows.
    """

    core: Array
    neurons: Array
    longest: Array


def _matrices(fan_out: FanOut) -> list[_Matrices]:
    result = []
    blocks_of = key_blocks(fan_out)
    for name, blocks in blocks_of.items():
        members = np.bincount(fan_out.groups[name], minlength=fan_out.origins[name].size)
        sizes = np.asarray(blocks.of_groups.T @ members)
        block = np.searchsorted(blocks.cores, fan_out.origins[name])  # of no matter where a group reaches nothing
        targets: dict[str, list[sparse.csr_array]] = {}
        for by_source in fan_out.layer_synapses.values():
            for target, counts in by_source.get(name, {}).items():
                targets.setdefault(target, []).append(counts)
        for counts in targets.values():
            entries = sparse.csr_array(sum(counts[1:], counts[0])).tocoo()
            where, place = np.unique(block[entries.row] * fan_out.cores + entries.col, return_inverse=True)
            longest = np.zeros(where.size, dtype=np.int64)
            np.maximum.at(longest, place, entries.data)
            result.append(_Matrices(where % fan_out.cores, sizes[where // fan_out.cores], longest))
    return result


def _tiles(mapping: Placement) -> tuple[tuple[Tile, ...], Array]:
    """Tiles in use, and (cores,) the number of each core's tile among them."""
    numbers: dict[Tile, int] = {}
    tile = [numbers.setdefault((place.chip, place.column, place.row), len(numbers)) for place in mapping.places]
    return tuple(numbers), np.asarray(tile, dtype=np.int64)


def _summed(values: Array, number: Array, size: int) -> Array:
    result = np.zeros(size, dtype=np.int64)
    np.add.at(result, number, values)
    return result


def _problems(use: MemoryUse, mapping: Placement, memory: ProcessorMemory, tile: Array) -> tuple[Problem, ...]:
    found = []
    room, shared = memory.core_bytes.value, memory.tile_bytes.value
    for core in np.flatnonzero(use.of_cores > room).tolist() if room is not None else ():
        largest = max(CORE_PARTS, key=lambda name: int(use.cores[name][core]))
        advice = f"most of core {core} are {largest.replace('_', ' ')}; let fewer neurons be on a core (limits.neurons)"
        found.append(Problem(_layers(mapping, [core]), "core_bytes", int(use.of_cores[core]), room, advice))
    for number in np.flatnonzero(use.of_tiles > shared).tolist() if shared is not None else ():
        chip, column, row = use.tiles[number]
        largest = max(TILE_PARTS, key=lambda name: int(use.shared[name][number]))
        advice = (
            f"most of chip {chip}, column {column}, row {row} are {largest}; use fewer cores of each chip "
            "(cores_per_tile), prune weights, or take a larger board"
        )
        layers = _layers(mapping, np.flatnonzero(tile == number).tolist())
        found.append(Problem(layers, "tile_bytes", int(use.of_tiles[number]), shared, advice))
    return tuple(found)


def _layers(mapping: Placement, cores: list[int]) -> str:
    """The layers that have neurons on some cores."""
    names = [name for name, of in mapping.core_of.items() if np.isin(of, cores).any()]
    return ", ".join(names)
