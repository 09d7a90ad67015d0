"""An ordinary network is evaluated once, every operator in order."""

from itertools import pairwise

import numpy as np
import pytest

from spikeloom.models.execution.forward import forward
from spikeloom.models.graph import Edge, Graph
from spikeloom.models.neurons import SigmaDelta
from spikeloom.models.operators import Convolution, Delay, Flatten, Identity, Input, Linear, Neurons, Output, Rectifier
from spikeloom.models.readers.dataflow import Dataflow


def residual(random):
    """A network with a way around a convolution, and its parameters."""
    kernel, bias = random.normal(0, 1, (2, 2, 3)), random.normal(0, 1, 2)
    weight = random.normal(0, 1, (4, 10))
    flow = Dataflow()
    entry = flow.input("x", (2, 5))
    inside = flow.rectify("relu", flow.convolution("conv", entry, kernel, bias, (1,), ((1, 1),), (1,), 1), 1.5)
    whole = flow.then("flat", Flatten(), flow.add("sum", [inside, entry]))
    flow.output("output", flow.linear("dense", whole, weight, None))
    return flow.graph("residual"), kernel, bias, weight


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_what_comes_out_is_what_the_layers_say(dtype):
    random = np.random.default_rng(0)
    graph, kernel, bias, weight = residual(random)
    data = (random.random((4, 2, 5)) * 3).astype(dtype)
    padded = np.pad(data.astype(float), ((0, 0), (0, 0), (1, 1)))
    convolved = sum(np.einsum("oi,nix->nox", kernel[:, :, k], padded[:, :, k : k + 5]) for k in range(3))
    inside = np.clip(convolved + bias[:, np.newaxis], 0, 1.5)
    expected = (inside + data).reshape(4, -1) @ weight.T
    result = forward(graph, data)
    assert set(result) == {"output"}
    assert result["output"].dtype == np.float64
    np.testing.assert_allclose(result["output"], expected, atol=1e-12)
    recorded = forward(graph, data, frozenset({"relu", "x", "output"}))
    assert set(recorded) == {"relu", "x", "output"}
    np.testing.assert_allclose(recorded["relu"], inside, atol=1e-12)
    np.testing.assert_array_equal(recorded["x"], data)


def test_samples_do_not_touch_one_another_or_the_data():
    random = np.random.default_rng(0)
    graph, *_ = residual(random)
    data = random.normal(0, 1, (5, 2, 5))
    before = data.copy()
    together = forward(graph, data)["output"]
    np.testing.assert_array_equal(data, before)
    for sample in range(5):
        np.testing.assert_allclose(forward(graph, data[sample : sample + 1])["output"][0], together[sample])
    assert forward(graph, data[:0])["output"].shape == (0, 4)


def test_what_needs_time_is_refused():
    nothing = np.zeros(())
    for operator in (Delay(np.asarray(1)), Neurons(SigmaDelta(nothing, nothing), None)):
        nodes = {"x": Input((2,)), "late": operator, "y": Output()}
        graph = Graph.with_loops_closed(nodes, [("x", "late"), ("late", "y")], (), "timed")
        with pytest.raises(ValueError, match="'late' needs time"):
            forward(graph, np.ones((1, 2)))
    edges = (Edge("x", "a"), Edge("x", "y"), Edge("a", "y", 1))
    graph = Graph({"x": Input((2,)), "a": Identity(), "y": Output()}, edges)
    with pytest.raises(ValueError, match="'y' needs time"):
        forward(graph, np.ones((1, 2)))


def test_memory_is_given_back_on_the_way():
    """Of a deep network, only what is still needed is held."""
    depth, width = 40, 50_000
    flow = Dataflow()
    signal = flow.input("x", (width,))
    for layer in range(depth):
        signal = flow.rectify(f"relu{layer}", flow.scale("less", signal, np.full((), 0.9)))
    flow.output("output", signal)
    graph = flow.graph("deep")
    import tracemalloc

    data = np.ones((2, width))
    graph.shapes  # noqa: B018  kept by the graph, and not to be counted
    tracemalloc.start()
    forward(graph, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * data.nbytes


def test_a_linear_map_alone_is_evaluated_too():
    nodes = {"x": Input((3,)), "dense": Linear(np.ones((1, 3)), np.full(1, 0.5)), "y": Output()}
    graph = Graph.with_loops_closed(nodes, [("x", "dense"), ("dense", "y")], (), "linear")
    np.testing.assert_array_equal(forward(graph, np.array([[1, 2, 3]]))["y"], [[6.5]])


def test_padding_is_zero_even_where_an_offset_came_before():
    """A bias before a padded convolution does not reach into the padding."""
    nodes = {
        "x": Input((1, 3)),
        "first": Convolution(np.ones((1, 1, 1)), np.ones(1), (1,), ((0, 0),), (1,)),
        "second": Convolution(np.ones((1, 1, 3)), None, (1,), ((1, 1),), (1,)),
        "relu": Rectifier(np.full((), np.inf)),
        "y": Output(),
    }
    chain = list(nodes)
    graph = Graph.with_loops_closed(nodes, list(pairwise(chain)), (), "padded")
    np.testing.assert_array_equal(forward(graph, np.zeros((1, 1, 3)))["y"], [[[2, 3, 2]]])
