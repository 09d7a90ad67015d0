"""From a node of a NIR file to an operator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...operators import (
    Convolution,
    Delay,
    Flatten,
    Identity,
    Input,
    Linear,
    Neurons,
    Operator,
    Output,
    Pool,
    Scale,
    Shape,
)
from . import metadata
from .file import NodeDict
from .neurons import neurons
from .options import NirOptions
from .values import NotSupportedError, integers, numbers

Array = NDArray[Any]

LONGEST_DELAY = 1_000_000  # steps


def operator_of(name: str, node: NodeDict, options: NirOptions) -> Operator:
    """The operator that a node means.

    Raises
    ------
    KeyError : the node lacks a field, which the error names.
    NotSupportedError : why the node has no meaning here.
    """
    kind = str(node.get("type"))
    if kind == "Input":
        shape = _shape(node["shape"])
        return Input(shape, metadata.axes(node, len(shape)))
    if kind == "Output":
        return Output(_shape(node["shape"]) if "shape" in node else None)
    if kind == "Identity":
        return Identity()
    if kind in ("Affine", "Linear"):
        return _linear(kind, node)
    if kind == "Scale":
        return Scale(numbers(node["scale"]))
    if kind in ("Conv1d", "Conv2d"):
        return _convolution(kind, node)
    if kind in ("SumPool2d", "AvgPool2d"):
        padding = tuple((size, size) for size in _axes(node, "padding", 2, 0))
        average = kind == "AvgPool2d"
        return Pool(_axes(node, "kernel_size", 2, 1), _axes(node, "stride", 2, 1), padding, average)
    if kind == "Flatten":
        start, end = (_axes(node, key, 1, None)[0] for key in ("start_dim", "end_dim"))
        return Flatten(start, end)
    if kind == "Delay":
        return _delay(node, options)
    return neurons(name, kind, node, options)


def natural_input(operator: Operator, node: NodeDict) -> Shape | None:
    """The shape that a node wants, where it says so by itself."""
    if isinstance(operator, Linear):
        return (*operator.weight.shape[:-2], int(operator.weight.shape[-1]))
    if isinstance(operator, Neurons):
        return operator.shape or (1,)
    if isinstance(operator, Scale):
        return operator.scale.shape or (1,)
    if isinstance(operator, Delay):
        return operator.steps.shape or (1,)
    field = {Convolution: "input_shape", Flatten: "input_type", Identity: "shape"}.get(type(operator))
    if field is None or field not in node:
        return None
    try:
        shape = _shape(node[field])
    except NotSupportedError:  # Sinabs writes zeros
        return None
    channels = (int(operator.weight.shape[1]) * operator.groups,) if isinstance(operator, Convolution) else ()
    return (*channels, *shape)


def _shape(value: Any) -> Shape:
    sizes = np.atleast_1d(integers(value, "shape"))
    if sizes.ndim != 1 or sizes.min() < 1:
        raise NotSupportedError(f"its shape {sizes.tolist()} is no list of sizes from 1 upwards")
    return tuple(sizes.tolist())


def _linear(kind: str, node: NodeDict) -> Linear:
    weight = numbers(node["weight"])
    if weight.ndim < 2:
        raise NotSupportedError(f"its weight has {weight.ndim} axes, at least 2 are needed")
    if kind == "Linear":
        return Linear(weight)
    bias, outputs = numbers(node["bias"]), weight.shape[:-1]
    try:
        whole = bias.reshape(outputs) if bias.size == int(np.prod(outputs)) else np.broadcast_to(bias, outputs)
    except ValueError:
        raise NotSupportedError(f"its bias has shape {bias.shape}, its weight {weight.shape}") from None
    return Linear(weight, whole if np.any(whole) else None)


def _axes(node: NodeDict, key: str, count: int, least: int | None) -> tuple[int, ...]:
    """One int an axis, from one for all or one each."""
    values = np.atleast_1d(integers(node[key], key))
    if values.ndim != 1 or values.size not in (1, count):
        raise NotSupportedError(f"its {key} has {values.size} numbers for {count} axes")
    if least is not None and values.min() < least:
        raise NotSupportedError(f"its {key} {values.tolist()} goes below {least}")
    sizes = tuple(values.tolist())
    return sizes * count if len(sizes) == 1 else sizes


def _convolution(kind: str, node: NodeDict) -> Convolution:
    weight = numbers(node["weight"])
    axes = weight.ndim - 2
    if axes != (1 if kind == "Conv1d" else 2):
        raise NotSupportedError(f"its weight has {weight.ndim} axes")
    groups = _axes(node, "groups", 1, 1)[0]
    if weight.shape[0] % groups:
        raise NotSupportedError(f"its {weight.shape[0]} output channels do not divide into {groups} groups")
    bias = numbers(node["bias"]) if "bias" in node else np.zeros(1)
    if bias.size not in (1, weight.shape[0]):
        raise NotSupportedError(f"its bias has shape {bias.shape}, its weight {weight.shape}")
    stride, dilation = _axes(node, "stride", axes, 1), _axes(node, "dilation", axes, 1)
    padding = _padding(node, stride, dilation, tuple(weight.shape[2:]))
    whole = np.broadcast_to(bias.reshape(-1), weight.shape[:1]) if np.any(bias) else None
    return Convolution(weight, whole, stride, padding, dilation, groups)


def _padding(
    node: NodeDict, stride: tuple[int, ...], dilation: tuple[int, ...], kernel: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    value = node["padding"]
    if not isinstance(value, str):
        pairs = integers(value, "padding")
        if pairs.shape == (len(kernel), 2) and pairs.min() >= 0:  # (before, after) an axis, as JAX has it
            return tuple((before, after) for before, after in pairs.tolist())
        return tuple((size, size) for size in _axes(node, "padding", len(kernel), 0))
    if value.lower() == "valid":
        return ((0, 0),) * len(kernel)
    if value.lower() != "same":
        raise NotSupportedError(f"its padding {value!r} is neither 'same' nor 'valid' nor a number")
    if any(step != 1 for step in stride):
        raise NotSupportedError("padding 'same' has no meaning with a stride above 1")
    # An odd excess goes behind, as in PyTorch.
    excess = [step * (size - 1) for step, size in zip(dilation, kernel, strict=True)]
    return tuple((total // 2, total - total // 2) for total in excess)


def _delay(node: NodeDict, options: NirOptions) -> Operator:
    steps = np.rint(numbers(node["delay"]) / options.step)
    if steps.min() < 0:
        raise NotSupportedError("a delay is negative")
    if steps.max() > LONGEST_DELAY:
        raise NotSupportedError(f"a delay of {steps.max():g} steps is longer than {LONGEST_DELAY} (--dt)")
    if not np.any(steps):
        return Identity()
    return Delay(np.asarray(steps.reshape(()) if steps.size == 1 else steps).astype(np.int64))
