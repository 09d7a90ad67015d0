"""The neurons of a population by the core they are on, and by the cores they reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops

Array = NDArray[Any]
keep_loops()


@numba.njit(cache=True)
def sort_by_core(core_of: Array, starts: Array, order: Array) -> None:
    """Sort neurons by core, ascending within each.

    Parameters
    ----------
    core_of : (neurons,) int32.
    starts : (cores + 1,) int64, set to where the neurons of each core begin in `order`.
    order : (neurons,) int64, set to the neurons.
    """
    starts[:] = 0
    for neuron in range(core_of.size):
        starts[core_of[neuron] + 1] += 1
    for core in range(starts.size - 1):
        starts[core + 1] += starts[core]
    place = starts.copy()
    for neuron in range(core_of.size):
        order[place[core_of[neuron]]] = neuron
        place[core_of[neuron]] += 1


@numba.njit(cache=True)
def group_by_core(
    order: Array,
    starts: Array,
    sender_of: Array,
    positions: int,
    senders: Array,
    rates: Array,
    flow_of: Array,
    flows: Array,
    rate: Array,
) -> int:
    """Neurons with the same own core and the same set of cores that they reach; those that reach none are left out.

    Parameters
    ----------
    order, starts : neurons by own core; see `sort_by_core`.
    sender_of : (channels,) int32, block of each channel; the sender of a neuron is its block * positions + position.
    rates : (neurons,) float64, or (1,) for all of them the same.
    flow_of : (nodes, 2) int32, room for the own core and the flow of each node.
    flows : (flows, 3) int64: own core, node, neurons; filled in as far as it reaches.
    rate : (flows,) float64.

    Returns
    -------
    Number of flows.
    """
    flow_of[:, 0] = -1
    found = 0
    for core in range(starts.size - 1):
        for index in range(starts[core], starts[core + 1]):
            neuron = order[index]
            channel = neuron // positions
            node = senders[sender_of[channel] * positions + neuron - channel * positions, 0]
            if node == 0:
                continue
            if flow_of[node, 0] != core:
                flow_of[node, 0], flow_of[node, 1] = core, found
                if found < flows.shape[0]:
                    flows[found, 0], flows[found, 1], flows[found, 2] = core, node, 0
                    rate[found] = 0.0
                found += 1
            flow = flow_of[node, 1]
            if flow < flows.shape[0]:
                flows[flow, 2] += 1
                rate[flow] += rates[neuron if rates.size > 1 else 0]
    return found


def neurons_by_core(core_of: Array, cores: int) -> tuple[Array, Array]:
    """Neurons by core, (neurons,) int64, and where each core's begin, (cores + 1,) int64; see `sort_by_core`."""
    order, starts = np.empty(core_of.size, dtype=np.int64), np.empty(cores + 1, dtype=np.int64)
    sort_by_core(np.ascontiguousarray(core_of, dtype=np.int32), starts, order)
    return order, starts


def number_of_cores(core_of: Mapping[str, Array]) -> int:
    """How many logical cores there are, which are numbered without gaps."""
    return 1 + max((int(part.max()) for part in core_of.values() if part.size), default=-1)
