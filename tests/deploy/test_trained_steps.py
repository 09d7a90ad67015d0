"""Weights that were trained as integers are these integers on the chip, up to a power of two."""

import numpy as np
import pytest

from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.models.input_code import input_code
from spikeloom.models.neurons import LeakyIntegrateAndFire, Reset, SigmaDelta
from spikeloom.models.operators import Linear
from spikeloom.models.readers.dataflow import Dataflow

INPUTS, OUTPUTS = 12, 6


def integrate_and_fire():
    zero, one = np.zeros(()), np.ones(())
    return LeakyIntegrateAndFire(zero, one, one, one, one, zero, reset=Reset.SUBTRACT, initial_voltage=one / 2)


def network(step, model, random):
    """One layer behind the input, whose weights are whole numbers of -127..127 times the step."""
    whole = random.integers(-127, 128, (OUTPUTS, INPUTS))
    flow = Dataflow()
    arriving = flow.then(
        "weights", Linear(whole * np.reshape(step, (-1, 1)), None, np.asarray(step)), flow.input("input", (INPUTS,))
    )
    flow.output("output", flow.neurons("layer", arriving, model))
    return whole, lower(prepare(flow.graph("quantized")))


def quantized_weights(network, random):
    data = (random.random((20, 16, INPUTS)) < 0.3).astype(np.int8)
    quantization = quantize(network, input_code(data), data.astype(float))
    (layer,) = quantization.layers
    (weights,) = layer.projections.values()
    return quantization.network, weights


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("model", [integrate_and_fire(), SigmaDelta(np.zeros(()), np.zeros(()), delta=False)])
def test_one_step_a_layer(seed, model):
    random = np.random.default_rng(seed)
    whole, float_network = network(np.asarray(0.0173), model, random)
    _, weights = quantized_weights(float_network, random)
    found = weights.weights.astype(int) << weights.exponent
    doubling = found[whole != 0] / whole[whole != 0]
    assert np.all(doubling == doubling[0])
    assert doubling[0] in 2.0 ** np.arange(16)
    assert weights.clipped_share == weights.zeroed_share == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_step_for_each_spiking_neuron(seed):
    """Each neuron is scaled as a whole, threshold and all, so that the integers of all fit one exponent."""
    random = np.random.default_rng(seed)
    steps = random.uniform(0.01, 0.03, OUTPUTS)
    whole, float_network = network(steps, integrate_and_fire(), random)
    integer, weights = quantized_weights(float_network, random)
    found = weights.weights.astype(int) << weights.exponent
    doubling = found[whole != 0] / whole[whole != 0]
    assert np.all(doubling == doubling[0])
    thresholds = integer.by_name["layer"].neuron.threshold
    np.testing.assert_allclose(thresholds * steps / (thresholds * steps).mean(), 1, atol=0.01)


def test_where_neurons_have_no_free_scale_weights_are_rounded_anew():
    """What sigma-delta neurons send must have one unit, so that a step for each of them cannot be kept."""
    random = np.random.default_rng(0)
    steps = random.uniform(0.01, 0.03, OUTPUTS)
    whole, float_network = network(steps, SigmaDelta(np.zeros(()), np.zeros(()), delta=False), random)
    _, weights = quantized_weights(float_network, random)
    ideal = whole * steps.reshape(-1, 1)
    likeness = np.corrcoef(weights.weights.ravel(), ideal.ravel())[0, 1]
    assert likeness > 0.999
