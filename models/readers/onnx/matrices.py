"""Products with constant matrices: MatMul, Gemm, and products between quantizers."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from ...operators import Linear
from ..nir.values import NotSupportedError
from .call import Call, UnknownError, finite
from .layout import (
    aligned,
    broadcast,
    expanded,
    in_order,
    reshaped,
    together,
    transposed,
    with_rank,
    without_difference,
    without_samples,
)
from .quantization import as_numbers, dequantized, quantized, quantizer_of
from .values import Activation, Array, Constant, Value

TWO_ACTIVATIONS = "multiplies two activations, as attention does; a synapse has a constant weight"


def matrix_product(call: Call) -> list[Value]:
    """MatMul with the constant on either side."""
    left, right = call.value(0), call.value(1)
    if isinstance(right, Constant):
        return [_times(call, call.activation(0), right)]
    if isinstance(left, Constant):
        return [_times_left(call, left, call.activation(1))]
    if call.reads_two:
        raise NotSupportedError(TWO_ACTIVATIONS)
    raise UnknownError


def general_product(call: Call) -> list[Value]:
    """Gemm: alpha A B + beta C, with A or B constant."""
    first, second = call.value(0), call.value(1)
    alpha, beta = float(call.attribute("alpha", 1.0)), float(call.attribute("beta", 1.0))
    offset = call.value(2) if isinstance(call.value(2), Constant) else None
    if call.reads_two and not isinstance(second, Constant):
        raise NotSupportedError(TWO_ACTIVATIONS)
    turned = [bool(call.attribute(name, 0)) for name in ("transA", "transB")]
    if isinstance(second, Constant):
        x = call.activation(0)
        x = transposed(x, (1, 0)) if turned[0] else x
        result = _times(call, x, _scaled(second.swapped() if turned[1] else second, alpha), offset, beta)
    elif isinstance(first, Constant):
        x = call.activation(1)
        x = transposed(x, (1, 0)) if turned[1] else x
        result = _times_left(call, _scaled(first.swapped() if turned[0] else first, alpha), x)
        if offset is not None:
            result = _plus(call, result, call.constant(2, "bias"), beta)
    else:
        raise UnknownError
    if call.value(2) is not None and not isinstance(call.value(2), Constant):
        result = _plus_activation(call, result, call.activation(2), beta)
    return [result]


def quantized_product(call: Call) -> list[Value]:
    """QLinearMatMul: a product between two quantizers, the second factor constant."""
    before, behind = quantizer_of(call, 1, 2, None), quantizer_of(call, 6, 7, None)
    weight = call.constant(3, "second factor")
    numbers = as_numbers(weight, quantizer_of(call, 4, 5, -1))
    x = dequantized(call, call.activation(0, integers=True), before)
    return [quantized(call, _times(call, x, numbers), behind)]


def _scaled(weight: Constant, factor: float) -> Constant:
    if factor == 1.0:
        return weight
    step = None if weight.step is None else weight.step * abs(factor)
    return Constant(weight.array * np.asarray(factor, weight.array.dtype), step, weight.axis)


def _times_left(call: Call, weight: Constant, x: Activation) -> Activation:
    """W x, as the transpose of x' W'."""
    if weight.array.ndim == 1 and x.rank > 1:
        row = Constant(weight.array[np.newaxis], weight.step, None if weight.axis is None else 1)
        result = _times_left(call, row, x)
        return reshaped(call.flow, f"{call.name}.axes", result, result.shape[:-2] + result.shape[-1:])
    if weight.array.ndim == 1:
        return _times(call, x, weight)
    if x.rank == 1:
        return _times(call, x, weight.swapped())
    swap = (*range(x.rank - 2), x.rank - 1, x.rank - 2)
    result = _times(call, transposed(x, swap), weight.swapped())
    return transposed(result, (*range(result.rank - 2), result.rank - 1, result.rank - 2))


def _times(call: Call, x: Activation, weight: Constant, offset: Value | None = None, factor: float = 1.0) -> Activation:
    """x W over the last axis of x and the last but one of W, plus a constant."""
    matrix: Array = finite(weight.array, "weight")
    if matrix.ndim < 1:
        raise NotSupportedError("has a single number as its weight")
    if matrix.ndim == 1:
        column = Constant(matrix[:, np.newaxis], weight.step, weight.axis)
        result = _times(call, x, column)
        return reshaped(call.flow, f"{call.name}.axes", result, result.shape[:-1] or (1,))
    if x.batch == x.rank - 1:
        x = without_samples(call.flow, call.name, x)
    if x.shape[-1] != matrix.shape[-2]:
        raise NotSupportedError(f"is given shape {x.shape}, but its weight has shape {matrix.shape}")
    if prod(matrix.shape[:-2]) > 1:
        result = _stack(call, x, matrix)
    else:
        axes = matrix.ndim
        shared = matrix.reshape(matrix.shape[axes - 2 :])
        bias = _as_bias(call, offset, factor, int(matrix.shape[-1])) if prod(x.own[:-1]) == 1 else None
        result = _shared(call, x, shared, bias, weight.step_along(axes - 1))
        offset = None if bias is not None else offset
        if axes > result.rank:
            result = reshaped(call.flow, f"{call.name}.axes", result, (*[1] * (axes - result.rank), *result.shape))
    if offset is None:
        return result
    return _plus(call, result, call.constant(2, "bias"), factor)


def _shared(call: Call, x: Activation, matrix: Array, bias: Array | None, step: Array | None) -> Activation:
    """One matrix for all leading indices: a matrix, or a convolution whose kernel is one pixel."""
    flow, name = call.flow, call.name
    inputs, outputs = matrix.shape
    leading = x.own[:-1]
    if prod(leading) == 1:
        signal = flow.reshape(f"{name}.flat", x.signal, (inputs,))
        signal = flow.linear(name, signal, matrix.T, bias, step)
        signal = flow.reshape(f"{name}.axes", signal, (*leading, outputs))
        return replace(x, signal=signal, axes=tuple(range(len(x.axes))), ceiling=np.inf)
    size = len(x.signal.shape) - 1
    if x.axes[-1] == 0 and size in (1, 2):
        ones = (1,) * size
        kernel = matrix.T.reshape(outputs, inputs, *ones)
        signal = flow.convolution(name, x.signal, kernel, bias, ones, ((0, 0),) * size, ones, 1, step)
        return replace(x, signal=signal, ceiling=np.inf)
    x = in_order(flow, name, x)
    return replace(x, signal=flow.linear(name, x.signal, matrix.T, bias, step), ceiling=np.inf)


def _stack(call: Call, x: Activation, stack: Array) -> Activation:
    """A matrix for each leading index."""
    if x.rank == 1:
        raise NotSupportedError(f"multiplies a vector with a stack of matrices of shape {stack.shape}")
    flow, name = call.flow, call.name
    x = with_rank(flow, name, x, stack.ndim)
    stack = stack.reshape((1,) * (x.rank - stack.ndim) + stack.shape)
    if x.batch is not None and x.batch < x.rank - 2:
        x, stack = without_difference(flow, name, x, stack)
    x = expanded(flow, name, x, (*broadcast(x.shape[:-2], stack.shape[:-2]), *x.shape[-2:]))
    own = stack if x.batch is None or x.batch >= x.rank - 2 else stack.take(0, axis=x.batch)
    x = in_order(flow, name, x)
    weight = own.swapaxes(-1, -2)
    if x.batch != x.rank - 2:  # the rows of x share a matrix
        weight = weight[..., np.newaxis, :, :]
    weight = np.broadcast_to(weight, (*x.own[:-1], *weight.shape[-2:]))
    return replace(x, signal=flow.then(name, Linear(weight), x.signal), ceiling=np.inf)


def _as_bias(call: Call, offset: Value | None, factor: float, outputs: int) -> Array | None:
    """The constant that is added, as one number an output; None where it is not of that form."""
    if not isinstance(offset, Constant) or offset.array.size not in (1, outputs):
        return None
    if offset.array.size != 1 and offset.array.shape[-1] != outputs:
        return None
    bias = finite(offset.array, "bias").reshape(-1)
    bias = bias if factor == 1.0 else bias * np.asarray(factor, bias.dtype)
    return np.broadcast_to(bias, (outputs,))


def _plus(call: Call, x: Activation, constant: Constant, factor: float) -> Activation:
    offset = finite(constant.array, "bias").astype(np.float64) * factor
    x, offset = aligned(call.flow, call.name, x, offset)
    return replace(x, signal=call.flow.scale(f"{call.name}.bias", x.signal, np.ones(()), offset))


def _plus_activation(call: Call, x: Activation, other: Activation, factor: float) -> Activation:
    if factor != 1.0:
        other = replace(other, signal=call.flow.scale(f"{call.name}.factor", other.signal, np.asarray(factor)))
    parts = together(call.flow, call.name, [x, other])
    signal = call.flow.add(f"{call.name}.sum", [part.signal for part in parts])
    return replace(parts[0], signal=signal, ceiling=np.inf)
