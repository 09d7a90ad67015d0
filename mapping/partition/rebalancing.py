"""Bring blocks that hold too much back within their limits, at little loss.

A move counts where it lessens what all blocks hold beyond their limits, so that a block may go over one limit to bring
another below a second one: with two limits that are both tight, this is how neurons of different kinds change places.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from ..search import Search
from .annealing import neighbours, usual_weight
from .division import Division, divided, move
from .level import Level
from .resource_columns import NO_LIMIT, OUTPUT_AXONS, SYNAPTIC_BITS

Array = NDArray[Any]
SPARE = 8  # blocks with most room, which every node may go to
TRIED = 6  # blocks that a node tries, those it gains most in first
PATIENCE = (0.0, 2.0, 8.0, 1e30)  # losses that a node may make, in usual weights of a net
ROUNDS = 10  # at most, with each of them
PARTNERS = 32  # nodes of another block that a node may change places with
HOPELESS = 1.3  # times what all blocks have room for: no exchange of neurons mends that
WORTHWHILE = 0.98  # of the excess, for another round
keep_loops()


def rebalanced(level: Level, blocks: Array, caps: Array, number: int, search: Search) -> tuple[Array, bool]:
    """A partition whose blocks keep their limits, where there is a way by moving one node after the other.

    Where all blocks together are too full by far, they are left as they are: it takes more of them.

    Returns
    -------
    (nodes,) int32, and whether all limits are kept.
    """
    division = divided(level, blocks.copy(), number, bool((caps[SYNAPTIC_BITS:] < NO_LIMIT).any()))
    if (division.loads.sum(axis=0) > HOPELESS * number * caps.astype(np.float64)).any():
        return division.blocks, False
    unit = usual_weight(level)
    for patience in PATIENCE:
        for _ in range(ROUNDS):
            excess = _total_excess(division, caps)
            if excess == 0.0:
                return division.blocks, True
            _relieve(level, division, caps, _most_room(division, caps), patience * unit)
            if search.late or _total_excess(division, caps) > WORTHWHILE * excess:
                break
    for _ in range(ROUNDS):
        excess = _total_excess(division, caps)
        if excess == 0.0 or search.late:
            break
        order = np.argsort(division.blocks, kind="stable")
        ends = np.cumsum(np.bincount(division.blocks, minlength=number))
        _exchange(level, division, caps, _most_room(division, caps), order, np.concatenate([[0], ends]))
        if _total_excess(division, caps) >= excess:
            break
    return division.blocks, _total_excess(division, caps) == 0.0


def _total_excess(division: Division, caps: Array) -> float:
    """What blocks hold beyond their limits, each resource as a share of its limit."""
    return float((np.maximum(division.loads - caps, 0) / np.maximum(caps, 1)).sum())


def _most_room(division: Division, caps: Array) -> Array:
    """(some,) int64, blocks whose fullest resource is emptiest."""
    fullness = (division.loads / np.maximum(caps, 1)).max(axis=1)
    return np.argsort(fullness, kind="stable")[:SPARE].astype(np.int64)


@numba.njit(cache=True)
def _excess_of(load: Array, caps: Array) -> float:
    total = 0.0
    for column in range(caps.size):
        if load[column] > caps[column]:
            total += (load[column] - caps[column]) / max(caps[column], 1)
    return total


@numba.njit(cache=True)
def _excess(loads: Array, caps: Array, old: int, block: int, everywhere: bool) -> float:
    """As `_total_excess`, of two blocks or of all."""
    if not everywhere:
        return _excess_of(loads[old], caps) + _excess_of(loads[block], caps)
    total = 0.0
    for index in range(loads.shape[0]):
        total += _excess_of(loads[index], caps)
    return total


@numba.njit(cache=True)
def _relieve(level: Level, division: Division, caps: Array, spare: Array, patience: float) -> None:
    """Move nodes of blocks that hold too much, where that helps and costs no more than `patience` each."""
    blocks, loads = division.blocks, division.loads
    # Only output axons change at other blocks than those that a node leaves and joins.
    everywhere = caps[OUTPUT_AXONS] < NO_LIMIT
    number = loads.shape[0]
    shared, found = np.zeros(number), np.empty(number, np.int64)
    for node in range(blocks.size):
        old = blocks[node]
        if not (loads[old] > caps).any():
            continue
        count, leaving = neighbours(
            level.node_nets[level.node_offsets[node] : level.node_offsets[node + 1]],
            old,
            level.weights,
            division.first,
            division.touched,
            division.slot_blocks,
            division.slot_pins,
            found,
            shared,
        )
        for block in spare:
            if block != old and shared[block] == 0.0:
                found[count] = block
                count += 1
        gains = leaving + shared[found[:count]]
        shared[found[:count]] = 0.0
        tried = 0
        for place in np.argsort(-gains, kind="mergesort"):
            block = found[place]
            listed = tried < TRIED or (spare == block).any()
            if gains[place] < -patience:
                break
            if not listed:
                continue
            tried += 1
            before = _excess(loads, caps, old, block, everywhere)
            move(level, division, node, block)
            if _excess(loads, caps, old, block, everywhere) < before:
                break
            move(level, division, node, old)


@numba.njit(cache=True)
def _exchange(level: Level, division: Division, caps: Array, spare: Array, order: Array, starts: Array) -> None:
    """Let nodes of blocks that hold too much change places with others, where moving them alone does not help.

    `order` lists the nodes block by block, from `starts` on, as they were before the first exchange.
    """
    blocks, loads = division.blocks, division.loads
    everywhere = caps[OUTPUT_AXONS] < NO_LIMIT
    trials = 0
    for node in range(blocks.size):
        old = blocks[node]
        if not (loads[old] > caps).any():
            continue
        if trials > blocks.size:  # so that time stays proportional to the size of the level
            break
        done = False
        for block in spare:
            members = starts[block + 1] - starts[block]
            if done or block == old or members == 0:
                continue
            before = _excess(loads, caps, old, block, everywhere)
            move(level, division, node, block)
            for i in range(min(PARTNERS, members)):
                other = order[starts[block] + (node * 7919 + i * 104729) % members]
                if blocks[other] != block or other == node:
                    continue
                trials += 1
                move(level, division, other, old)
                if _excess(loads, caps, old, block, everywhere) < before:
                    done = True
                    break
                move(level, division, other, block)
            if not done:
                move(level, division, node, old)
