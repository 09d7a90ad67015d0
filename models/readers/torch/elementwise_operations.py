"""Sums, products with constants, rectifiers: operations that go element by element."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dataflow import Signal
from .elements import Traced, merged, spread
from .neuron_layer import Refusal, array_of
from .pooling_operations import MEAN_OVER_TIME, SUM_OVER_TIME
from .reading import Reading

Array = NDArray[Any]
Arguments = dict[str, Any]


def add(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """add and sub; `alpha` is a factor of the second."""
    return _sum(reading, name, arguments["self"], arguments["other"], 1.0, float(arguments.get("alpha", 1)))


def subtract(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """self - alpha * other."""
    return _sum(reading, name, arguments["self"], arguments["other"], 1.0, -float(arguments.get("alpha", 1)))


def subtract_from(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """rsub: other - alpha * self."""
    return _sum(reading, name, arguments["self"], arguments["other"], -float(arguments.get("alpha", 1)), 1.0)


def multiply(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """A product with a constant."""
    first, second = arguments["self"], arguments["other"]
    value, constant = (first, second) if isinstance(first, Traced) else (second, first)
    return _scaled(reading, name, value, array_of(constant), None)


def divide(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """A quotient by a constant."""
    if isinstance(arguments["other"], Traced):
        raise Refusal("divides by a tensor that depends on the data")
    if arguments.get("rounding_mode"):
        raise Refusal("rounds a quotient; leave rounding to quantization")
    with np.errstate(divide="ignore"):
        factor = 1 / array_of(arguments["other"])
    if not np.all(np.isfinite(factor)):
        raise Refusal("divides by zero")
    return _scaled(reading, name, arguments["self"], factor, None)


def negate(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """-x."""
    return _scaled(reading, name, arguments["self"], np.asarray(-1.0), None)


def rectify(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """relu, relu6, and clamp or hardtanh from 0 up."""
    low, high = _limits(arguments)
    if low != 0 or (high is not None and high <= 0):
        raise Refusal(f"clips to {low} .. {high}; only clipping from 0 upwards can be deployed, as ReLU and ReLU6 do")
    ceiling = np.inf if high is None else float(high)

    def operation(signal: Signal) -> Signal:
        return reading.flow.rectify(name, signal, ceiling)

    return reading.applied(name, ("rectifier", ceiling), arguments["self"], operation, keep_axes=True)


def _limits(arguments: Arguments) -> tuple[float | None, float | None]:
    """Lower and upper limit of what clips, by the names that PyTorch's operators give them."""
    low = arguments.get("min_val", arguments.get("min", 0.0))
    high = arguments.get("max_val", arguments.get("max", arguments.get("ceiling")))
    if "threshold" in arguments:  # threshold(x, at, instead)
        low = 0.0 if arguments["threshold"] == 0 and arguments["value"] == 0 else None
    if isinstance(low, Traced) or isinstance(high, Traced) or any(getattr(limit, "ndim", 0) for limit in (low, high)):
        raise Refusal("clips to limits that are no single numbers")
    return (None if low is None else float(low)), (None if high is None else float(high))


def _sum(reading: Reading, name: str, first: Any, second: Any, times: float, other_times: float) -> Traced:
    if not isinstance(second, Traced):
        offset = array_of(second) * other_times
        return _scaled(reading, name, first, np.asarray(times), offset)
    if not isinstance(first, Traced):
        return _scaled(reading, name, second, np.asarray(other_times), array_of(first) * times)
    import torch

    one, other = merged([first, second])
    shape = np.broadcast_shapes(one.shape, other.shape)
    codes = (one.codes.expand(shape), other.codes.expand(shape))
    if (times, other_times) == (1.0, 1.0) and _another_step(reading, replace(one, codes=codes[0]), codes[1]):
        return replace(one, codes=codes[1], ending=SUM_OVER_TIME)
    both = replace(one, codes=torch.stack(codes, dim=-1))
    found = reading.rows(both, {both.codes.ndim - 1})
    halves = [
        reading.signal(name, both, replace(found, pattern=np.ascontiguousarray(found.pattern[..., half]), inner=()))
        for half in (0, 1)
    ]
    weights = (times, other_times)

    def made() -> Signal:
        parts = [
            half if weight == 1 else reading.flow.scale(f"{name}.sign", half, np.asarray(weight))
            for half, weight in zip(halves, weights, strict=True)
        ]
        return reading.flow.add(name, parts)

    result = reading.once(("sum", *halves, weights), made)
    ending = first.ending or second.ending
    place = replace(found, inner=found.inner[:-1])
    return replace(spread(result, place, keep_axes=True), ending=ending)


def _another_step(reading: Reading, value: Traced, other: Any) -> bool:
    """Whether two tensors are the same signal at different steps, so that their sum is one over time."""
    frames, elements = value.frames_and_elements()
    other_frames, other_elements = replace(value, codes=other).frames_and_elements()
    if not np.array_equal(elements, other_elements):
        return False
    same_samples = np.array_equal(frames % reading.samples, other_frames % reading.samples)
    return same_samples and not np.array_equal(frames, other_frames)


def _scaled(reading: Reading, name: str, value: Traced, scale: Array, offset: Array | None) -> Traced:
    """y = s x + b with constants, which may vary over the signal's own axes only."""
    if value.ending and value.ending != MEAN_OVER_TIME:
        if np.all(scale > 0) and scale.size == 1 and offset is None:
            return value
        raise Refusal(f"follows a {value.ending} with other than a positive factor")
    constants = [constant for constant in (scale, offset) if constant is not None]
    shape = np.broadcast_shapes(value.shape, *(constant.shape for constant in constants))
    value = replace(value, codes=value.codes.expand(shape).contiguous())
    varying = {
        len(shape) - constant.ndim + axis
        for constant in constants
        for axis, size in enumerate(constant.shape)
        if size > 1 and not (constant == np.take(constant, [0], axis)).all()
    }
    found = reading.rows(value, varying)
    scale = _on_inner_axes(scale, len(shape), found.inner)
    offset = None if offset is None else _on_inner_axes(offset, len(shape), found.inner)
    if offset is not None and not np.any(offset):
        offset = None
    if offset is None and np.all(scale == 1):
        return value
    key = ("scaled", scale.shape, scale.tobytes(), None if offset is None else (offset.shape, offset.tobytes()))

    def operation(signal: Signal) -> Signal:
        return reading.flow.scale(name, signal, scale, offset)

    return reading.applied(name, key, value, operation, varying, keep_axes=True)


def _on_inner_axes(constant: Array, dimensions: int, inner: tuple[int, ...]) -> Array:
    """A constant in the axes of the signal; along the others it is the same everywhere."""
    whole = constant.reshape((1,) * (dimensions - constant.ndim) + constant.shape)
    for axis in range(dimensions):
        if axis not in inner:
            whole = np.take(whole, [0], axis)
    kept = whole.reshape([whole.shape[axis] for axis in inner])
    return np.asarray(kept.reshape(-1)[0]) if np.ptp(kept) == 0 else np.ascontiguousarray(kept)
