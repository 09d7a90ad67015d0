"""Which function reads which operator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import convolution, elementwise, ends, matrices, movement, pooling, qonnx, quantization
from .call import Call
from .values import Constant, Value

Handler = Callable[[Call], list[Value]]


def shape(call: Call) -> list[Value]:
    """Shape, and Size: constants, for every size is known by now."""
    sizes = call.activation(0, integers=True).shape
    if call.node.kind == "Size":
        return [Constant(np.asarray(np.prod(sizes), np.int64))]
    return [Constant(np.asarray(sizes[call.attribute("start", 0) : call.attribute("end")], np.int64))]


HANDLERS: dict[str, Handler] = {
    "Add": elementwise.add,
    "ArgMax": ends.answer,
    "AveragePool": pooling.average_pool,
    "BatchNormalization": elementwise.normalize,
    "Cast": movement.cast,
    "CastLike": movement.cast_like,
    "Clip": elementwise.clip,
    "Concat": movement.concatenate,
    "Conv": convolution.convolution,
    "ConvTranspose": convolution.transposed_convolution,
    "DepthToSpace": movement.move,
    "DequantizeLinear": quantization.dequantize,
    "Div": elementwise.divide,
    "Dropout": movement.same,
    "Expand": movement.move,
    "Flatten": movement.reshape,
    "Gather": movement.gather,
    "Gemm": matrices.general_product,
    "GlobalAveragePool": pooling.reduce,
    "GlobalMaxPool": pooling.reduce,
    "Identity": movement.same,
    "LogSoftmax": ends.answer,
    "MatMul": matrices.matrix_product,
    "Max": elementwise.clip,
    "MaxPool": pooling.max_pool,
    "Mean": elementwise.add,
    "Min": elementwise.clip,
    "Mul": elementwise.multiply,
    "Neg": elementwise.negate,
    "Pad": movement.pad,
    "QLinearConv": convolution.quantized_convolution,
    "QLinearMatMul": matrices.quantized_product,
    "QuantizeLinear": quantization.quantize,
    "ReduceMax": pooling.reduce,
    "ReduceMean": pooling.reduce,
    "ReduceSum": pooling.reduce,
    "Relu": elementwise.rectify,
    "Reshape": movement.reshape,
    "Resize": movement.resize,
    "Shape": shape,
    "Size": shape,
    "Slice": movement.move,
    "Softmax": ends.answer,
    "SpaceToDepth": movement.move,
    "Split": movement.move,
    "Squeeze": movement.reshape,
    "Sub": elementwise.subtract,
    "Sum": elementwise.add,
    "Tile": movement.move,
    "Transpose": movement.transpose,
    "Unsqueeze": movement.reshape,
    "Upsample": movement.resize,
}

# Operators of QONNX, which is no part of ONNX itself.
QONNX_HANDLERS: dict[str, Handler] = {
    "BipolarQuant": qonnx.quantize_to_signs,
    "IntQuant": qonnx.quantize,
    "Quant": qonnx.quantize,
}


def handler_of(kind: str, domain: str) -> Handler | None:
    """What reads an operator; None where nothing does."""
    if domain in qonnx.DOMAINS:
        return QONNX_HANDLERS.get(kind)
    return None if domain else HANDLERS.get(kind)
