"""Pools of maxima become rectifiers without a change of what the network says, or averages where one asks for them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.conversion.averages import MaximaAsAverages
from spikeloom.deploy.conversion.maxima import MaximaAsRectifiers
from spikeloom.models.execution.forward import forward
from spikeloom.models.operators import Flatten, MaxPool, Rectifier
from spikeloom.models.readers.dataflow import Dataflow

seeds = st.integers(0, 2**32 - 1)
PLACES = ("bare", "behind a rectifier", "before a rectifier", "between two", "before channel ceilings")
ENDS = ("output", "convolution", "dense", "two things", "another pool", "sum of two")


def pool_of(random, shape):
    """Kernel, stride, padding and dilation whose windows all touch the image."""
    kernel = tuple(int(random.integers(1, min(4, size) + 1)) for size in shape[1:])
    dilation = tuple(
        int(random.integers(1, 3)) if 2 * (width - 1) < size else 1
        for width, size in zip(kernel, shape[1:], strict=True)
    )
    padding = tuple(tuple(int(side) for side in random.integers(0, (width + 1) // 2, 2)) for width in kernel)
    stride = tuple(int(step) for step in random.integers(1, 4, len(kernel)))
    return kernel, stride, padding, dilation


def network(random, spatial, place, end):
    """A convolution, a pool, and what follows."""
    flow = Dataflow()
    shape = (2, *(int(size) for size in random.integers(4, 9, spatial)))
    entry = flow.input("x", shape)
    kernel = random.normal(0, 1, (3, 2, *[2] * spatial))
    signal = flow.convolution(
        "conv", entry, kernel, random.normal(0, 1, 3), (1,) * spatial, ((1, 1),) * spatial, (1,) * spatial, 1
    )
    if place in ("behind a rectifier", "between two"):
        signal = flow.rectify("before", signal, 1.5 if random.random() < 0.5 else np.inf)
    if end == "sum of two":
        signal = flow.add("sum", [signal, flow.rectify("other", signal)])
    signal = flow.max_pool("pool", signal, *pool_of(random, signal.shape))
    if end == "another pool":
        signal = flow.max_pool("pool again", signal, *pool_of(random, signal.shape))
    if place in ("before a rectifier", "between two"):
        signal = flow.rectify("after", signal, 1.0 if random.random() < 0.5 else np.inf)
    if place == "before channel ceilings":
        signal = flow.rectify("after", signal, random.uniform(0.2, 1, 3))
    if end in ("convolution", "two things"):
        kernel = random.normal(0, 1, (2, 3, *(min(2, size) for size in signal.shape[1:])))
        ends = flow.convolution(
            "end", signal, kernel, random.normal(0, 1, 2), (1,) * spatial, ((1, 1),) * spatial, (1,) * spatial, 1
        )
    if end == "dense":
        flat = flow.then("flat", Flatten(), signal)
        signal = flow.linear("dense", flat, random.normal(0, 1, (4, flat.shape[0])), None)
    elif end == "convolution":
        signal = ends
    elif end == "two things":
        both = [flow.then("flat", Flatten(), part) for part in (signal, flow.rectify("relu", ends))]
        signal = flow.concatenate("both", both, 0)
    flow.output("output", signal)
    return flow.graph("pooled"), random.normal(0, 1, (3, *shape))


@settings(max_examples=150, deadline=None)
@given(seeds, st.integers(1, 2), st.sampled_from(PLACES), st.sampled_from(ENDS))
def test_rectifiers_give_the_maxima_exactly(seed, spatial, place, end):
    graph, data = network(np.random.default_rng(seed), spatial, place, end)
    converted = MaximaAsRectifiers().apply(graph)
    converted.verify()
    assert not any(isinstance(operator, MaxPool) for operator in converted.nodes.values())
    expected, got = forward(graph, data)["output"], forward(converted, data)["output"]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_random_networks_say_the_same(ordinary_network, seed):
    random = np.random.default_rng(seed)
    graph = ordinary_network(random)
    data = random.normal(0, 1, (3, *graph.shapes["input"]))
    converted = MaximaAsRectifiers().apply(graph)
    np.testing.assert_allclose(forward(converted, data)["output"], forward(graph, data)["output"], atol=1e-9)


def test_a_rectifier_behind_a_pool_goes_in_front_of_it():
    """What a pool gets is then what neurons send, and every pair costs one layer of them."""
    flow = Dataflow()
    entry = flow.input("x", (2, 8, 8))
    pooled = flow.max_pool("pool", entry, (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1))
    flow.output("output", flow.rectify("relu", pooled, 6.0))
    converted = MaximaAsRectifiers().apply(flow.graph("one"))
    rectifiers = {name: converted.shapes[name] for name in converted.rectifiers}
    assert sorted(rectifiers.values()) == [(2, 4, 4), (2, 4, 8), (2, 8, 8)]
    first = converted.rectifiers[0]
    assert converted.shapes[first] == (2, 8, 8)
    assert float(converted.nodes[first].ceiling) == 6.0


@pytest.mark.parametrize(("width", "levels"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_a_window_takes_as_many_levels_as_it_has_doublings(width, levels):
    flow = Dataflow()
    entry = flow.rectify("relu", flow.input("x", (1, 20)))
    flow.output("output", flow.max_pool("pool", entry, (width,), (1,), ((0, 0),), (1,)))
    converted = MaximaAsRectifiers().apply(flow.graph("wide"))
    depth = {}
    for name in converted.order:
        before = max((depth[edge.source] for edge in converted.incoming(name)), default=0)
        depth[name] = before + isinstance(converted.nodes[name], Rectifier)
    assert depth["output"] == 1 + levels
    assert len(converted.rectifiers) == width


def test_a_graph_without_pools_stays_as_it_is():
    flow = Dataflow()
    flow.output("output", flow.rectify("relu", flow.input("x", (3,))))
    graph = flow.graph("without")
    assert MaximaAsRectifiers().apply(graph) is graph
    assert MaximaAsAverages().apply(graph) is graph


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(1, 2))
def test_averages_are_of_what_lies_inside(seed, spatial):
    random = np.random.default_rng(seed)
    shape = (2, *(int(size) for size in random.integers(4, 9, spatial)))
    pool = MaxPool(*pool_of(random, shape))
    flow = Dataflow()
    pooled = flow.then("pool", pool, flow.input("x", shape))
    flow.output("output", flow.scale("twice", pooled, np.full((), 2.0)))
    graph = MaximaAsAverages().apply(flow.graph("average"))
    data = random.normal(0, 1, (3, *shape))
    windows = pool.windows(shape).reshape(int(np.prod(pool.kernel)), -1)
    flat = data.reshape(3, -1)
    expected = np.stack([flat[:, column[column >= 0]].mean(axis=1) for column in windows.T], axis=1)
    np.testing.assert_allclose(forward(graph, data)["output"].reshape(3, -1), 2 * expected, atol=1e-12)
    assert any("'pool'" in note and "--max-pool" in note for note in graph.assumptions)
