"""Refractory, adaptive, ternary and stochastic layers from a graph to integers: near the floats, and to the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import spikeloom as package
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.models.errors import DoesNotFitError, UnsupportedModelError
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.execution.overflow_counts import count_overflows, losses
from spikeloom.models.graph import Graph
from spikeloom.models.input_code import input_code
from spikeloom.models.neurons import (
    AdaptiveThreshold,
    FloatNeuron,
    IntegerNoisy,
    Noisy,
    Refractory,
    Reset,
    Ternary,
    seeds_of,
)
from spikeloom.models.operators import Neurons
from spikeloom.models.readers.dataflow import Dataflow

Array = NDArray[Any]
Random = np.random.Generator
INPUTS, HIDDEN, CLASSES, SAMPLES, STEPS = 20, 24, 6, 10, 60


def dynamics(random: Random, size: int) -> dict[str, Any]:
    """Of neurons as they are trained: retentions near 1, gains, and thresholds of their own every other time."""
    shape = size if random.random() < 0.5 else ()
    unit = 10.0 ** random.integers(-3, 3)
    return {
        "current_retention": np.asarray(random.choice([0.0, 0.5, 0.8])),
        "voltage_retention": random.uniform(0.8, 0.97, shape),
        "threshold": random.uniform(0.8, 1.2, shape) * unit,
        "input_gain": np.asarray(random.uniform(0.5, 2)),
        "current_gain": np.asarray(random.uniform(0.5, 2)),
        "bias": random.normal(0, 0.01, shape) * unit,
    }


def refractory(random: Random, size: int) -> FloatNeuron:
    period = np.asarray(random.integers(1, 6))
    return Refractory(**dynamics(random, size), reset=Reset(random.choice(list(Reset))), period=period)


def atrlif(random: Random, size: int) -> FloatNeuron:
    given = dynamics(random, size)
    return AdaptiveThreshold(
        **given, threshold_retention=np.asarray(0.9), threshold_step=0.4 * given["threshold"],
        refractory_retention=np.asarray(0.7), refractory_gain=np.asarray(2),
    )  # fmt: skip


def alif(random: Random, size: int) -> FloatNeuron:
    given = dynamics(random, size)
    return AdaptiveThreshold(
        **given, threshold_retention=np.asarray(0.97), threshold_step=0.2 * given["threshold"], reset=Reset.SUBTRACT,
        inclusive=False,
    )  # fmt: skip


def ternary(random: Random, size: int) -> FloatNeuron:
    given = dynamics(random, size)
    return Ternary(**given, reset=Reset(random.choice(["zero", "subtract"])), lower_threshold=-0.8 * given["threshold"])


def noisy(random: Random, size: int) -> FloatNeuron:
    given = dynamics(random, size)
    amplitude = np.asarray(random.uniform(0.1, 0.5) * float(np.max(given["threshold"])))
    at_current = bool(random.random() < 0.5)
    return Noisy(
        **given, noise_amplitude=amplitude / (4 if at_current else 1), noise_at_current=at_current,
        seeds=seeds_of(int(random.integers(2**32)), size),
    )  # fmt: skip


FAMILIES = {"refractory": refractory, "atrlif": atrlif, "alif": alif, "ternary": ternary, "noisy": noisy}
LEAST_LIKENESS, LEAST_AGREEMENT = 0.97, 0.9


def others_slow(*quick: str) -> list[Any]:
    """All families, of which only some are part of `make test`."""
    return [family if family in quick else pytest.param(family, marks=pytest.mark.slow) for family in FAMILIES]


def sent(neuron: FloatNeuron, sums: Array) -> Array:
    """What neurons send that get these sums, (samples, steps, neurons)."""
    state, record = neuron.initial_state(sums.shape[0], sums.shape[2]), []
    for step in range(sums.shape[1]):
        state, output = neuron.step(state, sums[:, step])
        record.append(output)
    return np.stack(record, axis=1)


def graph_of(family: str, random: Random, data: Array) -> Graph:
    """Two layers, with weights of a size at which their neurons send now and then, as trained ones do."""
    flow, activity = Dataflow(), data
    signal = flow.input("input", (INPUTS,))
    for name, size in (("hidden", HIDDEN), ("output", CLASSES)):
        neuron = FAMILIES[family](random, size)
        weights, bias = random.normal(0.1, 1, (size, activity.shape[2])), random.normal(0, 0.1, size)
        sizes = np.max(neuron.threshold) * 2.0 ** np.arange(-9, 3, 0.5)  # type: ignore[attr-defined]
        records = [sent(neuron, (activity @ weights.T + bias) * factor) for factor in sizes]
        # A long refractory time may allow no such rate.
        rates = np.minimum([np.mean(record != 0) for record in records], 0.06)
        number = int(np.argmax(rates))
        activity = records[number]
        weights, bias = weights * sizes[number], bias * sizes[number]
        signal = flow.then(name, Neurons(neuron, None), flow.linear(f"to {name}", signal, weights, bias))
    flow.output("end", signal)
    return flow.graph(family)


def data_of(random: Random) -> Array:
    return (random.random((SAMPLES, STEPS, INPUTS)) < 0.15).astype(float)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_network_computes_what_the_graph_does(family: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    data = data_of(random)
    graph = graph_of(family, random, data)
    trained, network = run_graph(graph, data), lower(prepare(graph))
    for name, values in run_network(network, data).items():
        np.testing.assert_array_equal(values, trained[name])


def smoothed(spikes: Array) -> Array:
    """As a receiver's membrane smooths them (van Rossum, 2001)."""
    result, now = np.empty(spikes.shape), np.zeros(spikes[:, 0].shape)
    for step in range(spikes.shape[1]):
        now = 0.9 * now + spikes[:, step]
        result[:, step] = now
    return result


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("family", others_slow("ternary"))
def test_integers_follow_the_floats(family: str) -> None:
    likenesses, agreements = [], []
    for seed in range(8):
        random = np.random.default_rng(seed)
        data = data_of(random)
        network = lower(prepare(graph_of(family, random, data)))
        code = input_code(data)
        quantization = quantize(network, code, data)
        integer = run_network(quantization.network, code.encode(data))
        trained = run_network(network, data)
        assert 0.01 < np.mean(trained["hidden"] != 0) < 0.6
        # What the first layer gets is the same in both, so that chaos has no part in how it differs.
        wanted, found = smoothed(trained["hidden"]), smoothed(integer["hidden"])
        likenesses.append(1 - np.sum((found - wanted) ** 2) / np.sum((wanted - wanted.mean()) ** 2))
        agreements += [layer.agreement for layer in quantization.layers]
        assert sum(losses(c) for c in count_overflows(quantization.network, code.encode(data)).values()) == 0
        for layer in quantization.layers:
            assert layer.scale.shape == ()
    assert np.median(likenesses) > LEAST_LIKENESS, likenesses
    assert np.median(agreements) > LEAST_AGREEMENT, agreements


@pytest.mark.slow
def test_the_bound_tells_a_wrong_scale() -> None:
    """Thresholds a tenth too large, as with a wrong scale, are below the bound of every family."""
    for family in FAMILIES:
        likenesses = []
        for seed in range(8):
            random = np.random.default_rng(seed)
            data = data_of(random)
            network = lower(prepare(graph_of(family, random, data)))
            population = network.by_name["hidden"]
            neuron: Any = population.neuron
            wrong = type(neuron)(**{**vars(neuron), "threshold": neuron.threshold * 1.1})
            changed = type(population)(population.name, population.shape, population.role, wrong, population.depth)
            others = tuple(changed if p is population else p for p in network.populations)
            wanted = smoothed(run_network(network, data)["hidden"])
            found = smoothed(run_network(network.replace(populations=others), data)["hidden"])
            likenesses.append(1 - np.sum((found - wanted) ** 2) / np.sum((wanted - wanted.mean()) ** 2))
        assert np.median(likenesses) < LEAST_LIKENESS, family


def test_the_noise_of_a_chip_has_the_amplitude_of_the_floats() -> None:
    for seed in range(6):
        random = np.random.default_rng(seed)
        data = data_of(random)
        network = lower(prepare(graph_of("noisy", random, data)))
        integer = quantize(network, input_code(data), data).network
        for name in ("hidden", "output"):
            model: Any = network.by_name[name].neuron
            neuron = integer.by_name[name].neuron
            assert isinstance(neuron, IntegerNoisy)
            wanted = np.log2(model.noise_amplitude * integer.scales[name])
            np.testing.assert_allclose(neuron.noise_exponent, wanted, atol=1e-6)


# What no integers can say


def one_layer(neuron: FloatNeuron) -> Graph:
    flow = Dataflow()
    weights = np.random.default_rng(0).normal(0.2, 1, (CLASSES, INPUTS))
    signal = flow.linear("synapses", flow.input("input", (INPUTS,)), weights, None)
    flow.output("end", flow.then("layer", Neurons(neuron, None), signal))
    return flow.graph("one layer")


ONE, ZERO = np.ones(()), np.zeros(())
PLAIN = (ZERO, 0.9 * ONE, ONE, ONE, ONE, ZERO)


@pytest.mark.parametrize(
    ("neuron", "message"),
    [
        (Refractory(*PLAIN, period=2.5 * ONE), "period is not a whole number of steps"),
        (Refractory(*PLAIN, period=63 * ONE), "period of 63 steps is longer than the 62"),
        (Refractory(ZERO, ONE, -ONE, ONE, ONE, ZERO, period=ONE), "threshold is negative"),
        (Ternary(*PLAIN, lower_threshold=ONE), "lower threshold is not below the upper one"),
        (AdaptiveThreshold(*PLAIN, threshold_retention=ONE, threshold_step=-ONE), "lowers its threshold"),
        (
            AdaptiveThreshold(*PLAIN, threshold_retention=ONE, threshold_step=ONE, refractory_gain=1.5 * ONE),
            "none of the whole numbers 0..7",
        ),
        (Noisy(*PLAIN, noise_amplitude=-ONE, seeds=seeds_of(0, CLASSES)), "noise_amplitude is negative"),
        (Noisy(*PLAIN, noise_amplitude=ONE, noise_offset=0.5 * ONE, seeds=ZERO), "noise_offset is none of the whole"),
        (
            Noisy(*PLAIN, noise_amplitude=np.array([1, 1, 2, 3, 1, 1.0]), seeds=seeds_of(0, CLASSES)),
            "differs among neurons by factors that are no powers of 2",
        ),
    ],
)
def test_what_no_scale_can_say_is_refused(neuron: FloatNeuron, message: str) -> None:
    data = data_of(np.random.default_rng(0))
    with pytest.raises(UnsupportedModelError, match=message):
        quantize(lower(prepare(one_layer(neuron))), input_code(data), data)


# To the end


@pytest.mark.parametrize("family", others_slow("atrlif"))
def test_a_deployment_to_the_end(family: str, tmp_path: Any) -> None:
    random = np.random.default_rng(1)
    data = data_of(random)
    graph = graph_of(family, random, data)
    labels = np.arange(SAMPLES) % CLASSES
    report = package.deploy(
        graph, "loihi2", (data, labels), tmp_path / "out", lava_samples=0, allow=["loss", "silent", "saturated"]
    )
    entries = {entry["stage"]: entry for entry in report["ledger"]}
    assert entries["network"]["by_layer"]["hidden"]["agreement"] == 1.0
    assert entries["simulator"]["by_layer"]["hidden"]["mismatched"] == 0
    assert entries["simulator"]["by_layer"]["output"]["mismatched"] == 0
    if family in ("refractory", "noisy"):
        report = package.deploy(graph, "loihi1", (data, labels), lava_samples=0, allow=["loss", "silent", "saturated"])
        assert report["target"]["name"] == "loihi1"
        return
    with pytest.raises(
        DoesNotFitError, match=r"hidden: \w+( \w+)? neurons 24 of 0: loihi1 does not compute them"
    ) as failed:
        package.deploy(graph, "loihi1", (data, labels), lava_samples=0)
    assert failed.value.exit_code == 4
