"""What a sample costs on SpiNNaker 2: parts that run event by event, parts on the array, rows from external memory.

Everything but the synapses on the array is priced by the target's account, as on any chip. The array adds

    energy = cycles * energy of a cycle + operations * energy of a multiply-accumulate operation
    time   = cycles / frequency, at every step, whether or not anything spiked

and a row from external memory adds the cycles to fetch it, and the energy and time of its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mapping.constant import Bounds, Constant, Kind
from ...mapping.processing_element import ProcessingElement, SupplyPoint
from ..breakdown import break_down
from ..energy import Term
from ..estimate import NOTHING_KNOWN, Estimate, estimate
from ..latency import TimeTerm
from ..program import Program
from ..run import Counters, LayerCounts
from ..system_costs import SystemCosts, system_energy
from .array_products import product_cycles
from .execution import NANOSECONDS_PER_CYCLE, Plan
from .step_times import AddedTime, Pace, paced, time_sample

Array = NDArray[Any]
ON_ARRAY = "synaptic_operation_array_"


def price(
    plan: Plan,
    counters: Counters,
    program: Program,
    element: ProcessingElement,
    *,
    costs: str,
    pace: Pace = "accelerated",
    system: SystemCosts = NOTHING_KNOWN,
) -> Estimate:
    """Estimate what a mean sample costs.

    Parameters
    ----------
    plan : how each part runs.
    counters : of the program's run, for which the plan was made.
    element : what the program's target says of its elements.
    costs : name of the account, and of its supply.
    pace : whether steps follow each other as soon as all elements are done, or as time goes.
    system : what the user knows beyond the chip.
    """
    target, supply = program.target, element.supply_point(costs)
    account = paced(target.cost_set(costs), pace, element.tick)
    events = event_based(counters, plan)
    plain = estimate(events, program.mapping, target, period=program.period, costs=costs, system=system)
    places = program.mapping.places
    tiles = len({(place.chip, place.column, place.row) for place in places})
    added = _added_time(plan, program, element, supply)
    timing = time_sample(events, added, account, tiles=tiles, period=program.period)
    terms = (
        *plain.energy_terms,
        *array_terms(plan, counters, element, supply),
        *external_terms(plan, counters, element, supply),
    )
    static = tuple(replace(term, time=timing.latency) for term in plain.static_terms)
    return replace(
        plain,
        energy_terms=terms,
        static_terms=static,
        breakdown=break_down(terms, static, counters.by_layer),
        system=system_energy(system, account.power, static, counters, timing.latency),
        timing=timing,
        notes=_notes(account.description, pace),
    )


def event_based(counters: Counters, plan: Plan) -> Counters:
    """The counters without the synaptic operations that the array does."""
    by_step = {kind: counts.copy() for kind, counts in counters.synaptic_operations.items()}
    by_layer = {name: counts.copy() for name, counts in counters.by_layer.counts.items()}
    layers = counters.by_layer.layers
    for choice in plan.choices:
        if choice.way == "array":
            part = choice.part
            added = plan.activity[part.projection].synapses[:, part.core]
            by_step[part.kind][:, part.core] -= added
            by_layer[f"synaptic_operation_{part.kind}"][layers.index(part.layer), part.core] -= int(added.sum())
    return replace(
        counters,
        synaptic_operations=MappingProxyType(by_step),
        by_layer=LayerCounts(layers, MappingProxyType(by_layer), counters.by_layer.neurons),
    )


def array_terms(plan: Plan, counters: Counters, element: ProcessingElement, supply: SupplyPoint) -> tuple[Term, ...]:
    """The energy of the array's products, by layer and core; the array computes one at every step."""
    array, by_layer = element.array, counters.by_layer
    found: dict[str, Array] = {}
    for choice in plan.choices:
        product = choice.part.product
        if choice.way != "array" or product is None:
            continue
        operation = "convolution" if product.convolution else "dense"
        numbers = {
            "start": 1,
            "output": product.outputs,
            "input": product.inputs,
            f"{'wide_' if product.wide else ''}product_{operation}": product.products,
        }
        place = by_layer.layers.index(choice.part.layer), choice.part.core
        for name, number in numbers.items():
            counts = found.setdefault(name, np.zeros_like(by_layer.neurons))
            counts[place] += number * counters.rows * counters.samples
    constants = {"start": array.start, "output": array.output, "input": array.input}
    terms = []
    for name, counts in found.items():
        if name in constants:
            terms.append(_cycle_term(f"{ON_ARRAY}{name}", counts, counters.samples, constants[name], supply))
            continue
        each = array.convolution_product if name.endswith("convolution") else array.dense_product
        wide = name.startswith("wide")
        cycles = product_cycles(each.bounds, array, wide)
        operation_energy = product_cycles(supply.multiply_accumulate.bounds, array, wide)
        energy = zip(cycles, supply.cycle.bounds, operation_energy, strict=True)
        constant = Bounds(*(cycle * picojoules + more for cycle, picojoules, more in energy))
        source = _sources((each, supply.cycle, supply.multiply_accumulate))
        terms.append(Term(f"{ON_ARRAY}{name}", counts, counters.samples, constant, "derived", source))
    return tuple(terms)


def external_terms(plan: Plan, counters: Counters, element: ProcessingElement, supply: SupplyPoint) -> tuple[Term, ...]:
    """The energy of fetching rows from external memory, by layer and core."""
    memory, by_layer = element.external_memory, counters.by_layer
    rows, read = np.zeros((2, *by_layer.neurons.shape), dtype=np.int64)
    for choice in plan.choices:
        if choice.way == "event_based_external":
            part = choice.part
            place = by_layer.layers.index(part.layer), part.core
            fetched = int(plan.activity[part.projection].rows[:, part.core].sum())
            rows[place] += fetched
            read[place] += fetched * part.row_bytes
    if not rows.any():
        return ()
    constant = memory.byte_energy
    return (
        _cycle_term("row_external", rows, counters.samples, memory.row_start, supply),
        Term("memory_read_external", read, counters.samples, constant.bounds, constant.kind, constant.source),
    )


def _cycle_term(
    name: str,
    counts: Array,
    samples: int,
    cycles: Constant,
    supply: SupplyPoint,
    prefix: str = "synaptic_operation_array_",
) -> Term:
    constant = Bounds(*(number * energy for number, energy in zip(cycles.bounds, supply.cycle.bounds, strict=True)))
    kind: Kind = "assumed" if cycles.kind == "assumed" else "derived"
    return Term(name, counts, samples, constant, kind, _sources((cycles, supply.cycle)))


def _sources(constants: Iterable[Constant]) -> str:
    return "; times ".join(dict.fromkeys(constant.source for constant in constants))


def _added_time(plan: Plan, program: Program, element: ProcessingElement, supply: SupplyPoint) -> AddedTime:
    cores, memory = program.mapping.cores, element.external_memory
    steps = max((activity.rows.shape[0] for activity in plan.activity.values()), default=program.steps)
    every_step, fetched, read = np.zeros((cores, 3)), np.zeros((steps, cores)), np.zeros((steps, cores))
    for choice in plan.choices:
        part = choice.part
        if choice.way == "array" and part.product is not None:
            every_step[part.core] += np.asarray(part.product.cycles(element.array)) * supply.seconds(1)
        elif choice.way == "event_based_external":
            rows = plan.activity[part.projection].rows[:, part.core] / plan.samples
            fetched[:, part.core] += rows
            read[:, part.core] += rows * part.row_bytes
    fetching = np.multiply.outer(fetched, np.asarray(memory.row_start.bounds) * supply.seconds(1))
    fetching += np.multiply.outer(_waited_for(read, program), np.asarray(memory.byte_time.bounds) * 1e-9)
    array, nanoseconds = element.array, NANOSECONDS_PER_CYCLE / supply.frequency.value
    constants = {
        "array_start": array.start,
        "array_output": array.output,
        "array_input": array.input,
        "array_product_dense": array.dense_product,
        "array_product_convolution": array.convolution_product,
    }
    terms = tuple(
        TimeTerm(name, Bounds(*(cycles * nanoseconds for cycles in constant.bounds)), "derived", constant.source)
        for name, constant in constants.items()
    )
    return AddedTime(every_step, fetching, terms)


def _waited_for(read: Array, program: Program) -> Array:
    """(rows, cores) bytes that each element waits for: an external memory serves all elements of its chip by turns.

    Parameters
    ----------
    read : (rows, cores) bytes that each reads itself.
    """
    chip_of = np.asarray([place.chip for place in program.mapping.places])
    result = np.zeros_like(read)
    for chip in np.unique(chip_of):
        there = chip_of == chip
        result[:, there] = np.where(read[:, there] > 0, read[:, there].sum(axis=1, keepdims=True), 0.0)
    return result


def _notes(description: str, pace: Pace) -> tuple[str, ...]:
    paces = {
        "accelerated": "Steps follow each other as soon as all elements are done, which no published software does: it "
        "is assumed that this can be told within the barrier's time.",
        "real_time": "Steps are a tick of the clock, or as many of them as the busiest step needs.",
    }
    ways = (
        "Each part of a layer runs event by event or on the array for the whole run, whichever takes fewer cycles in a "
        "mean step. Cycles of the array are those of a prototype."
    )
    return (
        f"Constants: {description}.",
        "Not included: the external memory's own power, the host, and getting input onto the chip and answers off it.",
        "Elements that are not in use are off; those in use sleep where they wait.",
        ways,
        "Neurons compute the program's own integers, in software; what a neuron's update takes is assumed.",
        paces[pace],
    )
