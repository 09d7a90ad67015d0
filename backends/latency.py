"""Time of a step, of a sample alone and of samples back to back, from what the busiest core and link have to do.

How long a step takes follows from the work of its busiest core and link; see `mapping/step_time.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping.constant import Bounds, Constant, Kind
from ..mapping.routing.mesh import Link
from ..mapping.step_time import RIVALS, StepWork, WorkKind, busiest, core_times, slowdown, step_times, work_times
from ..mapping.synapse_formats import SYNAPSE_KINDS
from ..mapping.target import CostSet, TimeCosts
from ..mapping.topology import Topology
from .hop_costs import hop_constants, link_kinds
from .run import Counters

Array = NDArray[Any]

# Constants that depend on the kind of synapse, on the tiles in use, and on the links.
DEPENDENT = ("synaptic_operation", "barrier", "hop_east_west", "hop_north_south")


@dataclass(frozen=True)
class TimeTerm:
    """The time of one operation.

    Attributes
    ----------
    name : the operation as in `TimeCosts`; a synaptic operation is followed by its kind of synapse.
    constant : ns an operation.
    kind, source : where the constant comes from, see `Constant`.
    """

    name: str
    constant: Bounds
    kind: Kind
    source: str


@dataclass(frozen=True)
class Bottleneck:
    """What most of a sample's time is spent on, by nominal times.

    Attributes
    ----------
    work : "neurons" (access, update, spikes, packets out), "synapses" (packets in, synaptic operations), "memory",
        "links" or "barrier".
    share : of the sample's time, 0 to 1: the steps that this work determines; where every step consists of work and
        barrier ("sum", "serial"), their parts in it. With a clock, that of the barrier is what the cores wait.
    core : the logical core that does this work for most of that time; None for links and the barrier.
    link : the same of links, from tile to tile (chip, column, row), where `work` is "links".
    """

    work: WorkKind
    share: float
    core: int | None = None
    link: Link | None = None


@dataclass(frozen=True, eq=False)
class Timing:
    """Time of a mean sample.

    Attributes
    ----------
    step_time : s, mean over the steps of a sample that passes alone.
    latency : s from a sample's first step to the end of its last, when the deepest layer is done; the sample passes
        alone.
    throughput : samples/s when they stream back to back.
    bound_by : what the steps of a sample that passes alone wait for.
    terms : the constants.
    by_step : (rows,) s, nominal: each step of a sample that passes alone.
    of_cores : (cores,) s, nominal: how long each core works in the mean of these steps.
    slowdown : with a clock, how many of its periods a step takes, low, nominal and high; else None.
    """

    step_time: Bounds
    latency: Bounds
    throughput: Bounds
    bound_by: Bottleneck
    terms: tuple[TimeTerm, ...]
    by_step: Array
    of_cores: Array
    slowdown: Bounds | None = None


def time_sample(counters: Counters, costs: CostSet, topology: Topology, *, tiles: int, period: int) -> Timing:
    """Time of a mean sample.

    The counters are sums over samples, so that a step's work is that of the mean sample. The mean of a maximum is at
    least the maximum of the means: where samples differ in which core or link is busiest, the chip takes longer than
    this.

    Parameters
    ----------
    topology : of the target that it ran on.
    tiles : number of tiles in use.
    period : steps from the start of a sample to the start of the next when they stream. What deep layers do for one
        sample then shares its steps with what the first layers do for the next.
    """
    alone = sample_work(counters, costs, topology)
    streamed = _overlap(alone, period)
    times = [work_times(alone, costs, end, tiles) for end in range(3)]
    latency = Bounds(*(float(step_times(work, costs).sum()) for work in times))
    periods = [float(step_times(work_times(streamed, costs, end, tiles), costs).sum()) for end in range(3)]
    low, nominal, high = (1 / time if time else float("inf") for time in reversed(periods))
    return Timing(
        Bounds(*(time / counters.rows for time in latency)),
        latency,
        Bounds(low, nominal, high),
        _find_bottleneck(times[1], costs, counters),
        _time_terms(costs.time, counters, tiles, topology),
        step_times(times[1], costs),
        core_times(times[1], costs.step_time_model).mean(axis=0),
        Bounds(*(float(slowdown(work)) for work in times)) if costs.step_time_model == "clock" else None,
    )


def sample_work(counters: Counters, costs: CostSet, topology: Topology) -> StepWork:
    """What the mean sample does at each step as it passes alone."""
    active = counters.active_neurons if costs.updates == "active" else None
    return StepWork(
        counters.neuron_updates,
        counters.neuron_updates if active is None else active / counters.samples,
        counters.spikes / counters.samples,
        counters.packets_out / counters.samples,
        counters.packets_in / counters.samples,
        {
            kind: counters.synaptic_operations[kind] / counters.samples
            for kind in SYNAPSE_KINDS
            if kind in counters.synaptic_operations
        },
        counters.link_packets / counters.samples,
        link_times(counters, costs, topology),
        counters.memory_reads / counters.samples,
    )


def link_times(counters: Counters, costs: CostSet, topology: Topology) -> Array:
    """(links, 3) ns that a message takes over each link of a run, low, nominal and high."""
    constants = hop_constants(topology, costs.time.hop_east_west, costs.time.hop_north_south)
    times = np.zeros((len(counters.links), 3))
    for name, links in link_kinds(counters.links, topology).items():
        times[links] = constants[name].bounds
    return times


def _overlap(load: StepWork, period: int) -> StepWork:
    """Every `period` steps a sample starts: rows that many steps apart happen in the same step of the chip."""

    def fold(rows: Array) -> Array:
        result = np.zeros((period, rows.shape[1]))
        np.add.at(result, np.arange(rows.shape[0]) % period, rows)
        return result

    return replace(
        load,
        updated=load.updated if load.updated.ndim == 1 else fold(load.updated),
        spikes=fold(load.spikes),
        packets_out=fold(load.packets_out),
        packets_in=fold(load.packets_in),
        synaptic_operations={kind: fold(counts) for kind, counts in load.synaptic_operations.items()},
        link_packets=fold(load.link_packets),
        memory_reads=fold(load.memory_reads),
    )


def _find_bottleneck(work: Mapping[WorkKind, Array], costs: CostSet, counters: Counters) -> Bottleneck:
    model = costs.step_time_model
    longest_of = busiest(work)
    rivals = RIVALS[model]
    longest = np.argmax([longest_of[name] for name in rivals], axis=0)
    # (rows,) per kind of work: the time by which it makes each step longer.
    spent = {name: np.where(longest == index, longest_of[name], 0.0) for index, name in enumerate(rivals)}
    if model in ("sum", "serial"):
        spent["barrier"] = longest_of["barrier"]
    if model == "clock":
        spent["barrier"] = step_times(work, costs) - sum(spent.values())
    name = max(spent, key=lambda rival: float(spent[rival].sum()))
    time = float(sum(part.sum() for part in spent.values()))
    share = float(spent[name].sum()) / time if time else 1.0
    if name == "barrier":
        return Bottleneck(name, share)
    # The core or link that is the busiest for most of that time.
    where = int(np.bincount(work[name].argmax(axis=1), weights=spent[name]).argmax())
    return Bottleneck(name, share, link=counters.links[where]) if name == "links" else Bottleneck(name, share, where)


def _time_terms(time: TimeCosts, counters: Counters, tiles: int, topology: Topology) -> tuple[TimeTerm, ...]:
    constants: dict[str, Constant] = {
        f"synaptic_operation_{kind}": time.synaptic_operation.of(kind)
        for kind in SYNAPSE_KINDS
        if kind in counters.synaptic_operations
    }
    constants |= {name: getattr(time, name) for name in TimeCosts.model_fields if name not in DEPENDENT}
    if not time.memory_read.high:
        del constants["memory_read"]
    hops = hop_constants(topology, time.hop_east_west, time.hop_north_south)
    constants |= {name: hops[name] for name in link_kinds(counters.links, topology)}
    return (
        *(TimeTerm(name, constant.bounds, constant.kind, constant.source) for name, constant in constants.items()),
        TimeTerm("barrier", time.barrier.at(tiles), time.barrier.kind, time.barrier.source),
    )
