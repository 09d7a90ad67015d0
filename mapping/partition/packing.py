"""Several small groups of boxes on one core.

Layers cut so that they fit leave cores that are not full. First groups that follow each other go together, then those
that send each other most; and whatever fits where there are still too many cores, or too empty ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..resources import Accountant, Load
from ..search import Search
from .tiling import Tiling

Array = NDArray[Any]
FULL_ENOUGH = 0.8  # the mean over the cores, above which groups that send each other nothing stay apart
OPEN_CORES, TRIES = 64, 8  # among which a group looks for the one that it fills best, and how many it tries
ROUNDS = 4
MIXED = -1


@dataclass(frozen=True)
class Group:
    """Boxes that share a core.

    Attributes
    ----------
    boxes : tiling and number of each.
    block : number of the block of layers; groups of a block are alike but for their place.
    load : what they need of a core.
    """

    boxes: tuple[tuple[Tiling, int], ...]
    block: int
    load: Load


def load_of(accountant: Accountant, boxes: Iterable[tuple[Tiling, int]]) -> Load:
    """What boxes need together on one core."""
    parts: dict[str, list[Array]] = {}
    for tiling, box in boxes:
        parts.setdefault(tiling.population, []).append(tiling.neurons(box))
    load = Load()
    for name, found in parts.items():
        load = accountant.add(load, name, found[0] if len(found) == 1 else np.sort(np.concatenate(found)))
    return load.closed()


def pack(
    accountant: Accountant, groups: Sequence[Group], traffic: sparse.csr_array, cores: int, search: Search
) -> Array:
    """Put groups on cores.

    Parameters
    ----------
    accountant : counts what cores need; every group fits on a core of its own.
    groups : in an order in which neighbours have sources and targets in common.
    traffic : (groups, groups) messages a step.
    cores : that there are.

    Returns
    -------
    (groups,) int64 core of each, from 0 without gaps; maybe more cores than there are.
    """
    packing = _Packing(accountant, groups)
    packing.join(_neighbours(packing), search)
    pairs = sparse.coo_array(traffic + traffic.T)
    for _ in range(ROUNDS):
        if not packing.join(_senders(packing, pairs), search):
            break
    first = np.unique(packing.core)
    if first.size > cores or packing.fill[first].mean() < FULL_ENOUGH:
        packing.fill_up(search)
    return np.unique(packing.core, return_inverse=True)[1]


class _Packing:
    """Groups on their way to cores.

    Attributes
    ----------
    core : (groups,) int64, the group that each has joined.
    used : (groups, limited resources) float64, what the core of a group that others have joined needs.
    block : (groups,) int64, the block whose groups alone it holds, or `MIXED`.
    """

    def __init__(self, accountant: Accountant, groups: Sequence[Group]) -> None:
        self.accountant, self.groups = accountant, groups
        self.core = np.arange(len(groups))
        self.members = [[number] for number in range(len(groups))]
        self.block = np.array([group.block for group in groups], dtype=np.int64)
        self.layers = [frozenset(tiling.population for tiling, _ in group.boxes) for group in groups]
        limits = {name: accountant.limits[name] for name in accountant.resources}
        self.resources = tuple(name for name, limit in limits.items() if limit is not None)
        self.limits = np.array([float(limits[name] or 0) for name in self.resources])
        self.shares_sources = "input_axons" in self.resources
        self.used = np.array([self._numbers(group.load) for group in groups], dtype=float)
        self.used = self.used.reshape(len(groups), len(self.resources))
        # What groups never share, so that the sum of both is what they need together; the rest only adds up for groups
        # of different layers, and input axons not even then.
        self.sums = np.array([name in ("neurons", "output_axons") for name in self.resources], dtype=bool)
        self.adds = np.array([name != "input_axons" for name in self.resources], dtype=bool)

    @property
    def fill(self) -> Array:
        """(groups,) share of the scarcest resource that is used of a core; of those that others have joined."""
        shares = np.divide(self.used, self.limits, out=np.zeros_like(self.used), where=self.used > 0)
        return np.asarray(shares.max(axis=1, initial=0.0))

    def join(self, pairs: Iterator[tuple[int, int]], search: Search) -> int:
        """Join the cores of groups where both fit on one; the number of those joined."""
        joined = 0
        for first, second in pairs:
            into, other = int(self.core[first]), int(self.core[second])
            if into != other and not search.late:
                used = self._together(into, other)
                if used is not None:
                    self._merge(into, other, used)
                    joined += 1
        return joined

    def fill_up(self, search: Search) -> None:
        """Join whatever fits, fullest cores first."""
        first = np.unique(self.core)
        fill = self.fill
        order = first[np.argsort(-fill[first], kind="stable")]
        opened: list[int] = []
        for number in order:
            if search.late:
                return
            beside = np.array(opened[-OPEN_CORES:], dtype=np.int64)
            candidates = beside[self.may_fit(beside, np.full(beside.size, number))]
            total = self.used[candidates] + self.used[number]
            shares = np.divide(total, self.limits, out=np.zeros_like(total), where=total > 0).max(axis=1, initial=0.0)
            for core in candidates[np.argsort(-np.minimum(shares, 1.0), kind="stable")][:TRIES]:
                used = self._together(int(core), int(number))
                if used is not None:
                    self._merge(int(core), int(number), used)
                    break
            else:
                opened.append(int(number))

    def may_fit(self, first: Array, second: Array) -> Array:
        """(pairs,) bool, whether it is worth counting what two cores' groups need on one."""
        fits = self.used[first] + self.used[second] <= self.limits
        mixed = (self.block[first] == MIXED) | (self.block[second] == MIXED)
        # Boxes of a layer may share a kernel; but had that made room, the layer would have been cut into larger boxes.
        return np.asarray(fits[:, self.sums].all(axis=1) & (fits[:, self.adds].all(axis=1) | mixed))

    def _together(self, first: int, second: int) -> Array | None:
        """What two cores' groups need on one; None where that is too much."""
        total: Array = self.used[first] + self.used[second]
        if (total[self.sums] > self.limits[self.sums]).any():
            return None
        if not self.layers[first].isdisjoint(self.layers[second]):
            total = self._count(self.members[first] + self.members[second])
        elif self.shares_sources:
            if (total > self.limits)[self.adds].any():
                return None
            total = self._count(self.members[first] + self.members[second])
        return None if (total > self.limits).any() else total

    def _merge(self, into: int, other: int, used: Array) -> None:
        self.core[self.members[other]] = into
        self.members[into] += self.members[other]
        self.layers[into] |= self.layers[other]
        if self.block[into] != self.block[other]:
            self.block[into] = MIXED
        self.used[into] = used

    def _count(self, members: list[int]) -> Array:
        boxes = (box for member in members for box in self.groups[member].boxes)
        return np.array(self._numbers(load_of(self.accountant, boxes)))

    def _numbers(self, load: Load) -> list[float]:
        return [float(getattr(load, name)) for name in self.resources]


def _neighbours(packing: _Packing) -> Iterator[tuple[int, int]]:
    """Groups of a block one after the other, where at least two of them have room on a core."""
    fill = packing.fill
    for number in range(1, len(packing.groups)):
        same = packing.groups[number - 1].block == packing.groups[number].block
        if same and fill[number - 1] + fill[number] <= 1:
            yield number - 1, number


def _senders(packing: _Packing, pairs: sparse.coo_array) -> Iterator[tuple[int, int]]:
    """Cores that send each other something and have room for both, those that send most first."""
    first, second = packing.core[pairs.row], packing.core[pairs.col]
    other = first < second
    size = len(packing.groups)
    keys, place = np.unique(first[other] * np.int64(size) + second[other], return_inverse=True)
    messages = np.bincount(place, weights=pairs.data[other], minlength=keys.size)
    first, second = keys // size, keys % size
    here = packing.may_fit(first, second)
    for index in np.flatnonzero(here)[np.argsort(-messages[here], kind="stable")]:
        yield int(first[index]), int(second[index])
