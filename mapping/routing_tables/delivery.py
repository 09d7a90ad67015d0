"""Send every key in use through the routing tables, hop by hop, and see whether it arrives where it should.

This shares no code with what makes the tables: it knows the rule of the router, the board and the tables as they are
loaded, nothing of trees and compression.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .tables import RoutingTables

Array = NDArray[Any]
LINKS, PROCESSORS = 6, 26  # bits of a route, one after the other
EXAMPLES = 20  # failures that are described
LOST, WRONG, TWICE, MISSING, ENDLESS = range(5)
FAILURES = (
    "is lost",  # no entry where it was sent, or a link that leads nowhere
    "reaches a processor that it should not",
    "reaches a processor twice",
    "does not reach a processor",
    "goes round in circles",
)
keep_loops()


@dataclass(frozen=True)
class Failure:
    """A key that does not arrive as it should.

    Attributes
    ----------
    population : whose neuron sends it.
    key : of the packet.
    what : one of `FAILURES`.
    chip : x and y of where that happens.
    processor : on that chip; None for a packet that is lost or goes round.
    """

    population: str
    key: int
    what: str
    chip: tuple[int, int]
    processor: int | None

    def __str__(self) -> str:
        where = f"chip {self.chip[0]}, {self.chip[1]}"
        if self.processor is not None:
            where = f"processor {self.processor} of {where}"
        return f"key {self.key:#010x} of {self.population} {self.what}: {where}"


@dataclass(frozen=True)
class Delivery:
    """What became of all keys.

    Attributes
    ----------
    keys : that were sent.
    hops : links that all of them crossed.
    deliveries : packets that reached a processor.
    failures : how many, of any kind.
    examples : the first of them.
    """

    keys: int
    hops: int
    deliveries: int
    failures: int
    examples: tuple[Failure, ...]

    @property
    def exact(self) -> bool:
        """Whether every key reached exactly its destinations, each once."""
        return self.failures == 0


def deliver(tables: RoutingTables) -> Delivery:
    """Send every key of every block."""
    board = tables.board
    present = np.ones((board.height, board.width), dtype=bool)
    for x, y in board.absent:
        present[y, x] = False
    chips = board.width * board.height
    lengths = np.zeros(chips + 1, dtype=np.int64)
    by_chip = {y * board.width + x: table for table in tables.tables for x, y in [table.chip]}
    for chip, table in by_chip.items():
        lengths[chip + 1] = table.entries
    nothing = np.zeros((3, 0), dtype=np.int64)
    loaded = [by_chip[chip] for chip in sorted(by_chip)]
    entries = np.concatenate(
        [nothing, *(np.stack([part.keys, part.masks, part.routes]).astype(np.int64) for part in loaded)], axis=1
    )
    sent = np.asarray(
        [(y * board.width + x, block.key, block.neurons.size) for block in tables.blocks for x, y, _ in [block.source]],
        dtype=np.int64,
    ).reshape(-1, 3)
    expected = [
        [(y * board.width + x) * PROCESSORS + processor for x, y, processor in block.destinations]
        for block in tables.blocks
    ]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in expected])]).astype(np.int64)
    wanted = np.asarray([one for part in expected for one in part], dtype=np.int64)
    totals, examples = np.zeros(3, dtype=np.int64), np.zeros((EXAMPLES, 4), dtype=np.int64)
    begins, rows = np.cumsum(lengths), np.ascontiguousarray(entries.T)
    _send(sent, offsets, wanted, begins, rows, present, np.asarray(board.wraps), totals, examples)
    hops, deliveries, failures = totals.tolist()
    described = [
        Failure(
            tables.blocks[block].population,
            key,
            FAILURES[kind],
            (where // PROCESSORS % board.width, where // PROCESSORS // board.width),
            None if kind in (LOST, ENDLESS) else where % PROCESSORS,
        )
        for block, key, kind, where in examples[: min(failures, EXAMPLES)].tolist()
    ]
    return Delivery(tables.keys, hops, deliveries, failures, tuple(described))


@numba.njit(cache=True)
def _send(
    sent: Array,
    offsets: Array,
    wanted: Array,
    begins: Array,
    entries: Array,
    present: Array,
    wraps: Array,
    totals: Array,
    examples: Array,
) -> None:
    """Send the keys of all blocks.

    Parameters
    ----------
    sent : (blocks, 3) int64, chip, first key and number of keys.
    offsets, wanted : (blocks + 1,) and (n,) int64, the processors that each block should reach, as chip * 26 + number.
    begins, entries : (chips + 1,) and (n, 3) int64, key, mask and route of the entries of each chip.
    present : (rows, columns) bool.
    wraps : (2,) bool.
    totals : (3,) int64: hops, deliveries and failures, added to.
    examples : (n, 4) int64: block, key, kind and place of the first failures.
    """
    chips = present.size
    times = np.zeros(chips * PROCESSORS, np.int64)  # that the key reached each processor
    waiting = np.empty((LINKS * chips + 1, 2), np.int64)
    for block in range(sent.shape[0]):
        own = wanted[offsets[block] : offsets[block + 1]]
        for key in range(sent[block, 1], sent[block, 1] + sent[block, 2]):
            _walk(block, key, sent[block, 0], begins, entries, present, wraps, waiting, times, totals, examples)
            _compare(block, key, own, times, totals, examples)


@numba.njit(cache=True)
def _walk(
    block: int,
    key: int,
    source: int,
    begins: Array,
    entries: Array,
    present: Array,
    wraps: Array,
    waiting: Array,
    times: Array,
    totals: Array,
    examples: Array,
) -> None:
    """Follow a packet and all its copies.

    Parameters
    ----------
    waiting : (n, 2) int64, room for copies: chip, and link by which they came in. Each link of the board carries a key
        once, unless that goes round, so that there are never more than links.
    """
    height, width = present.shape
    across, along = (1, 1, 0, -1, -1, 0), (0, 1, 1, 0, -1, -1)
    waiting[0, 0], waiting[0, 1] = source, -1
    number, hops = 1, 0
    while number > 0:
        number -= 1
        chip, link_in = waiting[number, 0], waiting[number, 1]
        route = _route(key, link_in, entries[begins[chip] : begins[chip + 1]])
        if route == 0:
            _fail(block, key, LOST, chip * PROCESSORS, totals, examples)
        for processor in range(PROCESSORS):
            if route >> (LINKS + processor) & 1:
                times[chip * PROCESSORS + processor] += 1
                totals[1] += 1
        for link in range(LINKS):
            if not route >> link & 1:
                continue
            x, y = chip % width + across[link], chip // width + along[link]
            if wraps[0]:
                x %= width
            if wraps[1]:
                y %= height
            if x < 0 or x >= width or y < 0 or y >= height or not present[y, x]:
                _fail(block, key, LOST, chip * PROCESSORS, totals, examples)
            elif hops < waiting.shape[0] - 1:
                hops += 1
                waiting[number, 0], waiting[number, 1] = y * width + x, (link + 3) % LINKS
                number += 1
            else:
                _fail(block, key, ENDLESS, chip * PROCESSORS, totals, examples)
                number = 0
                break
    totals[0] += hops


@numba.njit(cache=True)
def _route(key: int, link_in: int, entries: Array) -> Any:
    """The route of the first entry that a key matches, else that of default routing; 0 where there is none."""
    for entry in range(entries.shape[0]):
        if key & entries[entry, 1] == entries[entry, 0]:
            return entries[entry, 2]
    return 0 if link_in < 0 else 1 << ((link_in + 3) % LINKS)


@numba.njit(cache=True)
def _compare(block: int, key: int, wanted: Array, times: Array, totals: Array, examples: Array) -> None:
    """Hold what a key reached against what it should have; clears `times`."""
    for place in wanted:
        if times[place] == 0:
            _fail(block, key, MISSING, place, totals, examples)
        elif times[place] > 1:
            _fail(block, key, TWICE, place, totals, examples)
        times[place] = 0
    for place in range(times.size):
        if times[place] > 0:
            _fail(block, key, WRONG, place, totals, examples)
            times[place] = 0


@numba.njit(cache=True)
def _fail(block: int, key: int, kind: int, where: int, totals: Array, examples: Array) -> None:
    if totals[2] < examples.shape[0]:
        own = examples[totals[2]]
        own[0], own[1], own[2], own[3] = block, key, kind, where
    totals[2] += 1
