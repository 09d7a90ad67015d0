"""What a run costs that is stopped at any step: of every step that the chip has done by then, what was counted there.

The dynamic energy is a sum over spikes and steps: so much for every step of all neurons, and so much for every spike,
which depends on the neuron that sends it. Both are taken from the cost model, and added up to the step of the chip at
which the run is stopped. That step is later than the output's by the depth of the output: what layers before it have
done by then for later steps is lost, and counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....backends.counting import CoreCounting
from ....backends.energy import energy_terms, total
from ....backends.latency import sample_work
from ....backends.program import Program
from ....mapping.step_time import step_times, work_times

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SpikePrices:
    """Dynamic energy by what it is spent on, low, nominal and high.

    Attributes
    ----------
    step : (3,) J, of all neurons at a step of the chip at which none spikes.
    spikes : per population, inputs and constants among them, (groups, 3) J of a spike of each group of
        `CoreCounting.groups`.
    """

    step: Array
    spikes: Mapping[str, Array]

    @classmethod
    def of(cls, program: Program, counting: CoreCounting, costs: str | None) -> SpikePrices:
        """Ask the cost model for the price of every kind of spike, one by one.

        Parameters
        ----------
        costs : name of the target's account of what operations cost; its default where None.
        """
        account, topology = program.target.cost_set(costs), program.target.topology
        spikes = {
            name: np.zeros((program.steps, int(groups.max(initial=-1)) + 1), dtype=np.int64)
            for name, groups in counting.groups.items()
        }

        def energy() -> Array:
            return np.asarray(total(term.energy for term in energy_terms(counters(), account, topology)))

        def counters() -> Any:
            return counting.counters(spikes, 1)

        silent = energy()
        prices = {}
        for name, counts in spikes.items():
            prices[name] = np.zeros((counts.shape[1], 3))
            for group in range(counts.shape[1]):
                counts[0, group] = 1
                prices[name][group] = energy() - silent
                counts[0, group] = 0
        return cls(silent / counters().rows, prices)


class StoppedRuns:
    """Prices runs that are stopped.

    Parameters
    ----------
    program : of the runs.
    counting : of the program.
    prices : of its spikes.
    costs : the account that the prices are of.
    """

    def __init__(self, program: Program, counting: CoreCounting, prices: SpikePrices, costs: str | None) -> None:
        self._program, self._counting, self._prices = program, counting, prices
        self._account = program.target.cost_set(costs)
        self._tiles = len({(place.chip, place.column, place.row) for place in program.mapping.places})
        self._depths = {population.name: population.depth for population in program.network.populations}
        # Steps of the chip by which the output has done its first step, its second, and so on.
        self._rows = np.arange(1, program.steps + 1) + self._depths[program.network.output]

    def energy(self, group_spikes: Mapping[str, Array]) -> Array:
        """(steps, 3) J of a sample that is stopped at each step of the output.

        Parameters
        ----------
        group_spikes : per population, (steps, groups), spikes of this sample.
        """
        result = np.outer(self._rows, self._prices.step)
        for name, counts in group_spikes.items():
            until = np.zeros((counts.shape[0] + 1, 3))
            until[1:] = (counts @ self._prices.spikes[name]).cumsum(axis=0)
            result += until[np.clip(self._rows - self._depths[name], 0, counts.shape[0])]
        return result

    def times(self, group_spikes: Mapping[str, Array]) -> Array:
        """(steps, 3) s from the first step of a sample that passes alone to its stop at each step of the output."""
        counters = self._counting.counters(group_spikes, 1)
        work = sample_work(counters, self._account, self._program.target.topology)
        ends = [step_times(work_times(work, self._account, end, self._tiles), self._account) for end in range(3)]
        return np.asarray(np.stack(ends, axis=1).cumsum(axis=0)[self._rows - 1])
