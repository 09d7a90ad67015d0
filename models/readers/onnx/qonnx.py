"""QONNX: quantizers of any number of bits as operators of their own domain, as Brevitas writes them.

The domain's `Quant` rounds and gives back floats, so that it stands for the three operators that ONNX itself needs: to
integers, clipping, and back. Specification: https://github.com/fastmachinelearning/qonnx/tree/main/docs
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..nir.values import NotSupportedError
from .call import Call, finite
from .quantization import quantized
from .values import Activation, Answer, Array, Constant, Quantizer, Value

DOMAINS = {"qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general"}  # the last two of older releases
MOST_BITS = 32

ROUNDINGS: dict[str, Callable[[Array], Array]] = {
    "ROUND": np.rint,
    "HALF_EVEN": np.rint,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "ROUND_TO_ZERO": np.trunc,
    "DOWN": np.trunc,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - 0.5),
}


def quantize(call: Call) -> list[Value]:
    """Quant: to so many bits and back, of weights and of activations."""
    value = call.value(0)
    if isinstance(value, Answer):
        return [value]
    scale, zero_point = (call.numbers(place, name) for place, name in ((1, "scale"), (2, "zero point")))
    if not np.all(scale > 0):
        raise NotSupportedError("its scale is not above 0")
    if isinstance(value, Constant):
        return [_rounded(call, value, scale, zero_point)]
    x = call.activation(0)
    return [replace(quantized(call, x, _quantizer(call, x, scale, zero_point)), quantizer=None)]


def quantize_to_signs(call: Call) -> list[Value]:
    """BipolarQuant, of weights: plus or minus the scale."""
    value = call.value(0)
    if not isinstance(value, Constant):
        call.activation(0)
        raise NotSupportedError("makes +1 and -1 of activations; a neuron sends 0 and 1, so train with unsigned ones")
    scale = call.numbers(1, "scale")
    numbers = finite(value.array, "weight")
    return [_with_step(np.where(numbers >= 0, scale, -scale), scale)]


def _rounded(call: Call, weight: Constant, scale: Array, zero_point: Array) -> Constant:
    """Weights as the integers stand for them."""
    mode = str(call.attribute("rounding_mode", "ROUND")).upper()
    if mode not in ROUNDINGS:
        raise NotSupportedError(f"rounds by {mode!r}, which is none of {', '.join(ROUNDINGS)}")
    codes = finite(weight.array, "weight") / scale + zero_point
    codes = ROUNDINGS[mode](np.clip(codes, *_range(call)))
    return _with_step((codes - zero_point) * scale, scale)


def _with_step(numbers: Array, scale: Array) -> Constant:
    """Numbers that are multiples of a scale, with their step where it is one, or differs along one axis only."""
    differing = [axis for axis, size in enumerate(scale.shape) if size > 1]
    if not differing:
        return Constant(numbers, scale.reshape(()).astype(np.float64))
    axis = differing[0] + numbers.ndim - scale.ndim
    return Constant(numbers, scale.reshape(-1).astype(np.float64), axis) if len(differing) == 1 else Constant(numbers)


def _quantizer(call: Call, x: Activation, scale: Array, zero_point: Array) -> Quantizer:
    """How integers would stand for an activation."""
    scales, zeros = np.broadcast_arrays(scale.astype(np.float64), zero_point.astype(np.float64))
    differing = [axis for axis, size in enumerate(scales.shape) if size > 1]
    if not differing:
        return Quantizer(scales.reshape(()), zeros.reshape(()), None, _range(call))
    if len(differing) > 1 or scales.ndim > x.rank:
        raise NotSupportedError(f"its scale has shape {scale.shape}; one scale, or one a channel, is needed")
    axis = differing[0] + x.rank - scales.ndim
    return Quantizer(scales.reshape(-1), zeros.reshape(-1), axis, _range(call))


def _range(call: Call) -> tuple[float, float]:
    """Least and largest integer."""
    widths = call.numbers(3, "bit width")
    bits, signed, narrow = widths.reshape(-1)[0], call.attribute("signed", 1), call.attribute("narrow", 0)
    if np.any(widths != bits) or bits != np.rint(bits) or not 1 <= bits <= MOST_BITS:
        raise NotSupportedError(f"its bit width is not one whole number of 1 to {MOST_BITS}")
    if signed and bits == 1:
        raise NotSupportedError("has one bit and a sign; that is BipolarQuant")
    largest = 2.0 ** (bits - 1) - 1 if signed else 2.0**bits - 1
    if signed:
        return (-largest if narrow else -largest - 1), largest
    return 0.0, largest - 1 if narrow else largest
