"""Pooling over windows, and means, sums and maxima over whole axes."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from ..nir.values import NotSupportedError
from .call import Call
from .layout import in_order, reshaped, with_samples_first
from .values import Activation, Value
from .windows import Windows, windows, with_ceiling

POOLING = {
    "GlobalAveragePool": "mean", "ReduceMean": "mean", "ReduceSum": "sum",
    "GlobalMaxPool": "maximum", "ReduceMax": "maximum",
}  # fmt: skip


def average_pool(call: Call) -> list[Value]:
    """AveragePool."""
    x, stand, hangs_over = _placed(call, call.activation(0))
    count_padding = bool(call.attribute("count_include_pad", 0))
    if hangs_over and count_padding:
        raise NotSupportedError("counts padding in windows that hang over the border; export it without ceil_mode")
    signal = x.signal
    source, pads = call.reading.pads.get(signal.node, (signal, ()))
    if pads and pads[0] == (0, 0) and not any(side for axis in stand.padding for side in axis):
        signal, count_padding = source, True
        stand = replace(stand, padding=pads[1:])
    signal = call.flow.average_pool(
        call.name, signal, stand.kernel, stand.stride, stand.padding, count_padding, stand.dilation
    )
    return [replace(x, signal=signal, ceiling=np.inf)]


def max_pool(call: Call) -> list[Value]:
    """MaxPool, without the places of the maxima."""
    if len(call.node.outputs) > 1 and call.node.outputs[1] in call.reading.readers:
        raise NotSupportedError("puts out the places of its maxima, which spikes cannot tell")
    x, stand, _ = _placed(call, call.activation(0, integers=True))
    signal = call.flow.max_pool(call.name, x.signal, stand.kernel, stand.stride, stand.padding, stand.dilation)
    return [replace(x, signal=signal)]


def _placed(call: Call, x: Activation) -> tuple[Activation, Windows, bool]:
    """The tensor with samples first, its windows, and whether some hang over the border by the ceiling mode."""
    kernel = call.integers("kernel_shape") or ()
    x = with_samples_first(call.flow, call.name, x)
    image = x.signal.shape[1:]
    stand = windows(call, kernel, image)
    whole = stand
    mode = call.attribute("auto_pad", "NOTSET")
    if call.attribute("ceil_mode", 0) and not mode.startswith("SAME"):
        whole = with_ceiling(stand, image)
        if mode == "VALID" and whole != stand:
            raise NotSupportedError("joins ceil_mode with VALID, of which ONNX and ONNX Runtime have different notions")
    for (before, after), extent in zip(whole.padding, stand.extent, strict=True):
        if max(before, after) >= extent:
            raise NotSupportedError(f"its padding {whole.padding} is as wide as its window")
    return x, whole, whole != stand


def reduce(call: Call) -> list[Value]:
    """GlobalAveragePool, ReduceMean and their like: pooling with a window of an axis' whole length."""
    kind = call.node.kind
    x = call.activation(0)
    if kind.startswith("Global"):
        axes, keep = tuple(range(2, x.rank)), True
    else:
        given, keep = call.integers("axes", 1), bool(call.attribute("keepdims", 1))
        if not given and call.attribute("noop_with_empty_axes", 0):
            return [x]
        axes = tuple(sorted(axis % x.rank for axis in given)) if given else tuple(range(x.rank))
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    if x.batch in axes and x.samples > 1:
        raise NotSupportedError("joins samples with one another")
    own = tuple(x.own_axis(axis) for axis in axes if axis != x.batch and x.shape[axis] > 1)
    if own:
        x = _pooled(call, x, own, POOLING[kind])
    x = replace(x, ceiling=np.inf)
    if keep:
        return [x]
    return [reshaped(call.flow, f"{call.name}.axes", x, tuple(n for axis, n in enumerate(shape) if axis not in axes))]


def _pooled(call: Call, x: Activation, own: tuple[int, ...], what: str) -> Activation:
    """The tensor with these axes, those of samples not counted, pooled to a size of 1."""
    flow, name = call.flow, call.name
    pooled = {x.axes[axis] for axis in own}
    shape = x.signal.shape
    if len(shape) in (2, 3) and 0 not in pooled:
        kernel = tuple(size if axis in pooled else 1 for axis, size in enumerate(shape) if axis)
        padding, ones = ((0, 0),) * len(kernel), (1,) * len(kernel)
        if what == "maximum":
            return replace(x, signal=flow.max_pool(name, x.signal, kernel, kernel, padding, ones))
        return replace(x, signal=flow.pool(name, x.signal, kernel, kernel, padding, what == "mean"))
    # Otherwise the pooled axes become one, the last, and all others one, the channels.
    x = in_order(flow, name, x)
    kept = tuple(axis for axis in range(len(x.axes)) if axis not in own)
    inner = prod(x.own[axis] for axis in own)
    signal = flow.transpose(f"{name}.transposed", x.signal, (*kept, *own))
    signal = flow.reshape(f"{name}.joined", signal, (prod(x.own) // inner, inner))
    if what == "maximum":
        signal = flow.max_pool(name, signal, (inner,), (inner,), ((0, 0),), (1,))
    else:
        signal = flow.pool(name, signal, (inner,), (inner,), ((0, 0),), what == "mean")
    result = tuple(1 if axis in own else size for axis, size in enumerate(x.own))
    return replace(x, signal=flow.reshape(f"{name}.axes", signal, result))
