"""Refine a partition: nodes move to the block they gain most in, at first also where they lose a little.

Simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983) on the km1, with hard limits: a move that would take a block over
a limit is not made. Every node in turn is offered the block that gains most among those that its nets touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from ..search import Search
from .division import Division, deliveries, divided, move
from .level import Level, slot_bits
from .resource_columns import INPUT_AXONS, MEMORY_BITS, NO_LIMIT, OUTPUT_AXONS, SYNAPTIC_BITS

Array = NDArray[Any]
LAST_SWEEPS = 5  # without loss, after the cooling
ON_THE_LIST = 1e-300  # so that a block that shares only nets of weight 0 is other than one that shares none
keep_loops()


@dataclass(frozen=True)
class Cooling:
    """How long and how hot.

    Attributes
    ----------
    sweeps : times that every node is looked at.
    hottest, coldest : temperature of the first and the last sweep, in units of a usual net's weight; between them it
        falls geometrically.
    """

    sweeps: int
    hottest: float
    coldest: float

    def temperature(self, sweep: int) -> float:
        """Of one sweep."""
        share = sweep / max(1, self.sweeps - 1)
        return self.hottest * float((self.coldest / self.hottest) ** share)


def anneal(level: Level, blocks: Array, caps: Array, number: int, cooling: Cooling, search: Search) -> Array:
    """A partition with fewer deliveries.

    Parameters
    ----------
    level : what is divided.
    blocks : (nodes,) int32, a partition. Blocks within their limits stay so, others take nothing more.
    caps : (columns,) int64, limits of each block.
    number : of blocks.

    Returns
    -------
    (nodes,) int32, the best of the first and the last partition.
    """
    counts_synapses = bool((caps[SYNAPTIC_BITS:] < NO_LIMIT).any())
    division = divided(level, blocks.copy(), number, counts_synapses)
    state = random_state(search.seed)
    before = deliveries(level, division)
    unit = usual_weight(level)
    for sweep in range(cooling.sweeps):
        _sweep(level, division, caps, cooling.temperature(sweep) * unit, state)
        if search.late:
            break
    for _ in range(LAST_SWEEPS):
        if search.late or _sweep(level, division, caps, 0.0, state) >= 0.0:
            break
    return division.blocks if deliveries(level, division) <= before else blocks


def usual_weight(level: Level) -> float:
    """Mean weight of the nets of a node."""
    pins = np.diff(level.offsets)
    return float((level.weights * pins).sum() / max(1, pins.sum()))


def random_state(seed: int) -> Array:
    """Of the compiled loops' random numbers; (1,) uint64, never 0."""
    return np.random.default_rng(seed).integers(1, 2**64, size=1, dtype=np.uint64)


@numba.njit(cache=True)
def _random(state: Array) -> float:
    """Uniform in (0, 1), by xorshift64* (Vigna 2016)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    result: float = ((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * 1.1102230246251565e-16 + 1e-18
    return result


@numba.njit(cache=True)
def _sweep(level: Level, division: Division, caps: Array, temperature: float, state: Array) -> float:
    """Offer every node a move; the change of the km1."""
    # Taking arrays out of the tuples in the inner loops would cost more than the loops themselves.
    node_offsets, node_nets, node_synapses = level.node_offsets, level.node_nets, level.node_synapses
    storage, word, demands, weights = level.storage, level.word, level.demands, level.weights
    first, touched, slot_blocks, slot_pins = division.first, division.touched, division.slot_blocks, division.slot_pins
    slot_synapses, blocks, loads = division.slot_synapses, division.blocks, division.loads
    number, columns = loads.shape
    limited = np.flatnonzero(caps < NO_LIMIT)
    shared = np.zeros(number)  # weight of the node's nets that touch each block
    found = np.empty(number, np.int64)
    own, saved = np.zeros(columns, np.int64), np.zeros((number, columns), np.int64)
    total = 0.0
    for node in range(blocks.size):
        old = blocks[node]
        nets = node_nets[node_offsets[node] : node_offsets[node + 1]]
        count, leaving = neighbours(nets, old, weights, first, touched, slot_blocks, slot_pins, found, shared)
        if count == 0:
            continue
        if division.counts_synapses:
            synapses = node_synapses[node_offsets[node] : node_offsets[node + 1]]
            _needs(nets, synapses, old, storage, word, first, touched, slot_blocks, slot_synapses, own, saved)
        best, gain = _best_block(found[:count], shared, leaving, demands[node], own, saved, loads, caps, limited, state)
        if division.counts_synapses:
            saved[found[:count]] = 0
        if best < 0 or (gain <= 0.0 and (temperature == 0.0 or gain <= temperature * np.log(_random(state)))):
            continue
        if caps[OUTPUT_AXONS] < NO_LIMIT:
            total += _move_within_output_axons(level, division, caps, node, best)
        else:
            total += move(level, division, node, best)
    return total


@numba.njit(cache=True)
def neighbours(
    nets: Array,
    old: int,
    weights: Array,
    first: Array,
    touched: Array,
    slot_blocks: Array,
    slot_pins: Array,
    found: Array,
    shared: Array,
) -> tuple[int, float]:
    """List the blocks that a node's nets touch, but the old one; how many, and what leaving the old one gains."""
    count = 0
    leaving = 0.0
    for net in nets:
        weight = weights[net]
        leaving -= weight
        for slot in range(first[net], first[net] + touched[net]):
            block = slot_blocks[slot]
            if block == old:
                if slot_pins[slot] == 1:
                    leaving += weight
                continue
            if shared[block] == 0.0:
                shared[block] = ON_THE_LIST
                found[count] = block
                count += 1
            shared[block] += weight
    return count, leaving


@numba.njit(cache=True)
def _best_block(
    found: Array,
    shared: Array,
    leaving: float,
    demand: Array,
    own: Array,
    saved: Array,
    loads: Array,
    caps: Array,
    limited: Array,
    state: Array,
) -> tuple[int, float]:
    """The block that gains most among those with room, or -1, and what it gains; clears `shared`."""
    best, best_gain = -1, -np.inf
    for block in found:
        gain = leaving + shared[block]
        shared[block] = 0.0
        if gain < best_gain or (gain == best_gain and _random(state) < 0.5):
            continue
        fits = True
        for column in limited:
            need = demand[column] + own[column] - saved[block, column]
            if need > 0 and loads[block, column] + need > caps[column]:
                fits = False
                break
        if fits:
            best, best_gain = block, gain
    return best, best_gain


@numba.njit(cache=True)
def _needs(
    nets: Array,
    node_synapses: Array,
    old: int,
    storage: Array,
    word: int,
    first: Array,
    touched: Array,
    slot_blocks: Array,
    slot_synapses: Array,
    own: Array,
    saved: Array,
) -> None:
    """What a node's nets take of a block that none of them reaches, and how much less of those that some reach."""
    own[:] = 0
    for i in range(nets.size):
        net, synapses = nets[i], node_synapses[i]
        if synapses == 0:
            continue
        alone = slot_bits(storage, word, net, synapses)
        own[INPUT_AXONS] += 1
        own[SYNAPTIC_BITS] += alone
        own[MEMORY_BITS] += alone
        for slot in range(first[net], first[net] + touched[net]):
            there, block = slot_synapses[slot], slot_blocks[slot]
            if there and block != old:
                less = alone + slot_bits(storage, word, net, there) - slot_bits(storage, word, net, there + synapses)
                saved[block, INPUT_AXONS] += 1
                saved[block, SYNAPTIC_BITS] += less
                saved[block, MEMORY_BITS] += less


@numba.njit(cache=True)
def _move_within_output_axons(level: Level, division: Division, caps: Array, node: int, block: int) -> float:
    """Move a node, and back again where a block that sends to the node would need too many output axons."""
    # What a move changes for the senders is known only net by net, so that it is tried.
    before = division.loads[:, OUTPUT_AXONS].copy()
    old = division.blocks[node]
    change = move(level, division, node, block)
    for sender in range(before.size):
        after = division.loads[sender, OUTPUT_AXONS]
        if after > caps[OUTPUT_AXONS] and after > before[sender]:
            return change + move(level, division, node, old)
    return change
