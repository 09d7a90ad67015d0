"""What a step costs, as far as the mapping decides it: the measure by which the mapper chooses.

At the given rates of spikes, with the nominal constants of the target's default account:

    dynamic energy = neurons * (access + update) + spikes * spike + synaptic operations * their kind's
                     + messages * packet + arrivals * packet in + hops * their direction's
    step time      = see `step_time.py`
    energy         = dynamic energy + ((static power + processors) * chips + power of a core * cores) * step time

Words of memory and rows are not counted here, and all neurons count as updated.
The last is what counts: it grows with every message and hop, and with whatever keeps the busiest core or link busy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .costs import JOULES_PER_PICOJOULE
from .routing.loads import LinkLoads
from .step_time import StepWork, WorkKind, busiest, step_times, work_times
from .target import Target
from .traffic.traffic import Traffic

Array = NDArray[Any]
NOMINAL = 1


@dataclass(frozen=True)
class ModelledCost:
    """Of a step, nominal.

    Attributes
    ----------
    dynamic : J.
    step_time : s.
    static : J, what the chips in use draw in that time whatever happens.
    bound_by : the work that the step waits for longest.
    """

    dynamic: float
    step_time: float
    static: float
    bound_by: WorkKind

    @property
    def energy(self) -> float:
        """J; the smaller, the better the mapping."""
        return self.dynamic + self.static


def modelled_cost(traffic: Traffic, loads: LinkLoads, target: Target, chips: int, tiles: int) -> ModelledCost:
    """Price a mapping.

    Parameters
    ----------
    traffic : what its cores do and send in a step.
    loads : what that puts on the links.
    chips, tiles : in use.
    """
    costs = target.cost_set()
    energy = costs.energy
    messages_out, operations = loads.messages_out, traffic.synaptic_operations.items()
    dynamic = (
        float(traffic.neurons.sum()) * (energy.neuron_access.value + energy.neuron_update.value)
        + float(traffic.spikes.sum()) * energy.spike.value
        + sum(
            float(part.sum()) * energy.synaptic_operation.of(kind).value
            for kind, part in traffic.synaptic_operations.items()
        )
        + float(messages_out.sum()) * energy.packet.value
        + loads.deliveries * energy.packet_in.value
        + loads.weighted_hops_east_west * energy.hop_east_west.value
        + loads.weighted_hops_north_south * energy.hop_north_south.value
    ) * JOULES_PER_PICOJOULE
    work = StepWork(
        traffic.neurons,
        traffic.neurons,
        traffic.spikes[None],
        messages_out[None],
        loads.messages_in[None],
        {kind: part[None] for kind, part in operations},
        loads.packets[None],
        loads.link_times(target),
    )
    times = work_times(work, costs, NOMINAL, tiles)
    step = float(step_times(times, costs)[0])
    longest = {kind: float(part[0]) for kind, part in busiest(times).items()}
    power = target.topology.chips_in_use(chips, tiles) * (costs.power.static.value + costs.power.processors.value)
    static = (power + traffic.neurons.size * costs.power.core.value) * step
    return ModelledCost(dynamic, step, static, max(longest, key=lambda kind: longest[kind]))
