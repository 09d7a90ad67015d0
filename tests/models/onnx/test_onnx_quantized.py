"""Quantized models: steps of weights, ceilings of rectifiers, and what is left out."""

import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.operators import Convolution, Linear, Rectifier, Scale

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")


def normal(*shape):
    return np.random.default_rng(sum(shape)).normal(0, 0.3, shape).astype(np.float32)


def codes(*shape, low=-127, high=128, dtype=np.int8):
    return np.random.default_rng(sum(shape)).integers(low, high, shape).astype(dtype)


def steps_of(graph):
    return [operator.step for operator in graph.nodes.values() if isinstance(operator, Convolution | Linear)]


def ceilings_of(graph):
    return [operator.ceiling for operator in graph.nodes.values() if isinstance(operator, Rectifier)]


def integer_input(model, kind=onnx.TensorProto.UINT8):
    model.graph.input[0].type.tensor_type.elem_type = kind
    return model


NETWORK = """
    a = Conv<pads=[1,1,1,1]>(x, w1, b1) r = Relu(a) p = MaxPool<kernel_shape=[2,2], strides=[2,2]>(r)
    d = Conv<pads=[1,1,1,1]>(p, w2) s = Relu(d) e = Add(p, s) g = GlobalAveragePool(e)
    f = Flatten(g) h = MatMul(f, w3) y = Add(h, b3)
"""


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("activations", ["QUInt8", "QInt8"])
def test_what_the_quantizer_of_onnx_runtime_writes(tools, tmp_path, per_channel, activations):
    quantization = pytest.importorskip("onnxruntime.quantization", reason="onnxruntime is not installed")
    random = np.random.default_rng(1)

    class Images(quantization.CalibrationDataReader):
        rows = iter([{"x": random.uniform(0, 1, (1, 1, 8, 8)).astype(np.float32)} for _ in range(20)])

        def get_next(self):
            return next(self.rows, None)

    weights = {"w1": normal(4, 1, 3, 3), "b1": normal(4), "w2": normal(4, 4, 3, 3), "w3": normal(4, 5), "b3": normal(5)}
    model = tools.build(NETWORK, x="float[N,1,8,8] x", y="float[N,5] y", **weights)
    trained, quantized = tmp_path / "trained.onnx", tmp_path / "quantized.onnx"
    onnx.save(model, trained)
    quantization.quantize_static(
        trained, quantized, Images(), quant_format=quantization.QuantFormat.QDQ, per_channel=per_channel,
        activation_type=getattr(quantization.QuantType, activations), weight_type=quantization.QuantType.QInt8,
    )  # fmt: skip
    model = onnx.load(quantized)
    graph = tools.read(model)
    data = random.uniform(0, 1, (4, 1, 8, 8)).astype(np.float32)
    expected, (found,) = tools.outcome(model, data)["y"], tools.evaluate(graph, data).values()
    assert np.abs(found - expected).max() < 0.02 * np.ptp(expected), "more than rounding is different"
    assert [step.shape for step in steps_of(graph)] == ([(4,), (4,), (5,)] if per_channel else [(), (), ()])
    assert len(ceilings_of(graph)) == 2 and np.isfinite(ceilings_of(graph)).all()
    for operator in graph.nodes.values():
        if isinstance(operator, Convolution | Linear):
            step = operator.step.reshape(-1, *[1] * (operator.weight.ndim - 1))
            np.testing.assert_allclose(operator.weight / step, np.rint(operator.weight / step), atol=1e-3)
    assert sum(note.startswith("quantizers: ") for note in graph.assumptions) == 2


def quantize(name, tensor, scale, zero_point):
    quantizer = f"{scale}, {zero_point}"
    return f"{name}q = QuantizeLinear({tensor}, {quantizer}) {name} = DequantizeLinear({name}q, {quantizer})"


@pytest.mark.parametrize(("nodes", "ceilings"), [
    ("a = Conv(x, w) r = Relu(a) " + quantize("y", "r", "s", "u"), [25.5]),
    ("a = Conv(x, w) " + quantize("y", "a", "s", "u"), [25.5]),  # begins at 0: clips like a rectifier
    ("a = Conv(x, w) " + quantize("y", "a", "s", "lowest"), [25.5]),
    ("a = Conv(x, w) " + quantize("q", "a", "s", "i") + " y = Relu(q)", [12.7]),
    ("a = Conv(x, w) r = Relu(a) " + quantize("y", "r", "s", "i"), [12.7]),
    ("a = Conv(x, w) " + quantize("y", "a", "s", "i"), []),  # does not clip at 0
    (quantize("q", "x", "s", "u") + " y = Conv(q, w)", []),  # data are taken to lie in range
    ("a = Conv(x, w) r = Clip(a, zero, six) " + quantize("y", "r", "s", "u"), [6.0]),
    ("a = Conv(x, w) r = Relu(a) p = MaxPool<kernel_shape=[2,2]>(r) " + quantize("y", "p", "s", "u"), [np.inf]),
])  # fmt: skip
def test_where_a_quantizer_becomes_a_ceiling(tools, nodes, ceilings):
    constants = {
        "s": np.float32(0.1), "u": np.uint8(0), "i": np.int8(0), "lowest": np.int8(-128), "zero": np.float32(0),
        "six": np.float32(6), "w": normal(2, 3, 3, 3),
    }  # fmt: skip
    used = {name: array for name, array in constants.items() if f", {name}" in nodes}
    model = tools.build(nodes, **used)
    graph = tools.read(model)
    assert [float(ceiling) for ceiling in ceilings_of(graph)] == pytest.approx(ceilings)
    data = np.random.default_rng(0).uniform(0, 20, (3, 3, 8, 8)).astype(np.float32)
    if "(x, s" not in nodes and ceilings != []:
        expected, (found,) = tools.outcome(model, data)["y"], tools.evaluate(graph, data).values()
        assert np.ptp(expected) > 1
        if ceilings != [np.inf]:
            np.testing.assert_allclose(found, expected, atol=0.051)  # half a step


def test_a_ceiling_for_each_channel(tools):
    nodes = """
        a = Conv(x, w) r = Relu(a)
        q = QuantizeLinear<axis=1>(r, s, z) y = DequantizeLinear<axis=1>(q, s, z)
    """
    model = tools.build(nodes, w=normal(2, 3, 3, 3), s=np.float32([0.01, 0.02]), z=np.zeros(2, np.uint8))
    (ceiling,) = ceilings_of(tools.agrees(model, (3, 8, 8), tolerance=0.011))
    np.testing.assert_allclose(ceiling, [2.55, 5.1], rtol=1e-6)


def test_weights_quantized_along_their_outputs_keep_the_step_when_turned(tools):
    nodes = "v = DequantizeLinear<axis=0>(q, s, z) w = Transpose<perm=[1,0]>(v) y = MatMul(x, w)"
    scales = np.float32([0.1, 0.2, 0.3, 0.4])
    model = tools.build(nodes, x="float[N,6] x", q=codes(4, 6), s=scales, z=np.zeros(4, np.int8))
    (step,) = steps_of(tools.agrees(model, (6,)))
    np.testing.assert_allclose(step, scales)


def test_weights_quantized_along_their_inputs_have_no_step(tools):
    nodes = "w = DequantizeLinear<axis=0>(q, s) y = MatMul(x, w)"
    model = tools.build(nodes, x="float[N,6] x", q=codes(6, 4), s=np.linspace(0.1, 0.6, 6).astype(np.float32))
    assert steps_of(tools.agrees(model, (6,))) == [None]


def test_weights_with_a_zero_point(tools):
    nodes = "w = DequantizeLinear(q, s, z) y = Gemm<transB=1, alpha=2.0>(x, w)"
    integers = codes(4, 6, low=0, high=256, dtype=np.uint8)
    model = tools.build(nodes, x="float[N,6] x", q=integers, s=np.float32(0.05), z=np.uint8(130))
    (step,) = steps_of(tools.agrees(model, (6,)))
    assert float(step) == pytest.approx(0.1)


def test_weights_quantized_in_blocks(tools):
    nodes = "w = DequantizeLinear<axis=0, block_size=3>(q, s) y = MatMul(x, w)"
    model = tools.build(nodes, x="float[N,6] x", q=codes(6, 4), s=np.abs(normal(2, 4)))
    assert steps_of(tools.agrees(model, (6,))) == [None]


def test_weights_of_four_bits(tools):
    nodes = "w = DequantizeLinear<axis=1>(q, s) y = MatMul(x, w)"
    model = tools.build(nodes, x="float[N,6] x", s=np.float32([0.1, 0.2, 0.3]))
    integers = codes(6, 3, low=-8, high=8)
    model.graph.initializer.append(onnx.helper.make_tensor("q", onnx.TensorProto.INT4, (6, 3), integers.reshape(-1)))
    graph = tools.read(model)
    weight = next(operator.weight for operator in graph.nodes.values() if isinstance(operator, Linear))
    np.testing.assert_allclose(weight, (integers * np.float32([0.1, 0.2, 0.3])).T, rtol=1e-6)


def test_convolutions_and_products_between_quantizers(tools):
    nodes = """
        xq = QuantizeLinear(x, xs, xz) c = QLinearConv(xq, xs, xz, w, ws, wz, cs, cz, b)
        f = Flatten(c) p = QLinearMatMul(f, cs, cz, v, vs, wz, ps, pz) y = DequantizeLinear(p, ps, pz)
    """
    model = tools.build(
        nodes, x="float[1,2,4,4] x", xs=np.float32(1 / 127), xz=np.int8(0), w=codes(3, 2, 3, 3),
        ws=np.float32(0.003), wz=np.int8(0), cs=np.float32(0.02), cz=np.int8(-128),
        b=np.int32([4000, -3000, 100]), v=codes(12, 5), vs=np.float32(0.004), ps=np.float32(0.03), pz=np.int8(5),
    )  # fmt: skip
    graph = tools.agrees(model, (2, 4, 4), samples=1, tolerance=0.12)
    assert [float(step) for step in steps_of(graph)] == pytest.approx([0.003, 0.004])
    assert [float(ceiling) for ceiling in ceilings_of(graph)] == pytest.approx([5.1])


@pytest.mark.parametrize(
    "nodes", ["h = Cast<to=1>(x) y = MatMul(h, w)", "h = DequantizeLinear(x, s, z) y = MatMul(h, w)"]
)
def test_an_input_of_integers(tools, nodes):
    constants = {"w": normal(6, 4)} | ({"s": np.float32(0.1), "z": np.uint8(3)} if "Dequantize" in nodes else {})
    model = integer_input(tools.build(nodes, x="float[N,6] x", **constants))
    graph = tools.read(model)
    data = np.random.default_rng(0).integers(0, 256, (3, 6)).astype(np.uint8)
    (found,) = tools.evaluate(graph, data).values()
    np.testing.assert_allclose(found, tools.outcome(model, data)["y"], rtol=1e-4, atol=1e-4)
    assert any(isinstance(operator, Scale) for operator in graph.nodes.values()) == ("Dequantize" in nodes)


def test_weights_that_are_quantized_while_the_model_runs(tools):
    """As training with quantizers leaves them: floats, quantized and turned back."""
    nodes = "q = QuantizeLinear<axis=0>(w, s, z) v = DequantizeLinear<axis=0>(q, s, z) y = Gemm<transB=1>(x, v)"
    scales = np.float32([0.01, 0.02, 0.03, 0.04])
    model = tools.build(nodes, x="float[N,6] x", w=normal(4, 6), s=scales, z=np.zeros(4, np.int8))
    (step,) = steps_of(tools.agrees(model, (6,)))
    np.testing.assert_allclose(step, scales)


def test_quantizers_of_fewer_bits_than_their_type(tools):
    """As Brevitas writes four bits: integers of eight, clipped."""
    nodes = """
        qw = QuantizeLinear(w, s, i) cw = Clip(qw, low, high) v = DequantizeLinear(cw, s, i) a = Conv(x, v)
        r = Relu(a) q = QuantizeLinear(r, s, u) c = Clip(q, zero, fifteen) y = DequantizeLinear(c, s, u)
    """
    constants = {
        "w": normal(2, 3, 3, 3), "s": np.float32(0.1), "i": np.int8(0), "low": np.int8(-7), "high": np.int8(7),
        "u": np.uint8(0), "zero": np.uint8(0), "fifteen": np.uint8(15),
    }  # fmt: skip
    graph = tools.agrees(tools.build(nodes, **constants), (3, 8, 8), low=-5, tolerance=0.051)
    assert [float(ceiling) for ceiling in ceilings_of(graph)] == pytest.approx([1.5])
    assert (
        max(abs(operator.weight).max() for operator in graph.nodes.values() if isinstance(operator, Convolution))
        <= 0.71
    )


def with_qonnx(model, domain="qonnx.custom_op.general"):
    model.opset_import.append(onnx.helper.make_opsetid(domain, 1))
    return model


@pytest.mark.parametrize("domain", ["qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general"])
@pytest.mark.parametrize(("bits", "narrow"), [(8, 0), (8, 1), (4, 1), (3, 0), (2, 1), (2, 0)])
@pytest.mark.parametrize("scales", [0.05, [0.05, 0.02]])
def test_qonnx_is_the_same_as_integers_that_are_clipped(tools, domain, bits, narrow, scales):
    """The three operators of ONNX, evaluated by ONNX Runtime, against the one of QONNX."""
    high = 2 ** (bits - 1) - 1
    low = -high if narrow else -high - 1
    scales = np.float32(scales)
    axis = "<axis=0>" if scales.ndim else ""
    both = {"w": normal(2, 3, 3, 3) * np.float32(2 ** (bits - 4)), "t": np.float32(0.1)}
    expected = tools.build(
        f"""
        qw = QuantizeLinear{axis}(w, s, i) cw = Clip(qw, low, high) v = DequantizeLinear{axis}(cw, s, i)
        a = Conv(x, v) r = Relu(a) q = QuantizeLinear(r, t, u) c = Clip(q, zero, most) y = DequantizeLinear(c, t, u)
        """,
        s=scales, i=np.zeros(scales.shape, np.int8), low=np.int8(low), high=np.int8(high), u=np.uint8(0),
        zero=np.uint8(0), most=np.uint8(2**bits - 1), **both,
    )  # fmt: skip
    model = with_qonnx(tools.build(
        f"""
        v = {domain}.Quant<signed=1, narrow={narrow}, rounding_mode="ROUND">(w, s, z, b)
        a = Conv(x, v) r = Relu(a) y = {domain}.Quant<signed=0, narrow=0, rounding_mode="ROUND">(r, t, z, b)
        """,
        s=scales.reshape(-1, 1, 1, 1) if scales.ndim else scales, z=np.float32(0), b=np.float32(bits), **both,
    ), domain)  # fmt: skip
    graph = tools.read(model)
    (convolution,) = (operator for operator in graph.nodes.values() if isinstance(operator, Convolution))
    np.testing.assert_allclose(convolution.step, scales)
    whole = convolution.weight / scales.reshape(-1, 1, 1, 1)
    np.testing.assert_allclose(whole, np.rint(whole), atol=1e-4)
    assert whole.max() == pytest.approx(high) and whole.min() == pytest.approx(low)  # it clips
    data = np.random.default_rng(0).uniform(-6, 6, (3, 3, 8, 8)).astype(np.float32)
    (found,) = tools.evaluate(graph, data).values()
    wanted = tools.outcome(expected, data)["y"]
    assert wanted.max() == pytest.approx(0.1 * (2**bits - 1))
    np.testing.assert_allclose(found, wanted, atol=0.0501)  # half a step of the activations


@pytest.mark.parametrize(("mode", "expected"), [
    ("ROUND", [-2, -2, 0, 0, 2, 2]), ("HALF_EVEN", [-2, -2, 0, 0, 2, 2]), ("CEIL", [-2, -1, 0, 1, 2, 3]),
    ("FLOOR", [-3, -2, -1, 0, 1, 2]), ("ROUND_TO_ZERO", [-2, -1, 0, 0, 1, 2]), ("UP", [-3, -2, -1, 1, 2, 3]),
    ("DOWN", [-2, -1, 0, 0, 1, 2]), ("HALF_UP", [-3, -2, -1, 1, 2, 3]), ("HALF_DOWN", [-2, -1, 0, 0, 1, 2]),
])  # fmt: skip
def test_every_rounding_of_qonnx(tools, mode, expected):
    nodes = f'v = qonnx.custom_op.general.Quant<signed=1, rounding_mode="{mode}">(w, s, z, b) y = MatMul(x, v)'
    halves = np.float32([[-2.5], [-1.5], [-0.5], [0.5], [1.5], [2.5]]) / 4
    model = tools.build(nodes, x="float[N,6] x", w=halves, s=np.float32(0.25), z=np.float32(0), b=np.float32(4))
    graph = tools.read(with_qonnx(model))
    weight = next(operator.weight for operator in graph.nodes.values() if isinstance(operator, Linear))
    np.testing.assert_array_equal(weight[0] / 0.25, expected)


def test_qonnx_with_a_zero_point(tools):
    nodes = "v = qonnx.custom_op.general.Quant<signed=0>(w, s, z, b) y = MatMul(x, v)"
    numbers = np.float32([[-9], [-1], [0.5], [3], [20]])
    model = tools.build(nodes, x="float[N,5] x", w=numbers, s=np.float32(0.5), z=np.float32(7), b=np.float32(5))
    graph = tools.read(with_qonnx(model))
    weight = next(operator.weight for operator in graph.nodes.values() if isinstance(operator, Linear))
    np.testing.assert_array_equal(weight[0], [-3.5, -1, 0.5, 3, 12])  # from (0 - 7) / 2 to (31 - 7) / 2


def test_weights_of_two_values(tools):
    nodes = "v = qonnx.custom_op.general.BipolarQuant(w, s) y = MatMul(x, v)"
    model = tools.build(nodes, x="float[N,6] x", w=normal(6, 4), s=np.float32(0.3))
    graph = tools.read(with_qonnx(model))
    (operator,) = (operator for operator in graph.nodes.values() if isinstance(operator, Linear))
    assert float(operator.step) == pytest.approx(0.3)
    np.testing.assert_array_equal(operator.weight, np.where(normal(6, 4) >= 0, np.float32(0.3), -np.float32(0.3)).T)


@pytest.mark.parametrize(("node", "reason"), [
    ("Quant<signed=1>(x, s, z, one)", "one bit and a sign"),
    ("Quant<signed=1>(x, s, z, half)", "not one whole number"),
    ("Quant<signed=1>(x, z, z, four)", "not above 0"),
    ("BipolarQuant(x, s)", "train with unsigned ones"),
    ("Trunc(x, s, z, four, four)", "is an operator of 'qonnx.custom_op.general'"),
])  # fmt: skip
def test_what_qonnx_is_refused(tools, node, reason):
    constants = {"s": np.float32(0.1), "z": np.float32(0), "one": np.float32(1), "half": np.float32(3.5),
                 "four": np.float32(4)}  # fmt: skip
    used = {name: array for name, array in constants.items() if f", {name}" in node}
    with pytest.raises(UnsupportedModelError, match=reason):
        tools.read(with_qonnx(tools.build(f"q = qonnx.custom_op.general.{node} y = Relu(q)", **used)))


def test_the_step_of_channels_survives_another_layout(tools):
    nodes = "v = DequantizeLinear<axis=0>(q, s) w = Reshape(v, shape) y = Conv(x, w)"
    scales = np.float32([0.1, 0.2, 0.3, 0.4])
    model = tools.build(nodes, q=codes(4, 27), s=scales, shape=np.int64([4, 3, 3, 3]))
    (step,) = steps_of(tools.agrees(model, (3, 8, 8)))
    np.testing.assert_allclose(step, scales)
