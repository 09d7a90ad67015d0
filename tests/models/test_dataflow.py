"""A graph that is built call by call computes what the calls say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models.execution.forward import forward
from spikeloom.models.graph import GraphError
from spikeloom.models.neurons import LeakyIntegrateAndFire
from spikeloom.models.operators import Identity, Rectifier, Reshape, Scale, Select, ShapeError
from spikeloom.models.readers.dataflow import Dataflow

seeds = st.integers(0, 2**32 - 1)


def answers(flow, signal, data):
    """What the network makes of data, (samples, *shape of the signal)."""
    output = flow.output("output", signal)
    graph = flow.graph("built")
    assert graph.shapes[output.node] == signal.shape
    return forward(graph, data)["output"]


def some(random, *shape):
    return random.normal(0, 1, (3, *shape))


@settings(max_examples=60, deadline=None)
@given(seeds, st.lists(st.integers(0, 2), min_size=1, max_size=5))
def test_a_signal_may_be_added_to_itself(seed, terms):
    random = np.random.default_rng(seed)
    data = some(random, 2, 3)
    flow = Dataflow()
    entry = flow.input("x", (2, 3))
    scales = random.normal(0, 1, 2)
    signals = [entry, *(flow.scale("part", entry, np.asarray(scale)) for scale in scales)]
    total = flow.add("sum", [signals[term] for term in terms])
    expected = sum(data * (1.0, *scales)[term] for term in terms)
    np.testing.assert_allclose(answers(flow, total, data), expected, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 3), st.integers(-3, 2))
def test_signals_are_joined_along_any_axis(seed, count, axis):
    random = np.random.default_rng(seed)
    shape = [2, 3, 4]
    flow = Dataflow()
    entry = flow.input("x", tuple(shape))
    data = some(random, *shape)
    parts, expected = [], []
    for _ in range(count):
        size = int(random.integers(1, shape[axis] + 1))
        place = [slice(None)] * 3
        place[axis] = slice(0, size)
        numbers = np.arange(24).reshape(shape)[tuple(place)]
        parts.append(flow.select("slice", entry, numbers))
        expected.append(data[:, *place])
    again = flow.concatenate("join", [*parts, parts[0]], axis)
    joined = np.concatenate([*expected, expected[0]], axis % 3 + 1)
    np.testing.assert_array_equal(answers(flow, again, data), joined)


@settings(max_examples=60, deadline=None)
@given(seeds, st.permutations(range(3)))
def test_axes_change_places(seed, axes):
    random = np.random.default_rng(seed)
    shape = tuple(int(size) for size in random.integers(1, 4, 3))
    flow = Dataflow()
    data = some(random, *shape)
    moved = flow.transpose("turn", flow.input("x", shape), tuple(axes))
    np.testing.assert_array_equal(answers(flow, moved, data), data.transpose(0, *(axis + 1 for axis in axes)))


def test_a_transposition_that_moves_no_element_is_a_reshape():
    flow = Dataflow()
    moved = flow.transpose("turn", flow.input("x", (1, 3, 4)), (1, 2, 0))
    assert isinstance(flow.nodes[moved.node], Reshape)
    turned = flow.transpose("turn", moved, (1, 0, 2))
    assert isinstance(flow.nodes[turned.node], Select)
    assert flow.reshape("same", turned, turned.shape) is turned


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 2), st.booleans(), st.booleans())
def test_average_pools_with_and_without_their_border(seed, spatial, count_padding, dilated):
    random = np.random.default_rng(seed)
    shape = (2, *(int(size) for size in random.integers(4, 8, spatial)))
    kernel = tuple(int(size) for size in random.integers(1, 4, spatial))
    stride = tuple(int(step) for step in random.integers(1, 4, spatial))
    dilation = tuple(1 + int(dilated and 2 * (width - 1) < 4) for width in kernel)
    padding = tuple(tuple(int(side) for side in random.integers(0, (width + 1) // 2, 2)) for width in kernel)
    data = some(random, *shape)
    flow = Dataflow()
    pooled = flow.average_pool(
        "mean", flow.input("x", shape), kernel, stride, padding, count_padding, dilation if dilated else None
    )
    got = answers(flow, pooled, data)
    for place in np.ndindex(pooled.shape[1:]):
        sums, seen = np.zeros((3, 2)), 0
        for offset in np.ndindex(kernel):
            at = tuple(
                p * step + o * spread - pad[0]
                for p, step, o, spread, pad in zip(place, stride, offset, dilation, padding, strict=True)
            )
            if all(0 <= position < size for position, size in zip(at, shape[1:], strict=True)):
                sums += data[:, :, *at]
                seen += 1
        expected = sums / (np.prod(kernel) if count_padding else seen)
        np.testing.assert_allclose(got[:, :, *place], expected, atol=1e-12)


def test_averages_are_those_of_torch():
    torch = pytest.importorskip("torch")
    data = some(np.random.default_rng(0), 2, 7, 6)
    for counted in (True, False):
        flow = Dataflow()
        pooled = flow.average_pool("mean", flow.input("x", (2, 7, 6)), (3, 2), (2, 1), ((1, 1), (1, 1)), counted)
        expected = torch.nn.functional.avg_pool2d(
            torch.from_numpy(data), (3, 2), (2, 1), (1, 1), count_include_pad=counted
        )
        np.testing.assert_allclose(answers(flow, pooled, data), expected.numpy(), atol=1e-12)


def test_one_rectifier_in_place_of_two():
    data = np.linspace(-2, 8, 12).reshape(2, 3, 2)
    for first, second in ((np.inf, 6.0), (6.0, np.inf), (np.array([1.0, 5.0, 3.0]), 2.0), (2.0, np.array([1.0, 5, 3]))):
        flow = Dataflow()
        entry = flow.input("x", (3, 2))
        twice = flow.rectify("second", flow.rectify("first", entry, first), second)
        got = answers(flow, twice, data)
        limits = np.minimum(np.reshape(first, (-1, 1)), np.reshape(second, (-1, 1)))
        np.testing.assert_array_equal(got, np.clip(data, 0, limits))
        graph = flow.graph("both")
        assert sum(isinstance(operator, Rectifier) for operator in graph.nodes.values()) == 1


def test_a_rectifier_that_others_hear_too_stays():
    flow = Dataflow()
    first = flow.rectify("first", flow.input("x", (3,)))
    second = flow.rectify("second", first, 1.0)
    data = np.array([[-1.0, 0.5, 3.0]])
    np.testing.assert_array_equal(answers(flow, flow.add("sum", [first, second]), data), [[0, 1, 4]])


def test_matrices_act_on_the_last_axis_and_keep_the_others():
    random = np.random.default_rng(0)
    data, weight, bias = some(random, 4, 3), random.normal(0, 1, (2, 3)), random.normal(0, 1, 2)
    flow = Dataflow()
    result = flow.linear("dense", flow.input("x", (4, 3)), weight, bias)
    np.testing.assert_allclose(answers(flow, result, data), data @ weight.T + bias, atol=1e-12)


def test_what_leads_nowhere_is_left_out_and_inputs_stay():
    flow = Dataflow()
    entry = flow.input("x", (3,))
    flow.input("unused", (2,))
    flow.rectify("dead end", flow.linear("dead", entry, np.ones((2, 3)), None))
    flow.output("output", flow.rectify("alive", entry))
    graph = flow.graph("pruned")
    assert set(graph.nodes) == {"x", "unused", "alive", "output"}
    assert {(edge.source, edge.target) for edge in graph.edges} == {("x", "alive"), ("alive", "output")}


def test_names_that_are_taken_get_a_number():
    flow = Dataflow()
    entry = flow.input("x", (3,))
    names = [flow.scale("scale", entry, np.ones(())).node for _ in range(3)]
    assert names == ["scale", "scale 2", "scale 3"]


def test_loops_carry_the_previous_step():
    zero, one = np.zeros(()), np.ones(())
    model = LeakyIntegrateAndFire(zero, zero, np.full((), 0.5), one, one, zero)
    flow = Dataflow()
    entry = flow.input("x", (2,))
    total = flow.then("arriving", Identity(), entry)
    layer = flow.neurons("layer", total, model)
    for _ in range(2):  # the second time is the same loop
        flow.close_loop(flow.linear("back", layer, np.ones((2, 2)), None), total)
    flow.output("output", layer)
    with pytest.raises(ValueError, match="needs time"):
        forward(flow.graph("loop"), np.ones((1, 2)))


def test_what_does_not_suit_is_refused():
    flow = Dataflow()
    entry = flow.input("x", (3, 4))
    with pytest.raises(ShapeError):
        flow.linear("dense", entry, np.ones((2, 5)), None)
    with pytest.raises(ShapeError):
        flow.max_pool("pool", entry, (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1))
    with pytest.raises(GraphError, match="no output"):
        flow.graph("without an end")


def test_scales_may_be_broadcast():
    random = np.random.default_rng(0)
    data, scale, offset = some(random, 2, 3), random.normal(0, 1, (2, 1)), random.normal(0, 1, (3,))
    flow = Dataflow()
    result = flow.scale("scale", flow.input("x", (2, 3)), scale, offset)
    assert isinstance(flow.nodes[result.node], Scale)
    np.testing.assert_allclose(answers(flow, result, data), data * scale + offset, atol=1e-12)
