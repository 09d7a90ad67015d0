"""The simulator's spikes are those of the plain NumPy reference, in every step, for every kind of network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.backends.simulator.dense_products import DenseProducts
from spikeloom.backends.simulator.row_sums import ROOM_BEYOND
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.backends.simulator.synapse_tables import Column, Kind
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, IntegerSigmaDelta, Reset
from spikeloom.models.neurons.rules.leaky_rule import STATE_LIMIT

seeds = st.integers(0, 2**32 - 1)


def whole(value):
    return np.asarray(value, dtype=np.int64)


def random_sigma_delta(random, size):
    def parameter(low, high):
        return whole(random.integers(low, high, size if random.random() < 0.3 else ()))

    return IntegerSigmaDelta(
        threshold=parameter(0, 400),
        bias=parameter(-300, 300),
        ceiling=parameter(1, 5000) if random.random() < 0.5 else whole(2**31 - 1),
        rectifies=bool(random.random() < 0.7),
        integrates=bool(random.random() < 0.8),
        delta=bool(random.random() < 0.8),
        input_shift=int(random.integers(0, 4)),
        output_shift=int(random.integers(3, 6)),
    )


def random_neuron(random, size, spiking=True):
    return random_sigma_delta(random, size) if random.random() < 0.25 else random_leaky(random, size, spiking)


def random_leaky(random, size, spiking=True):
    def parameter(low, high):
        return whole(random.integers(low, high, size if random.random() < 0.3 else ()))

    return IntegerLeakyIntegrateAndFire(
        current_decay=parameter(1, 4097),
        voltage_decay=parameter(0, 4097),
        threshold=parameter(50, 800),
        bias_mantissa=parameter(-200, 400),
        bias_exponent=whole(random.integers(0, 5)),
        reset=Reset(random.choice(list(Reset))),
        reset_value=parameter(-3000, 3000),
        inclusive=bool(random.random() < 0.5),
        spiking=spiking,
        output_shift=int(random.integers(4, 9)),
        initial_voltage=parameter(-3000, 20000),
    )


def random_connectivity(random, source, target):
    """A connectivity of integer weights between two shapes, convolutional where they allow it."""
    sources, targets = int(np.prod(source)), int(np.prod(target))
    kind = random.choice(["dense", "sparse", "one_to_one"])
    if kind == "one_to_one" and sources == targets:
        return OneToOne(random.integers(-50, 100, sources).astype(np.int16))
    if kind == "sparse":
        matrix = sparse.random_array((targets, sources), density=0.4, rng=random, dtype=float)
        matrix.data = random.integers(-60, 100, matrix.data.size).astype(float)
        return Sparse.from_matrix(matrix.astype(np.int16).tocsr())
    weights = (2 * random.integers(-60, 100, (targets, sources))).astype(np.int16)
    weights[random.random(weights.shape) < random.choice([0.0, 0.9, 0.97, 1.0])] = 0
    return Dense(weights)


def random_network(random):
    shape = (int(random.integers(1, 4)), int(random.integers(5, 9)), int(random.integers(5, 9)))
    populations = [
        Population("always on", (1,), Role.CONSTANT, None, 0),
        Population("input", shape, Role.INPUT, None, 0),
    ]
    projections = []
    groups = shape[0] if random.random() < 0.4 else 1
    convolution = Convolution(
        random.integers(-60, 128, (groups * 2, shape[0] // groups, 3, 2)).astype(np.int16),
        shape,
        tuple(int(step) for step in random.integers(1, 3, 2)),
        tuple((int(a), int(b)) for a, b in random.integers(0, 3, (2, 2))),
        tuple(int(step) for step in random.integers(1, 3, 2)),
        groups,
    )
    pool = Pool(
        random.integers(10, 100, convolution.output_shape[0]).astype(np.int16),
        convolution.output_shape, (2, 1), (2, 1), ((0, 1), (0, 0)),
    )  # fmt: skip
    layers = [convolution.output_shape, pool.output_shape, (int(random.integers(2, 6)),), (int(random.integers(2, 6)),)]
    for index, layer in enumerate(layers):
        spiking = not (index == len(layers) - 1 or random.random() < 0.2)
        neuron = random_neuron(random, int(np.prod(layer)), spiking)
        populations.append(Population(f"layer{index}", layer, Role.NEURON, neuron, index + 1))

    def project(source, target, connectivity, extra=0):
        first, last = populations[source], populations[target]
        delay = max(1, last.depth - first.depth + extra)
        exponent = int(random.integers(0, 3))
        name = f"{len(projections)}"
        projections.append(Projection(name, first.name, last.name, connectivity, delay, exponent))

    project(1, 2, convolution)
    project(2, 3, pool)
    for source, target in ((3, 4), (4, 5), (1, 4), (2, 5), (3, 3), (5, 4)):
        if target > source == target - 1 or random.random() < 0.6:
            connectivity = random_connectivity(random, populations[source].shape, populations[target].shape)
            project(source, target, connectivity, int(random.integers(0, 3)) + (2 if source >= target else 0))
    for target in (3, 5):
        weights = random.integers(-100, 200, (populations[target].size, 1)).astype(np.int16)
        project(0, target, Dense(weights))
    return Network(tuple(populations), tuple(projections), "layer3", integer=True)


def states_of(network, data):
    """Per population, the states after each step, (samples, steps, states, neurons)."""
    found = {}

    def probe(population, step, state, arriving, output):
        after, _ = population.neuron.step(state, arriving)
        found.setdefault(population.name, []).append(np.stack(after, axis=1))

    run_network(network, data, probe)
    return {name: np.stack(parts, axis=1) for name, parts in found.items()}


@given(seeds, st.booleans(), st.sampled_from([1, 2, 5]), st.sampled_from([1, 300, 1 << 20]), st.booleans())
def test_random_networks(seed, graded_input, samples, room, products):
    """With samples for all workers and without, with room for the spikes of one step or of many, and dense layers
    spike by spike or as products of matrices."""
    with pytest.MonkeyPatch.context() as patch:
        if products:
            patch.setattr("spikeloom.backends.simulator.dense_products.FEWEST", 0.0)
            patch.setattr(DenseProducts, "_measured", lambda *arguments: (1.0, 0.0))
        patch.setattr("spikeloom.backends.simulator.sample_run.EVENT_BYTES", room)
        patch.setattr("spikeloom.backends.simulator.simulate.FEWEST_NEURONS_CUT", 2)
        check_random_network(seed, graded_input, samples)


def check_random_network(seed, graded_input, samples):
    random = np.random.default_rng(seed)
    network = random_network(random)
    data = (random.random((samples, 10, network.input.size)) < 0.4).astype(np.int64)
    if graded_input:
        data *= random.integers(-5, 20, data.shape)
    expected = run_network(network, data)
    states = states_of(network, data)
    groups = {
        population.name: random.integers(0, random.integers(1, population.size + 1), population.size)
        for population in network.populations
    }
    simulation = Simulator(network).run(data, "all", states=list(expected), groups=groups)
    everything = {**expected, "input": data, "always on": np.ones((*data.shape[:2], 1))}
    for name, activity in everything.items():
        counts = np.count_nonzero(activity, axis=0)
        np.testing.assert_array_equal(simulation.spikes[name], counts.sum(axis=0), err_msg=name)
        sums = np.stack([np.bincount(groups[name], weights=row) for row in counts])
        np.testing.assert_array_equal(simulation.group_spikes[name], sums, err_msg=name)
    for name, activity in expected.items():
        np.testing.assert_array_equal(simulation.activity[name], activity, err_msg=name)
        np.testing.assert_array_equal(simulation.states[name], states[name], err_msg=name)
    fast = Simulator(network).run(data, "all")
    for name, activity in expected.items():
        np.testing.assert_array_equal(fast.activity[name], activity, err_msg=name)


def test_batches_change_nothing(monkeypatch):
    random = np.random.default_rng(3)
    network = random_network(random)
    data = (random.random((7, 10, network.input.size)) < 0.4).astype(np.int64)
    whole_run = Simulator(network).run(data)
    monkeypatch.setattr("spikeloom.backends.simulator.sample_run.EVENT_BYTES", 1)
    done = []
    in_batches = Simulator(network).run(data, progress=done.append)
    assert sum(done) == pytest.approx(7) and len(done) >= 4 * 10
    np.testing.assert_array_equal(in_batches.activity["layer3"], whole_run.activity["layer3"])
    np.testing.assert_array_equal(in_batches.spikes["layer0"], whole_run.spikes["layer0"])


def test_nearly_empty_matrices_are_laid_out_as_lists():
    weights = np.zeros((20, 40), dtype=np.int16)
    weights.reshape(-1)[:24] = 3
    populations = (
        Population("input", (40,), Role.INPUT, None, 0),
        Population("layer", (20,), Role.NEURON, random_leaky(np.random.default_rng(1), 20), 1),
    )
    for listed in (True, False):
        network = Network(populations, (Projection("p", "input", "layer", Dense(weights)),), "layer", integer=True)
        tables, _, _ = Simulator(network).synapses(cut=False)
        assert tables.rows[0, Column.KIND] == (Kind.LISTED if listed else Kind.DENSE)
        assert tables.narrow.size - ROOM_BEYOND == (24 if listed else 800)
        weights[10, 0] = 3


@settings(max_examples=300, deadline=None)
@given(st.integers(-(2**23) + 1, 2**23 - 1), st.integers(-(2**23) + 1, 2**23 - 1), st.integers(-(2**16), 2**16), seeds)
def test_the_rule_is_lavas_arithmetic_written_out(current, voltage, activation, seed):
    """Truncation towards zero, wrap of the current, saturation of the potential, with Python's exact integers."""
    random = np.random.default_rng(seed)
    neuron = random_leaky(random, 1)
    rule = {name: int(np.reshape(value, -1)[0]) for name, value in neuron.rule_parameters.items()}

    def truncated(value, decay):
        product = value * (4096 - decay)
        return abs(product) // 4096 * (1 if product >= 0 else -1)

    expected_current = truncated(current, rule["current_decay"]) + (activation << 6)
    if expected_current > STATE_LIMIT:
        expected_current -= 2 * STATE_LIMIT
    elif expected_current <= -STATE_LIMIT:
        expected_current += 2 * STATE_LIMIT
    expected_voltage = truncated(voltage, rule["voltage_decay"]) + expected_current + rule["bias"]
    expected_voltage = max(1 - STATE_LIMIT, min(STATE_LIMIT - 1, expected_voltage))
    threshold = int(np.reshape(neuron.threshold, -1)[0]) << 6
    expected_spike = expected_voltage >= threshold if neuron.inclusive else expected_voltage > threshold
    if expected_spike and neuron.reset is Reset.VALUE:
        expected_voltage = int(np.reshape(neuron.reset_value, -1)[0])
    elif expected_spike and neuron.reset is Reset.SUBTRACT:
        expected_voltage -= threshold
    got = neuron.rule.step(np.int64(current), np.int64(voltage), np.int64(activation), **rule)
    assert tuple(int(value) for value in got) == (expected_current, expected_voltage, int(expected_spike))


@pytest.mark.parametrize(("share", "weight", "product"), [(0.9, 3, True), (0.9, 255, False), (0.01, 3, False)])
def test_products_of_matrices_are_taken_where_they_are_cheaper_and_exact(monkeypatch, share, weight, product):
    monkeypatch.setattr(DenseProducts, "_measured", lambda *arguments: (1.0, 0.5))
    taken = []
    sums = DenseProducts.sums
    monkeypatch.setattr(DenseProducts, "sums", lambda *given: taken.append(sums(*given)) or taken[-1])
    populations = (
        Population("input", (40,), Role.INPUT, None, 0),
        Population("layer", (20,), Role.NEURON, random_leaky(np.random.default_rng(1), 20), 1),
    )
    weights = np.full((20, 40), weight, dtype=np.int16)
    network = Network(populations, (Projection("p", "input", "layer", Dense(weights)),), "layer", integer=True)
    random = np.random.default_rng(0)
    data = (random.random((3, 8, 40)) < share) * random.integers(1, 4096, (3, 8, 40))
    found = Simulator(network).run(data).activity["layer"]
    assert {part is not None for part in taken} == {product}
    np.testing.assert_array_equal(found, run_network(network, data)["layer"])


def test_a_layer_that_all_send_to_is_measured_and_exact_either_way():
    neuron = random_leaky(np.random.default_rng(1), 512)
    populations = (
        Population("input", (512,), Role.INPUT, None, 0),
        Population("layer", (512,), Role.NEURON, neuron, 1),
    )
    weights = np.random.default_rng(2).integers(-100, 100, (512, 512)).astype(np.int16)
    network = Network(populations, (Projection("p", "input", "layer", Dense(weights)),), "layer", integer=True)
    simulator = Simulator(network)
    data = np.random.default_rng(3).integers(1, 50, (4, 32, 512))
    found = simulator.run(data).activity["layer"]
    np.testing.assert_array_equal(found, run_network(network, data)["layer"])
    single, entry = simulator.synapses(cut=False)[1]._measured(0, graded=True)
    assert entry > 0 and single > 0


def test_float_networks_are_refused():
    network = Network((Population("input", (1,), Role.INPUT, None, 0),), (), "input")
    with pytest.raises(ValueError, match="quantized"):
        Simulator(network)
