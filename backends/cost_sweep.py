"""The costs of a run by many accounts at once, from its counters alone: the counts are summed up only once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping.costs import JOULES_PER_PICOJOULE
from ..mapping.mapping import Mapping
from ..mapping.step_time import StepWork, step_times, work_times
from ..mapping.target import CostSet, Target
from .energy import energy_terms, operation_costs
from .latency import link_times, sample_work
from .run import Counters

Array = NDArray[Any]
ENDS = range(3)


@dataclass(frozen=True, eq=False)
class Prices:
    """Low, nominal and high of each account, all (accounts, 3).

    Attributes
    ----------
    dynamic, chip_total : J a sample.
    latency : s, of a sample that passes alone.
    """

    dynamic: Array
    chip_total: Array
    latency: Array


class Sweep:
    """A run that is to be priced by many accounts; each price is that of `estimate`."""

    def __init__(self, counters: Counters, mapping: Mapping, target: Target) -> None:
        self._counters, self._target = counters, target
        tiles = {(place.chip, place.column, place.row) for place in mapping.places}
        chips = {place.chip for place in mapping.places}
        self._tiles, self._cores = len(tiles), mapping.cores
        self._chips = target.topology.chips_in_use(len(chips), len(tiles))
        # By whether all neurons count as updated, or those that are active.
        self._counts: dict[str, dict[str, float]] = {}
        self._works: dict[str, StepWork] = {}

    def prices(self, accounts: Sequence[CostSet]) -> Prices:
        """Price the run by each account."""
        latency = np.asarray([self._latency(account) for account in accounts]).reshape(-1, 3)
        dynamic = np.asarray([self._dynamic(account) for account in accounts]).reshape(-1, 3)
        power = np.asarray([self._power(account) for account in accounts]).reshape(-1, 3)
        return Prices(dynamic, dynamic + power * latency, latency)

    def _dynamic(self, account: CostSet) -> Array:
        topology = self._target.topology
        if account.updates not in self._counts:
            # With a cost for every operation, no term is left out.
            terms = energy_terms(self._counters, account, topology, every=True)
            self._counts[account.updates] = {term.name: term.count_per_sample for term in terms}
        constants = operation_costs(account.energy, topology)
        counts = self._counts[account.updates]
        picojoules = sum(count * np.asarray(constants[name].bounds) for name, count in counts.items())
        return np.asarray(picojoules) * JOULES_PER_PICOJOULE

    def _power(self, account: CostSet) -> Array:
        power = account.power
        chip = np.asarray(power.static.bounds) + power.processors.bounds
        return np.asarray(self._chips * chip + self._cores * np.asarray(power.core.bounds))

    def _latency(self, account: CostSet) -> list[float]:
        topology = self._target.topology
        if account.updates not in self._works:
            self._works[account.updates] = sample_work(self._counters, account, topology)
        work = self._works[account.updates]
        if account.step_time_model == "maximum":  # the others do not wait for links
            work = replace(work, link_times=link_times(self._counters, account, topology))
        return [float(step_times(work_times(work, account, end, self._tiles), account).sum()) for end in ENDS]
