"""Weights that were trained as integers are these integers on the chip, up to a power of two."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.conversion.convert import convert
from spikeloom.deploy.conversion.thresholds import ThresholdRule
from spikeloom.deploy.conversion.trained_weights import powers_of_two_apart
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.lowering.paths import common_unit
from spikeloom.deploy.quantization.lost_steps import lost_steps
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.models.input_code import input_code
from spikeloom.models.neurons import LeakyIntegrateAndFire, Reset, SigmaDelta
from spikeloom.models.operators import Convolution, Linear
from spikeloom.models.readers.dataflow import Dataflow

INPUTS, OUTPUTS = 12, 6


def integrate_and_fire():
    zero, one = np.zeros(()), np.ones(())
    return LeakyIntegrateAndFire(zero, one, one, one, one, zero, reset=Reset.SUBTRACT, initial_voltage=one / 2)


def network(step, model, random, bits=8):
    """One layer behind the input, whose weights are whole numbers times the step."""
    high = 2 ** (bits - 1) - 1
    whole = random.integers(-high, high + 1, (OUTPUTS, INPUTS))
    flow = Dataflow()
    arriving = flow.then(
        "weights", Linear(whole * np.reshape(step, (-1, 1)), None, np.asarray(step)), flow.input("input", (INPUTS,))
    )
    flow.output("output", flow.neurons("layer", arriving, model))
    graph = prepare(flow.graph("quantized"))
    return whole, graph, lower(graph)


def quantized(graph, network, data):
    """The integer network, its weights by the name of a projection, and what is said of lost steps."""
    code = input_code(data)
    quantization = quantize(network, code, code.decode(code.encode(data)))
    weights = {name: part for layer in quantization.layers for name, part in layer.projections.items()}
    return quantization.network, weights, lost_steps(graph, network, weights)


def quantized_weights(graph, network, random):
    data = (random.random((20, 16, INPUTS)) < 0.3).astype(np.int8)
    integer, weights, lost = quantized(graph, network, data)
    (layer,) = weights.values()
    return integer, layer, lost


def multiples(found, whole):
    """By which power of two integers differ from the trained ones; fails where that is not one for all."""
    whole = np.rint(whole)
    assert np.any(whole)
    doubling = found[whole != 0] / whole[whole != 0]
    assert np.all(doubling == doubling[0]) and np.all(found[whole == 0] == 0)
    assert doubling[0] in 2.0 ** np.arange(-1, 16)
    return doubling[0]


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("model", [integrate_and_fire(), SigmaDelta(np.zeros(()), np.zeros(()), delta=False)])
def test_one_step_a_layer(bits, model):
    random = np.random.default_rng(bits)
    whole, graph, float_network = network(np.asarray(0.0173), model, random, bits)
    _, weights, lost = quantized_weights(graph, float_network, random)
    multiples(weights.weights.astype(int) << weights.exponent, whole)
    assert weights.clipped_share == weights.zeroed_share == 0
    assert lost == ()


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_a_step_for_each_spiking_neuron(bits):
    """Each neuron is scaled as a whole, threshold and all, so that the integers of all fit one exponent."""
    random = np.random.default_rng(bits)
    steps = random.uniform(0.01, 0.03, OUTPUTS)
    whole, graph, float_network = network(steps, integrate_and_fire(), random, bits)
    integer, weights, lost = quantized_weights(graph, float_network, random)
    multiples(weights.weights.astype(int) << weights.exponent, whole)
    thresholds = integer.by_name["layer"].neuron.threshold
    np.testing.assert_allclose(thresholds * steps / (thresholds * steps).mean(), 1, atol=0.01)
    assert lost == ()


def test_where_neurons_have_no_free_scale_weights_are_rounded_anew_and_that_is_said():
    """What sigma-delta neurons send must have one unit, so that a step for each of them cannot be kept."""
    random = np.random.default_rng(0)
    steps = random.uniform(0.01, 0.03, OUTPUTS)
    whole, graph, float_network = network(steps, SigmaDelta(np.zeros(()), np.zeros(()), delta=False), random)
    _, weights, lost = quantized_weights(graph, float_network, random)
    ideal = whole * steps.reshape(-1, 1)
    likeness = np.corrcoef(weights.weights.ravel(), ideal.ravel())[0, 1]
    assert likeness > 0.999
    (sentence,) = lost
    assert sentence.startswith("trained steps: the weights that reach 'layer' are rounded anew, as its neurons send")


def test_steps_that_are_powers_of_two_apart_are_kept_by_neurons_that_share_a_scale():
    random = np.random.default_rng(0)
    steps = 0.02 * 2.0 ** -np.arange(OUTPUTS).clip(0, 3)
    whole, graph, float_network = network(steps, SigmaDelta(np.zeros(()), np.zeros(()), delta=False), random, bits=4)
    _, weights, lost = quantized_weights(graph, float_network, random)
    multiples(weights.weights.astype(int) << weights.exponent, whole * np.reshape(steps / steps.min(), (-1, 1)))
    assert lost == ()


def layered(random, bits, *, pool, channel_steps=False, skip=False):
    """Two convolutions and a matrix with trained weights, rectifiers between them; and the integers, by operator."""
    high = 2 ** (bits - 1) - 1
    integers = {}

    def step_of(name, outputs, base):
        integers[name] = None
        return base * random.uniform(0.5, 1, outputs) if channel_steps else np.asarray(base * random.uniform(0.5, 1))

    def weights(name, *shape):
        step = step_of(name, shape[0], 1.2 / high / np.sqrt(np.prod(shape[1:])))
        integers[name] = random.integers(-high, high + 1, shape)
        return integers[name] * step.reshape(-1, *[1] * (len(shape) - 1)), step

    flow = Dataflow()
    x = flow.input("input", (1, 8, 8))
    ones, pads = (1, 1), ((1, 1), (1, 1))
    kernel, step = weights("first", 4, 1, 3, 3)
    bias = random.uniform(0, 0.2, 4)
    first = flow.rectify("relu 1", flow.then("first", Convolution(kernel, bias, ones, pads, ones, 1, step), x))
    y = first
    if pool == "max":
        y = flow.max_pool("pool", y, (2, 2), (2, 2), ((0, 0), (0, 0)), ones)
    elif pool == "average":
        y = flow.average_pool("pool", y, (2, 2), (2, 2), ((0, 0), (0, 0)), True)
    kernel, step = weights("second", 4, 4, 3, 3)
    y = flow.then("second", Convolution(kernel, bias, ones, pads, ones, 1, step), y)
    y = flow.rectify("relu 2", flow.add("sum", [y, first]) if skip else y)
    y = flow.reshape("flat", y, (int(np.prod(y.shape)),))
    matrix, step = weights("last", 5, y.shape[0])
    flow.output("output", flow.then("last", Linear(matrix, None, step), y))
    return integers, flow.graph("trained")


def deployed(graph, method, random):
    """Input in spikes, the graph converted, and what becomes of its weights."""
    frames = random.integers(0, 2, (10, 1, 1, 8, 8)).astype(float).repeat(12, axis=1)
    converted = prepare(convert(graph, method, "exact", ThresholdRule.ERROR, frames, 12))
    float_network = lower(converted)
    data = frames.reshape(10, 12, -1).astype(np.int8)
    integer, weights, lost = quantized(converted, float_network, data)
    return integer, weights, lost, converted


def integers_that_reach(integer, layer):
    found = [p for p in integer.projections if p.target == layer]
    return [(p.connectivity.weights.astype(int) << p.exponent, p) for p in found]


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("pool", ["none", "max", "average"])
@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
def test_a_converted_network_has_the_integers_of_its_training(method, pool, bits):
    """In every layer: thresholds, pools and what sends numbers are chosen such that the steps stay."""
    random = np.random.default_rng(bits)
    integers, graph = layered(random, bits, pool=pool)
    integer, _, lost, converted = deployed(graph, method, random)
    assert lost == ()
    ends = {"first": "relu 1", "second": "relu 2", "last": converted.incoming(converted.outputs[0])[0].source}
    for name, layer in ends.items():
        whole = integers[name]
        for found, projection in integers_that_reach(integer, layer):
            if pool == "average" and name == "second":  # the pool has become part of the weights
                whole = np.repeat(np.repeat(integers[name], 2, axis=2), 2, axis=3)
            if found.shape == whole.shape:
                multiples(found, whole)
            else:  # not a convolution any more
                dense = projection.connectivity.with_weights(found).to_sparse().toarray()
                assert set(np.abs(dense[dense != 0]) / np.gcd.reduce(np.abs(found).reshape(-1))) <= {
                    *np.abs(whole.reshape(-1)) / np.gcd.reduce(np.abs(whole).reshape(-1))
                }


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_steps_of_channels_stay_in_all_layers_of_spikes(bits):
    random = np.random.default_rng(bits)
    integers, graph = layered(random, bits, pool="max", channel_steps=True)
    integer, _, lost, converted = deployed(graph, "rate", random)
    readout = converted.incoming(converted.outputs[0])[0].source
    (sentence,) = lost
    assert repr(readout) in sentence and "share one scale" in sentence
    for name, layer in (("first", "relu 1"), ("second", "relu 2")):
        for found, _ in integers_that_reach(integer, layer):
            if found.shape == integers[name].shape:
                multiples(found, integers[name])


def test_a_skip_connection_does_not_cost_the_trained_step():
    """What is added without weights of its own is rounded; the trained weights beside it are not."""
    random = np.random.default_rng(0)
    integers, graph = layered(random, 4, pool="none", skip=True)
    integer, _, lost, _ = deployed(graph, "rate", random)
    assert lost == ()
    shapes = [found.shape for found, _ in integers_that_reach(integer, "relu 2")]
    assert len(shapes) == 2
    for found, _ in integers_that_reach(integer, "relu 2"):
        if found.shape == integers["second"].shape:
            multiples(found, integers["second"])


def test_thresholds_before_trained_weights_are_one_for_a_layer_and_that_is_said():
    random = np.random.default_rng(0)
    _, graph = layered(random, 4, pool="none")
    frames = random.random((10, 1, 1, 8, 8)).repeat(12, axis=1)
    converted = convert(graph, "rate", "exact", ThresholdRule.ERROR, frames, 12)
    for name in ("relu 1", "relu 2"):
        assert np.ptp(converted.nodes[name].model.threshold) == 0
    assert any(
        note.startswith("trained steps: all neurons of each of 'relu 1', 'relu 2'") for note in converted.assumptions
    )


def test_a_normalisation_before_trained_weights_loses_their_step_and_that_is_said():
    random = np.random.default_rng(0)
    flow = Dataflow()
    x = flow.scale("normalisation", flow.input("input", (INPUTS,)), random.uniform(0.5, 1, INPUTS))
    whole = random.integers(-7, 8, (OUTPUTS, INPUTS))
    arriving = flow.then("weights", Linear(whole * 0.05, None, np.asarray(0.05)), x)
    flow.output("output", flow.neurons("layer", arriving, integrate_and_fire()))
    graph = prepare(flow.graph("normalised"))
    data = (random.random((20, 16, INPUTS)) < 0.3).astype(np.int8)
    _, _, (sentence,) = quantized(graph, lower(graph), data)
    assert "no unit in common" in sentence


def test_a_normalisation_behind_trained_weights_keeps_their_integers():
    """Of spiking neurons: the factor of a channel goes into its neuron's own scale, zero among them."""
    random = np.random.default_rng(0)
    flow = Dataflow()
    whole = random.integers(-7, 8, (OUTPUTS, INPUTS))
    factor = np.append(random.uniform(0.5, 1.5, OUTPUTS - 1), 0.0)
    arriving = flow.then("weights", Linear(whole * 0.05, None, np.asarray(0.05)), flow.input("input", (INPUTS,)))
    arriving = flow.scale("normalisation", arriving, factor, random.uniform(0, 0.1, OUTPUTS))
    flow.output("output", flow.neurons("layer", arriving, integrate_and_fire()))
    graph = prepare(flow.graph("normalised"))
    data = (random.random((20, 16, INPUTS)) < 0.3).astype(np.int8)
    _, weights, lost = quantized(graph, lower(graph), data)
    (layer,) = weights.values()
    assert lost == ()
    multiples(layer.weights[:-1].astype(int) << layer.exponent, whole[:-1])
    assert not layer.weights[-1].any()


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-3, 1e3), st.lists(st.integers(-255, 255), min_size=1, max_size=20))
def test_the_unit_of_weights_is_what_they_are_multiples_of(unit, times):
    weights = np.float32(unit) * np.asarray(times, np.float32)
    sizes = np.abs(times)[np.abs(times) > 0]
    found = common_unit(weights)
    if sizes.size and np.all(sizes % sizes.min() == 0):
        assert found == pytest.approx(unit * sizes.min(), rel=1e-5)
    else:
        assert found is None


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), st.floats(1e-3, 1e3), min_size=1, max_size=6))
def test_thresholds_are_raised_by_less_than_a_factor_of_two(thresholds):
    raised = powers_of_two_apart(thresholds)
    ratios = np.log2(np.array([float(raised[name]) for name in thresholds]) / max(thresholds.values()))
    np.testing.assert_allclose(ratios, np.rint(ratios), atol=1e-9)
    for name, value in thresholds.items():
        assert value * (1 - 1e-9) <= raised[name] < 2 * value * (1 + 1e-9)
