"""What a sample costs on SpiNNaker 2: by hand, as the plain estimate has it, and as the chip was measured."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.energy import total
from spikeloom.backends.estimate import Estimate, estimate
from spikeloom.backends.program import Program
from spikeloom.backends.run import Counters
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.backends.spinnaker2.execution import Choice, Plan, Way
from spikeloom.backends.spinnaker2.section import element_of, estimate_at, plan_program, spinnaker2_section
from spikeloom.backends.spinnaker2.step_times import Pace
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision
from spikeloom.models.errors import UsageError
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire

Array = NDArray[Any]
STEPS, SAMPLES, INPUTS, HIDDEN, CLASSES = 5, 4, 200, 60, 10
ACCOUNTS = ("high_voltage", "low_voltage")


@cache
def chip() -> Target:
    return load_target("spinnaker2")


def network() -> Network:
    random = np.random.default_rng(1)

    def neurons() -> IntegerLeakyIntegrateAndFire:
        zero = np.zeros((), dtype=np.int64)
        return IntegerLeakyIntegrateAndFire(zero + 4096, zero + 100, zero + 900, zero, zero)

    def weights(*shape: int) -> Array:
        return random.integers(1, 120, shape).astype(np.int16)

    return Network(
        (
            Population("input", (INPUTS,), Role.INPUT, None, 0),
            Population("hidden", (HIDDEN,), Role.NEURON, neurons(), 1),
            Population("answer", (CLASSES,), Role.NEURON, neurons(), 2),
        ),
        (
            Projection("in", "input", "hidden", Dense(weights(HIDDEN, INPUTS))),
            Projection("out", "hidden", "answer", Dense(weights(CLASSES, HIDDEN))),
        ),
        "answer",
        integer=True,
    )


@cache
def run(rate: float) -> tuple[Program, Counters, Plan]:
    program = Program(
        network(), map_network(network(), chip()), chip(), InputCode(1.0, True, 1, False), Decision.SUM, STEPS
    )
    inputs = (np.random.default_rng(2).random((SAMPLES, STEPS, INPUTS)) < rate).astype(np.int64)
    counting = CoreCounting(program)
    spikes = Simulator(program.network).run(inputs, groups=counting.groups).group_spikes
    plan = plan_program(program, counting.groups, spikes, SAMPLES)
    return program, counting.counters(spikes, SAMPLES), plan


def running(plan: Plan, way: Way) -> Plan:
    """The same with every part running in one way."""
    return replace(plan, choices=tuple(Choice(choice.part, way, choice.cycles) for choice in plan.choices))


def priced(rate: float, way: Way | None = None, costs: str = "high_voltage", pace: Pace = "accelerated") -> Estimate:
    program, counters, plan = run(rate)
    return estimate_at(plan if way is None else running(plan, way), counters, program, costs=costs, pace=pace)


@pytest.mark.parametrize("costs", ACCOUNTS)
def test_event_based_execution_of_all_parts_costs_what_the_plain_estimate_says(costs: str) -> None:
    program, counters, _ = run(0.3)
    plain = estimate(counters, program.mapping, program.target, period=program.period, costs=costs)
    result = priced(0.3, "event_based", costs)
    assert result.dynamic == plain.dynamic
    assert result.static_terms == plain.static_terms
    assert result.latency == pytest.approx(plain.latency, rel=1e-12)
    assert result.throughput == pytest.approx(plain.throughput, rel=1e-12)


@pytest.mark.parametrize("costs", ACCOUNTS)
def test_the_array_by_hand(costs: str) -> None:
    program, counters, _ = run(0.3)
    assert program.mapping.cores == 1
    frequency, cycle, operation = {"high_voltage": (300e6, 15.0, 0.43), "low_voltage": (150e6, 8.3, 0.35)}[costs]
    result = priced(0.3, "array", costs)
    runs = STEPS + 2
    outputs, inputs = HIDDEN + CLASSES, INPUTS + HIDDEN
    products = HIDDEN * INPUTS + CLASSES * HIDDEN
    on_array = {
        term.name.removeprefix("synaptic_operation_array_"): term
        for term in result.energy_terms
        if term.name.startswith("synaptic_operation_array_")
    }
    assert {name: term.count_per_sample for name, term in on_array.items()} == {
        "start": 2 * runs,
        "output": outputs * runs,
        "input": inputs * runs,
        "product_dense": products * runs,
    }
    cycles = 74 * 2 + 5.38 * outputs + 24 * inputs + 0.13 * products
    picojoules = runs * (cycles * cycle + products * operation)
    assert total(term.energy for term in on_array.values()).nominal == pytest.approx(picojoules * 1e-12, rel=1e-9)
    account = chip().cost_set(costs)
    neurons = (HIDDEN + CLASSES) * account.time.neuron_update.value
    spikes = counters.spikes.sum() / SAMPLES * account.time.spike.value
    packets = counters.packets_in.sum() / SAMPLES * account.time.packet_in.value
    steps = runs * (neurons + account.time.barrier.value) + spikes + packets
    assert result.latency.nominal == pytest.approx(steps * 1e-9 + runs * cycles / frequency, rel=1e-9)
    assert not any(term.count_per_sample for term in result.energy_terms if term.name == "synaptic_operation_dense")


def test_rows_from_external_memory_by_hand() -> None:
    _, counters, plan = run(0.3)
    inside, outside = priced(0.3, "event_based"), priced(0.3, "event_based_external")
    more = {term.name: term for term in outside.energy_terms}
    spikes = {name: counters.layer_spikes[name] / SAMPLES for name in ("input", "hidden")}
    assert more["row_external"].count_per_sample == pytest.approx(sum(spikes.values()))
    size = {choice.part.projection: choice.part.row_bytes for choice in plan.choices}
    assert size == {"in": 60, "out": 12}  # words of 4 bytes
    read = spikes["input"] * 60 + spikes["hidden"] * 12
    assert more["memory_read_external"].count_per_sample == pytest.approx(read)
    added = sum(spikes.values()) * 100 * 15.0 + read * 244
    assert outside.dynamic.nominal - inside.dynamic.nominal == pytest.approx(added * 1e-12, rel=1e-9)
    waited = sum(spikes.values()) * 100 / 300e6 + read * 0.156e-9
    assert outside.latency.nominal - inside.latency.nominal == pytest.approx(waited, rel=1e-9)


@pytest.mark.parametrize("rate", [0.005, 0.3])
def test_the_chosen_way_is_the_fastest(rate: float) -> None:
    ways: tuple[Way, ...] = ("event_based", "array", "event_based_external")
    latencies = {way: priced(rate, way).latency.nominal for way in ways}
    chosen = priced(rate).latency.nominal
    assert chosen <= min(latencies.values()) * (1 + 1e-12)
    assert latencies["event_based"] < latencies["event_based_external"]
    assert (latencies["array"] < latencies["event_based"]) == (rate == 0.3)


@pytest.mark.parametrize("costs", ACCOUNTS)
@pytest.mark.parametrize("way", [None, "array", "event_based_external"])
def test_layers_and_cores_and_terms_add_up_to_the_same(way: Way | None, costs: str) -> None:
    result = priced(0.3, way, costs)
    for end in range(3):
        terms = sum(term.energy[end] for term in result.energy_terms)
        assert sum(energy[end] for energy in result.layer_energy.values()) == pytest.approx(terms, rel=1e-12)
        assert result.breakdown.dynamic_of_cores[:, end].sum() == pytest.approx(terms, rel=1e-12)
        assert result.dynamic[end] == pytest.approx(terms, rel=1e-12)
    assert result.dynamic.low <= result.dynamic.nominal <= result.dynamic.high
    assert result.latency.low <= result.latency.nominal <= result.latency.high


def test_in_real_time_steps_are_whole_ticks() -> None:
    program, counters, plan = run(0.3)
    result = priced(0.3, pace="real_time")
    assert result.timing.slowdown == (1, 1, 1)
    assert result.latency == pytest.approx((7e-3, 7e-3, 7e-3), rel=1e-12)
    assert result.timing.bound_by.work == "barrier"
    element = element_of(program)
    tick = element.tick.model_copy(update={"value": 20e3, "low": 20e3, "high": 20e3})
    fast = program.target.model_copy(update={"processing_element": element.model_copy(update={"tick": tick})})
    slowed = estimate_at(plan, counters, replace(program, target=fast), pace="real_time")
    assert slowed.timing.slowdown is not None and slowed.timing.slowdown.nominal > 1
    assert slowed.step_time.nominal == pytest.approx(20e-6 * slowed.timing.slowdown.nominal, rel=1e-12)
    assert slowed.step_time.nominal >= priced(0.3).step_time.nominal - 1e-6  # less the barrier
    assert result.dynamic == priced(0.3).dynamic


def test_the_lower_voltage_takes_less_energy_and_twice_the_time() -> None:
    high, low = (priced(0.3, costs=costs) for costs in ACCOUNTS)
    assert low.dynamic.nominal < high.dynamic.nominal
    assert low.latency.nominal == pytest.approx(2 * high.latency.nominal, rel=0.05)  # the barrier stays


def test_the_section_is_plain_data_and_knows_both_supplies() -> None:
    program, counters, plan = run(0.3)
    section = json.loads(json.dumps(spinnaker2_section(plan, counters, program)))
    assert set(section["supplies"]) == set(ACCOUNTS)
    assert section["problems"] == []
    (first, second) = section["projections"]
    assert (first["projection"], first["layer"], first["elements_by_way"]["array"]) == ("in", "hidden", 1)
    assert first["activity"] == pytest.approx(0.3 * STEPS / (STEPS + 2), rel=0.1)
    assert 0 < first["break_even_activity"] < first["activity"]
    assert first["cycles_per_step"]["array"] < first["cycles_per_step"]["event_based"]
    assert second["not_on_array_because"] is None
    assert section["memory"]["largest_bits"] <= section["memory"]["limit_bits"]
    nominal = section["supplies"]["low_voltage"]["accelerated"]["dynamic"]["nominal"]
    assert nominal == priced(0.3, costs="low_voltage").dynamic.nominal


def test_an_account_that_does_not_exist_is_told() -> None:
    program, counters, plan = run(0.3)
    with pytest.raises(UsageError, match="target spinnaker2 has no account 'turbo'"):
        estimate_at(plan, counters, program, costs="turbo")


@pytest.mark.parametrize(
    ("costs", "sleeping", "busy", "with_arrays"),
    [("low_voltage", 0.2354, 0.4246, 0.825), ("high_voltage", 0.5647, 1.2479, 2.219)],
)
def test_constants_give_the_power_that_the_whole_chip_was_measured_at(
    costs: str, sleeping: float, busy: float, with_arrays: float
) -> None:
    """Chip paper, arXiv 2607.24396: 152 elements asleep, busy, and busy with arrays of which 78 % of the units are."""
    element, power = chip().processing_element, chip().cost_set(costs).power
    assert element is not None
    supply = element.supply_point(costs)
    asleep = power.static.value + 152 * power.core.value
    cycles = 152 * supply.frequency.value * 1e6
    assert asleep == pytest.approx(sleeping, rel=0.01)
    assert asleep + cycles * supply.cycle.value * 1e-12 == pytest.approx(busy, rel=0.01)
    arrays = cycles * (supply.cycle.value + 0.78 * 64 * supply.multiply_accumulate.value) * 1e-12
    assert asleep + arrays == pytest.approx(with_arrays, rel=0.01)


def test_a_full_element_is_within_a_factor_of_three_of_what_the_chip_was_measured_at() -> None:
    """Chip paper, arXiv 2607.24396: 1024 neurons and 12 M synaptic events a second on an element, in steps of 1 ms."""
    time = chip().cost_set("high_voltage").time
    nanoseconds = 1024 * time.neuron_update.value + 12000 * time.synaptic_operation.sparse.value
    assert 1e6 / 3 < nanoseconds < 3e6
