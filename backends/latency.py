"""Time of a step, of a sample alone and of samples back to back, from what the busiest core and link have to do.

In every step a core does two kinds of work side by side:

    neuron work  = neurons * (access + update) + spikes * spike + packets out * packet out       (it sends)
    synapse work = packets in * packet in + synaptic operations * their kind's                   (it receives)

and the step ends for all cores at once, at the barrier. With the step time model of the target's account:

    sum      step = max over cores of max(neuron work, synapse work) + barrier
    maximum  step = max(busiest core's neuron work, busiest core's synapse work, busiest link, barrier)

"sum" is the form to which the constants of Loihi 1 were fitted: within a kind of work, operations take their turns;
sending and receiving overlap; the way over the mesh takes no time of its own. "maximum" is the form of Timcheck et al.
2026 for Loihi 2; the rate of a link is its hop's time for every packet, and memory reads, for which no constant is
known, are within the synaptic operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..mapping.constant import Bounds, Constant, Kind
from ..mapping.routing.mesh import Link
from ..mapping.target import CostSet, TimeCosts
from .energy import SYNAPSE_KINDS, is_east_west
from .run import Counters

Array = NDArray[Any]
Work = Literal["neurons", "synapses", "links", "barrier"]

SECONDS_PER_NANOSECOND = 1e-9
DEPENDENT = ("synaptic_operation", "barrier")  # constants that depend on the kind of synapse, and on the tiles in use


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
    work : "neurons" (access, update, spikes, packets out), "synapses" (packets in, synaptic operations), "links" or
        "barrier".
    share : of the sample's time, 0 to 1: the steps that this work determines; with "sum", where every step consists
        of work and barrier, their parts in it.
    core : the logical core that does this work for most of that time; None for links and the barrier.
    link : the busiest link, from tile to tile (chip, column, row), where `work` is "links".
    """

    work: Work
    share: float
    core: int | None = None
    link: Link | None = None


@dataclass(frozen=True)
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
    """

    step_time: Bounds
    latency: Bounds
    throughput: Bounds
    bound_by: Bottleneck
    terms: tuple[TimeTerm, ...]


@dataclass(frozen=True, eq=False)
class _Load:
    """What happens in each step, mean over samples; fields as in `Counters`, `link_packets` a step."""

    neurons: Array
    spikes: Array
    packets_out: Array
    packets_in: Array
    synaptic_operations: Mapping[str, Array]
    link_packets: Array


def time_sample(counters: Counters, costs: CostSet, *, tiles: int, period: int) -> Timing:
    """Time of a mean sample.

    The counters are sums over samples, so that a step's work is that of the mean sample, and a link's packets are
    spread evenly over the steps. The mean of a maximum is at least the maximum of the means: where samples differ in
    which core is busiest, or a link's packets come in bursts, the chip takes longer than this.

    Parameters
    ----------
    tiles : number of tiles in use.
    period : steps from the start of a sample to the start of the next when they stream. What deep layers do for one
        sample then shares its steps with what the first layers do for the next.
    """
    alone = _Load(
        counters.neuron_updates,
        counters.spikes / counters.samples,
        counters.packets_out / counters.samples,
        counters.packets_in / counters.samples,
        {kind: counts / counters.samples for kind, counts in counters.synaptic_operations.items()},
        counters.link_packets / (counters.samples * counters.rows),
    )
    streamed = _overlap(alone, period)
    east_west = is_east_west(counters)
    times = [_time_work(alone, costs, end, tiles, east_west) for end in range(3)]
    latency = Bounds(*(float(_step_times(work, costs).sum()) for work in times))
    periods = [float(_step_times(_time_work(streamed, costs, end, tiles, east_west), costs).sum()) for end in range(3)]
    low, nominal, high = (1 / time if time else float("inf") for time in reversed(periods))
    return Timing(
        Bounds(*(time / counters.rows for time in latency)),
        latency,
        Bounds(low, nominal, high),
        _find_bottleneck(times[1], costs, counters),
        _time_terms(costs.time, counters, tiles),
    )


def _overlap(load: _Load, period: int) -> _Load:
    """Every `period` steps a sample starts: rows that many steps apart happen in the same step of the chip."""

    def fold(rows: Array) -> Array:
        result = np.zeros((period, rows.shape[1]))
        np.add.at(result, np.arange(rows.shape[0]) % period, rows)
        return result

    return replace(
        load,
        spikes=fold(load.spikes),
        packets_out=fold(load.packets_out),
        packets_in=fold(load.packets_in),
        synaptic_operations={kind: fold(counts) for kind, counts in load.synaptic_operations.items()},
        link_packets=load.link_packets * (load.spikes.shape[0] / period),
    )


def _time_work(load: _Load, costs: CostSet, end: int, tiles: int, east_west: Array) -> dict[Work, Array]:
    """Time in seconds of each kind of work, (rows, cores), (rows, cores), (1, links) and (1, 1).

    Parameters
    ----------
    end : which of an operation's bounds to take: 0 low, 1 nominal, 2 high.
    """
    time = costs.time

    def of(constant: Constant) -> float:
        return constant.bounds[end]

    synapses = load.packets_in * of(time.packet_in)
    for kind in SYNAPSE_KINDS:
        if kind in load.synaptic_operations:
            synapses = synapses + load.synaptic_operations[kind] * of(time.synaptic_operation.of(kind))
    nanoseconds: dict[Work, Array] = {
        "neurons": load.neurons * (of(time.neuron_access) + of(time.neuron_update))
        + load.spikes * of(time.spike)
        + load.packets_out * of(time.packet_out),
        "synapses": synapses,
        "links": (load.link_packets * np.where(east_west, of(time.hop_east_west), of(time.hop_north_south)))[None],
        "barrier": np.asarray([[time.barrier.at(tiles)[end]]]),
    }
    return {work: SECONDS_PER_NANOSECOND * times for work, times in nanoseconds.items()}


def _busiest(work: Mapping[Work, Array]) -> dict[Work, Array]:
    """(rows,) the time of each kind of work at its busiest core or link."""
    rows = work["neurons"].shape[0]
    # A mesh of one tile has no link, hence the initial 0.
    return {name: np.broadcast_to(times.max(axis=1, initial=0.0), (rows,)) for name, times in work.items()}


def _step_times(work: Mapping[Work, Array], costs: CostSet) -> Array:
    """(rows,) s."""
    busiest = _busiest(work)
    if costs.step_time_model == "sum":
        return np.asarray(np.maximum(busiest["neurons"], busiest["synapses"]) + busiest["barrier"])
    return np.asarray(np.max(list(busiest.values()), axis=0))


def _find_bottleneck(work: Mapping[Work, Array], costs: CostSet, counters: Counters) -> Bottleneck:
    busiest = _busiest(work)
    summed = costs.step_time_model == "sum"
    rivals: list[Work] = ["neurons", "synapses"] if summed else ["neurons", "synapses", "links", "barrier"]
    longest = np.argmax([busiest[name] for name in rivals], axis=0)
    # (rows,) per kind of work: the time by which it makes each step longer.
    spent = {name: np.where(longest == index, busiest[name], 0.0) for index, name in enumerate(rivals)}
    if summed:
        spent["barrier"] = busiest["barrier"]
    name = max(spent, key=lambda rival: float(spent[rival].sum()))
    time = float(sum(part.sum() for part in spent.values()))
    share = float(spent[name].sum()) / time if time else 1.0
    if name == "links":
        return Bottleneck(name, share, link=counters.links[int(work[name][0].argmax())])
    if name == "barrier":
        return Bottleneck(name, share)
    by_core = np.bincount(work[name].argmax(axis=1), weights=spent[name])
    return Bottleneck(name, share, core=int(by_core.argmax()))


def _time_terms(time: TimeCosts, counters: Counters, tiles: int) -> tuple[TimeTerm, ...]:
    constants: dict[str, Constant] = {
        f"synaptic_operation_{kind}": time.synaptic_operation.of(kind)
        for kind in SYNAPSE_KINDS
        if kind in counters.synaptic_operations
    }
    constants |= {name: getattr(time, name) for name in TimeCosts.model_fields if name not in DEPENDENT}
    return (
        *(TimeTerm(name, constant.bounds, constant.kind, constant.source) for name, constant in constants.items()),
        TimeTerm("barrier", time.barrier.at(tiles), time.barrier.kind, time.barrier.source),
    )
