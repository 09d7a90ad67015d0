"""Float to fixed point: every register holds, errors are half a unit, and the spikes stay where they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.quantization.leaky_neurons import LeakyFamily, bias_parts, largest_scale
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.deploy.quantization.synapse_format import SynapseFormat, fitting_exponent, parts_of
from spikeloom.deploy.quantization.weights import Signs, signs_of, weight_grid
from spikeloom.models.connectivity import Convolution, Dense, OneToOne
from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.input_code import input_code
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire, Reset

seeds = st.integers(0, 2**32 - 1)
magnitudes = st.floats(-3, 3).map(lambda exponent: 10.0**exponent)


def random_weights(random, signs, *shape):
    weights = random.normal(0, 1, shape)
    return {"mixed": weights, "excitatory": np.abs(weights), "inhibitory": -np.abs(weights)}[signs]


def neuron(threshold=1.0, current=0.0, voltage=0.9, bias=0.0, **changes):
    one = np.ones(())
    values = (np.asarray(value, dtype=float) for value in (current, voltage, threshold))
    return LeakyIntegrateAndFire(*values, one, one, np.asarray(bias, dtype=float), **changes)


# Weights


bits = st.integers(1, 8)
sign_modes = st.sampled_from(list(Signs))


def stored(weights, scale, form):
    """What synapses make of weights, with the smallest exponent that clips none; None where none does."""
    grid = form.grid(signs_of(weights))
    values = weights.reshape(-1) * scale
    exponent = fitting_exponent(values, grid)
    return None if exponent is None else parts_of(values, values, exponent, grid, form)


@given(bits, sign_modes)
def test_every_weight_of_a_grid_fits_its_bits(bits, signs):
    form = SynapseFormat(bits)
    grid = form.grid(signs)
    weights = np.arange(grid.low, grid.high + 1, grid.step)
    assert weights.size <= 2 ** max(bits, 2 if signs is Signs.MIXED else 1)
    assert 0 in weights
    np.testing.assert_array_equal(grid.nearest(weights), weights)


@given(seeds, magnitudes, bits, sign_modes, st.booleans(), st.booleans())
def test_rounding_what_is_rounded_changes_nothing(seed, magnitude, bits, signs, ternary, split):
    """Quantizing what the integers stand for gives these integers."""
    form = SynapseFormat(bits, ternary, split)
    weights = magnitude * random_weights(np.random.default_rng(seed), signs, 4, 5)
    parts = stored(weights, 1 / magnitude, form)
    assert parts is not None
    values = sum(part.values for part in parts)
    again = parts_of(values, values, parts[0].exponent, parts[0].grid, form)
    np.testing.assert_array_equal(sum(part.values for part in again), values)


@settings(max_examples=200, deadline=None)
@given(seeds, magnitudes, magnitudes, bits, sign_modes)
def test_weights_hold_and_are_off_by_half_a_step(seed, magnitude, scale, bits, signs):
    weights = magnitude * random_weights(np.random.default_rng(seed), signs, 4, 5)
    grid = SynapseFormat(bits).grid(signs)
    parts = stored(weights, scale, SynapseFormat(bits))
    if parts is None:
        assert np.abs(weights).max() * scale / 2**7 >= grid.reach
        return
    (part,) = parts
    account = part.shaped(weights.shape)
    integers, ideal = account.weights, account.ideal
    assert account.clipped_share == 0
    assert (integers % grid.step == 0).all()
    assert grid.low <= integers.min() <= integers.max() <= grid.high
    np.testing.assert_allclose(ideal, weights * scale / 2**part.exponent)
    slack = np.where((ideal > grid.high) | (ideal < grid.low), 0.5 * grid.step, 0)  # rounds to the end of the range
    assert (np.abs(integers - ideal) <= grid.step / 2 + slack + 1e-9).all()
    assert account.zeroed_share == np.mean(integers == 0)


@settings(max_examples=200, deadline=None)
@given(seeds, bits, sign_modes)
def test_two_matrices_hold_twice_the_bits(seed, bits, signs):
    weights = random_weights(np.random.default_rng(seed), signs, 6, 7)
    scale = 20000 / np.abs(weights).max()
    form = SynapseFormat(bits, split=True)
    parts = stored(weights, scale, form)
    if parts is None or len(parts) == 1:
        return
    first, fine = parts
    clipped = (first.ideal > first.grid.high) | (first.ideal < first.grid.low)
    left = np.abs(first.values + fine.values - weights.reshape(-1) * scale)
    assert (left[~clipped] <= fine.grid.step * 2.0**fine.exponent).all()
    assert fine.grid.step * 2.0**fine.exponent < first.grid.step * 2.0**first.exponent


def test_shares_of_what_is_lost():
    weights = np.array([0.0, 0.001, 1.0, 300.0, 100.0])
    (part,) = parts_of(weights, weights, 0, weight_grid(8, Signs.EXCITATORY), SynapseFormat())
    account = part.shaped((5,))
    np.testing.assert_array_equal(account.weights, [0, 0, 1, 255, 100])
    assert (account.clipped_share, account.zeroed_share) == (0.25, 0.25)


@pytest.mark.parametrize("weights", [np.zeros((2, 3)), np.zeros((0, 3))])
def test_weights_of_nothing(weights):
    (part,) = stored(weights, 1e6, SynapseFormat())
    assert (part.exponent, part.weights.any()) == (0, False)


# Neurons


@settings(max_examples=200, deadline=None)
@given(seeds, magnitudes, st.floats(-0.5, 0), st.booleans())
def test_registers_hold_up_to_the_largest_scale(seed, magnitude, octaves, shared):
    random = np.random.default_rng(seed)
    model = neuron(
        threshold=magnitude * random.uniform(0.5, 2, 6), current=random.random(6), voltage=random.random(6),
        bias=magnitude * random.normal(0, 0.3, 6), reset_value=np.asarray(magnitude * random.normal(0, 0.3)),
    )  # fmt: skip
    scale = largest_scale(model) * 2**octaves
    scale = scale.min() if shared else scale
    integer = LeakyFamily().quantized(model, scale)
    ranges = {
        "threshold": (0, 131071), "bias_mantissa": (-4095, 4095), "bias_exponent": (0, 7), "current_decay": (1, 4096),
        "voltage_decay": (0, 4096), "reset_value": (1 - 2**23, 2**23 - 1),
    }  # fmt: skip
    for name, (low, high) in ranges.items():
        value = getattr(integer, name)
        assert low <= value.min() <= value.max() <= high, name
    assert (np.abs(integer.threshold - model.threshold * scale) <= 0.5).all()
    unit = 2.0**integer.bias_exponent
    assert (np.abs(integer.bias_mantissa * unit - model.bias * scale * 64) <= unit / 2 + 1e-6).all()
    assert (np.abs(integer.reset_value - model.reset_value * scale * 64) <= 0.5).all()
    for decay, retention in (
        (integer.current_decay, model.current_retention),
        (integer.voltage_decay, model.voltage_retention),
    ):
        assert (np.abs(1 - decay / 4096 - retention) <= 1.01 / 4096).all()


@pytest.mark.parametrize(
    ("bias", "mantissa", "exponent"),
    [(1, 64, 0), (63.98, 4095, 0), (64, 2048, 1), (-200, -3200, 2), (8191 / 64, 2048, 2), (-16382 / 64, -2048, 3)],
)
def test_the_smallest_exponent_holds_a_bias(bias, mantissa, exponent):
    found, exponents = bias_parts(np.array([bias, 0.0]), 1.0)
    assert (found.tolist(), exponents.tolist()) == ([mantissa, 0], [exponent, 0])


def test_what_has_no_number_stays():
    model = neuron(reset=Reset.SUBTRACT, inclusive=True)
    integer = LeakyFamily().quantized(model, 100.0, 3)
    assert (integer.reset, integer.inclusive, integer.spiking, integer.output_shift) == (Reset.SUBTRACT, True, True, 3)
    assert LeakyFamily().quantized(neuron(voltage=1.0), 1.0).voltage_decay == 0  # an integrator forgets nothing
    assert LeakyFamily().quantized(neuron(current=1.0), 1.0).current_decay == 1  # which is Lava's least


# Networks


def random_network(random, scale, signs="mixed"):
    """Convolution, two dense layers, a loop and biases, every layer on a scale of its own."""
    shape = (2, 5, 5)
    convolution = Convolution(
        random_weights(random, signs, 3, 2, 3, 3) + 0.4, shape, (1, 1), ((0, 0), (0, 0)), (1, 1), 1
    )
    populations = (
        Population("always on", (1,), Role.CONSTANT, None, 0),
        Population("input", shape, Role.INPUT, None, 0),
        Population("a", convolution.output_shape, Role.NEURON, neuron(3 * scale, 0.3, 0.9, 0.1 * scale), 1),
        Population("b", (12,), Role.NEURON, neuron(scale, 0.5, 0.95, 0.02 * scale, reset=Reset.SUBTRACT), 2),
        Population("c", (5,), Role.NEURON, neuron(scale, 0.0, 0.95), 3),
    )
    projections = (
        Projection("in", "input", "a", convolution.with_weights(scale * convolution.weights)),
        Projection("on", "always on", "a", Dense(np.full((27, 1), 0.05 * scale))),
        Projection("ab", "a", "b", Dense(0.1 * scale * (random.normal(0, 1, (12, 27)) + 0.3))),
        Projection("bb", "b", "b", Dense(0.03 * scale * random.normal(0, 1, (12, 12))), delay=1),
        Projection("bc", "b", "c", Dense(0.2 * scale * (random.normal(0, 1, (5, 12)) + 0.5))),
    )
    return Network(populations, projections, "c")


def agreement(one, other):
    common, either = ((one != 0) & (other != 0)).sum(), ((one != 0) | (other != 0)).sum()
    return common / max(1, either)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_integers_follow_the_float_network(seed, scale):
    random = np.random.default_rng(seed)
    network = random_network(random, scale)
    data = (random.random((24, 30, 50)) < 0.3).astype(np.uint8)
    quantized = quantize(network, input_code(data), data[:8].astype(float))
    assert quantized.network.integer
    assert [layer.layer for layer in quantized.layers] == ["a", "b", "c"]
    assert all(layer.agreement > 0.9 for layer in quantized.layers)
    wanted, got = run_network(network, data), run_network(quantized.network, data.astype(np.int64))
    assert wanted["c"].sum() > 100
    assert agreement(wanted["a"], got["a"]) > 0.9
    for name in ("a", "b", "c"):
        assert got[name].sum() == pytest.approx(wanted[name].sum(), rel=0.1)
    for projection in quantized.network.projections:
        weights = projection.connectivity.weights
        if weights.min() < 0 < weights.max():
            assert (weights % 2 == 0).all()


def test_the_scale_of_the_model_is_of_no_matter():
    """Potentials in volts or in millivolts: the same spikes."""
    results = []
    for scale in (1.0, 2.0**-10):
        random = np.random.default_rng(4)
        network = random_network(random, scale)
        data = (random.random((6, 20, 50)) < 0.3).astype(np.uint8)
        integer = quantize(network, input_code(data), data.astype(float)).network
        results.append(run_network(integer, data.astype(np.int64))["c"])
    np.testing.assert_array_equal(*results)


def test_quantizing_again_gives_the_same_integers():
    random = np.random.default_rng(5)
    network, data = random_network(random, 1.0), (random.random((6, 20, 50)) < 0.3).astype(np.uint8)
    one, other = (quantize(network, input_code(data), data.astype(float)) for _ in range(2))
    for first, second in zip(one.network.projections, other.network.projections, strict=True):
        np.testing.assert_array_equal(first.connectivity.weights, second.connectivity.weights)
        assert first.exponent == second.exponent
    for first, second in zip(one.layers, other.layers, strict=True):
        np.testing.assert_array_equal(first.scale, second.scale)


@pytest.mark.parametrize("fractions", [1, 16, 1000])
def test_graded_input_is_scaled_away(fractions):
    """Numbers as input, exact or rounded to 8 bits, drive the same spikes as in float."""
    random = np.random.default_rng(6)
    network = random_network(random, 1.0)
    data = random.integers(0, 3 * fractions, (12, 20, 50)) / fractions * (random.random((12, 20, 50)) < 0.3)
    code = input_code(data)
    assert code.exact == (fractions < 1000)
    integer = quantize(network, code, code.decode(code.encode(data))).network
    wanted, got = run_network(network, data), run_network(integer, code.encode(data))
    assert agreement(wanted["a"], got["a"]) > 0.9
    assert integer.scales["input"] == code.scale


def test_an_integrator_keeps_its_proportions():
    random = np.random.default_rng(7)
    populations = (
        Population("input", (20,), Role.INPUT, None, 0),
        Population("readout", (4,), Role.NEURON, neuron(voltage=0.97, spiking=False), 1),
        Population("copy", (4,), Role.NEURON, neuron(voltage=0.0, spiking=False), 2),
    )
    projections = (
        Projection("w", "input", "readout", Dense(random.normal(0, 0.01, (4, 20)))),
        Projection("one", "readout", "copy", OneToOne(np.full(4, 0.5))),
    )
    network = Network(populations, projections, "copy")
    data = (random.random((10, 25, 20)) < 0.3).astype(np.uint8)
    integer = quantize(network, input_code(data), data.astype(float)).network
    wanted, got = run_network(network, data), run_network(integer, data.astype(np.int64))
    for name in ("readout", "copy"):
        assert np.corrcoef(wanted[name].ravel(), got[name].ravel())[0, 1] > 0.999


def test_a_negative_threshold_is_named_and_not_rounded():
    zero, one = np.zeros(()), np.ones(())
    neuron = LeakyIntegrateAndFire(zero, one, np.full((), -0.5), one, one, zero)
    populations = (
        Population("input", (2,), Role.INPUT, None, 0),
        Population("odd", (2,), Role.NEURON, neuron, 1),
    )
    network = Network(populations, (Projection("in", "input", "odd", Dense(np.eye(2))),), "odd")
    data = np.ones((2, 4, 2))
    with pytest.raises(UnsupportedModelError, match=r"odd.*: its threshold is negative"):
        quantize(network, input_code(data), data)


def test_loops_may_carry_numbers():
    """An integrator that feeds itself: its unit has to be known before its own weights are quantized."""
    zero, one = np.zeros(()), np.ones(())
    random = np.random.default_rng(0)
    integrator = LeakyIntegrateAndFire(zero, np.full((), 0.8), zero, one, one, zero, spiking=False)
    spiking = LeakyIntegrateAndFire(zero, np.full((), 0.9), one, one, one, zero)
    populations = (
        Population("input", (6,), Role.INPUT, None, 0),
        Population("sum", (4,), Role.NEURON, integrator, 1),
        Population("out", (3,), Role.NEURON, spiking, 2),
    )
    projections = (
        Projection("a", "input", "sum", Dense(random.uniform(0, 0.3, (4, 6)))),
        Projection("b", "sum", "sum", Dense(random.normal(0, 0.05, (4, 4)))),
        Projection("c", "sum", "out", Dense(random.uniform(0, 0.4, (3, 4)))),
    )
    network = Network(populations, projections, "out")
    data = (random.random((20, 40, 6)) < 0.3).astype(float)
    quantization = quantize(network, input_code(data), data)
    wanted = run_network(network, data)["out"]
    got = run_network(quantization.network, data.astype(int))["out"]
    assert np.count_nonzero(wanted) > 500
    assert abs(int(got.sum()) - int(wanted.sum())) < 0.02 * wanted.sum()
    assert np.count_nonzero((got != 0) & (wanted != 0)) > 0.9 * np.count_nonzero((got != 0) | (wanted != 0))
