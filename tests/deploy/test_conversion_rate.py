"""Rates are activations: rounded exactly in the first layer, nearer with more steps behind it, channel by channel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.conversion.convert import convert
from spikeloom.deploy.conversion.maxima import MaximaAsRectifiers
from spikeloom.deploy.conversion.rate import RectifiersAsRates
from spikeloom.deploy.conversion.rate_correction import CorrectRates
from spikeloom.deploy.conversion.thresholds import (
    FEW,
    LEAST_SHARE,
    PERCENTILE,
    SHARES,
    ThresholdRule,
    channel_thresholds,
)
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.models.execution.forward import forward
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.operators import Neurons, Rectifier
from spikeloom.models.readers.dataflow import Dataflow

seeds = st.integers(0, 2**32 - 1)
STEPS = 12
rules = st.sampled_from(list(ThresholdRule))


def held(frames, steps):
    """Static images, the same at every step."""
    return np.repeat(frames[:, np.newaxis], steps, axis=1)


def said(graph, data):
    """What each layer's spikes come to, (samples, *shape): their mean times the threshold."""
    activity = run_graph(graph, data)
    return {
        name: (values.mean(axis=1) * graph.nodes[name].model.threshold).reshape(-1, *graph.shapes[name])
        for name, values in activity.items()
    }


# Thresholds


@settings(max_examples=60, deadline=None)
@given(seeds, rules, st.integers(1, 40), st.integers(0, 2))
def test_thresholds_are_what_the_rule_says(seed, rule, steps, spatial):
    random = np.random.default_rng(seed)
    channels = int(random.integers(1, 5))
    shape = (int(random.integers(1, 6)), channels, *(int(size) for size in random.integers(1, 5, spatial)))
    activation = np.maximum(random.normal(-0.2, random.uniform(0.1, 3, (1, channels, *[1] * spatial)), shape), 0)
    got = channel_thresholds(activation, rule, steps)
    assert got.shape == (channels,)
    highest = activation.max()
    least = highest * max(LEAST_SHARE, min(1, FEW * channels / activation.size))
    if highest == 0:
        np.testing.assert_array_equal(got, 1)
        return
    for channel in range(channels):
        values = activation[:, channel].reshape(-1)
        active = values[values > 0]
        if not active.size:
            expected = 0.0
        elif rule is ThresholdRule.MAXIMUM:
            expected = active.max()
        elif rule is ThresholdRule.PERCENTILE:
            expected = np.percentile(active, PERCENTILE)
        else:
            errors = [error(values, share * active.max(), steps) for share in SHARES]
            assert error(values, got[channel], steps) <= min(errors) + 1e-12 or got[channel] == least
            continue
        np.testing.assert_allclose(got[channel], max(expected, least))


def error(values, threshold, steps):
    """Mean squared error of what so many steps can say of values."""
    rounded = np.clip(np.floor(values * steps / threshold + 0.5), 0, steps)
    return np.mean((values - threshold * rounded / steps) ** 2)


# The first layer


@settings(max_examples=60, deadline=None)
@given(seeds, rules, st.integers(1, 40))
def test_the_first_layer_rounds_to_so_many_steps(seed, rule, steps):
    """h clip(floor(x T / h + 1/2), 0, T) / T, the code that the thresholds are chosen for."""
    random = np.random.default_rng(seed)
    flow = Dataflow()
    signal = flow.linear("dense", flow.input("input", (4,)), random.normal(0, 1, (6, 4)), random.normal(0, 0.5, 6))
    ceiling = random.uniform(0.2, 2, 6) if random.random() < 0.5 else np.inf
    flow.output("output", flow.rectify("relu", signal, ceiling))
    graph = flow.graph("one layer")
    frames = random.normal(0, 1, (5, 4))
    spiking = RectifiersAsRates(frames, steps, rule).apply(graph)
    threshold = spiking.nodes["relu"].model.threshold
    assert np.all(threshold <= ceiling)
    values = np.maximum(forward(graph, frames, frozenset({"dense"}))["dense"], 0)
    exact = values * steps / threshold + 0.5
    expected = np.clip(np.floor(exact), 0, steps) * threshold / steps
    clear = np.abs(exact - np.rint(exact)) > 1e-9  # else the last bit decides
    np.testing.assert_allclose(said(spiking, held(frames, steps))["relu"][clear], expected[clear], atol=1e-12)


# Whole networks


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_rates_come_near_the_activations(ordinary_network, seed):
    random = np.random.default_rng(seed)
    graph = ordinary_network(random)
    frames = random.normal(0, 1, (4, *graph.shapes["input"]))
    ordinary = MaximaAsRectifiers().apply(graph)
    off = {}
    for steps in (16, 256):
        spiking = RectifiersAsRates(frames, steps, ThresholdRule.MAXIMUM).apply(ordinary)
        wanted = forward(ordinary, frames, frozenset(spiking.layers))
        got = said(spiking, held(frames, steps))
        size = sum(np.linalg.norm(values) for values in wanted.values())
        off[steps] = sum(np.linalg.norm(got[name] - wanted[name]) for name in wanted) / max(size, 1e-12)
    assert off[256] < 0.1, off
    assert off[256] < max(off[16], 0.02), off


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_the_chips_network_spikes_the_same(ordinary_network, seed):
    random = np.random.default_rng(seed)
    graph = ordinary_network(random)
    frames = random.normal(0, 1, (3, *graph.shapes["input"]))
    spiking = prepare(convert(graph, "rate", "exact", ThresholdRule.PERCENTILE, held(frames, 12), 12))
    data = held(frames, 12)
    expected, got = run_graph(spiking, data), run_network(lower(spiking), data.reshape(3, 12, -1))
    for name, values in expected.items():
        if values.dtype == np.int8:
            np.testing.assert_array_equal(got[name], values, err_msg=name)


def test_a_ceiling_bounds_what_a_channel_can_say():
    flow = Dataflow()
    flow.output("output", flow.rectify("relu", flow.input("input", (3, 2)), np.array([0.5, 6.0, np.inf])))
    frames = np.tile([[[3.0, 1.0], [4.0, 2.0], [9.0, 1.0]]], (50, 1, 1))
    for samples, expected in ((frames, [0.5, 4.0, 9.0]), (None, [0.5, 6.0, 1.0])):
        spiking = RectifiersAsRates(samples, 8, ThresholdRule.MAXIMUM).apply(flow.graph("ceilings"))
        model = spiking.nodes["relu"].model
        np.testing.assert_array_equal(model.threshold, np.repeat(expected, 2))
        np.testing.assert_array_equal(model.initial_voltage, model.threshold / 2)
        np.testing.assert_allclose(
            said(spiking, held(frames, 8))["relu"], np.minimum(frames, np.reshape(expected, (1, 3, 1))), atol=9 / 16
        )


def test_a_channel_that_was_never_active_is_silent_and_can_speak():
    """Its threshold is a share of the layer's, so that what it says of unseen samples is not lost in one huge spike."""
    flow = Dataflow()
    flow.output("output", flow.rectify("relu", flow.input("input", (2, 1))))
    frames = np.tile([[[2.0], [-1.0]], [[1.0], [-3.0]]], (50, 1, 1))
    spiking = convert(flow.graph("dead"), "rate", "exact", ThresholdRule.MAXIMUM, held(frames, 16), 16)
    np.testing.assert_array_equal(spiking.nodes["relu"].model.threshold, [2.0, 2.0 * LEAST_SHARE])
    assert not said(spiking, held(frames, 16))["relu"][:, 1].any()
    assert said(spiking, held(np.full((1, 2, 1), 0.1), 16))["relu"][0, 1, 0] == pytest.approx(0.1, abs=0.02)


def test_few_samples_do_not_saturate_the_neurons():
    """Neurons that one sample leaves silent, or nearly so, are still able to say what they say of others."""
    random = np.random.default_rng(0)
    flow = Dataflow()
    signal = flow.rectify("one", flow.linear("a", flow.input("input", (30,)), random.normal(0, 0.2, (40, 30)), None))
    signal = flow.rectify("two", flow.linear("b", signal, random.normal(0, 0.2, (40, 40)), None))
    flow.output("output", signal)
    graph = flow.graph("few")
    unseen = random.normal(0, 1, (60, 30))
    wanted = forward(graph, unseen)["output"]
    off = {}
    for samples in (1, 4, 64):
        frames = random.normal(0, 1, (samples, 30))
        spiking = convert(graph, "rate", "exact", ThresholdRule.PERCENTILE, held(frames, 32), 32)
        off[samples] = np.linalg.norm(said(spiking, held(unseen, 32))["two"] - wanted) / np.linalg.norm(wanted)
    assert max(off.values()) < 0.25, off


def test_the_correction_brings_each_channels_mean_nearer(ordinary_network):
    before_all, after_all = 0.0, 0.0
    for seed in range(15):
        random = np.random.default_rng(seed)
        ordinary = MaximaAsRectifiers().apply(ordinary_network(random))
        frames = random.normal(0, 1, (24, *ordinary.shapes["input"]))
        spiking = RectifiersAsRates(frames, STEPS, ThresholdRule.PERCENTILE).apply(ordinary)
        corrected = CorrectRates(ordinary, frames, held(frames, STEPS)).apply(spiking)
        wanted = forward(ordinary, frames, frozenset(spiking.layers))

        def off(graph, wanted=wanted, frames=frames):
            got = said(graph, held(frames, STEPS))
            axes = {name: (0, *range(2, values.ndim)) for name, values in wanted.items()}
            return sum(np.abs(got[name].mean(axes[name]) - wanted[name].mean(axes[name])).sum() for name in wanted)

        before, after = off(spiking), off(corrected)
        before_all, after_all = before_all + before, after_all + after
        # Nothing but biases changes, the same for all positions of a channel.
        for name in spiking.layers:
            old, new = spiking.nodes[name].model, corrected.nodes[name].model
            np.testing.assert_array_equal(old.threshold, new.threshold)
            rows = np.broadcast_to(new.bias, (int(np.prod(spiking.shapes[name])),)).reshape(spiking.shapes[name][0], -1)
            np.testing.assert_array_equal(rows, np.repeat(rows[:, :1], rows.shape[1], axis=1))
    assert after_all < 0.8 * before_all


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
@pytest.mark.parametrize("samples", ["none", "one", "zeros", "steps"])
def test_any_samples_will_do(ordinary_network, method, samples):
    random = np.random.default_rng(3)
    graph = ordinary_network(random)
    shape = graph.shapes["input"]
    given = {
        "none": None,
        "one": random.normal(0, 1, (1, 1, *shape)),
        "zeros": np.zeros((2, 4, *shape)),
        "steps": random.normal(0, 1, (2, 4, *shape)),
    }[samples]
    spiking = convert(graph, method, "exact", ThresholdRule.ERROR, given, 4)
    network = lower(prepare(spiking))
    activity = run_network(network, random.normal(0, 1, (2, 4, int(np.prod(shape)))))
    assert all(np.all(np.isfinite(values)) for values in activity.values())
    assert not any(isinstance(operator, Rectifier) for operator in spiking.nodes.values())


def test_a_rectifier_at_the_end_is_a_layer_that_is_read_out():
    random = np.random.default_rng(0)
    flow = Dataflow()
    signal = flow.linear("dense", flow.input("input", (4,)), random.normal(0, 1, (3, 4)), None)
    flow.output("output", flow.rectify("relu", signal))
    frames = random.normal(0, 1, (20, 4))
    graph = flow.graph("last")
    spiking = prepare(convert(graph, "rate", "exact", ThresholdRule.MAXIMUM, held(frames, 64), 64))
    network = lower(spiking)
    output = run_network(network, held(frames, 64))[network.output]
    expected = forward(graph, frames)["output"]
    got = output[:, -1] if network.by_name[network.output].graded else output.sum(axis=1)
    clear = expected.max(axis=1) > 0.2
    assert np.mean(got.argmax(axis=1)[clear] == expected.argmax(axis=1)[clear]) >= 0.9


def test_the_report_says_what_was_done():
    flow = Dataflow()
    flow.output("output", flow.rectify("relu", flow.input("input", (4,))))
    graph = flow.graph("noted")
    with_samples = convert(graph, "rate", "exact", ThresholdRule.ERROR, np.ones((3, 2, 4)), 2).assumptions
    assert any("thresholds by error over 3 samples (--threshold-rule)" in note for note in with_samples)
    without = convert(graph, "rate", "exact", ThresholdRule.ERROR, None, 2).assumptions
    assert any("all thresholds are 1" in note and "(--convert)" in note for note in without)
    assert all(
        isinstance(convert(graph, "rate", "exact", rule, None, 2).nodes["relu"], Neurons) for rule in ThresholdRule
    )
