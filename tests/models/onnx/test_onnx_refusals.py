"""What cannot be mapped is listed in one error: every node with its reason, and no node that only follows one."""

import re

import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")


def normal(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def listed(tools, model):
    """(node, kind) of all rows of the error, and the whole message."""
    with pytest.raises(UnsupportedModelError) as refused:
        tools.read(model)
    message = str(refused.value)
    rows = re.findall(r"^  (.+?) \((\S*?)\): .+$", message, re.MULTILINE)
    assert f": {len(rows)} node{'s' if len(rows) > 1 else ''} cannot be deployed:" in message
    return set(rows), message


ALONE = {
    "LeakyRelu": "y = LeakyRelu(x)", "PRelu": "y = PRelu(x, c)", "Elu": "y = Elu(x)", "Sigmoid": "y = Sigmoid(x)",
    "Tanh": "y = Tanh(x)", "HardSwish": "y = HardSwish(x)", "Gelu": "y = Gelu(x)", "Exp": "y = Exp(x)",
    "LRN": "y = LRN<size=3>(x)", "InstanceNormalization": "y = InstanceNormalization(x, c, c)",
    "LayerNormalization": "y = LayerNormalization(x, k)",
    "TopK": "y, i = TopK(x, one)", "CumSum": "y = CumSum(x, axis)",
    "DynamicQuantizeLinear": "q, s, z = DynamicQuantizeLinear(x) y = DequantizeLinear(q, s, z)",
    "Einsum": 'y = Einsum<equation="nchw,nchw->nc">(x, x)', "Where": "b = Cast<to=9>(c) y = Where(b, x, x)",
    "RandomNormalLike": "r = RandomNormalLike(x) y = Add(x, r)", "Clip": "y = Clip(x, six, three)",
    "Resize": 'y = Resize<mode="linear">(x, , scales)', "Conv": "y = Conv(x, x)",
}  # fmt: skip


@pytest.mark.parametrize("kind", ALONE)
def test_operators_without_a_spiking_form(tools, kind):
    constants = {
        "c": np.ones(3, np.float32), "k": np.ones(3, np.float32), "one": np.array([1]), "axis": np.int64(1),
        "six": np.float32(6), "three": np.float32(3), "scales": np.float32([1, 1, 2, 2]),
    }  # fmt: skip
    used = {name: array for name, array in constants.items() if re.search(rf"[(, ]{name}[,)]", ALONE[kind])}
    model = tools.build(ALONE[kind], x="float[N,3,3,3] x", **used)
    rows, _ = listed(tools, model)
    assert [row for row in rows if row[1] == kind]
    assert len(rows) == 1, "a node that follows is listed too"


def test_three_spatial_axes(tools):
    rows, message = listed(tools, tools.build("y = Conv(x, w)", x="float[N,1,5,5,5] x", w=normal(2, 1, 3, 3, 3)))
    assert rows == {("y", "Conv")} and "3 spatial axes" in message


def test_all_that_stands_against_a_model_is_found_at_once(tools):
    """Nodes behind one that is refused are looked at as well; those that only follow it are not listed."""
    nodes = """
        a = Conv(x, w) b = LeakyRelu(a) c = Conv(b, v) d = Relu(c) s = Sigmoid(d) m = Mul(d, s)
        f = Flatten(m) g = MatMul(f, u) h = LayerNormalization(g, k) p = Softmax(h) q = Mul(p, two) y = Add(q, two)
    """
    weights = {"w": normal(2, 3, 3, 3), "v": normal(2, 2, 3, 3), "u": normal(32, 4), "k": normal(4), "two": normal(1)}
    rows, message = listed(tools, tools.build(nodes, **weights))
    assert rows == {
        ("b", "LeakyRelu"), ("s", "Sigmoid"), ("m", "Mul"), ("h", "LayerNormalization"), ("p", "Softmax"),
    }  # fmt: skip
    assert "but 'q' (Mul) reads it" in message


def test_behind_a_refused_node_shapes_are_still_known(tools):
    nodes = "a = Tanh(x) b = Reshape(a, s) y = Conv(b, w)"
    model = tools.build(nodes, x="float[N,2,4,4,4] x", s=np.array([-1, 2, 4, 4, 4]), w=normal(2, 2, 3, 3, 3))
    assert listed(tools, model)[0] == {("a", "Tanh"), ("y", "Conv")}


def test_attention(tools):
    nodes = """
        q = MatMul(x, wq) k = MatMul(x, wk) v = MatMul(x, wv) t = Transpose<perm=[0,2,1]>(k)
        s = MatMul(q, t) n = Div(s, root) p = Softmax(n) y = MatMul(p, v)
    """
    weights = {name: normal(8, 8) for name in ("wq", "wk", "wv")} | {"root": np.float32(3)}
    rows, message = listed(tools, tools.build(nodes, x="float[N,5,8] x", **weights))
    assert rows == {("s", "MatMul"), ("p", "Softmax"), ("y", "MatMul")}
    assert "multiplies two activations" in message


def test_a_speech_model(tools):
    """Open sizes, states as further inputs, recurrence, control flow, and a domain of another maker."""
    model = tools.build(
        """
        f = Conv(wave, w) r = Relu(f) t = Transpose<perm=[2,0,1]>(r)
        o, hn, cn = LSTM<hidden_size=4>(t, lw, lr, , , h, c) q = Squeeze(o, one) p = Sigmoid(q) y = Identity(p)
        """,
        x="float[N,1,T] wave, float[1,N,4] h, float[1,N,4] c, int64 rate", y="float y, float hn",
        w=normal(3, 1, 5), lw=normal(1, 16, 3), lr=normal(1, 16, 4), one=np.array([1]),
    )  # fmt: skip
    branch = onnx.parser.parse_graph("then () => (float z) { z = Constant<value = float {1.0}>() }")
    other = onnx.parser.parse_graph("other () => (float z2) { z2 = Constant<value = float {2.0}>() }")
    model.graph.node.append(onnx.helper.make_node("Cast", ["rate"], ["when"], to=9))
    model.graph.node.append(onnx.helper.make_node("If", ["when"], ["choice"], then_branch=branch, else_branch=other))
    model.graph.node.append(onnx.helper.make_node("FusedMatMul", ["y", "choice"], ["z"], domain="com.microsoft"))
    model.graph.output.append(onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, None))
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    rows, message = listed(tools, model)
    assert rows == {
        ("wave, h, c, rate", "inputs"), ("rate", "input"), ("wave", "input"), ("o", "LSTM"), ("p", "Sigmoid"),
        ("choice", "If"), ("z", "FusedMatMul"),
    }  # fmt: skip
    assert "leaves sizes open (T)" in message and "'com.microsoft'" in message


def test_a_model_of_texts_and_numbers_of_words(tools):
    """As those that tell types of files from their bytes: integers looked up in a table."""
    nodes = """
        e = Gather(table, x) m = ReduceMean<keepdims=0>(e, one) d = MatMul(m, w) g = Gelu(d) y = Softmax(g)
    """
    model = tools.build(nodes, x="int64[N,9] x", table=normal(50, 6), w=normal(6, 3), one=np.array([1]))
    rows, _ = listed(tools, model)
    assert rows == {("x", "input"), ("e", "Gather"), ("g", "Gelu")}
    texts = tools.build("s = StringNormalizer(x) y = Identity(s)", x="string[3] x", y="string y")
    assert listed(tools, texts)[0] == {("x", "input"), ("s", "StringNormalizer")}


def test_nodes_without_a_name_are_called_after_what_they_make(tools):
    model = tools.build("a = Tanh(x) y = Tanh(a)")
    model.graph.node[1].name = "last one"
    assert listed(tools, model)[0] == {("a", "Tanh"), ("last one", "Tanh")}


def test_what_the_checker_of_onnx_finds_is_listed_with_its_node(tools):
    model = tools.build("a = Relu(x) b = Tanh(a) y = Flatten(b)")
    model.graph.node[2].attribute.append(onnx.helper.make_attribute("colour", 3))
    model.graph.node[0].op_type = "Reluu"
    rows, message = listed(tools, model)
    assert rows == {("a", "Reluu"), ("b", "Tanh"), ("y", "Flatten")}
    assert "colour" in message and "is no operator of this opset" in message


def test_what_joins_samples_shows_that_they_are_none(tools):
    """Where the first axis cannot be that of samples, the whole is one sample."""
    model = tools.build("y = ReduceMean<axes=[0]>(x)", x="float[7,3] x", opset=13)
    assert tools.read(model).nodes["x"].shape == (7, 3)
    rows, message = listed(tools, tools.build("h = Tanh(x) y = ReduceMean<axes=[0]>(h)", x="float[7,3] x", opset=13))
    assert ("h", "Tanh") in rows and "no spiking form" in message


def test_an_output_that_does_not_depend_on_the_input(tools):
    rows, message = listed(tools, tools.build("y = Relu(x) z = Identity(c)", y="float y, float z", c=normal(3)))
    assert rows == {("z", "output")} and "does not depend" in message


def test_constants_that_would_fill_the_memory(tools):
    rows, message = listed(
        tools, tools.build("h = Expand(c, s) y = Add(x, h)", c=normal(1), s=np.array([99999, 99999, 99]))
    )
    assert rows == {("h", "Expand")} and "elements" in message
    nodes = "r = Range(zero, many, one) f = Cast<to=1>(r) y = Add(x, f)"
    numbers = {"zero": np.int64(0), "many": np.int64(10**12), "one": np.int64(1)}
    assert listed(tools, tools.build(nodes, **numbers))[0] == {("r", "Range")}


def test_the_places_of_maxima(tools):
    nodes = "p, i = MaxPool<kernel_shape=[2,2]>(x) f = Cast<to=1>(i) y = Add(p, f)"
    assert listed(tools, tools.build(nodes))[0] == {("p", "MaxPool")}
    unused = tools.build("y, i = MaxPool<kernel_shape=[2,2]>(x)")
    assert tools.read(unused).outputs == ("y",)


ENDS = {
    "y = Softmax(h)": "'y' at the end is left out", "y = LogSoftmax(h)": "'y' at the end",
    "y = ArgMax<axis=1, keepdims=0>(h)": "'y' at the end",
    "p = Softmax(h) y = ArgMax<axis=1>(p)": "'p', 'y' at the end",
    "p = Softmax(h) y = Reshape(p, s)": "'p' at the end", "a = ArgMax<axis=1>(h) y = Cast<to=6>(a)": "'a' at the end",
    "p = Softmax(h) q = QuantizeLinear(p, scale, zero) y = DequantizeLinear(q, scale, zero)": "'p' at the end",
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_ends_that_keep_the_order_are_left_out(tools, end):
    constants = {"s": np.array([-1, 4]), "scale": np.float32(1 / 65536), "zero": np.uint16(0)}
    used = {name: array for name, array in constants.items() if re.search(rf", {name}[,)]", end)}
    model = tools.build(f"h = MatMul(x, w) {end}", x="float[N,6] x", w=normal(6, 4), **used)
    model.graph.output[0].type.tensor_type.elem_type = 6 if "to=6" in end else 7 if "y = ArgMax" in end else 1
    graph = tools.read(model)
    assert any(ENDS[end] in note for note in graph.assumptions)
    data = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    (found,) = tools.evaluate(graph, data).values()
    np.testing.assert_allclose(found, data @ normal(6, 4), rtol=1e-4, atol=1e-5)
    expected = tools.outcome(model, data)["y"]
    chosen = expected.reshape(5) if "ArgMax" in end else expected.argmax(1)
    np.testing.assert_array_equal(found.argmax(1), chosen)


def test_both_outputs_of_a_classifier_are_one(tools):
    model = tools.build("h = MatMul(x, w) p = Softmax(h) c = ArgMax<axis=1, keepdims=0>(h)", x="float[N,6] x",
                        y="float p, int64 c", w=normal(6, 4))  # fmt: skip
    assert tools.read(model).outputs == ("p",)
