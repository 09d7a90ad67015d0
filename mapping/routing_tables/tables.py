"""What is loaded into SpiNNaker's routers, and which keys the neurons send.

A router compares the 32-bit key of a multicast packet with its entries in their order. The first one for which
`packet & mask == key` says where copies go: bits 0 to 5 of its route are the six links, bit 6 + p is processor p of the
chip. A packet that came in over a link and matches no entry leaves over the opposite link ("default routing"); one that
was sent by a processor of the chip and matches none is lost (SpiNNaker datasheet 2.02, router).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Chip = tuple[int, int]  # x and y on the board
Processor = tuple[int, int, int]  # x, y, and its number on the chip
KEY_BITS = 32
FIRST_PROCESSOR_BIT = 6  # of a route; the links come before
MONITOR = 0  # the processor that sends what comes from the host


@dataclass(frozen=True)
class Board:
    """The chips and how they are joined.

    Attributes
    ----------
    width, height : of the grid, in chips.
    wraps : whether its eastern edge is joined to its western one, and its northern to its southern one.
    absent : places of the grid without a chip, ascending.
    """

    width: int
    height: int
    wraps: tuple[bool, bool] = (False, False)
    absent: tuple[Chip, ...] = ()


@dataclass(frozen=True, eq=False)
class RoutingTable:
    """The entries of a chip's router, in the order in which they are compared.

    Attributes
    ----------
    chip : x and y.
    keys, masks, routes : (entries,) uint32.
    uncompressed : entries that it had before its compression.
    """

    chip: Chip
    keys: Array
    masks: Array
    routes: Array
    uncompressed: int

    @property
    def entries(self) -> int:
        """Number of entries."""
        return int(self.keys.size)


@dataclass(frozen=True, eq=False)
class KeyBlock:
    """The keys of a population's neurons on a core.

    Attributes
    ----------
    population : name.
    source : the processor that sends them; the monitor of the chip where input enters for what comes from the host.
    neurons : (n,) int64 ascending; neurons[i] sends the key `key` + i.
    key, mask : all keys of the block, maybe a few more than neurons: `sent & mask == key`.
    destinations : processors that hold a target of any of the neurons, ascending; the source may be among them.
    """

    population: str
    source: Processor
    neurons: Array
    key: int
    mask: int
    destinations: tuple[Processor, ...]


@dataclass(frozen=True, eq=False)
class RoutingTables:
    """All tables of a board, and the keys for which they were made.

    Attributes
    ----------
    tables : of the chips that have any entry, row by row.
    blocks : in the order of populations and cores; neurons that reach nothing have no keys.
    """

    board: Board
    tables: tuple[RoutingTable, ...]
    blocks: tuple[KeyBlock, ...]

    @property
    def keys(self) -> int:
        """Number of keys in use: one for every neuron of a block."""
        return sum(int(block.neurons.size) for block in self.blocks)

    @property
    def fullest(self) -> RoutingTable | None:
        """The first of the longest tables; None where no chip has any."""
        return max(self.tables, key=lambda table: table.entries, default=None)

    def lengths(self) -> Array:
        """(tables, 2) int64, entries of each table before and after its compression."""
        pairs = [(table.uncompressed, table.entries) for table in self.tables]
        return np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
