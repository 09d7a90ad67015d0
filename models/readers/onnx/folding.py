"""Nodes that read constants only, and so become constants."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..nir.values import NotSupportedError
from .call import Call
from .evaluation import evaluated, require_moderate
from .values import Array, Constant, Value

RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}


def folded(call: Call) -> list[Value]:
    """A node whose inputs are all constants."""
    node = call.node
    if node.kind in RANDOM:
        raise NotSupportedError("makes random numbers")
    constants = [value if isinstance(value, Constant) else None for value in call.values]
    first = constants[0] if constants else None
    if node.kind == "Constant":
        return [_stored(node.attributes)]
    if first is not None and node.kind in ("Identity", "Dropout"):
        return [first]
    if first is not None and node.kind == "Transpose":
        return [first.transposed(tuple(call.attribute("perm", reversed(range(first.array.ndim)))))]
    if first is not None and node.kind in ("Cast", "CastLike"):
        numbers = _as_float(call, first.array)
        if numbers is not None:
            return [Constant(numbers, first.step, first.axis)]
    if node.kind in ("ConstantOfShape", "Expand"):
        return [_repeated(call, constants)]
    call.reading.take(require_moderate(node, constants, call.reading.opset, call.reading.left))
    arrays = [None if constant is None else constant.array for constant in constants]
    results = evaluated(node, arrays, call.reading.opset)
    if first is not None and node.kind in ("Reshape", "Squeeze", "Unsqueeze", "Flatten"):
        return [_reshaped(first, results[0])]
    return [Constant(array) for array in results]


def _reshaped(constant: Constant, array: Array) -> Constant:
    """The same elements in other axes, with their steps where these still lie along one."""
    if constant.step is None or constant.axis is None:
        return Constant(array, constant.step)
    shape, axis = constant.array.shape, constant.axis
    for place, size in enumerate(array.shape):
        if size == shape[axis] and prod(array.shape[:place]) == prod(shape[:axis]):
            return Constant(array, constant.step, place)
    return Constant(array)


def _stored(attributes: Any) -> Constant:
    for name, dtype in (
        ("value", None), ("value_float", np.float32), ("value_floats", np.float32),
        ("value_int", np.int64), ("value_ints", np.int64), ("value_string", object), ("value_strings", object),
    ):  # fmt: skip
        if name in attributes:
            return Constant(np.asarray(attributes[name], dtype))
    raise NotSupportedError("is stored as a sparse tensor; store it in full")


def _as_float(call: Call, array: Array) -> Array | None:
    """Numbers cast from one float type to another; a larger one would only take more memory."""
    from onnx import helper

    if call.node.kind == "CastLike":
        like = call.value(1)
        target = like.array.dtype if isinstance(like, Constant) else array.dtype
    else:
        target = np.dtype(helper.tensor_dtype_to_np_dtype(call.attribute("to")))
    if target.kind != "f" or array.dtype.kind != "f":
        return None
    return array if target.itemsize >= array.dtype.itemsize else array.astype(target)


def _repeated(call: Call, constants: Sequence[Constant | None]) -> Constant:
    """One number or tensor, repeated without copying it."""
    shape = call.integers("shape", len(constants) - 1) or ()
    if call.node.kind == "ConstantOfShape":
        value = np.asarray(call.attribute("value", np.zeros(1, np.float32))).reshape(())
    else:
        value = call.constant(0, "input").array
    try:
        whole = np.broadcast_shapes(value.shape, shape)
        call.reading.take(prod(whole))  # no memory yet, but whatever reads it takes some
        return Constant(np.broadcast_to(value, whole))
    except ValueError:
        raise NotSupportedError(f"makes shape {shape} of shape {value.shape}") from None
