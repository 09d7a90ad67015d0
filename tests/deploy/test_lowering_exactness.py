"""Lowering keeps the computation: the float network's spikes are the float graph's, whatever the graph."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.lowering.relays import with_relays
from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.graph import Graph
from spikeloom.models.network import Role
from spikeloom.models.neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire, Reset
from spikeloom.models.operators import Convolution, Delay, Flatten, Input, Linear, Neurons, Output, Pool, Scale

seeds = st.integers(0, 2**32 - 1)


def neurons(random, size, spiking=True):
    def parameter(low, high):
        return np.asarray(random.uniform(low, high, size if random.random() < 0.3 else ()))

    return Neurons(
        LeakyIntegrateAndFire(
            current_retention=parameter(0.2, 0.9) if random.random() < 0.5 else np.zeros(()),
            voltage_retention=parameter(0.5, 1.0),
            threshold=parameter(0.5, 1.5),
            input_gain=parameter(0.5, 1.5),
            current_gain=parameter(0.5, 1.5),
            bias=parameter(-0.1, 0.2),
            reset=Reset(random.choice(list(Reset))),
            reset_value=parameter(-0.5, 0.3),
            inclusive=bool(random.random() < 0.5),
            spiking=spiking,
        ),
        (size,),
    )


def random_graph(random):
    """Dense layers with skips, recurrence, biases, delays and scales between them."""
    layers = int(random.integers(1, 5))
    sizes = random.integers(2, 6, layers + 1)
    nodes = {"input": Input((int(sizes[0]),))}
    edges = []
    names = ["input"]
    for layer in range(1, layers + 1):
        name, size = f"layer{layer}", int(sizes[layer])
        nodes[name] = neurons(random, size, spiking=layer < layers or random.random() < 0.8)
        sources = {layer - 1} | {int(random.integers(0, layer)) for _ in range(2)}
        for source in sources:
            connect(random, nodes, edges, names[source], name, int(sizes[source]), size)
        if random.random() < 0.5:
            connect(random, nodes, edges, name, name, size, size)
        names.append(name)
    nodes["output"] = Output()
    edges.append((names[-1], "output"))
    return Graph.with_loops_closed(nodes, edges, (), "random")


def connect(random, nodes, edges, source, target, inputs, outputs):
    last = f"{source}>{target}"
    bias = random.normal(0, 0.3, outputs) if random.random() < 0.5 else None
    nodes[last] = Linear(random.normal(0, 1, (outputs, inputs)), bias)
    edges.append((source, last))
    if random.random() < 0.3:
        nodes[f"{last}.scale"] = Scale(random.uniform(0.5, 1.5, outputs))
        edges.append((last, f"{last}.scale"))
        last = f"{last}.scale"
    if random.random() < 0.3 and bias is None:
        steps = random.integers(0, 4, outputs if random.random() < 0.5 else ())
        nodes[f"{last}.delay"] = Delay(np.asarray(steps))
        edges.append((last, f"{last}.delay"))
        last = f"{last}.delay"
    edges.append((last, target))


def assert_same(graph, network, data):
    trained = run_graph(graph, data)
    lowered = run_network(network, data.reshape(*data.shape[:2], -1))
    for name, activity in trained.items():
        if activity.dtype == np.int8:
            np.testing.assert_array_equal(lowered[name], activity, err_msg=name)
        else:
            np.testing.assert_allclose(lowered[name], activity, rtol=1e-9, atol=1e-9, err_msg=name)


@settings(max_examples=120, deadline=None)
@given(seeds)
def test_random_graphs_with_skips_recurrence_biases_and_delays(seed):
    random = np.random.default_rng(seed)
    graph = prepare(random_graph(random))
    data = (random.random((3, 12, *graph.shapes["input"])) < 0.5).astype(float)
    network = lower(graph)
    assert_same(graph, network, data)


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 3))
def test_delays_beyond_the_limit_become_relays(seed, longest):
    random = np.random.default_rng(seed)
    graph = prepare(random_graph(random))
    data = (random.random((3, 12, *graph.shapes["input"])) < 0.5).astype(float)
    network, notes = with_relays(lower(graph), longest)
    assert all(projection.delay <= longest for projection in network.projections)
    assert bool(notes) == any(".relay" in population.name for population in network.populations)
    assert_same(graph, network, data)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_convolutions_and_pools_between_layers(seed):
    random = np.random.default_rng(seed)
    channels, height, width = int(random.integers(1, 4)), int(random.integers(5, 11)), int(random.integers(5, 11))
    shape = (channels, height, width)
    nodes, edges = {"input": Input(shape)}, []

    def append(name, operator):
        nonlocal shape
        source = next(reversed(nodes))
        nodes[name] = operator
        edges.append((source, name))
        shape = operator.output_shape(shape)

    for layer in range(2):
        if random.random() < 0.6 and min(shape[1:]) >= 4:
            size = int(random.integers(1, 3))
            append(f"pool{layer}", Pool((size, size), (size, size), ((0, 0), (0, 0)), bool(random.random() < 0.5)))
        groups = shape[0] if random.random() < 0.3 else 1
        outputs = groups * int(random.integers(1, 3))
        bias = random.normal(0, 0.2, outputs) if random.random() < 0.5 else None
        kernel = [int(random.integers(1, min(2, size) + 1)) for size in shape[1:]]  # never larger than the image
        padding = tuple((int(a), int(b)) for a, b in random.integers(0, 2, (2, 2)))
        weight = random.normal(0, 1, (outputs, shape[0] // groups, *kernel))
        append(f"conv{layer}", Convolution(weight, bias, (1, 1), padding, (1, 1), groups))
        append(f"layer{layer}", Neurons(neurons(random, int(np.prod(shape))).model, shape))
    append("flatten", Flatten())
    append("dense", Linear(random.normal(0, 1, (3, shape[0]))))
    append("out", neurons(random, 3))
    append("output", Output())
    graph = prepare(Graph.with_loops_closed(nodes, edges, (), "convolutional"))
    data = random.integers(0, 3, (2, 6, channels, height, width)).astype(float)
    assert_same(graph, lower(graph), data)


def test_depths_and_delays_balance_a_skip():
    random = np.random.default_rng(0)
    nodes = {"input": Input((2,)), "output": Output()}
    edges = []
    for name in ("a", "b", "c"):
        nodes[name] = neurons(random, 2)
    for source, target in (("input", "a"), ("a", "b"), ("b", "c"), ("a", "c"), ("input", "c")):
        nodes[f"{source}>{target}"] = Linear(random.normal(0, 1, (2, 2)))
        edges += [(source, f"{source}>{target}"), (f"{source}>{target}", target)]
    edges.append(("c", "output"))
    network = lower(prepare(Graph.with_loops_closed(nodes, edges, (), "skip")))
    assert {p.name: p.depth for p in network.populations if p.role is not Role.CONSTANT} == {
        "input": 0, "a": 1, "b": 2, "c": 3,
    }  # fmt: skip
    delays = {p.name: p.delay for p in network.projections if not p.name.startswith("always")}
    assert delays == {"input -> a": 1, "a -> b": 1, "b -> c": 1, "a -> c": 2, "input -> c": 3}
    assert network.gap == 0


def test_a_loop_too_short_for_the_chip_is_named_and_not_approximated():
    random = np.random.default_rng(0)
    nodes = {"input": Input((2,)), "a": neurons(random, 2), "b": neurons(random, 2), "output": Output()}
    edges = [("b", "output")]
    for source, target in (("input", "a"), ("a", "b"), ("b", "a")):
        nodes[f"{source}>{target}"] = Linear(random.normal(0, 1, (2, 2)))
        edges += [(source, f"{source}>{target}"), (f"{source}>{target}", target)]
    graph = prepare(Graph.with_loops_closed(nodes, edges, (), "loop"))
    with pytest.raises(UnsupportedModelError, match="loop"):
        lower(graph)
    nodes["wait"] = Delay(np.asarray(1))
    edges = [edge for edge in edges if edge != ("b>a", "a")] + [("b>a", "wait"), ("wait", "a")]
    graph = prepare(Graph.with_loops_closed(nodes, edges, (), "loop"))
    data = (random.random((4, 20, 2)) < 0.5).astype(float)
    assert_same(graph, lower(graph), data)


def test_a_network_without_neurons_at_its_end_gets_a_readout_that_is_reported():
    random = np.random.default_rng(0)
    nodes = {"input": Input((3,)), "fc": Linear(random.normal(0, 1, (2, 3))), "output": Output()}
    graph = prepare(Graph.with_loops_closed(nodes, [("input", "fc"), ("fc", "output")], (), "linear"))
    data = random.random((4, 5, 3))
    network = lower(graph)
    assert any("readout" in note for note in graph.assumptions)
    np.testing.assert_allclose(
        run_network(network, data)[network.output][:, -1], (data @ nodes["fc"].weight.T).sum(axis=1)
    )
