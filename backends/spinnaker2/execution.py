"""Whether a part of a layer runs event by event or on the array, and where its synapses lie.

A compiler decides that once for a whole run: each part of each projection runs in the way that takes its element fewer
cycles in a mean step of what was seen, as far as the element's memory has room. What finds no room is changed, the
dearest cycles for the freed bits last: another way of running, or rows that lie in the chip's external memory and are
fetched for each spike. What has no room even then is a problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...mapping.constant import Bounds
from ...mapping.problem import Problem
from ...mapping.processing_element import ProcessingElement, SupplyPoint
from ...mapping.target import CostSet
from ..program import Program
from .layer_parts import Activity, LayerPart, Parts

Array = NDArray[Any]
Way = Literal["event_based", "array", "event_based_external"]
NANOSECONDS_PER_CYCLE = 1e3  # at 1 MHz


@dataclass(frozen=True)
class Choice:
    """How a part runs.

    Attributes
    ----------
    part : see `LayerPart`.
    way : event by event with its rows in the element, on the array, or event by event with rows in external memory.
    cycles : of a mean step in the ways that are possible.
    """

    part: LayerPart
    way: Way
    cycles: Mapping[Way, float]

    def bits(self, way: Way) -> tuple[int, int]:
        """Bits that stay in the element's memory, and bits of buffers that all parts on it can share."""
        if way == "event_based":
            return self.part.row_bits, 0
        if way == "array":
            assert self.part.product is not None
            return self.part.product.matrix_bits, self.part.product.buffer_bits
        return 0, 8 * self.part.row_bytes


@dataclass(frozen=True, eq=False)
class Plan:
    """How all parts of a program run.

    Attributes
    ----------
    choices : in the order of `Parts.parts`.
    activity : per projection, what the choice was made for.
    samples : of that activity.
    memory_bits : (cores,) what each element needs; the program's own code, which the limit leaves out, is not among it.
    problems : elements whose memory is too small, and chips whose external memory is.
    """

    choices: tuple[Choice, ...]
    activity: Mapping[str, Activity]
    samples: int
    memory_bits: Array
    problems: tuple[Problem, ...]


def event_cycles(part: LayerPart, account: CostSet, supply: SupplyPoint) -> float:
    """Cycles of one synaptic event of a part, nominal."""
    return account.time.synaptic_operation.of(part.kind).value * supply.frequency.value / NANOSECONDS_PER_CYCLE


def plan_execution(parts: Parts, activity: Mapping[str, Activity], samples: int, element: ProcessingElement) -> Plan:
    """Choose a way for each part.

    Cycles of event-based execution are those of the target's default account; they are the same at all of a chip's
    supplies.

    Parameters
    ----------
    activity : of a run, see `Parts.activity`.
    samples : of that run.
    element : what the target says of its elements.
    """
    program = parts.program
    account, supply = program.target.cost_set(), element.supply_point(program.target.costs.default)
    means = {name: (part.synapses.sum(axis=0), part.rows.sum(axis=0)) for name, part in activity.items()}
    choices = []
    for part in parts.parts:
        events, rows = (float(count[part.core]) for count in means[part.projection])
        steps = samples * activity[part.projection].rows.shape[0]
        cycles: dict[Way, float] = {"event_based": events / steps * event_cycles(part, account, supply)}
        if part.product is not None:
            cycles["array"] = part.product.cycles(element.array).nominal
        fetched = rows / steps * fetch_cycles(part, element, supply).nominal
        cycles["event_based_external"] = cycles["event_based"] + fetched
        choices.append(Choice(part, min(cycles, key=lambda way: cycles[way]), cycles))
    return _fit(choices, activity, samples, program, element)


def fetch_cycles(part: LayerPart, element: ProcessingElement, supply: SupplyPoint) -> Bounds:
    """Cycles in which a row of a part comes in from external memory."""
    memory, cycle = element.external_memory, NANOSECONDS_PER_CYCLE / supply.frequency.value
    ends = zip(memory.row_start.bounds, memory.byte_time.bounds, strict=True)
    return Bounds(*(start + part.row_bytes * byte / cycle for start, byte in ends))


def _fit(
    choices: Sequence[Choice],
    activity: Mapping[str, Activity],
    samples: int,
    program: Program,
    element: ProcessingElement,
) -> Plan:
    neurons = np.zeros(program.mapping.cores, dtype=np.int64)
    for cores in program.mapping.core_of.values():
        neurons += np.bincount(cores, minlength=neurons.size)
    used = neurons * program.target.synaptic_memory.neuron_bits
    limit = program.target.limits.of("memory_bits")
    on_core: dict[int, list[Choice]] = {}
    for choice in choices:
        on_core.setdefault(choice.part.core, []).append(choice)
    problems = []
    for core, there in on_core.items():
        room = None if limit is None else limit - int(used[core])
        on_core[core] = fitted = fit_into(there, room)
        used[core] += needed(fitted)
        if limit is not None and used[core] > limit:
            largest = max(fitted, key=lambda choice: sum(choice.bits(choice.way)))
            advice = "put fewer of its neurons on a core (a lower limits.neurons), or leave it more memory"
            problems.append(Problem(largest.part.layer, "memory_bits", int(used[core]), limit, advice))
    fitted_parts = {(choice.part.projection, core): choice for core, there in on_core.items() for choice in there}
    ordered = tuple(fitted_parts[choice.part.projection, choice.part.core] for choice in choices)
    problems += _external_shortage(ordered, program, element)
    return Plan(ordered, activity, samples, used, tuple(problems))


def needed(choices: Sequence[Choice]) -> int:
    """Bits that the parts on an element take: what stays, and the largest of the buffers."""
    sizes = [choice.bits(choice.way) for choice in choices]
    return sum(stays for stays, _ in sizes) + max((buffer for _, buffer in sizes), default=0)


def fit_into(choices: Sequence[Choice], room: int | None) -> list[Choice]:
    """Change ways until the parts of an element fit, or no change frees any memory.

    Parameters
    ----------
    room : bits; None where there is no limit.
    """
    result = list(choices)
    while room is not None and (over := needed(result)) > room:
        changes = []
        for index, choice in enumerate(result):
            for way, cycles in choice.cycles.items():
                changed = [*result[:index], Choice(choice.part, way, choice.cycles), *result[index + 1 :]]
                freed = over - needed(changed)
                if freed > 0:
                    changes.append(((cycles - choice.cycles[choice.way]) / freed, index, way))
        if not changes:
            break
        _, index, way = min(changes)
        result[index] = Choice(result[index].part, way, result[index].cycles)
    return result


def _external_shortage(choices: Sequence[Choice], program: Program, element: ProcessingElement) -> list[Problem]:
    chip_of = [place.chip for place in program.mapping.places]
    taken: dict[int, int] = {}
    for choice in choices:
        if choice.way == "event_based_external":
            chip = chip_of[choice.part.core]
            taken[chip] = taken.get(chip, 0) + -(-choice.part.row_bits // 8)
    limit = element.external_memory.capacity.value
    return [
        Problem("the network", "external_memory_bytes", used, limit, "use more chips")
        for used in taken.values()
        if limit is not None and used > limit
    ]
