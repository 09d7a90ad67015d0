"""Each operator that is read, against ONNX Runtime on random data."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spikeloom.models.operators import Convolution, Linear, MaxPool, Rectifier, Scale, Select, TransposedConvolution

pytest.importorskip("onnx", reason="the package onnx is not installed")

R = np.random.default_rng()


@pytest.fixture(autouse=True)
def seeded():
    R.bit_generator.state = np.random.default_rng(11).bit_generator.state


def normal(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def kinds(graph):
    return [type(graph.nodes[name]) for name in graph.order]


@st.composite
def windows(draw, axes, pooling=False):
    """Attributes of a window, and the image's size."""
    kernel = draw(st.lists(st.integers(1, 4), min_size=axes, max_size=axes))
    mode = draw(st.sampled_from(["NOTSET", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    # ONNX Runtime does not have dilation together with SAME.
    dilation = draw(st.lists(st.integers(1, 1 if "SAME" in mode else 2), min_size=axes, max_size=axes))
    stride = draw(st.lists(st.integers(1, 3), min_size=axes, max_size=axes))
    image = draw(st.lists(st.integers(4, 9), min_size=axes, max_size=axes))
    limits = [size - 1 if pooling else size for size in kernel]
    pads = [draw(st.integers(0, limit)) for limit in limits * 2] if mode == "NOTSET" else [0] * (2 * axes)
    for size, width, spread, before, after in zip(image, kernel, dilation, pads[:axes], pads[axes:], strict=True):
        assume(size + before + after >= spread * (width - 1) + 1)
    # Nor does it have SAME for strides wider than the window.
    assume("SAME" not in mode or all(step <= width for step, width in zip(stride, kernel, strict=True)))
    text = f"kernel_shape={kernel}, strides={stride}, dilations={dilation}, "
    text += f"pads={pads}" if mode == "NOTSET" else f'auto_pad="{mode}"'
    return text, kernel, image


@given(windows(2), st.sampled_from([(4, 6, 1), (4, 6, 2), (3, 3, 3)]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_convolutions_in_two_dimensions(tools, window, channels, biased):
    attributes, kernel, image = window
    inputs, outputs, groups = channels
    weights = {"w": normal(outputs, inputs // groups, *kernel)} | ({"b": normal(outputs)} if biased else {})
    model = tools.build(
        f"y = Conv<group={groups}, {attributes}>({', '.join(['x', *weights])})",
        x=f"float[N,{inputs},{image[0]},{image[1]}] x",
        **weights,
    )
    graph = tools.agrees(model, (inputs, *image))
    assert kinds(graph)[1] is Convolution


@given(windows(1))
@settings(max_examples=15, deadline=None)
def test_convolutions_in_one_dimension(tools, window):
    attributes, kernel, image = window
    model = tools.build(
        f"y = Conv<{attributes}>(x, w, b)", x=f"float[N,4,{image[0]}] x", w=normal(5, 4, *kernel), b=normal(5)
    )
    tools.agrees(model, (4, *image))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_transposed_convolutions(tools, data):
    kernel = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    longer = [data.draw(st.integers(0, step - 1)) for step in stride]
    pads = [
        data.draw(st.integers(0, spread * (size - 1))) for size, spread in zip(kernel * 2, dilation * 2, strict=True)
    ]
    groups = data.draw(st.sampled_from([1, 2]))
    sizes = zip((4, 5), stride, kernel, dilation, longer, pads[:2], pads[2:], strict=True)
    assume(all(s * (n - 1) + d * (k - 1) + 1 + more > a + b for n, s, k, d, more, a, b in sizes))
    model = tools.build(
        f"y = ConvTranspose<strides={list(stride)}, dilations={list(dilation)}, output_padding={longer}, pads={pads}, "
        f"group={groups}>(x, w, b)",
        x="float[N,4,4,5] x",
        w=normal(4, 3, *kernel),
        b=normal(3 * groups),
    )
    graph = tools.agrees(model, (4, 4, 5))
    assert TransposedConvolution in kinds(graph)


@pytest.mark.parametrize("attributes", [
    "output_shape=[10, 12], strides=[2, 3]", "output_shape=[12, 13], strides=[2, 3]",
    'auto_pad="SAME_UPPER", strides=[2, 2]',
    'auto_pad="SAME_LOWER", strides=[2, 2]', 'auto_pad="VALID", strides=[2, 2]',
])  # fmt: skip
def test_transposed_convolutions_of_a_given_size(tools, attributes):
    model = tools.build(f"y = ConvTranspose<{attributes}>(x, w)", x="float[N,2,5,4] x", w=normal(2, 3, 3, 3))
    tools.agrees(model, (2, 5, 4))


def test_a_transposed_convolution_with_stride_one_stays_a_convolution(tools):
    graph = tools.agrees(tools.build("y = ConvTranspose<pads=[1,0,0,1]>(x, w)", w=normal(3, 2, 3, 2)), (3, 8, 8))
    name = next(name for name, operator in graph.nodes.items() if isinstance(operator, TransposedConvolution))
    connectivity = graph.nodes[name].connectivity((3, 8, 8))
    assert type(connectivity).__name__ == "Convolution"


@given(windows(2, pooling=True), st.sampled_from(["MaxPool", "AveragePool"]), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_pooling(tools, window, kind, ceiling, counted):
    attributes, _, image = window
    # Which windows hang over the border is clear for explicit padding only, and so is what an average divides by.
    ceiling = ceiling and "auto_pad" not in attributes and not (counted and kind == "AveragePool")
    attributes += f", ceil_mode={int(ceiling)}"
    if kind == "AveragePool":
        attributes += f", count_include_pad={int(counted)}"
    model = tools.build(f"y = {kind}<{attributes}>(x)", x=f"float[N,2,{image[0]},{image[1]}] x")
    tools.agrees(model, (2, *image))


@pytest.mark.parametrize("nodes", [
    "y = GlobalAveragePool(x)", "y = GlobalMaxPool(x)", "y = ReduceMean<keepdims=0>(x, a23)",
    "y = ReduceMean<keepdims=1>(x, a23)", "y = ReduceMean<keepdims=0>(x, a1)", "y = ReduceMean<keepdims=0>(x, a13)",
    "y = ReduceSum<keepdims=0>(x, a23)", "y = ReduceMax<keepdims=0>(x, a123)", "y = ReduceMax<keepdims=1>(x, a2)",
    "y = ReduceMean<noop_with_empty_axes=1>(x)",
])  # fmt: skip
def test_pooling_over_whole_axes(tools, nodes):
    names = [f"a{digits}" for digits in ("23", "1", "13", "123", "2") if f"a{digits})" in nodes]
    tools.agrees(tools.build(nodes, **{name: np.array([*map(int, name[1:])]) for name in names}), (3, 8, 8))


def test_axes_as_attributes_of_older_opsets(tools):
    tools.agrees(tools.build("y = ReduceMean<axes=[-1,-2], keepdims=0>(x)", opset=13), (3, 8, 8))


MATRICES = {
    "plain": "y = MatMul(x, w)",
    "bias behind": "h = MatMul(x, w) y = Add(h, b)",
    "bias in front": "h = MatMul(x, w) y = Add(b, h)",
    "weight on the left": "t = Transpose<perm=[1,0]>(x) h = MatMul(v, t) y = Transpose<perm=[1,0]>(h)",
    "Gemm": "y = Gemm<alpha=0.5, beta=2.0>(x, w, b)",
    "Gemm, B turned": "y = Gemm<transB=1>(x, v, b)",
    "Gemm, A turned": "t = Transpose(x) y = Gemm<transA=1>(t, w)",
    "Gemm, one number for all": "y = Gemm(x, w, one)",
    "Gemm, a row": "y = Gemm(x, w, row)",
    "Gemm with an activation to add": "h = MatMul(x, w) y = Gemm<beta=3.0>(x, w, h)",
    "weight turned": "u = Transpose<perm=[1,0]>(v) y = MatMul(x, u)",
    "weight reshaped": "u = Reshape(flat, s) y = MatMul(x, u)",
    "weight cast": "u = Cast<to=1>(half) y = MatMul(x, u)",
    "weight by way of Identity": "u = Identity(w) y = MatMul(x, u)",
    "subtracted": "h = MatMul(x, w) y = Sub(h, b)",
    "subtracted from": "h = MatMul(x, w) y = Sub(b, h)",
    "a vector": "y = MatMul(x, vector)",
}  # fmt: skip


@pytest.mark.parametrize("spelling", MATRICES)
def test_matrices_in_all_their_spellings(tools, spelling):
    nodes = MATRICES[spelling]
    whole = {
        "w": normal(6, 4), "v": normal(6, 4).T.copy(), "b": normal(4), "row": normal(1, 4), "one": normal(1)[:1],
        "flat": normal(2, 3, 4), "s": np.array([6, 4]), "half": normal(6, 4).astype(np.float16), "vector": normal(6),
    }  # fmt: skip
    used = {name: array for name, array in whole.items() if f" {name}" in nodes or f"({name}" in nodes}
    graph = tools.agrees(tools.build(nodes, x="float[N,6] x", **used), (6,))
    assert Linear in kinds(graph)


@pytest.mark.parametrize(("x", "w"), [
    ((5, 6), (6, 4)), ((2, 5, 6), (6, 4)), ((2, 5, 6), (2, 6, 4)), ((2, 5, 6), (1, 6, 4)), ((5, 6), (3, 1, 6, 4)),
])  # fmt: skip
def test_matrices_over_the_last_axis(tools, x, w):
    axes = ",".join(map(str, x))
    samples = 1 if len(w) > len(x) + 1 else 3  # more axes than the tensor has move that of samples
    model = tools.build("h = MatMul(x, w) y = Add(h, b)", x=f"float[N,{axes}] x", w=normal(*w), b=normal(4))
    tools.agrees(model, x, samples=samples)


def test_a_vector_without_an_axis_of_samples(tools):
    graph = tools.agrees(tools.build("y = MatMul(x, w)", x="float[6] x", w=normal(6, 4)), (6,), alone=True)
    assert any("no axis of samples" in note for note in graph.assumptions)


def test_batch_normalization_is_folded_to_a_scale(tools):
    weights = {"s": normal(3), "b": normal(3) + 1, "m": normal(3) - 1, "v": np.abs(normal(3)) + 0.1}
    graph = tools.agrees(tools.build("y = BatchNormalization<epsilon=0.01>(x, s, b, m, v)", **weights), (3, 8, 8))
    assert kinds(graph)[1] is Scale


@pytest.mark.parametrize(("nodes", "opset", "ceiling"), [
    ("y = Relu(x)", 21, np.inf), ("y = Clip(x, zero, six)", 21, 0.6), ("y = Clip(x, zero)", 21, np.inf),
    ("y = Clip<min=0.0, max=0.6>(x)", 7, 0.6), ("y = Max(x, zero)", 21, np.inf),
    ("h = Relu(x) y = Clip(h, zero, six)", 21, 0.6),
])  # fmt: skip
def test_rectifiers(tools, nodes, opset, ceiling):
    weights = {name: np.float32(value) for name, value in (("zero", 0), ("six", 0.6)) if name in nodes}
    graph = tools.agrees(tools.build(nodes, opset=opset, **weights), (3, 8, 8))
    found = [operator for operator in graph.nodes.values() if isinstance(operator, Rectifier)]
    assert [float(operator.ceiling) for operator in found] == [pytest.approx(ceiling)]


@pytest.mark.parametrize("nodes", [
    "y = Clip(x, low, high)", "y = Clip(x, low)", "y = Clip(x, , high)", "y = Min(x, high)", "y = Max(low, x)",
])  # fmt: skip
def test_clips_that_do_not_begin_at_zero_are_rectifiers_between_shifts(tools, nodes):
    weights = {name: np.float32(value) for name, value in (("low", -0.4), ("high", 0.3)) if name in nodes}
    tools.agrees(tools.build(nodes, **weights), (3, 8, 8))


ARITHMETIC = {
    "y = Add(x, c)": (3, 1, 1), "y = Add(c, x)": (8,), "y = Add(x, c) ": (), "y = Sub(c, x)": (1, 3, 8, 8),
    "y = Sub(x, c)": (3, 1, 8), "y = Mul(c, x)": (3, 1, 1), "y = Div(x, c)": (1, 3, 1, 1), "y = Neg(x)": None,
    "y = Add(x, x)": None, "h = Relu(x) y = Add(x, h)": None, "h = Relu(x) y = Sub(x, h)": None,
    "h = Relu(x) y = Sum(x, h, x)": None, "h = Relu(x) y = Mean(x, h)": None, "y = Sum(x, c, c)": (3, 1, 1),
    "h = GlobalAveragePool(x) y = Add(x, h)": None, "h = GlobalAveragePool(x) y = Add(h, c)": (3, 2, 4),
    "y = Add(x, c)  ": (2, 1, 3, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("nodes", ARITHMETIC)
def test_arithmetic_with_constants_and_branches(tools, nodes):
    shape = ARITHMETIC[nodes]
    weights = {} if shape is None else {"c": np.asarray(normal(*shape), np.float32) + 3}
    count = 5 if shape and len(shape) == 5 else None
    model = tools.build(nodes, **weights)
    if count:  # the constant repeats the tensor along a new axis in front of the samples
        tools.agrees(tools.build(nodes, x="float[1,3,8,8] x", **weights), (3, 8, 8), samples=1)
    else:
        tools.agrees(model, (3, 8, 8))


PADS = [0, 0, 1, 2, 0, 0, 0, 1]
MOVES = {
    "y = Flatten(x)": {},
    "y = Reshape(x, s)": {"s": [0, 2, -1]},
    "h = Unsqueeze(x, a) y = Squeeze(h, a)": {"a": [2]},
    "y = Transpose<perm=[0,2,3,1]>(x)": {},
    "h = Transpose<perm=[0,2,3,1]>(x) y = Flatten(h)": {},
    "y = Slice(x, b, e, a, s)": {"b": [1, 7], "e": [3, -9], "a": [1, 3], "s": [1, -2]},
    "p, q = Split<axis=3, num_outputs=2>(x) y = Concat<axis=1>(q, p)": {},
    "p, q = Split<axis=2>(x, s) y = Concat<axis=2>(q, p)": {"s": [3, 5]},
    "y = Pad(x, p)": {"p": PADS},
    "y = Pad(x, p, v)": {"p": [0, 1, 0, 2, 0, 0, 0, 1], "v": np.float32(0.5)},
    'y = Pad<mode="reflect">(x, p)': {"p": PADS},
    'y = Pad<mode="edge">(x, p)': {"p": [0, 0, 1, -2, 0, 0, 0, 1]},
    "y = Gather<axis=1>(x, i)": {"i": [2, 0]},
    "y = Gather<axis=2>(x, i)": {"i": np.int64(5)},
    "h = Relu(x) y = Concat<axis=1>(x, h, x)": {},
    "y = Tile(x, s)": {"s": [1, 2, 1, 1]},
    "h = GlobalAveragePool(x) y = Expand(h, s)": {"s": [1, 1, 2, 3]},
    "y = SpaceToDepth<blocksize=2>(x)": {},
    "h = Tile(x, s) y = DepthToSpace<blocksize=2>(h)": {"s": [1, 4, 1, 1]},
    'y = Resize<nearest_mode="floor", coordinate_transformation_mode="asymmetric">(x, , s)': {
        "s": np.float32([1, 1, 2, 2])
    },
    "h, m = Dropout(x) y = Identity(h)": {},
    "h = Cast<to=11>(x) y = Cast<to=1>(h)": {},
}


@pytest.mark.parametrize("nodes", MOVES)
def test_operators_that_only_move(tools, nodes):
    weights = {name: np.asarray(value) for name, value in MOVES[nodes].items()}
    tools.agrees(tools.build(nodes, **weights), (3, 8, 8))


@pytest.mark.parametrize("values", [0.0, 2.0])
def test_a_constant_among_concatenated_tensors(tools, values):
    constant = np.full((3, 2, 2, 8), values, np.float32)
    model = tools.build("y = Concat<axis=1>(x, c, x)", x="float[3,3,2,8] x", c=constant)
    tools.agrees(model, (3, 2, 8))


def test_padding_in_front_of_a_convolution_becomes_its_padding(tools):
    model = tools.build(
        "h = Pad(x, p) y = Conv<pads=[1,0,0,0]>(h, w)", p=[0, 0, 1, 2, 0, 0, 0, 1], w=normal(2, 3, 3, 3)
    )
    graph = tools.agrees(model, (3, 8, 8))
    assert Select not in kinds(graph)
    convolution = next(operator for operator in graph.nodes.values() if isinstance(operator, Convolution))
    assert convolution.padding == ((2, 0), (2, 1))


def test_padding_in_front_of_an_average_is_counted(tools):
    model = tools.build("h = Pad(x, p) y = AveragePool<kernel_shape=[3,3]>(h)", p=[0, 0, 1, 2, 0, 0, 0, 1])
    assert Select not in kinds(tools.agrees(model, (3, 8, 8)))


def test_a_maximum_keeps_its_window(tools):
    graph = tools.agrees(tools.build("y = MaxPool<kernel_shape=[3,2], ceil_mode=1, strides=[3,3]>(x)"), (3, 8, 8))
    pool = next(operator for operator in graph.nodes.values() if isinstance(operator, MaxPool))
    assert (pool.kernel, pool.stride, pool.padding) == ((3, 2), (3, 3), ((0, 1), (0, 0)))
