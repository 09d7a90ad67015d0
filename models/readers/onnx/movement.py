"""Operators that only move elements: layout, slices, padding, concatenation, repetition."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from ...size_limits import LARGEST_LAYER
from ..nir.values import NotSupportedError
from .call import Call, UnknownError, finite
from .evaluation import evaluated, require_moderate
from .layout import aligned, moved, reshaped, squeezed, together, transposed, unsqueezed, without_samples
from .values import Activation, Answer, Array, Constant, Shape, Unknown, Value


def same(call: Call) -> list[Value]:
    """Identity, Dropout and Cast between kinds of numbers with a fraction."""
    value = call.value(0)
    return [] if value is None else [value]


def cast(call: Call) -> list[Value]:
    """Cast; integers as the model's input are taken for the numbers that they are."""
    from onnx import helper

    value = call.value(0)
    if isinstance(value, Answer):
        return [value]
    target = np.dtype(helper.tensor_dtype_to_np_dtype(call.attribute("to", 1)))
    x = call.activation(0, integers=True)
    if x.quantizer is not None:
        raise NotSupportedError("takes quantized integers for numbers")
    if target.kind in "iu" and x.integer:
        return [x]
    if target.kind in "iubO":
        raise NotSupportedError(f"makes {target} of numbers with a fraction")
    return [replace(x, integer=False)]


def cast_like(call: Call) -> list[Value]:
    """CastLike of and to numbers with a fraction."""
    value, like = call.value(0), call.value(1)
    if isinstance(value, Constant):
        call.activation(1)
        return [Constant(value.array.astype(np.float32) if value.array.dtype.kind in "iub" else value.array)]
    if isinstance(like, Constant) and like.array.dtype.kind in "iub":
        raise NotSupportedError(f"makes {like.array.dtype} of numbers with a fraction")
    return [call.activation(0)]


def reshape(call: Call) -> list[Value]:
    """Reshape, Flatten, Squeeze and Unsqueeze."""
    if isinstance(answer := call.value(0), Answer):
        return [answer if answer.chosen else replace(answer, activation=_reshaped(call, answer.activation))]
    return [_reshaped(call, call.activation(0, integers=True))]


def _reshaped(call: Call, x: Activation) -> Activation:
    kind = call.node.kind
    if kind == "Unsqueeze":
        wanted = call.integers("axes", 1) or ()
        axes = tuple(sorted({axis % (x.rank + len(wanted)) for axis in wanted}))
        if len(axes) < len(wanted):
            raise NotSupportedError(f"makes an axis twice, {wanted}")
        return unsqueezed(call.flow, call.name, x, axes)
    if kind == "Squeeze":
        given = call.integers("axes", 1)
        axes = tuple(axis % x.rank for axis in given) if given is not None else ()
        if given is None:
            axes = tuple(axis for axis, size in enumerate(x.shape) if size == 1)
        if any(x.shape[axis] != 1 for axis in axes):
            raise NotSupportedError(f"drops axes {axes} of shape {x.shape}, which are not of size 1")
        if x.batch not in axes:
            return squeezed(call.flow, call.name, x, axes)
        shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    else:
        shape = (_reshape if kind == "Reshape" else _flatten)(call, x.shape)
    return reshaped(call.flow, call.name, x, shape)


def _reshape(call: Call, shape: Shape) -> Shape:
    wanted = list(call.integers("shape", 1) or ())
    for axis, size in enumerate(wanted):
        if size == 0 and not call.attribute("allowzero", 0):
            if axis >= len(shape):
                raise NotSupportedError(f"copies the size of axis {axis}, which shape {shape} does not have")
            wanted[axis] = shape[axis]
    if wanted.count(-1) == 1:
        rest = -prod(wanted)
        if rest <= 0 or prod(shape) % rest:
            raise NotSupportedError(f"makes shape {tuple(wanted)} of shape {shape}")
        wanted[wanted.index(-1)] = prod(shape) // rest
    return tuple(wanted)


def _flatten(call: Call, shape: Shape) -> Shape:
    axis = int(call.attribute("axis", 1))
    axis = axis + len(shape) if axis < 0 else axis
    return prod(shape[:axis]), prod(shape[axis:])


def transpose(call: Call) -> list[Value]:
    """Transpose; nothing moves until an operator wants another order."""
    if isinstance(answer := call.value(0), Answer):
        if answer.chosen:
            return [answer]
        return [replace(answer, activation=_transposed(call, answer.activation))]
    return [_transposed(call, call.activation(0, integers=True))]


def _transposed(call: Call, x: Activation) -> Activation:
    axes = call.integers("perm") or tuple(reversed(range(x.rank)))
    if sorted(axes) != list(range(x.rank)):
        raise NotSupportedError(f"orders axes {axes} of a tensor that has {x.rank}")
    return transposed(x, axes)


def concatenate(call: Call) -> list[Value]:
    """Concat of activations, with constants among them too."""
    values = call.values
    parts = [call.activation(place) for place, value in enumerate(values) if not isinstance(value, Constant)]
    parts = together(call.flow, call.name, parts, same_shape=False)
    first = parts[0]
    axis = int(call.attribute("axis", 1)) % first.rank
    if axis == first.batch:
        if first.samples > 1:
            raise NotSupportedError("puts samples side by side")
        parts = [without_samples(call.flow, call.name, part) for part in parts]
        first = parts[0]
    own = first.own_axis(axis)
    if len({(*part.own[:own], *part.own[own + 1 :]) for part in parts}) > 1:
        raise NotSupportedError(f"joins shapes {', '.join(str(part.shape) for part in parts)} along axis {axis}")
    signal = call.flow.concatenate(call.name, [part.signal for part in parts], first.axes[own])
    joined = replace(first, signal=signal, ceiling=np.inf)
    if len(parts) == len(values):
        return [joined]
    return [_with_constants(call, joined, [part.shape[axis] for part in parts], axis)]


def _with_constants(call: Call, joined: Activation, sizes: list[int], axis: int) -> Activation:
    """Constants put between the activations of a concatenation: gaps of zeros, and an offset there."""
    gaps: list[Array] = []
    offsets: list[Array] = []
    waiting, first = iter(sizes), 0
    constants = [value for value in call.values if isinstance(value, Constant)]
    if len({constant.array.ndim for constant in constants} | {joined.rank}) > 1:
        raise NotSupportedError("joins tensors of different numbers of axes")

    def fill(numbers: Array) -> Array:
        nonlocal first
        for value in call.values:
            if isinstance(value, Constant):
                shape = (*numbers.shape[:axis], value.array.shape[axis], *numbers.shape[axis + 1 :])
                gaps.append(np.zeros(shape))
                offsets.append(np.broadcast_to(finite(value.array, "constant").astype(np.float64), shape))
            else:
                size = next(waiting)
                gaps.append(numbers.take(range(first, first + size), axis=axis))
                offsets.append(np.zeros(gaps[-1].shape))
                first += size
        return np.concatenate(gaps, axis=axis)

    x = moved(call.flow, f"{call.name}.gaps", joined, fill)
    offset = np.concatenate(offsets, axis=axis)
    return _plus(call, x, offset)


def _plus(call: Call, x: Activation, offset: Array) -> Activation:
    if not offset.any():
        return x
    x, offset = aligned(call.flow, call.name, x, offset)
    return replace(x, signal=call.flow.scale(f"{call.name}.offset", x.signal, np.ones(()), offset))


def pad(call: Call) -> list[Value]:
    """Pad with a constant, or with the image's own border."""
    x = call.activation(0)
    sides = call.integers("pads", 1) or call.integers("paddings") or ()
    axes = call.integers("axes", 3)
    chosen = range(x.rank) if axes is None else [axis % x.rank for axis in axes]
    if len(sides) != 2 * len(chosen):
        raise NotSupportedError(f"has {len(sides)} pads for {len(chosen)} axes")
    padding = [(0, 0)] * x.rank
    for place, axis in enumerate(chosen):
        padding[axis] = (sides[place], sides[place + len(chosen)])
    mode = call.attribute("mode", "constant")
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise NotSupportedError(f"its mode is {mode!r}")
    given = call.optional(2, "value")
    sizes = [size + sum(sides) for size, sides in zip(x.shape, padding, strict=True)]
    if min(sizes) < 1 or prod(sizes) > LARGEST_LAYER * x.samples:
        raise NotSupportedError(f"pads to shape {tuple(sizes)}, which is empty or too large")
    value = float(call.attribute("value", 0.0) if given is None or not given.array.size else given.array.reshape(-1)[0])

    def padded(numbers: Array) -> Array:
        cut = tuple(
            slice(max(-before, 0), size - max(-after, 0))
            for size, (before, after) in zip(numbers.shape, padding, strict=True)
        )
        return np.pad(numbers[cut], [(max(before, 0), max(after, 0)) for before, after in padding], mode=mode)

    result = moved(call.flow, call.name, x, padded)
    if mode != "constant":
        return [result]
    if value:
        outside = np.pad(np.zeros(x.shape), [(max(a, 0), max(b, 0)) for a, b in padding], constant_values=value)
        cut = tuple(slice(0, size) for size in result.shape)
        if min(min(sides) for sides in padding) < 0:
            raise NotSupportedError("pads with a value and cuts at once")
        return [_plus(call, result, outside[cut])]
    own = [padding[axis] for axis in range(x.rank) if axis != x.batch]
    if result.axes == x.axes and min(min(sides) for sides in own) >= 0:
        by_signal = tuple(own[axis] for axis in np.argsort(x.axes))
        call.reading.pads[result.signal.node] = (x.signal, by_signal)
    return [result]


def gather(call: Call) -> list[Value]:
    """Gather of constant places."""
    indices = call.value(1)
    if not isinstance(indices, Constant):
        if not isinstance(indices, Unknown) or indices.dynamic:
            raise NotSupportedError(
                "looks up what the model's input names, as embeddings do; a synapse is always there"
            )
        raise UnknownError
    return move(call)


def move(call: Call) -> list[Value]:
    """Whatever else moves elements without computing: ONNX's own implementation moves their numbers."""
    x = call.activation(0, integers=True)
    constants = []
    for place, value in enumerate(call.values[1:], start=1):
        constant = call.optional(place, f"input {place + 1}")
        constants.append(None if value is None or constant is None else constant.array)
    require_moderate(call.node, call.values, call.reading.opset, LARGEST_LAYER * x.samples)
    results: list[Value] = []
    for output in range(len(call.node.outputs)):

        def part(numbers: Array, output: int = output) -> Array:
            return evaluated(call.node, [numbers, *constants], call.reading.opset)[output]

        name = call.name if len(call.node.outputs) == 1 else f"{call.name}.part {output + 1}"
        results.append(moved(call.flow, name, x, part))
    return results


def resize(call: Call) -> list[Value]:
    """Resize and Upsample to the nearest pixel."""
    if call.attribute("mode", "nearest") != "nearest":
        raise NotSupportedError(f"interpolates ({call.attribute('mode')}); only the nearest pixel is exact")
    return move(call)
