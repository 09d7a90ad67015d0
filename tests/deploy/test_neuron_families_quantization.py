"""Every family of neurons through the quantizer: what its integers do is what its floats do, layer after layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.quantization.layer_quantization import Quantization
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.mapping.precision import Precision
from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.execution.overflow_counts import count_overflows, losses
from spikeloom.models.graph import Graph
from spikeloom.models.input_code import input_code
from spikeloom.models.network import Network, Role
from spikeloom.models.neurons import (
    Adaptive,
    FloatNeuron,
    Graded,
    Izhikevich,
    MultipleSpikes,
    Reset,
    ResonateAndFire,
)
from spikeloom.models.operators import Input, Linear, Neurons, Output

Array = NDArray[Any]
Random = np.random.Generator

INPUTS, HIDDEN, OUTPUTS, SAMPLES, STEPS = 24, 20, 8, 6, 120
RATE = 0.15
SMOOTHING = 5.0  # steps, of the spike trains that are compared


def resonating(random: Random, size: int, resets: bool = False) -> FloatNeuron:
    period, retention = random.uniform(4, 12, size), random.uniform(0.85, 0.97, size)
    phase = np.asarray(0.0) if resets else random.uniform(0, 2 * np.pi, size)
    return ResonateAndFire(period, retention, np.full((), 1.0), np.full((), 0.8), phase, resets)


def resonating_with_reset(random: Random, size: int) -> FloatNeuron:
    return resonating(random, size, resets=True)


def izhikevich(random: Random, size: int) -> FloatNeuron:
    share = random.uniform(0, 1, size)  # as the paper mixes excitatory neurons of all kinds
    return Izhikevich(
        np.full((), 0.02), np.full((), 0.2), -65 + 15 * share**2, 8 - 6 * share**2, input_gain=np.full((), 10.0),
        bias=np.full((), 3.0),
    )  # fmt: skip


def adaptive(random: Random, size: int) -> FloatNeuron:
    alpha, beta = np.exp(-1 / random.uniform(5, 25, size)), np.exp(-1 / random.uniform(60, 300, size))
    paper = Adaptive.of_paper(alpha, beta, random.uniform(0, 1, size), random.uniform(0, 2, size), np.asarray(1.0))
    return replace(paper, input_gain=3 * paper.input_gain)


def leaky(random: Random, size: int) -> dict[str, Any]:
    return {
        "current_retention": np.full((), 0.4),
        "voltage_retention": random.uniform(0.7, 0.95, size),
        "threshold": np.full((), 1.0),
        "input_gain": np.full((), 0.6),
        "current_gain": np.ones(()),
        "bias": random.uniform(-0.05, 0.05, size),
    }


def graded(random: Random, size: int) -> FloatNeuron:
    return Graded(**leaky(random, size), reset=Reset.SUBTRACT)


def graded_with_both_signs(random: Random, size: int) -> FloatNeuron:
    return Graded(**leaky(random, size), signed=True)


def multiple_spikes(random: Random, size: int) -> FloatNeuron:
    return MultipleSpikes(**leaky(random, size) | {"threshold": np.full((), 0.4)}, most=5)


FAMILIES = (
    resonating, resonating_with_reset, izhikevich, adaptive, graded, graded_with_both_signs, multiple_spikes,
)  # fmt: skip
EXACT = 0.97  # likeness of trains with the same weights
ROUNDED = 0.78  # with weights of 8 bits, which move single spikes


def two_layers(random: Random, make: Callable[[Random, int], FloatNeuron]) -> Graph:
    """Dense layers with biases, weights as training leaves them."""
    nodes: dict[str, Any] = {"input": Input((INPUTS,))}
    sizes = (INPUTS, HIDDEN, OUTPUTS)
    for layer, (inputs, size) in enumerate(pairwise(sizes)):
        spread = 2 / (inputs * RATE) ** 0.5
        nodes[f"dense {layer}"] = Linear(random.normal(0.1, spread, (size, inputs)), random.normal(0, 0.05, size))
        nodes[f"layer {layer}"] = Neurons(make(random, size), (size,))
    nodes["output"] = Output()
    names = list(nodes)
    return Graph.with_loops_closed(nodes, list(pairwise(names)), (), make.__name__)


def spikes(random: Random) -> Array:
    return (random.random((SAMPLES, STEPS, INPUTS)) < RATE).astype(np.float64)


def quantized(network: Network, calibration: Array, precision: Precision | None = None) -> Quantization:
    return quantize(network, input_code(calibration), calibration, precision=precision)


def likeness(got: Array, wanted: Array) -> float:
    """1 - relative error of smoothed trains, (samples, steps, neurons)."""
    kept, smooth = np.exp(-1 / SMOOTHING), np.zeros((2, *got.shape))
    for step in range(got.shape[1]):
        for number, trains in enumerate((got, wanted)):
            before = smooth[number, :, step - 1] if step else 0.0
            smooth[number, :, step] = kept * before + trains[:, step]
    return 1 - float(np.linalg.norm(smooth[0] - smooth[1]) / np.linalg.norm(smooth[1]))


def outputs(network: Network, name: str, values: Array) -> Array:
    """In the units of the float network."""
    neuron: Any = network.by_name[name].neuron
    if neuron.whole:
        return values.astype(np.float64)
    return np.asarray(values * 2.0**neuron.output_shift / network.scales[name])


def with_weights_of(network: Network, integer: Network, quantization: Quantization, layer: str) -> Network:
    """The float network, with the weights that the integer network has in front of a layer."""
    scale = next(float(account.scale) for account in quantization.layers if account.layer == layer)
    own = []
    for projection in integer.incoming(layer):
        weights = projection.connectivity.weights * 2.0**projection.exponent / scale
        own.append(replace(projection, connectivity=projection.connectivity.with_weights(weights), exponent=0))
    others = tuple(p for p in network.projections if p.target != layer)
    return Network(network.populations, (*others, *own), network.output)


@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_integers_do_what_floats_do(make: Callable[[Random, int], FloatNeuron]) -> None:
    """On samples that the quantizer has not seen: nearly the same with the same weights, and close with their own."""
    random = np.random.default_rng(0)
    network = lower(prepare(two_layers(random, make)))
    quantization = quantized(network, spikes(random))
    integer = quantization.network
    data = spikes(random)
    found = run_network(integer, data.astype(np.int64))
    wanted = run_network(network, data)
    assert 0.02 < np.mean(wanted["layer 0"] != 0) < 0.6
    same = run_network(with_weights_of(network, integer, quantization, "layer 0"), data)
    got = outputs(integer, "layer 0", found["layer 0"])
    assert likeness(got, same["layer 0"]) > EXACT
    assert likeness(got, wanted["layer 0"]) > ROUNDED
    assert sum(losses(counts) for counts in count_overflows(integer, data.astype(np.int64)).values()) == 0


@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_a_wrong_scale_is_not_as_close(make: Callable[[Random, int], FloatNeuron]) -> None:
    """Or the test above would show nothing: weights that are a twentieth too large."""
    random = np.random.default_rng(0)
    network = lower(prepare(two_layers(random, make)))
    data = spikes(random)
    factor = np.asarray(1.05)
    larger = tuple(replace(p, connectivity=p.connectivity.scaled_by_target(factor)) for p in network.projections)
    wanted = run_network(network, data)["layer 0"]
    wrong = run_network(Network(network.populations, larger, network.output), data)["layer 0"]
    assert likeness(wrong, wanted) < EXACT


@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_lowering_folds_gains_and_biases_in(make: Callable[[Random, int], FloatNeuron]) -> None:
    random = np.random.default_rng(1)
    graph = prepare(two_layers(random, make))
    network, data = lower(graph), spikes(random)
    expected, found = run_graph(graph, data), run_network(network, data)
    for name in ("layer 0", "layer 1"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(network.by_name[name].neuron.gain, 1)
    constants = [p for p in network.populations if p.role is Role.CONSTANT]
    bias = getattr(network.by_name["layer 0"].neuron, "bias", None)
    held = bias is not None and not np.any(getattr(network.by_name["layer 0"].neuron, "current_retention", 0))
    assert bool(constants) is not held


# What no scale suits


IMPOSSIBLE = {
    "its period is 0": ResonateAndFire(np.asarray(0.0), np.asarray(0.9), np.asarray(1.0)),
    "above 0, so that it would spike": ResonateAndFire(np.asarray(5.0), np.asarray(0.9), np.asarray(0.0)),
    "its retention is 1.5": ResonateAndFire(np.asarray(5.0), np.asarray(1.5), np.asarray(1.0)),
    "its sensitivity is beyond": Izhikevich(*map(np.asarray, (0.02, 100.0, -65.0, 8.0))),
    "its threshold is negative": replace(
        Adaptive.of_paper(*map(np.asarray, (0.9, 0.99, 0.5, 0.5, 1.0))), threshold=np.asarray(-1.0)
    ),
    "its coupling is 100": replace(
        Adaptive.of_paper(*map(np.asarray, (0.9, 0.99, 0.5, 0.5, 1.0))), coupling=np.asarray(100.0)
    ),
    "its threshold is not above 0": MultipleSpikes(*map(np.asarray, (0.4, 0.9, 0.0, 1.0, 1.0, 0.0))),
    "up to 0 spikes": MultipleSpikes(*map(np.asarray, (0.4, 0.9, 1.0, 1.0, 1.0, 0.0)), most=0),
}


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("reason", IMPOSSIBLE)
def test_what_no_register_holds_is_said(reason: str) -> None:
    graph = two_layers(np.random.default_rng(0), lambda random, size: IMPOSSIBLE[reason])
    with pytest.raises(UnsupportedModelError, match=reason) as raised:
        quantized(lower(prepare(graph)), spikes(np.random.default_rng(0)))
    assert "layer 0" in str(raised.value)


def test_an_izhikevich_neuron_says_how_many_bits_it_needs() -> None:
    network = lower(prepare(two_layers(np.random.default_rng(0), izhikevich)))
    with pytest.raises(UnsupportedModelError, match="needs 21 bits, a neuron of this chip has 16"):
        quantized(network, spikes(np.random.default_rng(0)), Precision(membrane_bits=16))
