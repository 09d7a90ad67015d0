"""A partition with its counts: which blocks every net touches, and what every block holds.

The blocks that a net touches lie in as many slots as it can ever need, the smaller of its pins and the blocks, so that
memory grows with pins and not with nets times blocks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .level import Level, slot_bits
from .resource_columns import INPUT_AXONS, MEMORY_BITS, OUTPUT_AXONS, SYNAPTIC_BITS

Array = NDArray[Any]
keep_loops()


class Division(NamedTuple):
    """A partition; every array changes as nodes move.

    Attributes
    ----------
    blocks : (nodes,) int32.
    first : (nets + 1,) int64; net e touches the blocks slot_blocks[first[e] : first[e] + touched[e]].
    touched : (nets,) int32.
    slot_blocks, slot_pins, slot_synapses : int32, block, pins and synapses of each slot; synapses are counted only
        where `counts_synapses`.
    loads : (blocks, columns) int64, see `resource_columns`; synaptic bits, memory bits and axons only where
        `counts_synapses`.
    counts_synapses : whether anything depends on which synapses share a block.
    """

    blocks: Array
    first: Array
    touched: Array
    slot_blocks: Array
    slot_pins: Array
    slot_synapses: Array
    loads: Array
    counts_synapses: bool


def divided(level: Level, blocks: Array, number: int, counts_synapses: bool) -> Division:
    """Count a partition.

    Parameters
    ----------
    blocks : (nodes,) int32, below `number`; it changes with the division.
    """
    loads = np.zeros((number, level.demands.shape[1]), dtype=np.int64)
    return _count(level, blocks, loads, counts_synapses)


def deliveries(level: Level, division: Division) -> float:
    """The km1 of a division."""
    return float((level.weights * np.maximum(division.touched - 1, 0)).sum())


@numba.njit(cache=True)
def _count(level: Level, blocks: Array, loads: Array, counts_synapses: bool) -> Division:
    nets = level.offsets.size - 1
    first = np.zeros(nets + 1, np.int64)
    for net in range(nets):
        first[net + 1] = first[net] + min(level.offsets[net + 1] - level.offsets[net], loads.shape[0])
    slots = first[nets]
    slot_blocks, slot_pins = np.zeros(slots, np.int32), np.zeros(slots, np.int32)
    slot_synapses = np.zeros(slots if counts_synapses else 0, np.int32)
    touched = np.zeros(nets, np.int32)
    for node in range(blocks.size):
        for column in range(loads.shape[1]):
            loads[blocks[node], column] += level.demands[node, column]
    division = Division(blocks, first, touched, slot_blocks, slot_pins, slot_synapses, loads, counts_synapses)
    for net in range(nets):
        for i in range(level.offsets[net], level.offsets[net + 1]):
            block = blocks[level.pins[i]]
            slot = _join(net, block, first, touched, slot_blocks, slot_pins, slot_synapses)
            if counts_synapses and level.pin_synapses[i]:
                _add_synapses(level, division, net, slot, level.pin_synapses[i])
    return division


@numba.njit(cache=True)
def _join(
    net: int, block: int, first: Array, touched: Array, slot_blocks: Array, slot_pins: Array, slot_synapses: Array
) -> int:
    """A pin of a net comes to a block; the slot of the block."""
    slot: int = first[net]
    end = slot + touched[net]
    while slot < end and slot_blocks[slot] != block:
        slot += 1
    if slot == end:
        slot_blocks[slot] = block
        slot_pins[slot] = 0
        if slot_synapses.size:
            slot_synapses[slot] = 0
        touched[net] += 1
    slot_pins[slot] += 1
    return slot


@numba.njit(cache=True)
def _leave(
    net: int, slot: int, first: Array, touched: Array, slot_blocks: Array, slot_pins: Array, slot_synapses: Array
) -> None:
    """A pin of a net leaves the block of a slot."""
    slot_pins[slot] -= 1
    if slot_pins[slot] == 0:
        touched[net] -= 1
        last = first[net] + touched[net]
        slot_blocks[slot] = slot_blocks[last]
        slot_pins[slot] = slot_pins[last]
        if slot_synapses.size:
            slot_synapses[slot] = slot_synapses[last]


@numba.njit(cache=True)
def _add_synapses(level: Level, division: Division, net: int, slot: int, change: int) -> None:
    """Synapses of a net come to a block, or leave it where `change` is below 0."""
    before = division.slot_synapses[slot]
    after = before + change
    division.slot_synapses[slot] = after
    block = division.slot_blocks[slot]
    bits = slot_bits(level.storage, level.word, net, after) - slot_bits(level.storage, level.word, net, before)
    division.loads[block, SYNAPTIC_BITS] += bits
    division.loads[block, MEMORY_BITS] += bits
    axons = (1 if after else 0) - (1 if before else 0)
    division.loads[block, INPUT_AXONS] += axons
    if level.sources[net] >= 0:
        division.loads[division.blocks[level.sources[net]], OUTPUT_AXONS] += axons


@numba.njit(cache=True)
def _blocks_reached(division: Division, net: int) -> int:
    """Blocks that hold a target of a net."""
    count = 0
    for slot in range(division.first[net], division.first[net] + division.touched[net]):
        if division.slot_synapses[slot]:
            count += 1
    return count


@numba.njit(cache=True)
def move(level: Level, division: Division, node: int, block: int) -> float:
    """Move a node to another block; the change of the km1."""
    node_offsets, node_nets, node_synapses, weights = (
        level.node_offsets,
        level.node_nets,
        level.node_synapses,
        level.weights,
    )
    first, touched, slot_blocks, slot_pins = division.first, division.touched, division.slot_blocks, division.slot_pins
    slot_synapses, loads, counts_synapses = division.slot_synapses, division.loads, division.counts_synapses
    old = division.blocks[node]
    change = 0.0
    for column in range(loads.shape[1]):
        loads[old, column] -= level.demands[node, column]
        loads[block, column] += level.demands[node, column]
    for i in range(node_offsets[node], node_offsets[node + 1]):
        net = node_nets[i]
        slot = first[net]
        while slot_blocks[slot] != old:
            slot += 1
        if counts_synapses and node_synapses[i]:
            _add_synapses(level, division, net, slot, -node_synapses[i])
        if slot_pins[slot] == 1:
            change -= weights[net]
        _leave(net, slot, first, touched, slot_blocks, slot_pins, slot_synapses)
        if counts_synapses and level.sources[net] == node:
            axons = _blocks_reached(division, net)
            loads[old, OUTPUT_AXONS] -= axons
            loads[block, OUTPUT_AXONS] += axons
    division.blocks[node] = block
    for i in range(node_offsets[node], node_offsets[node + 1]):
        net = node_nets[i]
        slot = _join(net, block, first, touched, slot_blocks, slot_pins, slot_synapses)
        if slot_pins[slot] == 1:
            change += weights[net]
        if counts_synapses and node_synapses[i]:
            _add_synapses(level, division, net, slot, node_synapses[i])
    return change
