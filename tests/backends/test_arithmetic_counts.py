"""The work of small networks with spikes and without, and its energy, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spikeloom.backends.arithmetic.comparison import CASES, compare
from spikeloom.backends.arithmetic.energy import energy_of
from spikeloom.backends.arithmetic.neuron_updates import state_bits, update_work
from spikeloom.backends.arithmetic.with_spikes import spiking_work
from spikeloom.backends.arithmetic.without_spikes import MapWork, work_of_graph, work_of_synapses
from spikeloom.backends.arithmetic.work import Storage, Work
from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.program import Program
from spikeloom.backends.run import Counters
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.mapping.arithmetic_costs import load_arithmetic_costs
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Connectivity, Convolution, Dense, Pool
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import FAMILIES, IntegerLeakyIntegrateAndFire, Reset
from spikeloom.models.readers.dataflow import Dataflow

STEPS = 4
SPIKES = InputCode(1.0, True, 1, False)
NUMBERS = InputCode(1.0, True, 15, False)
INT8, FP32, ANEW, EVERY_STEP = CASES


def whole(value: Any) -> Any:
    return np.asarray(value, dtype=np.int64)


def leaky(voltage_decay: int = 512, bias: Any = 0, reset: Reset = Reset.VALUE, threshold: int = 2) -> Any:
    """Without a synaptic current; a threshold of 2 is passed by a weight of 4 at once."""
    decays = whole(4096), whole(voltage_decay)
    return IntegerLeakyIntegrateAndFire(*decays, whole(threshold), whole(bias), whole(0), reset=reset)


def layer(name: str, shape: tuple[int, ...], depth: int, neuron: Any) -> Population:
    return Population(name, shape, Role.NEURON, neuron, depth)


def one_layer(connectivity: Connectivity, neuron: Any, inputs: tuple[int, ...]) -> Network:
    populations = (Population("input", inputs, Role.INPUT, None, 0), layer("out", (connectivity.targets,), 1, neuron))
    return Network(populations, (Projection("in", "input", "out", connectivity),), "out", integer=True)


def run(network: Network, x: Any, code: InputCode = SPIKES) -> tuple[Program, Counters]:
    target = load_target("loihi2")
    program = Program(network, map_network(network, target), target, code, Decision.SUM, x.shape[1])
    counting = CoreCounting(program)
    spikes = Simulator(network).run(x, groups=counting.groups).group_spikes
    return program, counting.counters(spikes, x.shape[0])


WEIGHTS = np.asarray([[2, 0, 4], [6, 8, 0]], dtype=np.int16)  # two weights of each of the first and one of the others
INPUT = np.zeros((2, STEPS, 3), dtype=np.int64)
INPUT[0, 0], INPUT[0, 2], INPUT[1, 3] = (1, 0, 1), (1, 1, 1), (0, 0, 1)  # 2, 1 and 3 spikes of the three inputs
EVENTS = 2 * 2 + 1 * 1 + 3 * 1  # over both samples


def test_a_dense_layer_with_spikes() -> None:
    _, counters = run(one_layer(Dense(WEIGHTS), leaky(bias=[3, 0]), (3,)), INPUT)
    work = spiking_work(one_layer(Dense(WEIGHTS), leaky(bias=[3, 0]), (3,)), SPIKES, counters)
    out = work.layers["out"]
    assert out.spikes == Work(accumulates=EVENTS / 2, weight_accesses=EVENTS / 2)
    assert out.every_step == Work(accumulates=4 * STEPS, weight_accesses=4 * STEPS)
    # Two potentials leak and are compared, to both what arrives is added, to one a bias, which is read.
    assert out.updates == Work(
        state_multiplications=2 * STEPS, state_additions=(2 + 2 + 1) * STEPS, weight_accesses=STEPS
    )
    assert out.states == Work(state_accesses=2 * 2 * STEPS, state_bits=2 * 2 * 24 * STEPS)
    assert out.steady == Work()
    assert work.storage == Storage(7, 0, 2, 48)
    sources = 3 + 2
    assert work.mean_rate == pytest.approx((6 + counters.layer_spikes["out"]) / 2 / (sources * STEPS))


def test_a_dense_layer_without_spikes() -> None:
    network = one_layer(Dense(WEIGHTS), leaky(bias=[3, 0]), (3,))
    ordinary = work_of_synapses(network, network.projections)
    counts = {"multiply_accumulates": 4, "accumulates": 1, "weight_accesses": 4 + 1}
    assert ordinary.together == MapWork(
        Work(**counts, activation_accesses=3 + 2), Work(**counts, activation_accesses=4 + 2)
    )
    assert ordinary.storage == Storage(6 + 1, 3 + 2)
    assert not ordinary.trained


def test_energies_of_a_dense_layer() -> None:
    network = one_layer(Dense(WEIGHTS), leaky(bias=[3, 0]), (3,))
    _, counters = run(network, INPUT)
    comparison = compare(
        spiking_work(network, SPIKES, counters), work_of_synapses(network, network.projections),
        load_arithmetic_costs(), INT8,
    )  # fmt: skip
    byte = 10 / 8  # pJ, of 64 bits in 8 KB
    ordinary = 4 * (0.2 + 0.1) + 0.1 + 5 * byte + 5 * byte
    assert energy_of(comparison.network.ordinary).nominal == pytest.approx(ordinary * 1e-12, rel=1e-9, abs=0)
    fixed = 8 * 3.1 + 20 * 0.1 + 4 * byte + 16 * 3 * byte
    assert energy_of(comparison.network.spiking).nominal == pytest.approx(
        (fixed + 4 * (0.1 + byte)) * 1e-12, rel=1e-9, abs=0
    )
    rate = (ordinary - fixed) / (16 * (0.1 + byte))
    assert comparison.network.break_even_rate is not None
    assert comparison.network.break_even_rate.nominal == pytest.approx(rate)
    assert comparison.network.equivalent_rate == pytest.approx(4 / 16)
    assert comparison.network.outcome == "loses"
    in_float = compare(
        spiking_work(network, SPIKES, counters), work_of_synapses(network, network.projections),
        load_arithmetic_costs(), FP32,
    )  # fmt: skip
    word = 10 / 2
    spiking = 8 * 3.7 + 20 * 0.9 + 4 * word + 16 * word + 4 * (0.9 + word)
    assert energy_of(in_float.network.spiking) == pytest.approx((spiking * 1e-12,) * 3, rel=1e-9, abs=0)


def test_numbers_are_multiplied_and_do_not_spike() -> None:
    network = one_layer(Dense(WEIGHTS), leaky(), (3,))
    _, counters = run(network, 5 * INPUT, NUMBERS)
    work = spiking_work(network, NUMBERS, counters)
    assert work.layers["out"].steady == Work(multiply_accumulates=EVENTS / 2, weight_accesses=EVENTS / 2)
    assert work.layers["out"].spikes == work.layers["out"].every_step == Work()
    assert work.spiking_sources == 2
    balance = compare(work, work_of_synapses(network, network.projections), load_arithmetic_costs(), INT8).network
    assert balance.break_even_rate is None and balance.equivalent_rate is None


CONVOLUTIONS = [
    # 2 x 2 windows of 2 x 2 on 4 x 4, two channels: nothing at the border, every pixel is seen once a channel.
    (Convolution(np.full((2, 1, 2, 2), 6, np.int16), (1, 4, 4), (2, 2), ((0, 0), (0, 0)), (1, 1)), 32, 8, 16),
    # 3 x 3 windows with stride 2 on 3 x 3 with a border of 1: each of the 4 windows sees 4 pixels.
    (Convolution(np.full((1, 1, 3, 3), 6, np.int16), (1, 3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1)), 16, 9, 9),
]


@pytest.mark.parametrize(("convolution", "synapses", "weights", "pixels"), CONVOLUTIONS)
def test_a_convolution_reuses_its_kernel_only_without_spikes(
    convolution: Convolution, synapses: int, weights: int, pixels: int
) -> None:
    network = one_layer(convolution, leaky(), (1, *convolution.input_shape[1:]))
    outputs = convolution.targets
    ordinary = work_of_synapses(network, network.projections).together
    assert ordinary.reused == Work(
        multiply_accumulates=synapses, weight_accesses=weights, activation_accesses=pixels + outputs
    )
    assert ordinary.anew == Work(
        multiply_accumulates=synapses, weight_accesses=synapses, activation_accesses=synapses + outputs
    )
    all_on = np.ones((1, STEPS, pixels), dtype=np.int64)
    spiking = spiking_work(network, SPIKES, run(network, all_on)[1]).layers["out"]
    assert spiking.spikes == Work(accumulates=STEPS * synapses, weight_accesses=STEPS * synapses) == spiking.every_step


def test_loops_count_once_an_inference_and_at_every_step_where_it_is_run_so() -> None:
    populations = (Population("input", (3,), Role.INPUT, None, 0), layer("out", (2,), 1, leaky(reset=Reset.SUBTRACT)))
    loop = Dense(np.asarray([[0, 2], [-4, 6]], dtype=np.int16))
    projections = (Projection("in", "input", "out", Dense(WEIGHTS)), Projection("loop", "out", "out", loop))
    network = Network(populations, projections, "out", integer=True)
    _, counters = run(network, INPUT)
    spiking, ordinary = spiking_work(network, SPIKES, counters), work_of_synapses(network, projections)
    spikes = counters.layer_spikes["out"] / 2
    events = counters.projection_synaptic_operations["loop"] / 2 + EVENTS / 2
    assert spikes > 0
    assert spiking.layers["out"].spikes == Work(accumulates=events, weight_accesses=events, state_additions=spikes)
    assert spiking.layers["out"].every_step == Work(
        accumulates=7 * STEPS, weight_accesses=7 * STEPS, state_additions=2 * STEPS
    )
    assert ordinary.together.reused == Work(multiply_accumulates=7, weight_accesses=7, activation_accesses=3 + 2 + 2)
    costs = load_arithmetic_costs()
    once, often = (compare(spiking, ordinary, costs, case).network for case in (INT8, EVERY_STEP))
    assert energy_of(often.ordinary) == pytest.approx(
        [STEPS * energy for energy in energy_of(once.ordinary)], rel=1e-9, abs=0
    )


def test_always_on_axons_are_biases() -> None:
    populations = (
        Population("on", (1,), Role.CONSTANT, None, 0),
        Population("input", (3,), Role.INPUT, None, 0),
        layer("out", (2,), 1, leaky(4096)),
    )
    projections = (
        Projection("bias", "on", "out", Dense(np.asarray([[2], [0]], dtype=np.int16))),
        Projection("in", "input", "out", Dense(WEIGHTS)),
    )
    network = Network(populations, projections, "out", integer=True)
    out = spiking_work(network, SPIKES, run(network, INPUT)[1]).layers["out"]
    assert out.steady == Work(accumulates=STEPS, weight_accesses=STEPS)
    assert out.states == Work()  # a potential that is lost at once is no state
    assert out.updates == Work(state_additions=2 * STEPS)
    reused = work_of_synapses(network, projections).together.reused
    assert (reused.multiply_accumulates, reused.accumulates, reused.weight_accesses) == (4, 1, 5)


def test_pools_add() -> None:
    pool = Pool(np.full(1, 40, np.int16), (1, 4, 4), (2, 2), (2, 2), ((0, 0), (0, 0)))
    network = one_layer(pool, leaky(), (1, 4, 4))
    assert work_of_synapses(network, network.projections).together.reused == Work(
        multiply_accumulates=4, accumulates=12, activation_accesses=16 + 4
    )


def test_a_trained_network_counts_as_it_was_trained() -> None:
    flow = Dataflow()
    image = flow.input("input", (1, 4, 4))
    kernel = np.ones((2, 1, 3, 3))
    convolved = flow.convolution("conv", image, kernel, np.asarray([0.5, 0.0]), (1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    hidden = flow.rectify("hidden", convolved)
    pooled = flow.max_pool("pool", hidden, (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1))
    flat = flow.reshape("flat", pooled, (8,))
    dense = flow.linear("dense", flat, np.ones((3, 8)), None)
    joined = flow.add("sum", [dense, flow.linear("other", flat, np.ones((3, 8)), None)])
    flow.output("output", flow.rectify("answer", joined))
    populations = (
        Population("input", (16,), Role.INPUT, None, 0),
        layer("hidden", (32,), 1, leaky()),
        layer("answer", (3,), 2, leaky()),
    )
    network = Network(populations, (), "answer", integer=True)
    ordinary = work_of_graph(flow.graph("trained"), network)
    synapses = 2 * (4 + 6 + 6 + 4 + 6 + 9 + 9 + 6) * 1 + 2 * (6 + 9 + 9 + 6 + 4 + 6 + 6 + 4)
    assert ordinary.layers["hidden"].reused == Work(synapses, 16, weight_accesses=18 + 1, activation_accesses=16 + 32)
    answer = ordinary.layers["answer"].reused
    assert answer.multiply_accumulates == answer.weight_accesses == 2 * 3 * 8
    assert answer.accumulates == 8 * 3 + 3  # comparisons of the pool, and the sum of the branches
    assert answer.activation_accesses == (32 + 8) + 2 * (8 + 3) + 3
    assert ordinary.storage == Storage(18 + 2 + 48, 48)
    assert ordinary.trained


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(3))
def test_every_family_has_its_work(neuron_examples: ModuleType, family: str, seed: int) -> None:
    neuron = neuron_examples.EXAMPLES[family](np.random.default_rng(seed), 5)[1]
    population = layer("some", (5,), 1, neuron)
    work = update_work(population)
    assert set(work.states) <= set(neuron.rule.states)
    assert all(0 < number <= 5 for number in work.states.values())
    assert work.multiplications >= 0 and work.additions + work.multiplications > 0 and 0 <= work.biased <= 5
    widths = [neuron.rule.state_bits[name] for name, number in work.states.items() for _ in range(number)]
    assert state_bits(population, work) == sum(widths)


@pytest.mark.parametrize(
    ("neuron", "multiplications", "additions", "states"),
    [
        (leaky(0), 0, 4, {"voltage": 2}),  # integrate and fire: nothing leaks
        (leaky(), 2, 4, {"voltage": 2}),
        (leaky([512, 0]), 1, 4, {"voltage": 2}),
        (replace(leaky(), current_decay=whole(1024)), 4, 6, {"current": 2, "voltage": 2}),
        (replace(leaky(0), spiking=False), 0, 2, {"voltage": 2}),
    ],
)
def test_updates_of_leaky_neurons(neuron: Any, multiplications: int, additions: int, states: dict[str, int]) -> None:
    work = update_work(layer("some", (2,), 1, neuron))
    assert (work.multiplications, work.additions, work.states) == (multiplications, additions, states)
