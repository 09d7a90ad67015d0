"""Whether each processor is done with a step before the next begins, 1 ms later, and what slowdown would let it.

A processor updates its neurons and works on the spikes that come, one after the other, so that the load of a core in a
step is the sum of both times over the step's period (see `mapping.step_time`, model "clock"). A core is overloaded in a
step where that is more than 1. On the board it would then begin its next step late and in the end lose spikes; the
remedy is sPyNNaker's time scale factor: all steps of the board as many whole times longer as the busiest core needs.

Counters are sums over samples, and so their loads are those of a mean sample, which hides what a single busy sample
does. `PeakLoads` sees each sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...mapping.constant import Constant
from ...mapping.mapping import Mapping as Placement
from ...mapping.routing.routes import Routes, build_routes
from ...mapping.step_time import SECONDS_PER_NANOSECOND, StepWork, core_times, work_times
from ...mapping.synapse_formats import SYNAPSE_KINDS
from ...mapping.target import CostSet
from ...models.network import Role
from ..program import Program
from ..run import Counters

Array = NDArray[Any]
NOMINAL = 1  # of a constant's low, nominal and high


@dataclass(frozen=True)
class Overload:
    """A core that does not keep up.

    Attributes
    ----------
    core : logical core number.
    layers : populations that have neurons on it.
    step : of the sample as it passes through the board, the one with the highest load.
    load : work of that step over the period.
    steps : how many steps have a load above 1.
    """

    core: int
    layers: tuple[str, ...]
    step: int
    load: float
    steps: int


@dataclass(frozen=True, eq=False)
class RealTime:
    """How cores keep up with a clock.

    Attributes
    ----------
    period : s from step to step in real time.
    loads : (rows, cores) work of each core in each step over the period; 1 is all that there is time for.
    overloaded : highest load first.
    """

    period: float
    loads: Array
    overloaded: tuple[Overload, ...]

    @property
    def ratio(self) -> float:
        """Work of the busiest core in its busiest step over the period."""
        return float(self.loads.max(initial=0.0))

    @property
    def slowdown(self) -> int:
        """The smallest whole number of periods a step, at least 1, in which every core is done: a time scale factor."""
        return max(1, int(np.ceil(self.ratio)))

    @classmethod
    def of_work(cls, work: Array, period: float, mapping: Placement) -> RealTime:
        """From the work of each core in each step, (rows, cores) s."""
        loads = work / period
        worst = loads.max(axis=0, initial=0.0)
        overloaded = [
            Overload(
                core,
                tuple(mapping.populations_on(core)),
                int(loads[:, core].argmax()),
                float(worst[core]),
                int(np.count_nonzero(loads[:, core] > 1)),
            )
            for core in np.flatnonzero(worst > 1).tolist()
        ]
        return cls(period, loads, tuple(sorted(overloaded, key=lambda one: (-one.load, one.core))))


def mean_load(counters: Counters, mapping: Placement, costs: CostSet, end: int = NOMINAL) -> RealTime:
    """Of the mean sample.

    Parameters
    ----------
    counters : of a run.
    costs : an account with the model "clock".
    end : which of an operation's bounds to take: 0 low, 1 nominal, 2 high.
    """
    samples = max(1, counters.samples)
    operations = {kind: part / samples for kind, part in counters.synaptic_operations.items()}
    work = StepWork(
        neurons=counters.neuron_updates,
        updated=counters.neuron_updates,
        spikes=counters.spikes / samples,
        packets_out=counters.packets_out / samples,
        packets_in=counters.packets_in / samples,
        synaptic_operations={kind: operations[kind] for kind in SYNAPSE_KINDS if kind in operations},
        link_packets=counters.link_packets / samples,
        link_times=np.zeros((counters.link_packets.shape[1], 3)),
        memory_reads=counters.memory_reads / samples,
    )
    times = work_times(work, costs, end, tiles=1)
    return RealTime.of_work(core_times(times, "clock"), _period(costs), mapping)


class PeakLoads:
    """The most that any single sample gives each core to do in each step: pass `observe` to `Spinnaker1Machine.run`.

    Attributes
    ----------
    groups : for that run; see `CoreCounting.groups`.
    """

    def __init__(self, program: Program, costs: CostSet, *, routes: Routes | None = None, end: int = NOMINAL) -> None:
        self._program, self._costs = program, costs
        routes = routes or build_routes(program.network, program.target, program.mapping)
        self.groups: Mapping[str, Array] = routes.fan_out.groups
        self._effects = {name: _nanoseconds(program, routes, name, costs, end) for name in self.groups}
        neurons = np.zeros(program.mapping.cores)
        for cores in program.mapping.core_of.values():
            neurons += np.bincount(cores, minlength=neurons.size)
        self._always = neurons * _sum_of(end, costs.time.neuron_access, costs.time.neuron_update)
        rows = program.steps + max(population.depth for population in program.network.populations)
        self._peak = np.tile(self._always, (rows, 1))

    def observe(self, group_spikes: Mapping[str, Array]) -> None:
        """Take in samples.

        Parameters
        ----------
        group_spikes : per population, (samples, steps, groups): spikes of each of `groups`.
        """
        samples = next(iter(group_spikes.values())).shape[0]
        work = np.tile(self._always, (samples, self._peak.shape[0], 1))
        for population in self._program.network.populations:
            spikes, first = group_spikes[population.name], population.depth
            found = sparse.csr_array(spikes.reshape(-1, spikes.shape[2])) @ self._effects[population.name]
            work[:, first : first + spikes.shape[1]] += found.toarray().reshape(*spikes.shape[:2], -1)
        self._peak = np.maximum(self._peak, work.max(axis=0, initial=0.0))

    def result(self) -> RealTime:
        """Of the worst of all samples that were seen, for each core and step by itself."""
        work = SECONDS_PER_NANOSECOND * self._peak
        return RealTime.of_work(work, _period(self._costs), self._program.mapping)


def _nanoseconds(program: Program, routes: Routes, name: str, costs: CostSet, end: int) -> sparse.csr_array:
    """(groups, cores) CSR float64, ns that a spike of each group takes on each core."""
    fan_out, time = routes.fan_out, costs.time
    origins, cores = fan_out.origins[name], fan_out.cores
    effects = sparse.csr_array((origins.size, cores))
    for kind in SYNAPSE_KINDS:
        if name in fan_out.synapses[kind]:
            effects = effects + fan_out.synapses[kind][name] * _sum_of(end, time.synaptic_operation.of(kind))
    if name in fan_out.words:
        effects = effects + fan_out.words[name] * _sum_of(end, time.memory_read)
    sends = program.network.by_name[name].role is not Role.INPUT
    if sends:
        effects = effects + _at_home(origins, cores) * _sum_of(end, time.spike)
    if name in routes.ways:
        ways = routes.ways[name]
        messages = ways.arrivals * _sum_of(end, time.packet_in)
        if sends:
            messages = messages + _at_home(ways.origins, cores) * _sum_of(end, time.packet_out)
        effects = effects + ways.of_groups @ messages
    return sparse.csr_array(effects)


def _at_home(origins: Array, cores: int) -> sparse.csr_array:
    """(rows, cores) CSR, 1 at each row's own core."""
    ones = np.ones(origins.size)
    return sparse.csr_array((ones, origins, np.arange(origins.size + 1)), shape=(origins.size, cores))


def _sum_of(end: int, *constants: Constant) -> float:
    return float(sum(constant.bounds[end] for constant in constants))


def _period(costs: CostSet) -> float:
    return SECONDS_PER_NANOSECOND * costs.time.barrier.value
