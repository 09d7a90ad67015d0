"""Whole networks, spelled as known exporters spell them."""

import numpy as np
import pytest

from spikeloom.models.operators import Convolution, Linear, MaxPool, Pool, Rectifier, Select
from spikeloom.models.readers.onnx import OnnxOptions

pytest.importorskip("onnx", reason="the package onnx is not installed")


def normal(*shape):
    return (np.random.default_rng(sum(shape)).normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def count(graph, kind):
    return sum(isinstance(operator, kind) for operator in graph.nodes.values())


def test_two_convolutions_for_digits(tools):
    """The oldest of them: automatic padding, biases added apart, windows of 3 by 3, and a matrix stored as a tensor."""
    nodes = """
        wm = Reshape(w, ws) xs = Div(x, full) a = Conv<auto_pad="SAME_UPPER", kernel_shape=[5,5]>(xs, w1)
        b = Add(a, b1) c = Relu(b) d = MaxPool<kernel_shape=[2,2], strides=[2,2], auto_pad="NOTSET", pads=[0,0,0,0]>(c)
        e = Conv<auto_pad="SAME_UPPER", kernel_shape=[5,5]>(d, w2) f = Add(e, b2) g = Relu(f)
        h = MaxPool<kernel_shape=[3,3], strides=[3,3], pads=[0,0,0,0]>(g)
        i = Reshape(h, s) j = MatMul(i, wm) y = Add(j, b3)
    """
    weights = {
        "w1": normal(8, 1, 5, 5), "b1": normal(8, 1, 1), "w2": normal(16, 8, 5, 5), "b2": normal(16, 1, 1),
        "w": normal(16, 4, 4, 10), "ws": np.array([256, 10]), "s": np.array([1, 256]), "b3": normal(1, 10),
        "full": np.float32(255),
    }  # fmt: skip
    model = tools.build(nodes, x="float[1,1,28,28] x", y="float[1,10] y", opset=8, ir=10, **weights)
    graph = tools.agrees(model, (1, 28, 28), samples=1)
    assert (count(graph, Convolution), count(graph, MaxPool), count(graph, Linear)) == (2, 2, 1)


def test_a_residual_network_with_normalization(tools):
    """As PyTorch exports it: a fixed batch, normalization kept apart, two branches, an average over the image."""
    block = """
        {0}a = Conv<pads=[1,1,1,1], strides=[{1},{1}]>({2}, {0}w1)
        {0}b = BatchNormalization({0}a, g, z, z, g) {0}c = Relu({0}b)
        {0}d = Conv<pads=[1,1,1,1]>({0}c, {0}w2, {0}k) {0}s = Conv<strides=[{1},{1}]>({2}, {0}w3)
        {0}e = Add({0}d, {0}s) {0}o = Relu({0}e)
    """
    nodes = block.format("p", 1, "x") + block.format("q", 2, "po") + """
        gap = GlobalAveragePool(qo) sh = Shape(gap) n = Gather<axis=0>(sh, zero) u = Unsqueeze(n, first)
        t = Concat<axis=0>(u, rest) flat = Reshape(gap, t) y = Gemm<alpha=1.0, beta=1.0, transB=1>(flat, w, b)
    """  # fmt: skip
    weights = {"g": np.abs(normal(6)) + 0.5, "z": normal(6), "w": normal(4, 6), "b": normal(4)}
    weights |= {"pw1": normal(6, 3, 3, 3), "pw2": normal(6, 6, 3, 3), "pw3": normal(6, 3, 1, 1), "pk": normal(6)}
    weights |= {"qw1": normal(6, 6, 3, 3), "qw2": normal(6, 6, 3, 3), "qw3": normal(6, 6, 1, 1), "qk": normal(6)}
    weights |= {"zero": np.int64(0), "first": np.array([0]), "rest": np.array([-1])}
    graph = tools.agrees(tools.build(nodes, x="float[5,3,9,9] x", **weights), (3, 9, 9), samples=5)
    assert (count(graph, Convolution), count(graph, Rectifier), count(graph, Pool)) == (6, 4, 1)


def test_a_small_image_with_channels_last(tools):
    """As Keras models for microcontrollers come: 14 by 14 pixels, channels last, depthwise convolutions, Relu6."""
    nodes = """
        t = Transpose<perm=[0,3,1,2]>(x) p = Pad(t, sides) a = Conv<strides=[2,2]>(p, w1, b1) c = Clip(a, zero, six)
        d = Conv<group=4, pads=[1,1,1,1]>(c, w2) e = Clip(d, zero, six) f = Transpose<perm=[0,2,3,1]>(e)
        g = Reshape(f, shape) h = MatMul(g, w3) i = Add(h, b3) y = Softmax<axis=-1>(i)
    """
    weights = {
        "sides": np.array([0, 0, 0, 0, 0, 0, 1, 1]), "w1": normal(4, 1, 3, 3), "b1": normal(4), "zero": np.float32(0),
        "six": np.float32(6), "w2": normal(4, 1, 3, 3), "shape": np.array([-1, 196]), "w3": normal(196, 10),
        "b3": normal(10),
    }  # fmt: skip
    model = tools.build(nodes, x="float[N,14,14,1] x", **weights)
    graph = tools.read(model)
    assert graph.nodes["x"].axes == (2, 0, 1) and graph.nodes["x"].shape == (1, 14, 14)
    assert (count(graph, Convolution), count(graph, Select)) == (2, 1)
    data = np.random.default_rng(0).normal(size=(6, 14, 14, 1)).astype(np.float32)
    (found,) = tools.evaluate(graph, data).values()
    odds = np.exp(found - found.max(axis=1, keepdims=True))
    np.testing.assert_allclose(odds / odds.sum(1, keepdims=True), tools.outcome(model, data)["y"], atol=1e-5)


def test_a_series_with_branches(tools):
    """Three convolutions of different reach side by side over a series, and an upsampling decoder behind them."""
    nodes = """
        a = Conv<pads=[1,1]>(x, w3) b = Conv<pads=[2,2]>(x, w5) c = Conv<pads=[3,3]>(x, w7)
        j = Concat<axis=1>(a, b, c) r = Relu(j) m = MaxPool<kernel_shape=[2], strides=[2]>(r)
        u = ConvTranspose<strides=[2]>(m, wt, bt) y = Add(u, x)
    """
    weights = {
        "w3": normal(2, 2, 3),
        "w5": normal(2, 2, 5),
        "w7": normal(2, 2, 7),
        "wt": normal(6, 2, 2),
        "bt": normal(2),
    }
    tools.agrees(tools.build(nodes, x="float[N,2,T] x", **weights), (2, 16), options=OnnxOptions(input_shape=(2, 16)))
