"""Samples, open sizes, the order of axes, and shapes that a model computes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models.errors import UnsupportedModelError, UsageError
from spikeloom.models.operators import Convolution, Input, Select
from spikeloom.models.readers.onnx import OnnxOptions

pytest.importorskip("onnx", reason="the package onnx is not installed")


def normal(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def whole(numbers):
    return np.array(numbers, np.int64)


def input_of(graph):
    return graph.nodes[graph.inputs[0]]


NETWORK = """
    a = Conv<pads=[1,1,1,1]>(x, w1) b = Add(a, b1) c = Relu(b)
    d = MaxPool<kernel_shape=[2,2], strides=[2,2]>(c)
    e = Reshape(d, s) f = MatMul(e, w2) y = Add(b2, f)
"""


def network(tools, x, target, **options):
    weights = {"w1": normal(4, 1, 3, 3), "b1": normal(4, 1, 1), "w2": normal(64, 5), "b2": normal(1, 5)}
    return tools.build(NETWORK, x=x, s=whole(target), **weights, **options)


@pytest.mark.parametrize(("x", "target", "samples", "said"), [
    ("float[N,1,8,8] x", [-1, 64], 3, "the open first axis of 'x', 'N', is that of samples"),
    ("float[N,1,8,8] x", [0, -1], 3, "the open first axis"),
    ("float[1,1,8,8] x", [1, 64], 1, "of size 1, is taken for that of samples"),
    ("float[1,1,8,8] x", [1, -1], 1, "of size 1, is taken for that of samples"),
    ("float[6,1,8,8] x", [6, 64], 6, "of size 6, is taken for that of samples"),
    ("float[6,1,8,8] x", [-1, 64], 6, "of size 6, is taken for that of samples"),
])  # fmt: skip
def test_samples_however_the_file_counts_them(tools, x, target, samples, said):
    graph = tools.agrees(network(tools, x, target), (1, 8, 8), samples=samples)
    assert input_of(graph).shape == (1, 8, 8)
    assert any(said in note for note in graph.assumptions)


def test_an_input_without_an_axis_of_samples(tools):
    model = tools.build("h = Unsqueeze(x, a) y = Conv(h, w)", x="float[3,8,8] x", a=whole([0]), w=normal(2, 3, 3, 3))
    graph = tools.agrees(model, (3, 8, 8), alone=True)
    assert input_of(graph).shape == (3, 8, 8)
    assert any("'x' has no axis of samples" in note for note in graph.assumptions)


def test_an_image_that_is_flattened_whole(tools):
    model = tools.build("h = Reshape(x, s) y = MatMul(h, w)", x="float[4,5] x", s=whole([1, 20]), w=normal(20, 3))
    assert input_of(tools.agrees(model, (4, 5), alone=True)).shape == (4, 5)


def test_the_option_says_that_a_whole_input_is_one_sample(tools):
    model = tools.build("y = MatMul(x, w)", x="float[4,5] x", w=normal(5, 3))
    assert input_of(tools.agrees(model, (5,), samples=4)).shape == (5,)
    graph = tools.agrees(model, (4, 5), alone=True, options=OnnxOptions(input_shape=(4, 5)))
    assert input_of(graph).shape == (4, 5)


def test_open_sizes_are_asked_for(tools):
    model = tools.build("h = Conv(x, w) y = GlobalAveragePool(h)", x="float[N,3,H,W] x", w=normal(2, 3, 3, 3))
    with pytest.raises(UnsupportedModelError, match=r"leaves sizes open \(H, W\); .*--input-shape"):
        tools.read(model)
    graph = tools.agrees(model, (3, 7, 9), options=OnnxOptions(input_shape=(3, 7, 9)))
    assert input_of(graph).shape == (3, 7, 9)
    with pytest.raises(UsageError, match="--input-shape 4,7,9 does not suit the input 'x'"):
        tools.read(model, OnnxOptions(input_shape=(4, 7, 9)))


def test_an_input_without_any_shape_is_asked_for(tools):
    model = tools.build("y = MatMul(x, w)", x="float x", w=normal(5, 3))
    model.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(UnsupportedModelError, match="no shape in the file"):
        tools.read(model)
    tools.agrees(model, (5,), options=OnnxOptions(input_shape=(5,)))


SHAPE_ARITHMETIC = """
    h = Conv(x, w)
    shape = Shape(h) n = Gather<axis=0>(shape, zero) n1 = Unsqueeze(n, axes)
    rest = Slice(shape, one, end) size = ReduceProd<keepdims=1>(rest)
    target = Concat<axis=0>(n1, size)
    y = Reshape(h, target)
"""


@pytest.mark.parametrize(("x", "samples"), [("float[N,3,6,6] x", 3), ("float[5,3,6,6] x", 5)])
def test_arithmetic_on_shapes_is_folded(tools, x, samples):
    constants = {"zero": np.int64(0), "axes": whole([0]), "one": whole([1]), "end": whole([9])}
    tools.agrees(tools.build(SHAPE_ARITHMETIC, x=x, w=normal(2, 3, 3, 3), **constants), (3, 6, 6), samples=samples)


def test_constants_that_are_computed_are_folded(tools):
    nodes = """
        s = Constant<value = int64[2] {3, 4}>() h = ConstantOfShape<value = float[1] {0.5}>(s)
        v = Mul(h, w) root = Sqrt(v) k = Expand(row, s) m = Add(root, k) y = MatMul(x, m)
    """
    weights = {"w": np.abs(normal(3, 4)), "row": normal(1, 4)}
    tools.agrees(tools.build(nodes, x="float[N,3] x", **weights), (3,))


CHANNELS_LAST = """
    t = Transpose<perm=[0,3,1,2]>(x) a = Conv(t, w1) b = Transpose<perm=[0,2,3,1]>(a)
    c = Add(b, b1) d = Relu(c) e = Transpose<perm=[0,3,1,2]>(d) f = Conv(e, w2)
    g = Transpose<perm=[0,2,3,1]>(f) h = Reshape(g, s) y = MatMul(h, w3)
"""


def channels_last(tools, nodes=CHANNELS_LAST, x="float[N,7,6,3] x", **more):
    weights = {"w1": normal(4, 3, 3, 3), "b1": normal(4), "w2": normal(5, 4, 3, 2), "w3": normal(45, 2)}
    return tools.build(nodes, x=x, s=whole([-1, 45]), **weights, **more)


def test_an_input_with_channels_last_keeps_its_convolutions(tools):
    graph = tools.agrees(channels_last(tools), (7, 6, 3))
    assert (input_of(graph).shape, input_of(graph).axes) == ((3, 7, 6), (2, 0, 1))
    assert sum(isinstance(operator, Convolution) for operator in graph.nodes.values()) == 2
    # Only what is flattened moves, and that melts into the matrix behind it.
    assert sum(isinstance(operator, Select) for operator in graph.nodes.values()) == 1
    assert any(note.startswith("layout: ") for note in graph.assumptions)


def test_channels_last_behind_what_is_done_to_each_pixel(tools):
    nodes = CHANNELS_LAST.replace("(x)", "(q)", 1)
    model = channels_last(tools, f"p = Sub(x, mean) q = Div(p, std) {nodes}", mean=normal(3), std=np.float32([1, 2, 3]))
    assert input_of(tools.agrees(model, (7, 6, 3))).axes == (2, 0, 1)


def test_a_series_with_channels_last(tools):
    nodes = "a = Unsqueeze(x, one) b = Transpose<perm=[0,3,1,2]>(a) c = Conv(b, w) y = Squeeze(c, two)"
    model = tools.build(nodes, x="float[N,9,3] x", one=whole([1]), two=whole([2]), w=normal(4, 3, 1, 3))
    graph = tools.agrees(model, (9, 3))
    assert (input_of(graph).shape, input_of(graph).axes) == ((3, 9), (1, 0))
    assert not any(isinstance(operator, Select) for operator in graph.nodes.values())


def test_a_matrix_over_the_channels_of_an_image_is_a_convolution(tools):
    nodes = "a = Transpose<perm=[0,2,3,1]>(x) b = MatMul(a, w) c = Add(b, k) y = Transpose<perm=[0,3,1,2]>(c)"
    graph = tools.agrees(tools.build(nodes, w=normal(3, 4), k=normal(4)), (3, 8, 8))
    kinds = [type(graph.nodes[name]).__name__ for name in graph.order]
    assert "Convolution" in kinds and "Linear" not in kinds and "Select" not in kinds


def test_the_order_of_the_data_can_be_said(tools):
    model = channels_last(tools)
    first = tools.read(model, OnnxOptions(layout="channels-first"))
    assert (input_of(first).shape, input_of(first).axes) == ((3, 7, 6), None)
    last = tools.read(tools.build("y = Conv(x, w)", w=normal(2, 3, 3, 3)), OnnxOptions(layout="channels-last"))
    assert (input_of(last).shape, input_of(last).axes) == ((3, 8, 8), (2, 0, 1))
    with pytest.raises(UsageError, match="--layout"):
        tools.read(
            tools.build("y = MatMul(x, w)", x="float[N,5] x", w=normal(5, 3)), OnnxOptions(layout="channels-last")
        )


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_chain_of_layouts_is_followed(tools, data):
    """Transpositions, reshapes and slices of a fixed batch, in any order, with arithmetic between."""
    samples = data.draw(st.sampled_from([1, 13]))  # 13 is a size that no other axis comes to have
    shape, nodes, weights = [samples, 2, 3, 4], [], {}
    for step in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["Transpose", "Reshape", "Add", "Slice", "Unsqueeze"]))
        source, name = f"t{step}" if step else "x", f"c{step}"
        place = shape.index(samples) if samples > 1 else 0
        if kind == "Transpose":
            axes = data.draw(st.permutations(range(len(shape))))
            shape = [shape[axis] for axis in axes]
            call = f"Transpose<perm={list(axes)}>({source})"
        elif kind == "Reshape" and place == 0:
            rest = int(np.prod(shape[1:]))
            first = data.draw(st.sampled_from([size for size in (1, 2, 3, 4) if rest % size == 0]))
            shape = [shape[0], first, rest // first]
            call, weights[name] = f"Reshape({source}, {name})", whole([shape[0], first, -1])
        elif kind == "Unsqueeze" and len(shape) < 6:
            axis = data.draw(st.integers(0, len(shape)))
            shape.insert(axis, 1)
            call, weights[name] = f"Unsqueeze({source}, {name})", whole([axis])
        elif kind == "Slice" and shape[-1] > 1 and (place != len(shape) - 1 or samples == 1):
            shape[-1] -= 1
            call, weights[name] = f"Slice({source}, {name}, big, last)", whole([1])
            weights |= {"big": whole([99]), "last": whole([-1])}
        else:
            sizes = [1 if axis == place else size for axis, size in enumerate(shape)]
            call, weights[name] = f"Add({source}, {name})", normal(*sizes)
        nodes.append(f"t{step + 1} = {call}")
    nodes.append(f"y = Identity(t{len(nodes)})")
    model = tools.build(" ".join(nodes), x=f"float[{samples},2,3,4] x", **weights)
    graph = tools.read(model)
    x = np.random.default_rng(0).normal(size=(samples, 2, 3, 4)).astype(np.float32)
    expected = np.moveaxis(tools.outcome(model, x)["y"], shape.index(samples) if samples > 1 else 0, 0)
    (found,) = tools.evaluate(graph, x).values()
    np.testing.assert_allclose(found.reshape(samples, -1), expected.reshape(samples, -1), rtol=1e-5, atol=1e-5)


def test_inputs_that_are_stored_tensors_are_no_inputs(tools):
    """Files of IR version 3 list their weights among the inputs."""
    model = tools.build("y = MatMul(x, w)", x="float[N,5] x, float[5,3] w", opset=8, ir=3, w=normal(5, 3))
    graph = tools.agrees(model, (5,))
    assert len(graph.inputs) == 1 and isinstance(input_of(graph), Input)


def test_one_of_several_outputs(tools):
    model = tools.build("h = Relu(x) y = Sigmoid(h)", y="float y, float h")
    graph = tools.agrees(model, (3, 8, 8), options=OnnxOptions(output="h"))
    assert graph.outputs == ("h",)
    with pytest.raises(UsageError, match="no output 'z'; its outputs are 'y', 'h'"):
        tools.read(model, OnnxOptions(output="z"))
    with pytest.raises(UnsupportedModelError, match="Sigmoid"):
        tools.read(model)
