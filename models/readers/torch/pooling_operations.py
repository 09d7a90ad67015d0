"""Averages and maxima over windows, sums and means over axes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...operators import Pool
from ..dataflow import Signal
from .elements import Traced
from .neuron_layer import Refusal
from .reading import Reading

Array = NDArray[Any]
Arguments = dict[str, Any]
MEAN_OVER_TIME, SUM_OVER_TIME, MAXIMUM_OVER_TIME = "mean over time", "sum over time", "maximum over time"


def average_pool(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """avg_pool1d and avg_pool2d; whatever the divisor at the border, what PyTorch divides by is asked of itself."""
    import torch

    value = arguments["self"]
    dimensions = len(arguments["kernel_size"]) if isinstance(arguments["kernel_size"], list | tuple) else 1
    kernel = _each(arguments["kernel_size"], dimensions)
    stride = _each(arguments["stride"], dimensions) if arguments["stride"] else kernel
    before = _each(arguments["padding"], dimensions)
    pooling = torch.nn.functional.avg_pool1d if dimensions == 1 else torch.nn.functional.avg_pool2d
    settings = {"ceil_mode": arguments["ceil_mode"], "count_include_pad": arguments["count_include_pad"]}
    if dimensions == 2:
        settings["divisor_override"] = arguments.get("divisor_override")

    def operation(signal: Signal) -> Signal:
        ones = torch.ones((1, 1, *signal.shape[1:]), dtype=torch.float64)
        average = pooling(ones, kernel, stride, before, **settings).numpy()[0]
        padding = _far_enough(signal.shape[1:], kernel, stride, before, average.shape[1:])
        inside = Pool(kernel, stride, padding, average=False).connectivity((1, *signal.shape[1:]))
        inside_counts = inside.apply(np.ones((1, int(np.prod(signal.shape[1:]))))).reshape(average.shape)
        share = average / np.maximum(inside_counts, 1)
        if np.all(share == 1 / np.prod(kernel)):
            return reading.flow.then(name, Pool(kernel, stride, padding, average=True), signal)
        summed = reading.flow.then(name, Pool(kernel, stride, padding, average=False), signal)
        if np.all(share == 1):
            return summed
        return reading.flow.scale(f"{name}.border", summed, share.reshape(-1)[0] if np.ptp(share) == 0 else share)

    key = ("average", kernel, stride, before, reading.identity(list(settings.values())))
    return reading.applied(name, key, value, operation, dimensions + 1)


def max_pool(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """max_pool1d and max_pool2d."""
    value = arguments["self"]
    dimensions = len(arguments["kernel_size"]) if isinstance(arguments["kernel_size"], list | tuple) else 1
    kernel = _each(arguments["kernel_size"], dimensions)
    stride = _each(arguments["stride"], dimensions) if arguments["stride"] else kernel
    before, dilation = (_each(arguments[key], dimensions) for key in ("padding", "dilation"))
    rounded_up = bool(arguments["ceil_mode"])

    def operation(signal: Signal) -> Signal:
        reach = tuple(step * (size - 1) + 1 for size, step in zip(kernel, dilation, strict=True))
        counts = []
        for size, window, step, pad in zip(signal.shape[1:], reach, stride, before, strict=True):
            span = size + 2 * pad - window
            count = (-(-span // step) if rounded_up else span // step) + 1
            # A window that would begin behind the image and its padding in front is left out.
            counts.append(count - 1 if rounded_up and (count - 1) * step >= size + pad else count)
        padding = _far_enough(signal.shape[1:], reach, stride, before, tuple(counts))
        return reading.flow.max_pool(name, signal, kernel, stride, padding, dilation)

    key = ("maximum", kernel, stride, before, dilation, rounded_up)
    return reading.applied(name, key, value, operation, dimensions + 1)


def adaptive_average(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """adaptive_avg_pool1d and 2d: pooling where the sizes divide, else a product with a matrix along each axis."""
    value = arguments["self"]
    dimensions = len(arguments["output_size"])
    wanted = tuple(map(int, arguments["output_size"]))

    def operation(signal: Signal) -> Signal:
        sizes = signal.shape[1:]
        if all(size % part == 0 for size, part in zip(sizes, wanted, strict=True)):
            kernel = tuple(size // part for size, part in zip(sizes, wanted, strict=True))
            return reading.flow.then(name, Pool(kernel, kernel, ((0, 0),) * dimensions, average=True), signal)
        for axis, (size, part) in enumerate(zip(sizes, wanted, strict=True), start=1):
            matrix = np.zeros((part, size))
            for row in range(part):
                low, high = row * size // part, -(-(row + 1) * size // part)
                matrix[row, low:high] = 1 / (high - low)
            order = (*(other for other in range(dimensions + 1) if other != axis), axis)
            turned = reading.flow.transpose(f"{name}.turned", signal, order) if axis != dimensions else signal
            turned = reading.flow.linear(name, turned, matrix, None)
            back = tuple(int(other) for other in np.argsort(order))
            signal = reading.flow.transpose(f"{name}.turned", turned, back) if axis != dimensions else turned
        return signal

    return reading.applied(name, ("adaptive average", wanted), value, operation, dimensions + 1)


def adaptive_max(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """adaptive_max_pool1d and 2d where the sizes divide."""
    value = arguments["self"]
    sizes = value.shape[-len(arguments["output_size"]) :]
    wanted = tuple(map(int, arguments["output_size"]))
    if any(size % part for size, part in zip(sizes, wanted, strict=True)):
        raise Refusal(f"takes maxima over windows of unequal size, {sizes} to {wanted}; use sizes that divide")
    kernel = [size // part for size, part in zip(sizes, wanted, strict=True)]
    settings = {"kernel_size": kernel, "stride": kernel, "padding": [0] * len(kernel), "dilation": [1] * len(kernel)}
    return max_pool(reading, name, {"self": value, "ceil_mode": False, **settings})


def mean(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """Over axes of the signal, or at the end over time."""
    return _reduced(reading, name, arguments, average=True)


def summed(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """Over axes of the signal, or at the end over time."""
    return _reduced(reading, name, arguments, average=False)


def maximum(reading: Reading, name: str, arguments: Arguments) -> Traced:
    """max.dim and amax over time, at the end."""
    value: Traced = arguments["self"]
    axes = arguments.get("dim")
    axis = axes if isinstance(axes, int) else (axes[0] if axes else None)
    if axis is None or not _counts_steps(reading, value, axis % len(value.shape)):
        raise Refusal("takes a maximum over an axis of the data; use MaxPool")
    codes = value.codes.select(axis, -1)
    return replace(value, codes=codes.unsqueeze(axis) if arguments["keepdim"] else codes, ending=MAXIMUM_OVER_TIME)


def _reduced(reading: Reading, name: str, arguments: Arguments, *, average: bool) -> Traced:
    value: Traced = arguments["self"]
    dimensions = len(value.shape)
    chosen = arguments.get("dim")
    axes = range(dimensions) if chosen is None or chosen == [] else [chosen] if isinstance(chosen, int) else chosen
    keep = bool(arguments.get("keepdim", False))
    removed = sorted({axis % dimensions for axis in axes}, reverse=True)
    for axis in removed:
        if value.shape[axis] == 1:
            continue
        if _counts_steps(reading, value, axis):
            ending = MEAN_OVER_TIME if average else SUM_OVER_TIME
            value = replace(value, codes=value.codes.narrow(axis, -1, 1), ending=value.ending or ending)
    inner = [axis for axis in removed if value.shape[axis] > 1]
    if inner:
        value = _over_inner_axes(reading, name, value, inner, average=average)
    codes = value.codes
    if not keep:
        for axis in removed:
            codes = codes.squeeze(axis)
    return replace(value, codes=codes)


def _over_inner_axes(reading: Reading, name: str, value: Traced, axes: list[int], *, average: bool) -> Traced:
    """With axes of length 1 left in the place of those summed over."""
    dimensions = len(value.shape)
    last = list(range(dimensions - len(axes), dimensions))
    spatial = len(reading.rows(value, set(axes)).inner) - 1
    if sorted(axes) == last and len(axes) == spatial and spatial in (1, 2):
        kernel = tuple(value.shape[axis] for axis in last)
        pool = Pool(kernel, kernel, ((0, 0),) * len(kernel), average=average)
        key = ("reduced", kernel, average)
        return reading.applied(name, key, value, lambda signal: reading.flow.then(name, pool, signal), len(axes) + 1)
    kept = [axis for axis in range(dimensions) if axis not in axes]
    codes = value.codes.permute(*kept, *sorted(axes)).flatten(len(kept))
    size = codes.shape[-1]
    weight = np.full((1, size), 1 / size if average else 1.0)
    flat = replace(value, codes=codes.contiguous())

    def operation(signal: Signal) -> Signal:
        return reading.flow.linear(name, signal, weight, None)

    result = reading.applied(name, ("reduced", size, average), flat, operation, {len(kept)})
    shape = [1 if axis in axes else value.shape[axis] for axis in range(dimensions)]
    return replace(result, codes=result.codes.reshape(shape))


def _counts_steps(reading: Reading, value: Traced, axis: int) -> bool:
    """Whether the elements along an axis are the same, so that it counts steps.

    Raises
    ------
    Refusal : it counts samples.
    """
    frames, elements = value.frames_and_elements()
    if not (elements == np.take(elements, [0], axis)).all():
        return False
    sample = frames % reading.samples
    if not (sample == np.take(sample, [0], axis)).all():
        raise Refusal("mixes samples of a batch")
    return True


def _each(value: Any, dimensions: int) -> tuple[int, ...]:
    values = [int(part) for part in value] if isinstance(value, list | tuple) else [int(value)]
    return tuple(values * dimensions if len(values) == 1 else values)


def _far_enough(
    sizes: tuple[int, ...],
    windows: tuple[int, ...],
    stride: tuple[int, ...],
    before: tuple[int, ...],
    counts: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """Padding on both sides that gives so many windows."""
    return tuple(
        (pad, max((count - 1) * step + window - size - pad, 0))
        for size, window, step, pad, count in zip(sizes, windows, stride, before, counts, strict=True)
    )
