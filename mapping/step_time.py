"""How long a step of the chip takes, from what the busiest core and the busiest link have to do.

In every step a core does two kinds of work, and its memory a third:

    neuron work  = neurons * access + active neurons * update + spikes * spike + packets out * packet out     (sends)
    synapse work = packets in * packet in + synaptic operations * their kind's                  (receives)
    memory work  = words of synaptic memory * memory read

The step ends for all cores at once, at the barrier. With the step time model of the target's account:

    sum      step = max over cores of max(neuron work, synapse work + memory work) + barrier
    maximum  step = max(busiest core's neuron work, its synapse work, its memory work, busiest link, barrier)
    serial   step = max over cores of (neuron work + synapse work + memory work) + barrier
    clock    step = period * ceil(max over steps and cores of (neuron, synapse and memory work) / period)

"sum" is the form to which the constants of Loihi 1 were fitted: within a kind of work, operations take their turns;
sending and receiving overlap; the way over the mesh takes no time of its own. "maximum" is the form of Timcheck et al.
2026 for Loihi 2; the rate of a link is its hop's time for every packet. "serial" is for processors that do everything
themselves, one after the other, and "clock" for those among them whose steps keep to a clock: SpiNNaker's steps begin
every millisecond, or every so many milliseconds if that is too short for the busiest of all steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .constant import Constant
from .costs import StepTimeModel
from .target import CostSet, SynapseKind

Array = NDArray[Any]
WorkKind = Literal["neurons", "synapses", "memory", "links", "barrier"]
SECONDS_PER_NANOSECOND = 1e-9
# What may bind a step, by model; with "sum" and "serial" the barrier comes on top.
RIVALS: dict[StepTimeModel, tuple[WorkKind, ...]] = {
    "sum": ("neurons", "synapses"),
    "maximum": ("neurons", "synapses", "memory", "links", "barrier"),
    "serial": ("neurons", "synapses", "memory"),
    "clock": ("neurons", "synapses", "memory"),
}


def _no_reads() -> Array:
    return np.zeros((1, 1))


@dataclass(frozen=True, eq=False)
class StepWork:
    """What happens in some steps; a row is a step.

    Attributes
    ----------
    neurons : (cores,) neurons that are served at every step.
    updated : (cores,) or (rows, cores), those that are updated as well; see `CostSet.updates`.
    spikes, packets_out, packets_in : (rows, cores).
    synaptic_operations : per kind of synapse, (rows, cores).
    link_packets : (rows, links) messages over each link.
    link_times : (links, 3) ns a message, low, nominal and high.
    memory_reads : (rows, cores) words; (1, 1) zero where they are not known.
    """

    neurons: Array
    updated: Array
    spikes: Array
    packets_out: Array
    packets_in: Array
    synaptic_operations: Mapping[SynapseKind, Array]
    link_packets: Array
    link_times: Array
    memory_reads: Array = field(default_factory=_no_reads)


def work_times(work: StepWork, costs: CostSet, end: int, tiles: int) -> dict[WorkKind, Array]:
    """Time in seconds of each kind of work: (rows, cores) three times, (rows, links) and (1, 1).

    Parameters
    ----------
    end : which of an operation's bounds to take: 0 low, 1 nominal, 2 high.
    tiles : number of tiles in use, on which the barrier depends.
    """
    time = costs.time

    def of(constant: Constant) -> float:
        return constant.bounds[end]

    synapses = work.packets_in * of(time.packet_in)
    for kind, operations in work.synaptic_operations.items():
        synapses = synapses + operations * of(time.synaptic_operation.of(kind))
    nanoseconds: dict[WorkKind, Array] = {
        "neurons": work.neurons * of(time.neuron_access)
        + work.updated * of(time.neuron_update)
        + work.spikes * of(time.spike)
        + work.packets_out * of(time.packet_out),
        "synapses": synapses,
        "memory": work.memory_reads * of(time.memory_read),
        "links": work.link_packets * work.link_times[:, end],
        "barrier": np.asarray([[time.barrier.at(tiles)[end]]]),
    }
    return {kind: SECONDS_PER_NANOSECOND * times for kind, times in nanoseconds.items()}


def busiest(times: Mapping[WorkKind, Array]) -> dict[WorkKind, Array]:
    """(rows,) the time of each kind of work at its busiest core or link."""
    rows = times["neurons"].shape[0]
    # A mesh of one tile has no link, hence the initial 0.
    return {kind: np.broadcast_to(part.max(axis=1, initial=0.0), (rows,)) for kind, part in times.items()}


def core_times(times: Mapping[WorkKind, Array], model: StepTimeModel) -> Array:
    """(rows, cores) s, how long each core works in each step."""
    receiving = times["synapses"] + times["memory"]
    if model == "sum":
        return np.asarray(np.maximum(times["neurons"], receiving))
    if model == "maximum":
        return np.asarray(np.maximum(np.maximum(times["neurons"], times["synapses"]), times["memory"]))
    return np.asarray(times["neurons"] + receiving)


def step_times(times: Mapping[WorkKind, Array], costs: CostSet) -> Array:
    """(rows,) s."""
    model = costs.step_time_model
    longest = core_times(times, model).max(axis=1, initial=0.0)
    barrier = float(times["barrier"][0, 0])
    if model == "maximum":
        return np.asarray(np.maximum(np.maximum(longest, times["links"].max(axis=1, initial=0.0)), barrier))
    if model == "clock":
        return np.full(longest.size, barrier * slowdown(times))
    return np.asarray(longest + barrier)


def slowdown(times: Mapping[WorkKind, Array]) -> int:
    """How many periods of the clock a step takes, at least 1, for the busiest core to be done in every step."""
    period = float(times["barrier"][0, 0])
    longest = float(core_times(times, "clock").max(initial=0.0))
    return max(1, int(np.ceil(longest / period))) if period else 1
