"""Which place of the mesh each logical core takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping import Place
from ..routing.mesh import ENTRY, Mesh, usable_places
from ..target import Target

Array = NDArray[Any]
LARGEST = 512  # places up to which pairs are compared; beyond, cores follow each other in a snake


def place(packets: Array, target: Target) -> tuple[Place, ...]:
    """Put cores with much traffic between them close together.

    Two beginnings, greedy (the core with most traffic to those that are placed goes to the nearest free place) and a
    snake in the order of the cores; in both, places are then swapped, the best swap first, for as long as that saves
    hops. The one with fewer hops stays.

    Parameters
    ----------
    packets : (cores + 1, cores) messages from core to core; the last row is the input.
    target : at least as many usable cores.

    Returns
    -------
    The place of each core.
    """
    places = usable_places(target)
    cores = packets.shape[1]
    if cores > len(places):
        raise ValueError(f"{cores} cores do not fit on {len(places)} places")
    if len(places) > LARGEST:
        return tuple(places[:cores])
    mesh = Mesh.of(target)
    tiles = np.asarray([mesh.number(candidate) for candidate in places])
    distances = mesh.distances[np.ix_(tiles, tiles)].astype(float)
    entry = mesh.distances[ENTRY, tiles].astype(float)
    flow = packets[:-1] + packets[:-1].T
    np.fill_diagonal(flow, 0.0)

    def hops(permutation: Array) -> float:
        spots = permutation[:cores]
        return float((packets[:-1] * distances[np.ix_(spots, spots)]).sum() + packets[-1] @ entry[spots])

    beginnings = (_greedy(flow, packets[-1], distances, entry), np.arange(len(places)))
    chosen = min((_swapped(flow, packets[-1], distances, entry, start) for start in beginnings), key=hops)
    return tuple(places[index] for index in chosen[:cores])


def _greedy(flow: Array, inflow: Array, distances: Array, entry: Array) -> Array:
    """(places,) a permutation: the place of each core, then the places left over."""
    cores, count = inflow.size, entry.size
    chosen = np.full(cores, -1)
    free = np.ones(count, dtype=bool)
    waiting = np.ones(cores, dtype=bool)
    cost = inflow[:, None] * entry[None, :]  # of putting a core on a place, as far as its partners are placed
    pull = inflow.copy()
    for _ in range(cores):
        # Without any tie to those that are placed, the busiest goes first.
        core = max(np.flatnonzero(waiting), key=lambda one: (pull[one], flow[one].sum()))
        spot = int(np.argmin(np.where(free, cost[core], np.inf)))
        chosen[core], free[spot], waiting[core] = spot, False, False
        pull += flow[core]
        cost += flow[core][:, None] * distances[spot][None, :]
    return np.concatenate([chosen, np.flatnonzero(free)])


def _swapped(flow: Array, inflow: Array, distances: Array, entry: Array, chosen: Array) -> Array:
    """Improve a permutation; free places take part as cores without traffic."""
    count, cores = entry.size, inflow.size
    full = np.zeros((count, count))
    full[:cores, :cores] = flow
    inward = np.concatenate([inflow, np.zeros(count - cores)])
    chosen = chosen.copy()
    # would[a, b]: what core a would cost on the place of core b, all others staying where they are.
    would = full @ distances[np.ix_(chosen, chosen)] + inward[:, None] * entry[chosen][None, :]
    for _ in range(4 * count):
        own = np.diag(would)
        change = would + would.T - own[:, None] - own[None, :] + 2 * full * distances[np.ix_(chosen, chosen)]
        first, second = divmod(int(np.argmin(change)), count)
        if change[first, second] >= -1e-9 * max(1.0, float(own.sum())):
            break
        moved = distances[chosen[second], chosen] - distances[chosen[first], chosen]
        would += np.outer(full[:, first] - full[:, second], moved)
        chosen[[first, second]] = chosen[[second, first]]
        would[:, [first, second]] = would[:, [second, first]]
    return chosen
