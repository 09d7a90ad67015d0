"""Sigma-delta networks say what the ordinary ones said, at every step, and off by no more than thresholds explain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.conversion.convert import convert
from spikeloom.deploy.conversion.maxima import MaximaAsRectifiers
from spikeloom.deploy.conversion.sigma_delta import TOLERANCE, RectifiersAsSigmaDelta
from spikeloom.deploy.conversion.thresholds import ThresholdRule
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.models.errors import UnsupportedModelError, UsageError
from spikeloom.models.execution.forward import forward
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Role
from spikeloom.models.neurons import SigmaDelta
from spikeloom.models.operators import LinearOperator, Neurons
from spikeloom.models.readers.dataflow import Dataflow

seeds = st.integers(0, 2**32 - 1)
STEPS = 4


def converted(graph, samples=None):
    return RectifiersAsSigmaDelta(samples).apply(MaximaAsRectifiers().apply(graph))


def answers(graph, activity):
    """What the output comes to at every step: its values, or the sums of the changes that it sends."""
    name = graph.incoming(graph.outputs[0])[0].source
    while not isinstance(graph.nodes[name], Neurons):
        name = graph.incoming(name)[0].source
    values = activity[name]
    return np.cumsum(values, axis=1) if graph.nodes[name].model.eventful else values


def frames(random, graph, kind):
    """(samples, steps, *shape): an image that stays, a video in which some pixels change, or other images all along."""
    shape = graph.shapes["input"]
    still = np.repeat(random.normal(0, 1, (2, 1, *shape)), STEPS, axis=1)
    if kind == "still":
        return still
    moving = random.normal(0, 1, (2, STEPS, *shape))
    return moving if kind == "changing" else np.where(random.random(moving.shape) < 0.3, moving, still)


def wanted(graph, data):
    outputs = forward(graph, data.reshape(-1, *data.shape[2:]))["output"]
    return outputs.reshape(*data.shape[:2], -1)


def at_thresholds(graph, thresholds):
    """The converted graph with a threshold for each layer of neurons that sends changes."""
    nodes = dict(graph.nodes)
    for name, threshold in thresholds.items():
        model = nodes[name].model
        changed = SigmaDelta(
            np.asarray(threshold), model.bias, model.ceiling, model.rectifies, model.integrates, model.delta
        )
        nodes[name] = Neurons(changed, nodes[name].shape)
    return type(graph)(nodes, graph.edges, graph.assumptions, graph.name)


@given(seeds, st.sampled_from(("still", "video", "changing")))
def test_without_thresholds_every_answer_is_that_of_the_network(ordinary_network, seed, kind):
    random = np.random.default_rng(seed)
    graph = ordinary_network(random)
    data = frames(random, graph, kind)
    spiking = converted(graph)
    expected = wanted(graph, data)
    np.testing.assert_allclose(answers(spiking, run_graph(spiking, data)), expected, atol=1e-9)
    network = lower(prepare(spiking))
    assert all(population.role is not Role.CONSTANT for population in network.populations), "a bias at every step"
    lowered = run_network(network, data.reshape(*data.shape[:2], -1))
    np.testing.assert_allclose(answers(spiking, lowered), expected, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_still_image_is_told_once(ordinary_network, seed):
    random = np.random.default_rng(seed)
    graph = ordinary_network(random)
    activity = run_graph(converted(graph), frames(random, graph, "still"))
    layers = {name: values for name, values in activity.items() if not name.endswith(".sigma")}
    assert layers
    for name, values in layers.items():
        np.testing.assert_allclose(values[:, 1:], 0, atol=1e-9, err_msg=name)


def largest_errors(graph, thresholds):
    """By how much each node may be off, (elements,): a threshold a layer, and what weights make of it further on."""
    errors = {}
    for name in graph.order:
        operator = graph.nodes[name]
        edges = graph.incoming(name)
        arriving = sum(errors[edge.source] for edge in edges) if edges else np.zeros(int(np.prod(graph.shapes[name])))
        if isinstance(operator, LinearOperator):
            matrix = operator.connectivity(graph.shapes[edges[0].source]).to_sparse()
            arriving = abs(matrix) @ arriving
        errors[name] = arriving + thresholds.get(name, 0.0)
    return errors[graph.outputs[0]]


@settings(max_examples=80, deadline=None)
@given(seeds, st.sampled_from(("still", "video", "changing")), st.floats(-3, 0.5))
def test_thresholds_bound_the_error(ordinary_network, seed, kind, exponent):
    random = np.random.default_rng(seed)
    graph = ordinary_network(random)
    data = frames(random, graph, kind)
    spiking = converted(graph)
    thresholds = {
        name: 10.0**exponent * random.uniform(0.5, 2)
        for name in spiking.layers
        if spiking.nodes[name].model.delta and spiking.nodes[name].model.integrates
    }
    assert thresholds
    spiking = at_thresholds(spiking, thresholds)
    off = np.abs(answers(spiking, run_graph(spiking, data)) - wanted(graph, data))
    assert np.all(off <= largest_errors(spiking, thresholds) + 1e-9)


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from(("still", "video")))
def test_thresholds_are_chosen_so_that_the_answers_stay(ordinary_network, seed, kind):
    random = np.random.default_rng(seed)
    graph = ordinary_network(random)
    data = frames(random, graph, kind)
    spiking = converted(graph, data)
    expected = wanted(graph, data)
    got = answers(spiking, run_graph(spiking, data))
    # The largest of equal answers may change with the last bit.
    clear = np.ptp(np.sort(expected, axis=-1)[..., -2:], axis=-1) > 1e-9
    np.testing.assert_array_equal(got.argmax(-1)[clear], expected.argmax(-1)[clear])
    assert np.linalg.norm(got - expected) <= TOLERANCE * np.linalg.norm(expected) + 1e-9
    assert any("thresholds chosen on 2 samples" in note for note in spiking.assumptions)


def test_higher_thresholds_send_less(ordinary_network):
    """What they are for: over many networks, calibrated ones send fewer messages than those that send all."""
    sent = {"all": 0, "chosen": 0}
    for seed in range(12):
        random = np.random.default_rng(seed)
        graph = ordinary_network(random)
        data = frames(random, graph, "video")
        for key, samples in (("all", None), ("chosen", data)):
            activity = run_graph(converted(graph, samples), data)
            sent[key] += sum(np.count_nonzero(np.abs(values) > 1e-12) for values in activity.values())
    assert sent["chosen"] < 0.9 * sent["all"]


# Where biases and ceilings go


def network_of_ceilings():
    flow = Dataflow()
    signal = flow.scale("normalised", flow.input("input", (2, 3)), np.full((), 2.0), np.array([[0.5], [-1.0]]))
    signal = flow.rectify("relu", signal, np.array([1.0, 6.0]))
    signal = flow.linear("dense", signal, np.ones((2, 3)), np.array([0.25, -3.0]))
    flow.output("output", flow.rectify("last", signal, 6.0))
    return flow.graph("ceilings")


def test_biases_are_in_the_neurons_and_nowhere_else():
    graph = network_of_ceilings()
    spiking = converted(graph)
    first, last = (spiking.nodes[name].model for name in ("relu", "last"))
    np.testing.assert_array_equal(first.bias, [0.5, 0.5, 0.5, -1, -1, -1])
    np.testing.assert_array_equal(first.ceiling, [1, 1, 1, 6, 6, 6])
    np.testing.assert_array_equal(last.bias, [0.25, -3, 0.25, -3])
    assert float(last.ceiling) == 6
    for name, operator in spiking.nodes.items():
        if isinstance(operator, LinearOperator):
            assert operator.constant(spiking.shapes[spiking.incoming(name)[0].source]) is None
    assert "output.sigma" not in spiking.nodes, "neurons that end the network are read out themselves"
    data = np.random.default_rng(0).normal(0, 2, (3, 5, 2, 3))
    np.testing.assert_allclose(answers(spiking, run_graph(spiking, data)), wanted(graph, data), atol=1e-12)


def test_a_transposed_convolution_gives_its_bias_to_the_neurons():
    random = np.random.default_rng(0)
    flow = Dataflow()
    signal = flow.rectify("relu", flow.input("input", (2, 3)))
    weight, bias = random.normal(0, 1, (2, 3, 2)), random.normal(0, 1, 3)
    signal = flow.transposed_convolution("up", signal, weight, bias, (2,), ((0, 0),), (1,), 1, (0,))
    flow.output("output", flow.rectify("last", signal))
    graph = flow.graph("up")
    spiking = converted(graph)
    data = random.normal(0, 1, (2, 4, 2, 3))
    np.testing.assert_allclose(answers(spiking, run_graph(spiking, data)), wanted(graph, data), atol=1e-12)


def test_every_sample_begins_anew():
    graph = network_of_ceilings()
    network = lower(prepare(converted(graph)))
    data = np.random.default_rng(0).normal(0, 1, (4, 3, 6))
    together = run_network(network, data)[network.output]
    for sample in range(4):
        np.testing.assert_array_equal(
            run_network(network, data[sample : sample + 1])[network.output][0], together[sample]
        )


# What is refused, and what is said


def test_spiking_and_linear_models_are_not_converted():
    graph = network_of_ceilings()
    for method in ("rate", "sigma-delta"):
        with pytest.raises(UsageError, match=r"has spiking neurons .* already: leave out --convert"):
            convert(converted(graph), method, "exact", ThresholdRule.MAXIMUM, None, 4)
        flow = Dataflow()
        flow.output("output", flow.linear("dense", flow.input("input", (3,)), np.ones((2, 3)), None))
        for linear in (flow.graph("linear"), prepare(flow.graph("linear"))):
            with pytest.raises(UsageError, match="has no rectifier"):
                convert(linear, method, "exact", ThresholdRule.MAXIMUM, None, 4)


@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
@pytest.mark.parametrize("samples", [None, np.ones((2, 1, 3))], ids=["without samples", "with"])
def test_all_that_cannot_be_evaluated_is_listed(method, samples):
    flow = Dataflow()
    entry, other = flow.input("input", (3,)), flow.input("other", (2,))
    broken = flow.linear("dense", entry, np.array([[1.0, np.nan, 2.0]]), None)
    signals = [flow.rectify("relu", broken), flow.rectify("relu", flow.scale("scale", other, np.full((), np.inf)))]
    flow.output("one", flow.concatenate("join", signals, 0))
    flow.output("two", signals[0])
    with pytest.raises(UnsupportedModelError) as caught:
        convert(flow.graph("broken"), method, "exact", ThresholdRule.MAXIMUM, samples, 1)
    message = str(caught.value)
    assert "4 nodes" in message
    for line in (
        "input, other (Input): one",
        "one, two (Output): one",
        "dense (Linear): holds",
        "scale (Scale): holds",
    ):
        assert line in message


def test_the_report_says_what_was_done():
    graph = network_of_ceilings()
    notes = convert(graph, "sigma-delta", "exact", ThresholdRule.MAXIMUM, None, 1).assumptions
    assert any("sigma-delta, 2 layers" in note and "without samples" in note and "--convert" in note for note in notes)
