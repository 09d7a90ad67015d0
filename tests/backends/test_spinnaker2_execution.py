"""How parts of layers run on SpiNNaker 2's elements: counted, chosen, and fitted into their memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.program import Program
from spikeloom.backends.run import Counters
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.backends.spinnaker2.activity_file import ACTIVITY_NAME, read_activity, write_activity
from spikeloom.backends.spinnaker2.array_products import Product, operands
from spikeloom.backends.spinnaker2.execution import Choice, Plan, fit_into, needed, plan_execution
from spikeloom.backends.spinnaker2.layer_parts import LayerPart, Parts, find_parts
from spikeloom.backends.spinnaker2.pricing import event_based
from spikeloom.backends.spinnaker2.section import break_even, element_of, plan_program
from spikeloom.mapping.constant import Constant
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.processing_element import ProcessingElement
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense, Pool, Sparse
from spikeloom.models.decision import Decision
from spikeloom.models.errors import UnsupportedModelError, UsageError
from spikeloom.models.input_code import InputCode
from spikeloom.models.learning import LearningRule
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire

Array = NDArray[Any]
STEPS, SAMPLES = 6, 3


def whole(value: Any) -> Array:
    return np.asarray(value, dtype=np.int64)


def neurons(spiking: bool = True, shift: int = 6) -> IntegerLeakyIntegrateAndFire:
    return IntegerLeakyIntegrateAndFire(
        whole(4096), whole(100), whole(60), whole(0), whole(0), spiking=spiking, output_shift=shift
    )


def random_network(random: np.random.Generator) -> Network:
    """Convolution, pool, dense, sparse, a loop."""

    def weights(*shape: int) -> Array:
        return np.asarray(np.where(random.random(shape) < 0.3, 0, 2 * random.integers(-20, 60, shape)), dtype=np.int16)

    shape = (2, 5, 4)
    convolution = Convolution(weights(4, 2, 2, 2), shape, (1, 1), ((1, 0), (0, 1)), (1, 1), 1)
    pool = Pool(np.full(4, 40, dtype=np.int16), convolution.output_shape, (2, 2), (2, 2), ((0, 0), (0, 0)))
    size = int(np.prod(pool.output_shape))
    listed = Sparse.from_matrix(sparse.csr_array(weights(9, int(np.prod(convolution.output_shape)))))
    return Network(
        (
            Population("input", shape, Role.INPUT, None, 0),
            Population("conv", convolution.output_shape, Role.NEURON, neurons(), 1),
            Population("pool", pool.output_shape, Role.NEURON, neurons(), 2),
            Population("dense", (9,), Role.NEURON, neurons(), 3),
        ),
        (
            Projection("a", "input", "conv", convolution),
            Projection("b", "conv", "pool", pool),
            Projection("c", "pool", "dense", Dense(weights(9, size))),
            Projection("d", "conv", "dense", listed, delay=2),
            Projection("e", "dense", "dense", Dense(weights(9, 9))),
        ),
        "dense",
        integer=True,
    )


def spread(target: Target, most: int) -> Target:
    """The target with few neurons on an element, so that a small network has several."""
    limit = target.limits.neurons.model_copy(update={"value": most, "low": most, "high": most})
    return target.model_copy(update={"limits": target.limits.model_copy(update={"neurons": limit})})


@dataclass(frozen=True)
class Ran:
    program: Program
    parts: Parts
    counters: Counters
    plan: Plan
    spikes: dict[str, Array]


def run(network: Network, target: Target, inputs: Array) -> Ran:
    mapping = map_network(network, target, strategy="sequential")
    program = Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS)
    counting = CoreCounting(program)
    simulator = Simulator(network)
    spikes = simulator.run(inputs, groups=counting.groups).group_spikes
    samples = inputs.shape[0]
    one_by_one = {part.name: np.arange(part.size) for part in network.populations}
    return Ran(
        program,
        find_parts(program, element_of(program).array, counting.groups),
        counting.counters(spikes, samples),
        plan_program(program, counting.groups, spikes, samples),
        dict(simulator.run(inputs, groups=one_by_one).group_spikes),
    )


def random_run(seed: int, most: int, rate: float) -> Ran:
    random = np.random.default_rng(seed)
    inputs = (random.random((SAMPLES, STEPS, 40)) < rate).astype(np.int64)
    return run(random_network(random), spread(load_target("spinnaker2"), most), inputs)


@settings(max_examples=settings().max_examples // 5, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(8, 60), st.sampled_from([0.05, 0.5]))
def test_events_of_all_parts_are_those_of_every_single_spike(seed: int, most: int, rate: float) -> None:
    ran = random_run(seed, most, rate)
    program = ran.program
    cores = program.mapping.core_of
    for projection in program.network.projections:
        present = projection.connectivity.to_sparse().toarray() != 0
        on_core = np.zeros((program.mapping.cores, present.shape[1]), dtype=np.int64)
        np.add.at(on_core, cores[projection.target], present.astype(np.int64))
        depth = program.network.by_name[projection.source].depth
        spikes = np.zeros((ran.counters.rows, present.shape[1]), dtype=np.int64)
        spikes[depth : depth + STEPS] = ran.spikes[projection.source]
        found = ran.plan.activity[projection.name]
        np.testing.assert_array_equal(found.synapses, spikes @ on_core.T)
        np.testing.assert_array_equal(found.rows, spikes @ (on_core > 0).T)
        for part in ran.parts.parts:
            if part.projection == projection.name:
                here = present[cores[projection.target] == part.core]
                assert (part.neurons, part.synapses) == (here.shape[0], here.sum())
                assert part.product is None or part.product.inputs == here.any(axis=0).sum()


@settings(max_examples=settings().max_examples // 2, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(8, 60), st.sampled_from([0.02, 0.2, 0.9]))
def test_each_part_runs_in_the_faster_way_and_the_array_takes_over_its_events(
    seed: int, most: int, rate: float
) -> None:
    ran = random_run(seed, most, rate)
    element, samples = element_of(ran.program), ran.plan.samples
    for choice in ran.plan.choices:
        part, activity = choice.part, ran.plan.activity[choice.part.projection]
        assert choice.cycles[choice.way] == min(choice.cycles.values())
        events = int(activity.synapses[:, part.core].sum()) / ran.counters.rows / samples
        assert choice.cycles["event_based"] == pytest.approx(25 * events, rel=1e-3)  # 83.3 ns at 300 MHz
        assert (part.product is None) == (part.projection == "d") == ("array" not in choice.cycles)
        if part.product is not None:
            assert choice.cycles["array"] == part.product.cycles(element.array).nominal
    left = event_based(ran.counters, ran.plan)
    removed = dict.fromkeys(ran.counters.projection_synaptic_operations, 0)
    for choice in ran.plan.choices:
        if choice.way == "array":
            events = ran.plan.activity[choice.part.projection].synapses[:, choice.part.core]
            removed[choice.part.projection] += int(events.sum())
    for counters in (left.synaptic_operations, left.by_layer.counts):
        assert all((counts >= 0).all() for counts in counters.values())
    gone = sum(
        int(ran.counters.synaptic_operations[kind].sum() - part.sum())
        for kind, part in left.synaptic_operations.items()
    )
    assert gone == sum(removed.values())
    of_layers = sum(
        int(part.sum() - left.by_layer.counts[name].sum()) for name, part in ran.counters.by_layer.counts.items()
    )
    assert of_layers == gone
    assert ran.plan.problems == ()


def test_a_silent_network_runs_on_events_and_a_loud_one_on_the_array() -> None:
    random = np.random.default_rng(0)
    dense = Dense(np.asarray(random.integers(1, 100, (60, 200)), dtype=np.int16))
    network = Network(
        (
            Population("input", (200,), Role.INPUT, None, 0),
            Population("layer", (60,), Role.NEURON, neurons(), 1),
        ),
        (Projection("a", "input", "layer", dense),),
        "layer",
        integer=True,
    )
    target = load_target("spinnaker2")
    ways, shares = {}, {}
    for rate in (0.005, 0.5):
        ran = run(network, target, (random.random((SAMPLES, STEPS, 200)) < rate).astype(np.int64))
        (choice,) = ran.plan.choices
        ways[rate] = choice.way
        supply = element_of(ran.program).supply_point("high_voltage")
        shares[rate] = break_even([choice], target.cost_set("high_voltage"), supply)
    assert ways == {0.005: "event_based", 0.5: "array"}
    cycles = 74 + 5.38 * 60 + 24 * 200 + 0.13 * 60 * 200
    assert shares[0.5] == shares[0.005] == pytest.approx(cycles / (60 * 200 * 24.99), rel=1e-9)
    assert choice.cycles["array"] == pytest.approx(cycles, rel=1e-12)


def test_products_of_convolutions_count_each_input_once_and_every_place_of_the_kernel() -> None:
    ran = random_run(7, 200, 0.3)
    convolution, pool = (next(part for part in ran.parts.parts if part.projection == name) for name in "ab")
    assert convolution.product is not None and pool.product is not None
    assert convolution.product.outputs == 4 * 5 * 4
    assert convolution.product.products == 4 * 5 * 4 * (2 * 2 * 2)
    assert convolution.product.matrix_bits == 4 * 2 * 2 * 2 * 8
    assert convolution.product.inputs <= 2 * 5 * 4
    assert (pool.product.outputs, pool.product.inputs) == (4 * 2 * 2, 4 * 4 * 4)
    assert pool.product.products == 4 * 2 * 2 * (2 * 2)
    array = element_of(ran.program).array
    by_hand = 74 + 5.38 * 80 + 24 * convolution.product.inputs + 0.043 * 640
    assert convolution.product.cycles(array).nominal == pytest.approx(by_hand, rel=1e-12)
    wide = replace(convolution.product, wide=True)
    assert wide.cycles(array).nominal == pytest.approx(by_hand + 0.043 * 640, rel=1e-12)


def obstacle(projection: Projection, source: Population, code: InputCode | None = None) -> str | None:
    """Why the array cannot compute a single projection."""
    target = load_target("spinnaker2")
    last = Population("last", (projection.connectivity.targets,), Role.NEURON, neurons(), source.depth + 1)
    populations = (source, last) if source.role is Role.INPUT else (
        Population("data", (source.size,), Role.INPUT, None, 0), source, last,
    )  # fmt: skip
    network = Network(populations, (projection,), "last", integer=True)
    cores = {part.name: np.zeros(part.size, dtype=np.int32) for part in populations if part.role is not Role.INPUT}
    mapping = replace(map_network(small(), target), core_of=MappingProxyType(cores))
    used = code or InputCode(1.0, True, 1, False)
    program = Program(network, mapping, target, used, Decision.SUM, STEPS)
    assert target.processing_element is not None
    return operands(projection, program, target.processing_element.array).obstacle


def small() -> Network:
    layer = Projection("a", "input", "layer", Dense(np.ones((2, 2), dtype=np.int16)))
    source = Population("input", (2,), Role.INPUT, None, 0)
    return Network((source, Population("layer", (2,), Role.NEURON, neurons(), 1)), (layer,), "layer", integer=True)


def test_what_the_array_cannot_compute_is_told() -> None:
    data = Population("input", (5,), Role.INPUT, None, 0)
    ones = np.ones((3, 5), dtype=np.int16)

    def from_input(connectivity: Any, **more: Any) -> Projection:
        return Projection("p", "input", "last", connectivity, **more)

    assert obstacle(from_input(Dense(ones)), data) is None
    learning = LearningRule("x0*y1", lowest_weight=-256)
    assert obstacle(from_input(Dense(ones), learning=learning), data) == "its weights change"
    assert obstacle(from_input(Sparse.from_matrix(sparse.csr_array(ones))), data) == "it is a list of single synapses"
    assert obstacle(from_input(Dense(ones)), data, InputCode(1.0, True, 2**16 - 1, False)) is None
    wide = obstacle(from_input(Dense(ones)), data, InputCode(1.0, True, 2**16, False))
    assert wide == "its numbers of 17 bits are wider than 16"
    heavy = obstacle(
        from_input(Dense(np.asarray(127 * ones - np.eye(3, 5), dtype=np.int16))),
        data,
        InputCode(1.0, True, 2**15, False),
    )
    assert heavy == "its sums may take 27 bits, more than 24"
    graded = Population("graded", (5,), Role.NEURON, neurons(spiking=False, shift=4), 1)
    projection = Projection("p", "graded", "last", Dense(ones))
    assert obstacle(projection, graded) == "its numbers of 20 bits are wider than 16"


COSTS = st.floats(1, 1e6, allow_nan=False)


@st.composite
def choices_of_an_element(draw: st.DrawFn) -> list[Choice]:
    result = []
    for index in range(draw(st.integers(1, 4))):
        bits = st.integers(8, 4000)
        on_array = None
        if draw(st.booleans()):
            on_array = Product(4, 4, 16, draw(bits), draw(bits), False, False)
        part = LayerPart(f"p{index}", "layer", 0, "dense", 4, 16, draw(bits), draw(st.integers(1, 40)), on_array, None)
        cycles: dict[Any, float] = {"event_based": draw(COSTS)}
        if on_array is not None:
            cycles["array"] = draw(COSTS)
        cycles["event_based_external"] = cycles["event_based"] + draw(COSTS)
        result.append(Choice(part, min(cycles, key=lambda way: cycles[way]), cycles))
    return result


@settings(max_examples=200, deadline=None)
@given(choices_of_an_element(), st.integers(0, 12000))
def test_parts_change_ways_only_where_they_must_and_as_far_as_they_can(choices: list[Choice], room: int) -> None:
    fitted = fit_into(choices, room)
    assert [choice.part for choice in fitted] == [choice.part for choice in choices]
    if needed(choices) <= room:
        assert fitted == choices
    if needed(fitted) > room:  # no single change frees any memory
        for index, choice in enumerate(fitted):
            for way in choice.cycles:
                changed = [*fitted[:index], replace(choice, way=way), *fitted[index + 1 :]]
                assert needed(changed) >= needed(fitted)
    assert fit_into(choices, None) == choices
    slowest = max(
        sum(choice.cycles[way] for choice, way in zip(choices, ways, strict=True))
        for ways in product(*(choice.cycles for choice in choices))
    )
    assert sum(choice.cycles[choice.way] for choice in fitted) <= slowest


def with_memory(target: Target, bits: int) -> Target:
    limit = target.limits.memory_bits.model_copy(update={"value": bits, "low": bits, "high": bits})
    return target.model_copy(update={"limits": target.limits.model_copy(update={"memory_bits": limit})})


def test_rows_go_to_external_memory_where_an_element_has_no_room_and_neurons_without_room_are_a_problem() -> None:
    ran = random_run(5, 200, 0.2)
    program = ran.program
    neuron_bits = 768 * (80 + 16 + 9)
    for bits, fits in ((neuron_bits + 1000, True), (neuron_bits - 1, False)):
        tight = replace(program, target=with_memory(program.target, bits))
        parts = replace(ran.parts, program=tight)
        plan = plan_execution(parts, ran.plan.activity, SAMPLES, element_of(tight))
        assert "event_based_external" in {choice.way for choice in plan.choices}
        if fits:
            assert plan.problems == () and plan.memory_bits.max() <= bits
        else:
            (problem,) = plan.problems
            assert (problem.resource, problem.limit) == ("memory_bits", bits)
            assert problem.used > bits and "limits.neurons" in str(problem)


def test_external_memory_that_is_too_small_is_a_problem() -> None:
    ran = random_run(5, 200, 0.2)
    element = element_of(ran.program)
    capacity = element.external_memory.capacity.model_copy(update={"value": 10, "low": 10, "high": 10})
    external = element.external_memory.model_copy(update={"capacity": capacity})
    target = with_memory(ran.program.target, 768 * 105 + 1000)
    parts = replace(ran.parts, program=replace(ran.program, target=target))
    plan = plan_execution(parts, ran.plan.activity, SAMPLES, element.model_copy(update={"external_memory": external}))
    assert [problem.resource for problem in plan.problems] == ["external_memory_bytes"]


def test_activity_comes_back_from_a_file_as_it_was(tmp_path: Any) -> None:
    ran = random_run(11, 20, 0.3)
    path = tmp_path / ACTIVITY_NAME
    write_activity(ran.plan.activity, SAMPLES, path)
    activity, samples = read_activity(path)
    assert (samples, list(activity)) == (SAMPLES, list(ran.plan.activity))
    again = plan_execution(ran.parts, activity, samples, element_of(ran.program))
    assert again.choices == ran.plan.choices
    path.write_bytes(b"no archive")
    with pytest.raises(UnsupportedModelError, match="run the program again"):
        read_activity(path)


def test_another_chip_has_no_elements() -> None:
    network, target = small(), load_target("loihi2")
    program = Program(
        network, map_network(network, target), target, InputCode(1.0, True, 1, False), Decision.SUM, STEPS
    )
    with pytest.raises(UsageError, match="target loihi2 has no processing_element"):
        element_of(program)


def test_a_supply_is_named_like_an_account_and_a_constant_has_its_unit() -> None:
    element = load_target("spinnaker2").processing_element
    assert element is not None
    assert set(element.supply) == set(load_target("spinnaker2").costs.sets)
    with pytest.raises(UsageError, match="says nothing of the account 'turbo'"):
        element.supply_point("turbo")
    data = element.model_dump()
    data["array"]["start"]["unit"] = "ns"
    with pytest.raises(ValueError, match="the unit here is cycles, not ns"):
        ProcessingElement.model_validate(data)
    del data["array"]["start"]["source"]
    with pytest.raises(ValueError, match="source"):
        ProcessingElement.model_validate(data)
    assert isinstance(element.array.start, Constant)
