"""How long a step of the chip takes, from what the busiest core and the busiest link have to do.

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
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .constant import Constant
from .target import CostSet, SynapseKind

Array = NDArray[Any]
WorkKind = Literal["neurons", "synapses", "links", "barrier"]
SECONDS_PER_NANOSECOND = 1e-9


@dataclass(frozen=True, eq=False)
class StepWork:
    """What happens in some steps; a row is a step.

    Attributes
    ----------
    neurons : (cores,) neurons updated at every step.
    spikes, packets_out, packets_in : (rows, cores).
    synaptic_operations : per kind of synapse, (rows, cores).
    link_packets : (rows, links) messages over each link.
    link_times : (links, 3) ns a message, low, nominal and high.
    """

    neurons: Array
    spikes: Array
    packets_out: Array
    packets_in: Array
    synaptic_operations: Mapping[SynapseKind, Array]
    link_packets: Array
    link_times: Array


def work_times(work: StepWork, costs: CostSet, end: int, tiles: int) -> dict[WorkKind, Array]:
    """Time in seconds of each kind of work: (rows, cores), (rows, cores), (rows, links) and (1, 1).

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
        "neurons": work.neurons * (of(time.neuron_access) + of(time.neuron_update))
        + work.spikes * of(time.spike)
        + work.packets_out * of(time.packet_out),
        "synapses": synapses,
        "links": work.link_packets * work.link_times[:, end],
        "barrier": np.asarray([[time.barrier.at(tiles)[end]]]),
    }
    return {kind: SECONDS_PER_NANOSECOND * times for kind, times in nanoseconds.items()}


def busiest(times: Mapping[WorkKind, Array]) -> dict[WorkKind, Array]:
    """(rows,) the time of each kind of work at its busiest core or link."""
    rows = times["neurons"].shape[0]
    # A mesh of one tile has no link, hence the initial 0.
    return {kind: np.broadcast_to(part.max(axis=1, initial=0.0), (rows,)) for kind, part in times.items()}


def step_times(times: Mapping[WorkKind, Array], costs: CostSet) -> Array:
    """(rows,) s."""
    longest = busiest(times)
    if costs.step_time_model == "sum":
        return np.asarray(np.maximum(longest["neurons"], longest["synapses"]) + longest["barrier"])
    return np.asarray(np.max(list(longest.values()), axis=0))
