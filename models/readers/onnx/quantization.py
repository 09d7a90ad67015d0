"""Quantizers: those of weights become the weights' steps, those of activations the ceilings of rectifiers.

The rounding of activations is left out: spikes have steps of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..activation_quantizers import CLIPS, PASSES, clipped
from ..nir.values import NotSupportedError
from .call import Call
from .values import Activation, Answer, Array, Constant, Quantizer, Value


def quantize(call: Call) -> list[Value]:
    """QuantizeLinear of what depends on the model's input."""
    value = call.value(0)
    if isinstance(value, Answer):
        return [value]
    if call.attribute("block_size", 0):
        raise NotSupportedError("quantizes activations in blocks; one scale, or one a channel, is needed")
    return [quantized(call, call.activation(0), quantizer_of(call, 1, 2, call.attribute("axis", 1)))]


def dequantize(call: Call) -> list[Value]:
    """DequantizeLinear, of weights too."""
    value = call.value(0)
    if isinstance(value, Answer):
        return [value]
    axis = call.attribute("axis", 1)
    if isinstance(value, Constant) and call.attribute("block_size", 0):
        return [_blocks_as_numbers(call, value, axis)]
    quantizer = quantizer_of(call, 1, 2, axis)
    if isinstance(value, Constant):
        return [as_numbers(value, quantizer)]
    return [dequantized(call, call.activation(0, integers=True), quantizer)]


def quantizer_of(call: Call, scale: int, zero_point: int, axis: int | None) -> Quantizer:
    """The quantizer that two constant inputs describe; `axis` is where it has several scales."""
    scales = call.numbers(scale, "scale").astype(np.float64)
    if not np.all(scales > 0):
        raise NotSupportedError("its scale is not above 0")
    given = call.optional(zero_point, "zero point")
    codes = given.array if given is not None else np.zeros((), np.uint8)
    zeros = np.broadcast_to(codes.astype(np.float64), scales.shape) if codes.size == 1 else codes.astype(np.float64)
    if scales.size == 1:
        return Quantizer(scales.reshape(()), zeros.reshape(()), None, _range(codes.dtype))
    if scales.ndim != 1 or zeros.shape != scales.shape or axis is None:
        raise NotSupportedError(f"its scale has shape {scales.shape}; one scale, or one a channel, is needed")
    return Quantizer(scales, zeros, axis, _range(codes.dtype))


def as_numbers(codes: Constant, quantizer: Quantizer) -> Constant:
    """The numbers that stored integers stand for, in float32, and their step."""
    array, axis, shape = codes.array, quantizer.axis, [1] * codes.array.ndim
    if axis is not None:
        if not -array.ndim <= axis < array.ndim or quantizer.scale.size != array.shape[axis]:
            raise NotSupportedError(f"has {quantizer.scale.size} scales for a tensor of shape {array.shape}")
        axis = axis % array.ndim
        shape[axis] = -1
    # An integer of 32 bits, as biases have, is not exact in float32; a bias is small enough for float64.
    dtype = np.float32 if array.dtype.itemsize < 4 else np.float64
    numbers: Array = array.astype(dtype)
    np.subtract(numbers, quantizer.zero_point.astype(dtype).reshape(shape), out=numbers)
    np.multiply(numbers, quantizer.scale.astype(dtype).reshape(shape), out=numbers)
    return Constant(numbers, quantizer.scale if array.dtype.kind in "iu" else None, axis)


def quantized(call: Call, x: Activation, quantizer: Quantizer) -> Activation:
    """What a quantizer does to numbers, its rounding left out: it clips, or it changes nothing."""
    low, high = ((end - quantizer.zero_point) * quantizer.scale for end in quantizer.range)
    if quantizer.axis is None or _is_channel(x, quantizer.axis):
        signal = clipped(call.flow, call.name, x.signal, low, high)
        if signal is not None:
            call.reading.note(CLIPS, call.node.name)
            return replace(x, signal=signal, quantizer=quantizer)
    call.reading.note(PASSES, call.node.name)
    return replace(x, quantizer=quantizer, ceiling=float(high) if high.ndim == 0 else np.inf)


def dequantized(call: Call, x: Activation, quantizer: Quantizer) -> Activation:
    """The numbers that the integers of a tensor stand for."""
    if x.quantizer is not None and x.quantizer.same(quantizer):
        return replace(x, quantizer=None)
    if quantizer.axis is not None or (x.quantizer is not None and x.quantizer.axis is not None):
        raise NotSupportedError("reads integers in another sense than they were made in, channel by channel")
    if x.quantizer is None and not x.integer:
        raise NotSupportedError("is given numbers with a fraction, where integers are needed")
    scale, zero_point = (1.0, 0.0) if x.quantizer is None else (x.quantizer.scale, x.quantizer.zero_point)
    offset = (zero_point - quantizer.zero_point) * quantizer.scale
    signal = call.flow.scale(call.name, x.signal, quantizer.scale / scale, offset if offset else None)
    return replace(x, signal=signal, integer=False, quantizer=None, ceiling=np.inf)


def _blocks_as_numbers(call: Call, codes: Constant, axis: int) -> Constant:
    """Stored integers with a scale for each block along an axis; they have no step in common."""
    block, array = call.attribute("block_size"), codes.array
    zeros = call.optional(2, "zero point")
    numbers = array.astype(np.float32)
    for part, operation in (
        (None if zeros is None else zeros.array, np.subtract),
        (call.numbers(1, "scale"), np.multiply),
    ):
        if part is not None:
            whole = np.repeat(part.astype(np.float32), block, axis=axis)
            operation(numbers, whole.take(range(array.shape[axis]), axis=axis), out=numbers)
    return Constant(numbers)


def _range(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Least and largest number of a type of integers, or of the small floats that serve as such."""
    import ml_dtypes

    limits: Any = ml_dtypes  # its functions have no types
    try:
        info = limits.iinfo(dtype)
    except ValueError:
        info = limits.finfo(dtype)
    return float(info.min), float(info.max)


def _is_channel(x: Activation, axis: int) -> bool:
    """Whether an axis of a tensor is the first of its signal."""
    axis = axis % x.rank
    return axis != x.batch and x.axes[x.own_axis(axis)] == 0
