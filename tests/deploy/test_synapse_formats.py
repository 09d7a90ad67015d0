"""Bits, splitting, ternary weights and pruning: what is asked for is what the integer network has."""

from __future__ import annotations

import numpy as np
import pytest

from spikeloom.deploy.quantization.automatic import Settling
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.deploy.quantization.quantizer import Quantizer
from spikeloom.deploy.quantization.synapse_format import FINE, SynapseFormat
from spikeloom.deploy.quantization.wish import Wish
from spikeloom.mapping.features import weight_bits
from spikeloom.mapping.precision import Precision
from spikeloom.models.connectivity import Convolution, Dense
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.execution.overflow_counts import count_overflows
from spikeloom.models.input_code import input_code
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import LeakyIntegrateAndFire, Reset

SHAPE = (2, 6, 6)
LAYERS = ("a", "b", "c")


def neuron(threshold=1.0, current=0.0, voltage=0.9, **changes):
    one = np.ones(())
    values = (np.asarray(value, dtype=float) for value in (current, voltage, threshold))
    return LeakyIntegrateAndFire(*values, one, one, np.full((), 0.01 * np.mean(threshold)), **changes)


def random_network(seed=0, gains=(1.0, 1.0, 1.0), spread=None):
    """Convolution, a recurrent layer and a readout, each multiplied by a gain, rows by a random power of ten."""
    random = np.random.default_rng(seed)
    convolution = Convolution(random.normal(0.2, 1, (4, 2, 3, 3)), SHAPE, (1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    first, second, third = gains
    of_row = [10.0 ** random.uniform(-spread, spread, size) if spread else np.ones(size) for size in (4, 24, 6)]
    populations = (
        Population("always on", (1,), Role.CONSTANT, None, 0),
        Population("input", SHAPE, Role.INPUT, None, 0),
        Population("a", convolution.output_shape, Role.NEURON, neuron(3 * first * np.repeat(of_row[0], 16)), 1),
        Population("b", (24,), Role.NEURON, neuron(second * of_row[1], 0.5, 0.95, reset=Reset.SUBTRACT), 2),
        Population("c", (6,), Role.NEURON, neuron(third * of_row[2], 0.0, 0.9), 3),
    )
    dense = [random.normal(0.03, 0.15, (24, 64)), random.normal(0, 0.06, (24, 24)), random.normal(0.05, 0.3, (6, 24))]
    projections = (
        Projection(
            "in", "input", "a", convolution.with_weights(first * convolution.weights * of_row[0][:, None, None, None])
        ),
        Projection("on", "always on", "b", Dense(second * of_row[1][:, None] * random.normal(0, 0.02, (24, 1)))),
        Projection("ab", "a", "b", Dense(second * of_row[1][:, None] * dense[0])),
        Projection("bb", "b", "b", Dense(second * of_row[1][:, None] * dense[1])),
        Projection("bc", "b", "c", Dense(third * of_row[2][:, None] * dense[2])),
    )
    data = (np.random.default_rng(1).random((48, 24, 72)) < 0.3).astype(np.uint8)
    return Network(populations, projections, "c"), data


def quantized(network, data, form, **options):
    return quantize(network, input_code(data), data.astype(float), formats=dict.fromkeys(LAYERS, form), **options)


def likeness(network, integer, data):
    """1 - relative squared error of the spike counts of the output, per sample."""
    wanted = run_network(network, data)["c"].sum(axis=1, dtype=float)
    got = run_network(integer, data.astype(np.int64))["c"].sum(axis=1, dtype=float)
    return 1 - float(((got - wanted) ** 2).sum() / (wanted**2).sum())


@pytest.mark.parametrize("bits", [1, 2, 4, 8, *(pytest.param(bits, marks=pytest.mark.slow) for bits in (3, 5, 6, 7))])
def test_no_weight_takes_more_bits_than_asked_for(bits):
    network, data = random_network()
    quantization = quantized(network, data, SynapseFormat(bits))
    for projection in quantization.network.projections:
        if projection.source != "always on":
            assert weight_bits(projection.connectivity.weights) <= max(bits, 2)
            assert np.any(projection.connectivity.weights)


def test_ternary_weights_have_three_values():
    network, data = random_network()
    formats = {"a": SynapseFormat(ternary=True)}
    integer = quantize(network, input_code(data), data.astype(float), formats=formats).network
    by_name = {projection.name: projection.connectivity.weights for projection in integer.projections}
    values = np.unique(by_name["in"])
    assert values.size == 3 and values[1] == 0 and values[0] == -values[2]
    assert np.unique(by_name["ab"]).size > 30


def test_more_bits_come_closer():
    network, data = random_network()
    found = [likeness(network, quantized(network, data, SynapseFormat(bits)).network, data) for bits in (2, 4, 8)]
    assert found[0] < found[1] < found[2]
    assert found[2] > 0.99


def test_two_matrices_come_closer_than_one():
    network, data = random_network()
    one, two = (quantized(network, data, SynapseFormat(4, split=split)) for split in (False, True))
    names = {projection.name for projection in two.network.projections}
    assert {"in", "in" + FINE, "ab" + FINE, "bb" + FINE, "bc" + FINE} <= names
    assert likeness(network, two.network, data) > likeness(network, one.network, data)
    # The sum of both is the float weight, to half a step of the second one, of which 16 make one of the first.
    layer = next(layer for layer in two.layers if layer.layer == "a")
    coarse, fine = layer.projections["in"], layer.projections["in" + FINE]
    total = coarse.weights * 2.0**coarse.exponent + fine.weights * 2.0**fine.exponent
    inside = (coarse.ideal < coarse.grid.high) & (coarse.ideal > coarse.grid.low)
    left = np.abs(total - coarse.ideal * 2.0**coarse.exponent)[inside]
    assert left.max() <= fine.grid.step * 2.0**fine.exponent
    assert fine.grid.step * 2.0**fine.exponent <= coarse.grid.step * 2.0**coarse.exponent / 16


@pytest.mark.parametrize("gains", [(1e-4, 1e4, 1.0), (1e4, 1e-3, 1e-4)])
def test_the_scale_of_a_layer_is_of_no_matter(gains):
    network, data = random_network()
    other, _ = random_network(gains=gains)
    found = [run_network(quantized(n, data, SynapseFormat()).network, data.astype(np.int64)) for n in (network, other)]
    same = np.mean(found[0]["c"] == found[1]["c"])
    assert same > 0.999  # ties between candidates may fall otherwise


def test_the_scale_of_a_neuron_is_of_no_matter():
    """Rows from 10**-4 to 10**4 in one layer: every neuron keeps its bits."""
    network, data = random_network(spread=4)
    integer = quantized(network, data, SynapseFormat()).network
    assert likeness(network, integer, data) > 0.98


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_pruned_weights_are_zero_and_the_largest_stay(share):
    network, data = random_network()
    integer = quantized(network, data, SynapseFormat(pruned=share)).network
    for projection, original in zip(integer.projections, network.projections, strict=False):
        if projection.source != "always on":
            zero = projection.connectivity.weights == 0
            assert np.mean(zero) >= share - 0.01
            threshold = np.ones(1)
            if projection.target == original.target and original.name == projection.name:
                size = np.abs(original.connectivity.weights) / threshold
                assert not zero.reshape(-1)[np.argmax(size)]


def test_narrow_registers_of_a_target_are_kept():
    """States of 16 bits and thresholds of 9: smaller scales, and nothing runs over on the calibration samples."""
    network, data = random_network()
    precision = Precision(weight_bits=6, threshold_bits=9, membrane_bits=17, current_bits=17)
    integer = quantized(network, data, SynapseFormat(), precision=precision).network
    counts = count_overflows(integer, data.astype(np.int64), {"current": 17, "voltage": 17})
    assert not any(sum(of_layer.values()) for of_layer in counts.values())
    for name in LAYERS:
        assert integer.by_name[name].neuron.threshold.max() < 2**9
    for projection in integer.projections:
        if projection.source != "always on":
            assert weight_bits(projection.connectivity.weights) <= 6


# What is left open


def settled(wish, bound, seed=0):
    network, data = random_network(seed)
    quantizer = Quantizer(network, input_code(data), data.astype(float))
    settling = Settling(quantizer, dict.fromkeys(LAYERS, wish), bound)
    return quantizer, settling, settling.result()


@pytest.mark.slow
def test_automatic_bits_keep_the_bound_and_none_to_spare():
    quantizer, settling, quantization = settled(Wish(bits=None), 0.25)
    assert quantizer.free_run.changed(quantization.network) <= 0.25
    bits = {name: form.bits for name, form in settling.formats.items()}
    assert max(bits.values()) < 8
    assert settling.remarks == [
        f"bits: the fewest that keep the accuracy bound, {', '.join(f'{n} {b}' for n, b in bits.items())} (bits)."
    ]
    for projection in quantization.network.projections:
        if projection.source != "always on":
            assert weight_bits(projection.connectivity.weights) <= bits[projection.target]


@pytest.mark.slow
def test_splitting_comes_only_where_the_bound_asks_for_it():
    _, relaxed, loose = settled(Wish(bits=3, split=None), 1.0)
    quantizer, strict, tight = settled(Wish(bits=3, split=None), 0.0)
    assert not any(form.split for form in relaxed.formats.values())
    assert not any(
        projection.name.endswith(FINE) for projection in loose.network.projections if projection.target != "b"
    )
    assert any(form.split for form in strict.formats.values())
    assert quantizer.free_run.changed(tight.network) < quantizer.free_run.changed(loose.network)
    assert strict.remarks


@pytest.mark.slow
def test_automatic_pruning_keeps_the_bound():
    quantizer, settling, quantization = settled(Wish(pruned=None), 0.15)
    shares = {form.pruned for form in settling.formats.values()}
    assert len(shares) == 1 and shares.pop() > 0
    assert quantizer.free_run.changed(quantization.network) <= 0.15
