"""Convolutions, products with weights, normalisation by stored statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dataflow import Signal
from .elements import Traced
from .neuron_layer import Refusal, array_of
from .reading import Reading

Array = NDArray[Any]
Arguments = dict[str, Any]


def convolution(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """conv1d, conv2d, and their general form."""
    if arguments.get("transposed"):
        return transposed_convolution(reading, name, arguments)
    weight, bias, dimensions = _kernel(arguments)
    stride, dilation = (_each(arguments[key], dimensions) for key in ("stride", "dilation"))
    padding = _padding(arguments["padding"], weight.shape[2:], dilation)
    groups = int(arguments["groups"])
    key = ("convolution", reading.identity(arguments["weight"]), reading.identity(arguments["bias"]), stride, padding,
           dilation, groups)  # fmt: skip
    step = reading.steps.of_outputs(arguments["weight"])

    def operation(signal: Signal) -> Signal:
        return reading.flow.convolution(name, signal, weight, bias, stride, padding, dilation, groups, step)

    return reading.applied(name, key, _data(arguments["input"]), operation, dimensions + 1)


def transposed_convolution(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """conv_transpose1d and conv_transpose2d."""
    weight, bias, dimensions = _kernel(arguments)
    stride, dilation, sides, longer = (
        _each(arguments[key], dimensions) for key in ("stride", "dilation", "padding", "output_padding")
    )
    padding = tuple((side, side) for side in sides)
    groups = int(arguments["groups"])
    constants = (reading.identity(arguments["weight"]), reading.identity(arguments["bias"]))
    key = ("transposed", *constants, stride, padding, dilation, groups, longer)

    def operation(signal: Signal) -> Signal:
        return reading.flow.transposed_convolution(
            name, signal, weight, bias, stride, padding, dilation, groups, longer
        )

    return reading.applied(name, key, _data(arguments["input"]), operation, dimensions + 1)


def linear(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """input W^T + bias."""
    return product(reading, name, arguments["input"], arguments["weight"], arguments["bias"])


def added_product(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """addmm: beta * bias + alpha * (data W)."""
    if arguments["beta"] != 1 or arguments["alpha"] != 1 or isinstance(arguments["self"], Traced):
        raise Refusal("adds to a product in an unusual way; use Linear")
    return product(reading, name, arguments["mat1"], _turned(reading, arguments["mat2"]), arguments["self"])


def matrix_product(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """mm, matmul and mv: data W, or W data."""
    first, second = (arguments[key] for key in list(arguments)[:2])
    if isinstance(second, Traced):
        if first.ndim != 2:
            raise Refusal(f"multiplies with a constant of {first.ndim} axes; one of 2 can be")
        column = second.codes.ndim == 1
        turned = second if column else Traced(second.sources, second.codes.mT.contiguous(), second.ending)
        result = product(reading, name, turned, first, None)
        return result if column else Traced(result.sources, result.codes.mT.contiguous(), result.ending)
    weight = second.unsqueeze(1) if second.ndim == 1 else second
    result = product(reading, name, first, _turned(reading, weight), None)
    return Traced(result.sources, result.codes[..., 0], result.ending) if second.ndim == 1 else result


def product(reading: Reading, name: str, value: Any, weight: Any, bias: Any) -> Traced:
    """W x + b over the last axis."""
    if not isinstance(value, Traced) or isinstance(weight, Traced) or isinstance(bias, Traced):
        raise Refusal("has weights that depend on the data")
    if weight.ndim == 3 and weight.shape[0] == 1:
        weight = reading.steps.moved(weight, lambda stack: stack[0])
    if weight.ndim != 2:
        raise Refusal(f"multiplies with a constant of {weight.ndim} axes; one of 2 can be")
    matrix, offset = _finite(weight), None if bias is None else _finite(bias).reshape(-1)
    if offset is not None and offset.size == 1:
        offset = np.broadcast_to(offset, matrix.shape[:1]).copy()
    key = ("linear", reading.identity(weight), reading.identity(bias))
    step = reading.steps.of_outputs(weight)

    def operation(signal: Signal) -> Signal:
        return reading.flow.linear(name, signal, matrix, offset, step)

    return reading.applied(name, key, value, operation, {len(value.shape) - 1})


def _turned(reading: Reading, weight: Any) -> Any:
    """A constant factor on the right as the weight of a linear map; one that depends on the data is refused later."""
    return weight if isinstance(weight, Traced) else reading.steps.moved(weight, lambda matrix: matrix.mT)


def batch_norm(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """Scale and offset of each channel, from stored statistics."""
    statistics = [arguments["running_mean"], arguments["running_var"]]
    if arguments.get("training") or any(value is None for value in statistics):
        raise Refusal(
            "normalises by statistics of the data it gets; use BatchNorm with track_running_stats, in evaluation"
        )
    mean, variance = map(_finite, statistics)
    scale = 1 / np.sqrt(variance + float(arguments["eps"]))
    if arguments["weight"] is not None:
        scale = scale * _finite(arguments["weight"])
    offset = -mean * scale
    if arguments["bias"] is not None:
        offset = offset + _finite(arguments["bias"])
    value = arguments["input"]
    axes = len(value.shape) - 1
    spatial = [1] * (axes - 1)
    key = ("batch_norm", scale.tobytes(), offset.tobytes())

    def operation(signal: Signal) -> Signal:
        return reading.flow.scale(name, signal, scale.reshape(-1, *spatial), offset.reshape(-1, *spatial))

    return reading.applied(name, key, value, operation, axes, keep_axes=True)


def _kernel(arguments: Arguments) -> tuple[Array, Array | None, int]:
    if isinstance(arguments["weight"], Traced) or isinstance(arguments["bias"], Traced):
        raise Refusal("has weights that depend on the data")
    weight = _finite(arguments["weight"])
    if weight.ndim > 4:
        raise Refusal(f"convolves over {weight.ndim - 2} axes; 1 or 2 can be deployed")
    return weight, None if arguments["bias"] is None else _finite(arguments["bias"]), weight.ndim - 2


def _data(value: Any) -> Traced:
    if not isinstance(value, Traced):
        raise Refusal("has weights that depend on the data")
    return value


def _each(value: Any, dimensions: int) -> tuple[int, ...]:
    values = [int(part) for part in value] if isinstance(value, list | tuple) else [int(value)]
    return tuple(values * dimensions if len(values) == 1 else values)


def _padding(value: Any, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    if value == "valid":
        return tuple((0, 0) for _ in kernel)
    if value == "same":
        sums = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in sums)
    return tuple((side, side) for side in _each(value, len(kernel)))


def _finite(value: Any) -> Array:
    array = array_of(value)
    if not np.isfinite(array).all():
        raise Refusal("has weights that are no finite numbers")
    return array
