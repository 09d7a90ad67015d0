"""What a report says of a program on SpiNNaker 2: how each layer runs, and what a sample costs at each supply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from ...mapping.processing_element import ProcessingElement, SupplyPoint
from ...mapping.target import CostSet
from ...models.errors import UsageError
from ..estimate import NOTHING_KNOWN, Estimate
from ..program import Program
from ..run import Counters
from ..system_costs import SystemCosts
from .execution import Choice, Plan, event_cycles, plan_execution
from .layer_parts import find_parts
from .pricing import price
from .step_times import Pace

Array = NDArray[Any]


def element_of(program: Program) -> ProcessingElement:
    """What a program's target says of its elements.

    Raises
    ------
    UsageError : it says nothing of them, for it is another kind of chip.
    """
    element = program.target.processing_element
    if element is None:
        raise UsageError(
            f"target {program.target.name} has no processing_element: the spinnaker2 backend runs programs that were "
            "deployed to spinnaker2, or to a target of your own that extends it"
        )
    return element


def plan_program(
    program: Program, groups: Mapping[str, Array], group_spikes: Mapping[str, Array], samples: int
) -> Plan:
    """How each part of a program runs, for what was seen in a run.

    Parameters
    ----------
    groups : per population, (neurons,) int32; see `CoreCounting.groups`.
    group_spikes : per population, (steps, groups) int, spikes of each group at each step, over all samples.
    samples : number of samples in the sums.

    Raises
    ------
    UsageError : see `element_of`.
    """
    element = element_of(program)
    parts = find_parts(program, element.array, groups)
    return plan_execution(parts, parts.activity(group_spikes), samples, element)


def estimate_at(
    plan: Plan,
    counters: Counters,
    program: Program,
    *,
    costs: str | None = None,
    pace: Pace = "accelerated",
    system: SystemCosts = NOTHING_KNOWN,
) -> Estimate:
    """What a mean sample costs with one of the target's accounts, its default where None; see `price`."""
    name = program.target.costs.default if costs is None else costs
    program.target.cost_set(name)  # its own message for a name that does not exist
    return price(plan, counters, program, element_of(program), costs=name, pace=pace, system=system)


def spinnaker2_section(plan: Plan, counters: Counters, program: Program) -> dict[str, Any]:
    """The section of a report, as JSON can hold it: layers, memory, and each supply at both paces."""
    element, target = element_of(program), program.target
    account, supply = target.cost_set(), element.supply_point(target.costs.default)
    return {
        "projections": [
            _projection(name, [choice for choice in plan.choices if choice.part.projection == name], account, supply)
            for name in dict.fromkeys(choice.part.projection for choice in plan.choices)
        ],
        "memory": {
            "largest_bits": int(plan.memory_bits.max(initial=0)),
            "total_bits": int(plan.memory_bits.sum()),
            "limit_bits": target.limits.of("memory_bits"),
        },
        "problems": [problem.as_dict() for problem in plan.problems],
        "supplies": {
            name: {pace: _cost(plan, counters, program, name, pace) for pace in ("accelerated", "real_time")}
            for name in target.costs.sets
            if name in element.supply
        },
    }


def break_even(choices: list[Choice], account: CostSet, supply: SupplyPoint) -> float | None:
    """The share of a projection's synapses with an event in a step above which the array takes fewer cycles.

    For spikes that is the share of its sources that spike in a step, each with as many synapses. Above 1, events are
    always faster. None where the array cannot compute the projection.
    """
    if any(choice.part.product is None for choice in choices):
        return None
    events = sum(choice.part.synapses * event_cycles(choice.part, account, supply) for choice in choices)
    return sum(choice.cycles["array"] for choice in choices) / events if events else None


def _projection(name: str, choices: list[Choice], account: CostSet, supply: SupplyPoint) -> dict[str, Any]:
    parts = [choice.part for choice in choices]
    obstacle = parts[0].obstacle
    events = sum(choice.cycles["event_based"] for choice in choices)
    synapses = sum(part.synapses * event_cycles(part, account, supply) for part in parts)
    return {
        "projection": name,
        "layer": parts[0].layer,
        "elements": len(parts),
        "elements_by_way": {
            way: sum(choice.way == way for choice in choices)
            for way in ("event_based", "array", "event_based_external")
        },
        "cycles_per_step": {
            "event_based": events,
            "array": None if obstacle else sum(choice.cycles["array"] for choice in choices),
        },
        "busiest_cycles_per_step": max(choice.cycles[choice.way] for choice in choices),
        "activity": events / synapses if synapses else 0.0,
        "break_even_activity": break_even(choices, account, supply),
        "not_on_array_because": obstacle,
        "memory_bits": {
            "event_based": sum(part.row_bits for part in parts),
            "array": None if obstacle else sum(sum(choice.bits("array")) for choice in choices),
        },
    }


def _cost(plan: Plan, counters: Counters, program: Program, costs: str, pace: Pace) -> dict[str, Any]:
    result = estimate_at(plan, counters, program, costs=costs, pace=pace)
    slowdown = result.timing.slowdown
    return {
        "dynamic": result.dynamic._asdict(),
        "chip_total": result.chip_total._asdict(),
        "step_time": result.step_time._asdict(),
        "latency_per_sample": result.latency._asdict(),
        "throughput": result.throughput._asdict(),
        "bound_by": {"work": result.timing.bound_by.work, "core": result.timing.bound_by.core},
        "ticks_per_step": None if slowdown is None else slowdown._asdict(),
    }
