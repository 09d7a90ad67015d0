"""Sigma-delta networks in integers: near the float ones, within their registers, and the same in every runner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.conversion.maxima import MaximaAsRectifiers
from spikeloom.deploy.conversion.sigma_delta import RectifiersAsSigmaDelta
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.lowering.relays import with_relays
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.models.connectivity import Dense
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.input_code import input_code
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerNeuron, IntegerSigmaDelta, SigmaDelta
from spikeloom.models.operators import Delay, Neurons
from spikeloom.models.readers.dataflow import Dataflow

seeds = st.integers(0, 2**32 - 1)
CHIP_BITS = 23  # of a state besides the sign
STEPS = 3


def integers_of(network, data):
    """The quantized network, and the data's integers."""
    code = input_code(data)
    integers = code.encode(data)
    return quantize(network, code, code.decode(integers)).network, integers


def answers(network, activity):
    """Float answers at every step, from the output of a float or an integer network."""
    population = network.by_name[network.output]
    values = activity[network.output] / network.scales.get(network.output, 1.0)
    return np.cumsum(values, axis=1) if population.eventful else values


def video(random, shape):
    """(samples, steps, *shape) with 8 bits, of which a part changes from step to step."""
    still = np.repeat(random.integers(0, 256, (3, 1, *shape)), STEPS, axis=1)
    moving = random.integers(0, 256, still.shape)
    return np.where(random.random(still.shape) < 0.3, moving, still) / 256


@pytest.fixture
def largest_states(monkeypatch):
    """Largest magnitude of each state of sigma-delta neurons that were run."""
    found = [0, 0]
    original = IntegerNeuron.step

    def step(neuron, state, activation):
        state, output = original(neuron, state, activation)
        if isinstance(neuron, IntegerSigmaDelta):
            for number, values in enumerate(state):
                found[number] = max(found[number], int(np.max(np.abs(values), initial=0)))
        return state, output

    monkeypatch.setattr(IntegerNeuron, "step", step)
    return found


def converted(graph, data):
    """A float network with calibrated thresholds."""
    spiking = RectifiersAsSigmaDelta(data).apply(MaximaAsRectifiers().apply(graph))
    return lower(prepare(spiking))


def test_integers_answer_as_floats_do_and_no_state_overflows(ordinary_network, largest_states):
    off, agreeing = [], 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        graph = ordinary_network(random)
        data = video(random, graph.shapes["input"])
        network = converted(graph, data)
        flat = data.reshape(*data.shape[:2], -1)
        largest_states[:] = [0, 0]
        integer, integers = integers_of(network, flat)
        largest_states[:] = [0, 0]
        got, wanted = answers(integer, run_network(integer, integers)), answers(network, run_network(network, flat))
        assert max(largest_states) < 2**CHIP_BITS
        assert max(largest_states) > 0
        off.append(np.linalg.norm(got - wanted) / max(np.linalg.norm(wanted), 1e-12))
        agreeing += np.mean(got[:, -1].argmax(-1) == wanted[:, -1].argmax(-1))
    assert np.median(off) < 0.02, off
    assert np.quantile(off, 0.9) < 0.05, off
    assert agreeing / 40 > 0.9


@settings(max_examples=settings().max_examples // 3, deadline=None)
@given(seeds)
def test_the_simulator_gives_the_same_integers(ordinary_network, seed):
    random = np.random.default_rng(seed)
    graph = ordinary_network(random)
    data = video(random, graph.shapes["input"])
    network = converted(graph, data)
    flat = data.reshape(*data.shape[:2], -1)
    for float_network in (network, with_relays(network, 1)[0]):
        integer, integers = integers_of(float_network, flat)
        expected = run_network(integer, integers)
        found = Simulator(integer).run(integers, "all").activity
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values, err_msg=name)
        for sample in range(3):  # each begins anew
            alone = Simulator(integer).run(integers[sample : sample + 1], "all").activity
            np.testing.assert_array_equal(alone[integer.output][0], found[integer.output][sample])


@settings(max_examples=6, deadline=None)
@given(seeds)
def test_relays_do_not_change_the_answers(ordinary_network, seed):
    """Changes that wait on the way are the same changes, in integers too, but for what is rounded."""
    random = np.random.default_rng(seed)
    graph = ordinary_network(random)
    data = video(random, graph.shapes["input"])
    network = converted(graph, data)
    flat = data.reshape(*data.shape[:2], -1)
    waiting, notes = with_relays(network, 1)
    expected = answers(network, run_network(network, flat))
    np.testing.assert_allclose(answers(waiting, run_network(waiting, flat)), expected, atol=1e-9)
    integer, integers = integers_of(waiting, flat)
    straight, _ = integers_of(network, flat)
    got = answers(integer, run_network(integer, integers))
    off = np.linalg.norm(got - expected) / max(np.linalg.norm(expected), 1e-12)
    before = answers(straight, run_network(straight, integers))
    assert off <= 3 * np.linalg.norm(before - expected) / max(np.linalg.norm(expected), 1e-12) + 0.1, notes


def delayed(random):
    """Sigma-delta layers with a delay, so that samples need a gap between them."""

    def layer(threshold, bias):
        return Neurons(SigmaDelta(np.asarray(threshold), np.asarray(bias)), None)

    flow = Dataflow()
    entry = flow.input("input", (5,))
    encoded = flow.then(
        "delta", Neurons(SigmaDelta(np.zeros(()), np.zeros(()), rectifies=False, integrates=False), None), entry
    )
    first = flow.then(
        "first", layer(0.01, random.normal(0, 0.3, 6)), flow.linear("a", encoded, random.normal(0, 1, (6, 5)), None)
    )
    late = flow.then("late", Delay(np.asarray(2)), first)
    joined = flow.add(
        "sum",
        [
            flow.linear("b", first, random.normal(0, 1, (4, 6)), None),
            flow.linear("c", late, random.normal(0, 1, (4, 6)), None),
        ],
    )
    second = flow.then("second", layer(0.01, 0.1), joined)
    decoder = Neurons(SigmaDelta(np.zeros(()), np.zeros(()), rectifies=False, delta=False), None)
    flow.output("output", flow.then("sigma", decoder, flow.linear("d", second, random.normal(0, 1, (3, 4)), None)))
    return prepare(flow.graph("delayed"))


def test_with_a_gap_every_sample_begins_anew():
    random = np.random.default_rng(0)
    network = lower(delayed(random))
    assert network.gap == 2
    data = random.integers(0, 256, (4, 6, 5)) / 256
    integer, integers = integers_of(network, data)
    expected = run_network(integer, integers)
    found = Simulator(integer).run(integers, "all").activity
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    for sample in range(4):
        alone = run_network(integer, integers[sample : sample + 1])
        np.testing.assert_array_equal(alone["sigma"][0], expected["sigma"][sample])
    wanted = answers(network, run_network(network, data))
    assert np.linalg.norm(answers(integer, expected) - wanted) < 0.05 * np.linalg.norm(wanted)


# Registers


def chain(weights, bias=0.0, threshold=0.0, ceiling=np.inf):
    """An encoder, one layer and a decoder."""
    zero = np.zeros(())
    size, inputs = weights.shape
    layer = SigmaDelta(np.asarray(threshold), np.asarray(bias), np.asarray(ceiling))
    populations = (
        Population("input", (inputs,), Role.INPUT, None, 0),
        Population("delta", (inputs,), Role.NEURON, SigmaDelta(zero, zero, rectifies=False, integrates=False), 1),
        Population("layer", (size,), Role.NEURON, layer, 2),
        Population("sigma", (size,), Role.NEURON, SigmaDelta(zero, zero, rectifies=False, delta=False), 3),
    )
    projections = (
        Projection("input -> delta", "input", "delta", Dense(np.eye(inputs))),
        Projection("delta -> layer", "delta", "layer", Dense(weights)),
        Projection("layer -> sigma", "layer", "sigma", Dense(np.eye(size))),
    )
    return Network(populations, projections, "sigma")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("magnitude", [1e-9, 1e-3, 1.0, 1e3, 1e9])
@pytest.mark.parametrize("bias", [0.0, 0.2])
def test_weights_of_any_magnitude(magnitude, bias, largest_states):
    random = np.random.default_rng(0)
    weights = random.normal(0, magnitude, (4, 5))
    network = chain(weights, bias * magnitude, 0.01 * magnitude)
    data = random.integers(0, 256, (4, 3, 5)) / 256
    integer, integers = integers_of(network, data)
    largest_states[:] = [0, 0]
    got, wanted = answers(integer, run_network(integer, integers)), answers(network, run_network(network, data))
    assert max(largest_states) < 2**CHIP_BITS
    assert np.linalg.norm(got - wanted) < 0.02 * np.linalg.norm(wanted)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "network",
    [
        chain(-np.ones((3, 5))),
        chain(np.zeros((3, 5))),
        chain(np.zeros((3, 5)), threshold=0.5),
        chain(np.zeros((3, 5)), bias=-1.0, threshold=0.5),
        chain(np.ones((3, 5)), ceiling=0.0),
        chain(np.ones((3, 5)), threshold=1e9),
        chain(np.ones((3, 5)), bias=1e9),
    ],
    ids=["never active", "no weights", "threshold alone", "bias alone", "ceiling 0", "never sent", "large bias"],
)
def test_layers_that_say_little(network):
    data = np.random.default_rng(0).integers(0, 256, (2, 3, 5)) / 256
    integer, integers = integers_of(network, data)
    got, wanted = answers(integer, run_network(integer, integers)), answers(network, run_network(network, data))
    np.testing.assert_allclose(got, wanted, atol=0.02 * max(1.0, float(np.abs(wanted).max())))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "data", [np.zeros((2, 3, 5)), np.ones((2, 3, 5)), np.full((1, 1, 5), 1e-6), np.full((1, 1, 5), -3.7)]
)
def test_data_that_never_changes(data):
    network = chain(np.random.default_rng(0).normal(0, 1, (4, 5)), bias=0.1)
    integer, integers = integers_of(network, data)
    got, wanted = answers(integer, run_network(integer, integers)), answers(network, run_network(network, data))
    np.testing.assert_allclose(got, wanted, atol=0.02 * max(1e-3, float(np.abs(wanted).max())))


def test_ceilings_hold_in_integers():
    network = chain(np.full((2, 5), 1.0), bias=np.array([0.0, 0.5]), ceiling=np.array([0.75, 2.0]))
    integer, integers = integers_of(network, np.random.default_rng(0).integers(0, 256, (4, 3, 5)) / 256)
    got = answers(integer, run_network(integer, integers))
    np.testing.assert_allclose(got.max(axis=(0, 1)), [0.75, 2.0], rtol=0.01)
    assert got.min() >= 0
