"""The search for a layer's integers looks at what the layer really gets, and scores what its neurons really do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.deploy.quantization.layer_sample import sample_layer
from spikeloom.deploy.quantization.rounding import compensated, compensation, second_moments
from spikeloom.deploy.quantization.spike_trial import score
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, Reset

seeds = st.integers(0, 2**32 - 1)
SHAPE = (3, 4, 5)


def neuron(random, size):
    one = np.ones(())
    return LeakyIntegrateAndFire(
        np.asarray(random.choice([0.0, 0.5])), random.uniform(0.5, 1, size), random.uniform(0.5, 2, size), one, one,
        random.normal(0, 0.05, size), reset=Reset(random.choice(list(Reset))),
    )  # fmt: skip


def connectivities(random):
    """One of every kind from SHAPE to SHAPE, but for the first."""
    size = int(np.prod(SHAPE))
    same = ((1, 1), ((1, 1), (1, 1)), (1, 1))
    listed = sparse.random_array((size, size), density=0.2, rng=random, format="csr")
    yield Dense(random.normal(0, 0.3, (size, size)))
    yield Convolution(random.normal(0, 0.5, (3, 3, 3, 3)), SHAPE, *same, 1)
    yield Convolution(random.normal(0, 0.5, (3, 1, 3, 3)), SHAPE, *same, 3)
    yield Pool(random.uniform(0.1, 1, 3), SHAPE, (3, 3), (1, 1), ((1, 1), (1, 1)))
    yield OneToOne(random.normal(0, 1, size))
    yield Sparse.from_matrix(sparse.csr_array(listed))


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_sampled_sums_are_those_of_the_whole_layer(seed):
    """Every kind of synapse, delays, a loop and a bias: at every sampled neuron and step, what the network computes."""
    random = np.random.default_rng(seed)
    size = int(np.prod(SHAPE))
    kinds = list(connectivities(random))
    populations = (
        Population("always on", (1,), Role.CONSTANT, None, 0),
        Population("input", SHAPE, Role.INPUT, None, 0),
        Population("layer", SHAPE, Role.NEURON, neuron(random, size), 1),
    )
    projections = (
        *(Projection(f"p{i}", "input", "layer", kind, delay=1 + i % 3) for i, kind in enumerate(kinds)),
        Projection("loop", "layer", "layer", Dense(random.normal(0, 0.1, (size, size)))),
        Projection("on", "always on", "layer", Dense(random.normal(0, 0.1, (size, 1)))),
    )
    network = Network(populations, projections, "layer")
    data = (random.random((5, 7, size)) < 0.3).astype(np.float64)
    activity = dict(run_network(network, data)) | {"input": data}
    units = {"input": 1.0, "layer": 1.0, "always on": 1.0}
    sample = sample_layer(network, network.by_name["layer"], network.incoming("layer"), activity, units)
    positions, rows = sample.targets.shape
    assert (positions, rows) == (20, 3)
    np.testing.assert_array_equal(
        sample.wanted.reshape(7, 5, positions, rows).transpose(1, 0, 2, 3), activity["layer"][:, :, sample.targets] != 0
    )
    for projection in projections:
        source = activity.get(projection.source, np.ones((5, 7, 1)))
        lag = network.lag(projection)
        delayed = np.concatenate([np.zeros_like(source[:, :lag]), source[:, : 7 - lag]], axis=1)
        whole = projection.connectivity.apply(delayed.reshape(35, -1)).reshape(5, 7, size)
        arriving = sample.arriving[projection.name]
        weights = np.asarray(projection.connectivity.weights, float).reshape(-1)
        got = arriving.sums(weights).reshape(7, 5, positions, rows)
        np.testing.assert_allclose(got.transpose(1, 0, 2, 3), whole[:, :, sample.targets], rtol=1e-4, atol=1e-4)
        # A row's weights reach that row alone.
        for row in range(rows):
            alone = arriving.sums(np.where(arriving.row_of_weight == row, weights, 0.0)).reshape(7, 5, positions, rows)
            np.testing.assert_array_equal(np.delete(alone, row, axis=3), 0)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_score_is_that_of_the_integer_rule(seed):
    """The compiled loop does what the integer neurons do, step by step, and measures the distance as documented."""
    random = np.random.default_rng(seed)
    steps, samples, positions, rows = 9, 3, 2, 4
    shape = (positions, rows)
    integer = IntegerLeakyIntegrateAndFire(
        random.integers(1, 4097, shape), random.integers(0, 4097, shape), random.integers(0, 300, shape),
        random.integers(-4096, 4096, shape), random.integers(0, 3, shape), reset=Reset(random.choice(list(Reset))),
        initial_voltage=random.integers(-9999, 9999, shape),
    )  # fmt: skip
    sums = random.integers(-400, 600, (steps, samples * positions, rows))
    wanted = random.random(sums.shape) < 0.4
    retentions = np.array([0.5, 0.9])
    got = score(integer, sums.astype(np.float32), wanted, retentions)
    current = np.zeros((samples, *shape), dtype=np.int64)
    voltage = np.broadcast_to(integer.initial_voltage, current.shape).astype(np.int64)
    smoothed, distance = np.zeros((2, samples, *shape)), np.zeros((2, rows))
    common = either = 0
    for step in range(steps):
        (current, voltage), output = integer.step((current, voltage), sums[step].reshape(current.shape))
        spikes = wanted[step].reshape(current.shape)
        common = common + ((output != 0) & spikes).sum(axis=(0, 1))
        either = either + ((output != 0) | spikes).sum(axis=(0, 1))
        smoothed = smoothed * retentions[:, None, None, None] + (output - spikes)
        distance += (smoothed**2).sum(axis=(1, 2))
    np.testing.assert_array_equal(got.common, common)
    np.testing.assert_array_equal(got.either, either)
    np.testing.assert_allclose(got.distance, distance)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(2, 5))
def test_compensated_weights_are_weights(seed, bits):
    random = np.random.default_rng(seed)
    columns = (random.random((30, 20, 12)) < 0.2).astype(np.float32)
    columns[:, :, 6:] = columns[:, :, :6] * (random.random((30, 20, 6)) < 0.9)  # inputs that come together
    ideal = random.normal(0, 40, (8, 12))
    step, low, high = 2.0 ** (9 - bits), -256.0, 256 - 2.0 ** (9 - bits)
    lows, highs = np.full(12, low), np.full(12, high)
    lows[3] = highs[3] = 0  # pruned
    moments = second_moments(columns, 0.5, 0.9)
    order = random.permutation(12)
    got = compensated(ideal, np.full(12, step), lows, highs, factor=compensation(moments, order), order=order)
    assert (got % step == 0).all()
    assert low <= got.min() <= got.max() <= high
    assert (got[:, 3] == 0).all()


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_compensated_weights_err_less(bits):
    """On inputs that come together, over many matrices; no single one is promised."""
    error, step = np.zeros(2), 2.0 ** (9 - bits)
    for seed in range(20):
        random = np.random.default_rng(seed)
        columns = (random.random((30, 20, 12)) < 0.2).astype(np.float32)
        columns[:, :, 6:] = columns[:, :, :6] * (random.random((30, 20, 6)) < 0.9)
        ideal = random.uniform(-200, 200, (8, 12))
        moments = second_moments(columns, 0.5, 0.9)
        order = np.argsort(-np.diag(moments))
        ends = np.full(12, -256.0), np.full(12, 256 - step)
        got = compensated(ideal, np.full(12, step), *ends, factor=compensation(moments, order), order=order)
        nearest = np.clip(step * np.rint(ideal / step), *ends)
        error += [float(np.einsum("rc,cd,rd->", m - ideal, moments, m - ideal)) for m in (got, nearest)]
    assert error[0] < 0.8 * error[1]


@pytest.mark.parametrize("memory", [(0.0, 0.9), (0.6, 1.0)])
def test_traces_are_those_of_the_membrane(memory):
    random = np.random.default_rng(0)
    columns = random.random((6, 2, 3)).astype(np.float32)
    current, voltage, total = np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((3, 3))
    for step in range(6):
        current = current * memory[0] + columns[step]
        voltage = voltage * min(memory[1], 0.95) + current
        total += voltage.T @ voltage / 12
    np.testing.assert_allclose(second_moments(columns, *memory), total, rtol=1e-5)
