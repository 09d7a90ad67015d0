"""The layer that costs the accuracy is named, in trained networks one layer of which is sabotaged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spikeloom.deploy.attribution import attribute, samples_of
from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.conversion.calibrated import convert_graph
from spikeloom.deploy.data import Data
from spikeloom.deploy.hybrid_network import with_integer_layer
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.model_source import load_graph, open_data, with_built_in_options
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.deploy.report.blame import blame
from spikeloom.models.decision import natural_decision
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.input_code import input_code
from spikeloom.models.readers.dataflow import Dataflow

SAMPLES = 60


class Deployed:
    """A network before and after quantization, and its data."""

    def __init__(self, network, data):
        self.network, self.data = network, data
        self.code = input_code(data.x)
        self.integer = quantize(network, self.code, self.code.decode(self.code.encode(data.x[:16]))).network
        self.decision = natural_decision(network.by_name[network.output])

    def attributed(self, integer=None):
        return attribute(self.network, integer or self.integer, self.code, self.decision, self.data)

    def with_weights(self, layer, change):
        """The integer network with the weights that reach a layer changed."""
        return self.integer.replace(
            projections=tuple(
                replace(p, connectivity=p.connectivity.with_weights(change(p.connectivity.weights).astype(np.int16)))
                if p.target == layer
                else p
                for p in self.integer.projections
            )
        )

    def with_thresholds(self, layer, factor):
        """The integer network with the thresholds of a layer multiplied."""
        return self.integer.replace(
            populations=tuple(
                replace(p, neuron=replace(p.neuron, threshold=np.minimum(p.neuron.threshold * factor, 131071)))
                if p.name == layer
                else p
                for p in self.integer.populations
            )
        )


def two_bits(weights):
    """Far too coarse, and badly placed: 0 and the largest magnitudes are all that is left."""
    largest = int(np.abs(weights).max())
    return np.where(np.abs(weights) > 0.6 * largest, np.sign(weights) * min(largest, 254), 0)


@pytest.fixture(scope="module")
def digits():
    config = with_built_in_options("digits", Configuration(samples=SAMPLES))
    graph = load_graph("digits", config)
    return Deployed(lower(graph), open_data("digits", None, graph, config))


@pytest.fixture(scope="module")
def braille(shared_data):
    config = Configuration(samples=SAMPLES)
    model = str(shared_data / "nir" / "braille.nir")
    graph = load_graph(model, config)
    return Deployed(lower(graph), open_data(model, shared_data / "braille" / "braille.npz", graph, config))


def named(attribution):
    """The layer that the sentence blames."""
    sentence = blame(attribution.as_dict())
    return next(row.layer for row in attribution.layers if f"{row.layer!r} " in sentence), sentence


@pytest.mark.parametrize("layer", ["lif1", "lif2", "lif_out"])
def test_a_layer_of_the_digits_network_whose_weights_are_ruined_is_named(digits, layer):
    guilty, sentence = named(digits.attributed(digits.with_weights(layer, two_bits)))
    assert guilty == layer, sentence
    assert "costs most" in sentence


@pytest.mark.parametrize("layer", ["lif1", "lif2"])
def test_a_layer_of_the_digits_network_with_other_thresholds_is_named(digits, layer):
    guilty, sentence = named(digits.attributed(digits.with_thresholds(layer, 3)))
    assert guilty == layer, sentence
    assert "times as often as in float" in sentence


@pytest.mark.parametrize("layer", ["lif1.lif", "lif2"])
def test_a_layer_of_a_recurrent_network_that_is_ruined_is_named(braille, layer):
    guilty, sentence = named(braille.attributed(braille.with_weights(layer, two_bits)))
    assert guilty == layer, sentence


def test_a_sound_network_blames_little(digits):
    result = digits.attributed()
    assert [row.layer for row in result.layers] == ["lif1", "lif2", "lif_out"]
    assert result.samples == len(samples_of(digits.data, digits.network))
    assert min(row.same_class for row in result.layers) >= 0.9
    assert min(row.agreement for row in result.layers) >= 0.8
    assert result.rounded_input is None


def test_each_layer_alone_is_the_layer_of_the_integer_network(digits):
    """The first layer gets the same spikes in both, so that what it does must be the same, spike by spike."""
    integers = digits.code.encode(digits.data.x[:5])
    expected = run_network(digits.integer, integers)["lif1"]
    hybrid = with_integer_layer(digits.network, digits.integer, "lif1")
    np.testing.assert_array_equal(run_network(hybrid, digits.code.decode(integers))["lif1"], expected)


@pytest.fixture(scope="module", params=["rate", "sigma-delta"])
def converted(request):
    """A small ordinary network on fractions, made to spike: graded spikes, sums, and an input that is rounded."""
    random = np.random.default_rng(2)
    flow = Dataflow()
    signal = flow.input("input", (12,))
    for layer, size in enumerate((20, 16)):
        weights = random.normal(0, (2 / signal.shape[0]) ** 0.5, (size, signal.shape[0]))
        signal = flow.rectify(f"relu{layer}", flow.linear(f"fc{layer}", signal, weights, random.normal(0, 0.1, size)))
    weights = random.normal(0, 0.25, (5, 16))
    flow.output("output", flow.linear("readout", signal, weights, np.zeros(5)))
    x = np.repeat(random.random((40, 1, 12)).astype(np.float32), 24, axis=1)
    data = Data(x, random.integers(0, 5, 40), (), "drawn")
    return Deployed(
        lower(prepare(convert_graph(flow.graph("drawn"), data, Configuration(convert=request.param)))), data
    )


def test_graded_spikes_and_sums_keep_their_units(converted):
    result = converted.attributed()
    assert result.rounded_input is not None
    for row in result.layers:
        # Where spikes carry no numbers they soon come a step earlier or later, but as many.
        graded = converted.network.by_name[row.layer].graded
        assert row.agreement >= 0.8 if graded else 0.9 <= row.spike_ratio <= 1.1, row
        assert row.same_class >= 0.8
    assert result.same_class >= 0.8


def test_every_layer_of_a_converted_network_that_is_ruined_is_named(converted):
    for population in converted.network.populations:
        if population.neuron is None or len(converted.network.incoming(population.name)) == 0:
            continue
        if min(p.connectivity.weights.size for p in converted.network.incoming(population.name)) < 50:
            continue  # what only passes something on has weights that are all alike
        guilty, sentence = named(converted.attributed(converted.with_weights(population.name, two_bits)))
        assert guilty == population.name, sentence


def test_the_samples_are_bounded_and_spread(digits):
    chosen = samples_of(digits.data, digits.network)
    assert len(chosen) == 2 * SAMPLES // 5
    assert (chosen[0], chosen[-1]) == (0, SAMPLES - 1)
    assert len(samples_of(digits.data.first(4), digits.network)) == 4


def test_what_is_known_is_not_run_again(digits):
    data = digits.data.x[:3]
    whole = run_network(digits.network, data)
    seen = []
    part = run_network(
        digits.network, data, lambda population, *step: seen.append(population.name), {"lif1": whole["lif1"]}
    )
    assert set(seen) == {"lif2", "lif_out"}
    for name, activity in whole.items():
        np.testing.assert_array_equal(part[name], activity, err_msg=name)
