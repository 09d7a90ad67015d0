"""Maxima of spikes, selections, branches and sigma-delta layers: the network spikes as the graph does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.lowering.relays import with_relays
from spikeloom.deploy.lowering.spiking_maxima import SpikingMaxima
from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, Reset, SigmaDelta
from spikeloom.models.operators import Delay, Flatten, Identity, MaxPool, Neurons
from spikeloom.models.readers.dataflow import Dataflow

seeds = st.integers(0, 2**32 - 1)


def leaky(random, size, spiking=True):
    def parameter(low, high):
        return np.asarray(random.uniform(low, high, size if random.random() < 0.3 else ()))

    return LeakyIntegrateAndFire(
        current_retention=parameter(0.2, 0.9) if random.random() < 0.3 else np.zeros(()),
        voltage_retention=parameter(0.5, 1.0),
        threshold=parameter(0.3, 1.0),
        input_gain=parameter(0.5, 1.5),
        current_gain=parameter(0.5, 1.5),
        bias=parameter(-0.1, 0.2),
        reset=Reset(random.choice(list(Reset))),
        reset_value=parameter(-0.5, 0.3),
        inclusive=bool(random.random() < 0.5),
        spiking=spiking,
        initial_voltage=parameter(-0.5, 0.5) if random.random() < 0.5 else np.zeros(()),
    )


def sigma_delta(random, size):
    def parameter(low, high):
        return np.asarray(random.uniform(low, high, size if random.random() < 0.3 else ()))

    return SigmaDelta(
        threshold=parameter(0.0, 0.4),
        bias=parameter(-0.3, 0.3),
        ceiling=parameter(0.5, 2.0) if random.random() < 0.5 else np.full((), np.inf),
        rectifies=bool(random.random() < 0.7),
        integrates=bool(random.random() < 0.8),
        delta=bool(random.random() < 0.8),
    )


class Drawn:
    """Draws a spiking graph layer by layer."""

    def __init__(self, random):
        self.random = random
        self.flow = Dataflow()

    def layer(self, name, signal, graded_share=0.0):
        """A convolution that keeps the size, and neurons, perhaps with a way back to themselves."""
        random, spatial = self.random, len(signal.shape) - 1
        channels = int(random.integers(1, 4))
        weight = random.normal(0, 0.7, (channels, signal.shape[0], *[3] * spatial))
        bias = random.normal(0, 0.2, channels) if random.random() < 0.5 else None
        sides, one = ((1, 1),) * spatial, (1,) * spatial
        arriving = self.flow.convolution("conv", signal, weight, bias, one, sides, one, 1)
        arriving = self.flow.then("arriving", Identity(), arriving)
        size = int(np.prod(arriving.shape))
        graded = random.random() < graded_share
        model = sigma_delta(random, size) if graded else leaky(random, size)
        layer = self.flow.then(name, Neurons(model, arriving.shape), arriving)
        if random.random() < 0.3:
            again = np.eye(channels).reshape(channels, channels, *one) * random.normal(0, 0.4)
            back = self.flow.convolution("back", layer, again, None, one, ((0, 0),) * spatial, one, 1)
            self.flow.close_loop(back, arriving)
        return layer, graded

    def pool(self, name, signal):
        random = self.random
        kernel = tuple(int(random.integers(1, min(3, size) + 1)) for size in signal.shape[1:])
        padding = tuple(tuple(int(side) for side in random.integers(0, (width + 1) // 2, 2)) for width in kernel)
        dilation = tuple(
            int(random.integers(1, 3)) if 2 * (width - 1) < size else 1
            for width, size in zip(kernel, signal.shape[1:], strict=True)
        )
        stride = tuple(int(step) for step in random.integers(1, 3, len(kernel)))
        return self.flow.max_pool(name, signal, kernel, stride, padding, dilation)

    def moved(self, signal):
        """A part of it, its axes turned, or later."""
        random = self.random
        way = random.choice(["slice", "turn", "delay", "channels", "as it is"])
        numbers = np.arange(int(np.prod(signal.shape))).reshape(signal.shape)
        if way == "slice" and min(signal.shape[1:]) > 2:
            return self.flow.select("slice", signal, numbers[:, 1 :: int(random.integers(1, 3))])
        if way == "turn" and len(signal.shape) == 3:
            return self.flow.transpose("turn", signal, (0, 2, 1))
        if way == "channels":
            return self.flow.select("channels", signal, numbers[random.integers(0, signal.shape[0], 2)])
        if way == "delay":
            steps = random.integers(0, 3, () if random.random() < 0.5 else signal.shape)
            return self.flow.then("delay", Delay(np.asarray(steps)), signal)
        return signal

    def graph(self):
        random = self.random
        spatial = int(random.integers(1, 3))
        shape = (int(random.integers(1, 3)), *(int(size) for size in random.integers(4, 7, spatial)))
        entry = self.flow.input("input", shape)
        first, _ = self.layer("first", self.pool("over the input", entry) if random.random() < 0.3 else entry)
        pooled = self.pool("pool", self.moved(first))
        if random.random() < 0.3:
            pooled = self.pool("again", pooled)
        joined, graded = self.layer("second", pooled, graded_share=0.4)
        if random.random() < 0.6:
            joined = self.flow.concatenate("join", [pooled, joined], 0)
        if not graded and random.random() < 0.5:
            joined = self.pool("last", joined)
        third, _ = self.layer("third", self.moved(joined), graded_share=0.3)
        flat = self.flow.then("flat", Flatten(), third)
        end = self.flow.linear("dense", flat, random.normal(0, 1, (3, flat.shape[0])), random.normal(0, 0.2, 3))
        if random.random() < 0.5:
            end = self.flow.then("out", Neurons(leaky(random, 3, bool(random.random() < 0.6)), (3,)), end)
        self.flow.output("output", end)
        return self.flow.graph("spiking")


def assert_same(expected, got):
    for name, activity in expected.items():
        if activity.dtype == np.int8:
            np.testing.assert_array_equal(got[name], activity, err_msg=name)
        else:
            np.testing.assert_allclose(got[name], activity, rtol=1e-9, atol=1e-9, err_msg=name)


def spikes(random, graph):
    return (random.random((2, 9, *graph.shapes["input"])) < 0.3).astype(float)


@given(seeds)
def test_neurons_do_the_maxima_of_spikes(seed):
    """The graph evaluates its pools directly; after the pass it has none, and spikes the same."""
    random = np.random.default_rng(seed)
    graph = Drawn(random).graph()
    data = spikes(random, graph)
    replaced = SpikingMaxima().apply(graph)
    assert not any(isinstance(operator, MaxPool) for operator in replaced.nodes.values())
    assert_same(run_graph(graph, data), run_graph(replaced, data))


@given(seeds)
def test_the_network_spikes_as_the_graph_does_each_layer_later_by_its_depth(seed):
    random = np.random.default_rng(seed)
    graph = Drawn(random).graph()
    data = spikes(random, graph)
    prepared = prepare(graph)
    expected = run_graph(prepared, data)
    network = lower(prepared)
    flat = data.reshape(*data.shape[:2], -1)
    assert_same(expected, run_network(network, flat))
    assert_same(run_graph(graph, data), expected)
    waiting, _ = with_relays(network, 2)
    assert_same(expected, run_network(waiting, flat))


def pool_over(model, delay=None):
    """One layer, and a pool over what it sends."""
    flow = Dataflow()
    layer = flow.neurons("layer", flow.input("input", (1, 6)), model)
    if delay is not None:
        layer = flow.then("delay", Delay(np.asarray(delay)), layer)
    pooled = flow.max_pool("pool", layer, (3,), (2,), ((1, 1),), (1,))
    last = LeakyIntegrateAndFire(*(np.asarray(value, dtype=float) for value in (0, 1, 1.5, 1, 1, 0)))
    flow.output("output", flow.neurons("last", pooled, last))
    return flow.graph("pooled")


def test_the_reports_say_what_was_done():
    graph = pool_over(leaky(np.random.default_rng(0), 6))
    assert any("'pool' is over spikes" in note for note in SpikingMaxima().apply(graph).assumptions)
    flow = Dataflow()
    pooled = flow.max_pool("pool", flow.input("input", (1, 6)), (2,), (2,), ((0, 0),), (1,))
    flow.output("output", flow.neurons("layer", pooled, leaky(np.random.default_rng(0), 3)))
    assert any("taken to be spikes" in note for note in SpikingMaxima().apply(flow.graph("entry")).assumptions)
    flow = Dataflow()
    turned = flow.reshape("axes", flow.input("input", (6,)), (1, 6))
    pooled = flow.max_pool("pool", turned, (2,), (2,), ((0, 0),), (1,))
    flow.output("output", flow.neurons("layer", pooled, leaky(np.random.default_rng(0), 3)))
    assert any("taken to be spikes" in note for note in SpikingMaxima().apply(flow.graph("turned")).assumptions)


def test_a_pool_over_numbers_stays():
    """Over potentials, weighted sums or the changes of sigma-delta neurons, a count is no maximum."""
    random = np.random.default_rng(0)
    assert SpikingMaxima().apply(pool_over(leaky(random, 6, spiking=False))).rectifiers == ("pool",)
    assert SpikingMaxima().apply(pool_over(sigma_delta(random, 6))).rectifiers == ("pool",)
    flow = Dataflow()
    layer = flow.neurons("layer", flow.input("input", (1, 6)), leaky(random, 6))
    weighted = flow.scale("scale", layer, np.full((), 2.0))
    flow.output("output", flow.max_pool("pool", weighted, (2,), (2,), ((0, 0),), (1,)))
    assert SpikingMaxima().apply(flow.graph("weighted")).rectifiers == ("pool",)
    flow = Dataflow()
    entry = flow.input("input", (1, 6))
    layers = [flow.neurons(name, entry, leaky(random, 6)) for name in ("one", "two")]
    flow.output("output", flow.max_pool("pool", flow.add("sum", layers), (2,), (2,), ((0, 0),), (1,)))
    assert SpikingMaxima().apply(flow.graph("sum")).rectifiers == ("pool",)


def test_spikes_that_overlap_are_no_concatenation():
    random = np.random.default_rng(0)
    for first, second, replaced in (([0, 1, -1, -1], [-1, -1, 0, 1], True), ([0, 1, 2, -1], [-1, -1, 0, 1], False)):
        flow = Dataflow()
        entry = flow.input("input", (1, 4))
        layers = [flow.neurons(name, entry, leaky(random, 4)) for name in ("one", "two")]
        parts = [
            flow.select("part", layer, np.array([elements]))
            for layer, elements in zip(layers, (first, second), strict=True)
        ]
        flow.output("output", flow.max_pool("pool", flow.add("sum", parts), (2,), (2,), ((0, 0),), (1,)))
        assert (SpikingMaxima().apply(flow.graph("parts")).rectifiers == ()) is replaced


def test_what_cannot_spike_among_spiking_neurons_is_named():
    """To ask for a conversion would be wrong: a spiking network is not converted."""
    flow = Dataflow()
    layer = flow.neurons("layer", flow.input("input", (1, 6)), leaky(np.random.default_rng(0), 6))
    weighted = flow.scale("scale", layer, np.full((), 2.0))
    pooled = flow.max_pool("pool", weighted, (2,), (2,), ((0, 0),), (1,))
    flow.output("output", flow.rectify("relu", pooled))
    with pytest.raises(UnsupportedModelError, match=r"pool \(MaxPool\)[^\n]+\n  relu \(Rectifier\)") as caught:
        lower(prepare(flow.graph("mixed")))
    assert "--convert" not in str(caught.value)


def test_in_an_integer_graph_they_are_integer_neurons():
    numbers = (np.asarray(value) for value in (4096, 0, 1, 0, 0))
    model = IntegerLeakyIntegrateAndFire(*numbers, reset=Reset.SUBTRACT)
    flow = Dataflow()
    layer = flow.neurons("layer", flow.input("input", (1, 6)), model)
    pooled = flow.max_pool("pool", layer, (2,), (2,), ((0, 0),), (1,))
    flow.output("output", flow.neurons("last", flow.scale("weights", pooled, np.full((), 100.0)), model))
    graph = flow.graph("integer")
    data = np.random.default_rng(0).integers(0, 3, (2, 8, 1, 6))
    prepared = prepare(graph)
    assert prepared.integer
    expected = run_graph(graph, data)
    assert expected["last"].any()
    assert_same(expected, run_graph(prepared, data))
    network = lower(prepared)
    assert network.integer
    assert_same(expected, run_network(network, data.reshape(2, 8, 6)))


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_delays_before_a_pool_are_kept(delay):
    graph = pool_over(leaky(np.random.default_rng(1), 6), delay)
    data = spikes(np.random.default_rng(2), graph)
    prepared = prepare(graph)
    expected = run_graph(graph, data)
    assert expected["last"].any()
    assert_same(expected, run_graph(prepared, data))
    assert_same(expected, run_network(lower(prepared), data.reshape(*data.shape[:2], -1)))
