"""Linear operators other than convolutions as NIR's nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...operators import Convolution, Pool, Scale, Shape
from ...readers.nir.file import NodeDict
from .convolution import convolution
from .limits import Notes, matrix_size

Array = NDArray[Any]


def affine(weight: Array, bias: Array | None) -> NodeDict:
    """y = W x + b; without a bias too, as not all tools know NIR's Linear."""
    outputs = weight.shape[:-1]
    whole = np.zeros(outputs) if bias is None else np.broadcast_to(bias, outputs)
    return {"type": "Affine", "weight": weight, "bias": whole}


def scale_node(name: str, operator: Scale, shape: Shape, notes: Notes) -> NodeDict:
    """A Scale of the whole shape; with an offset an affine map, or a convolution of 1 x 1 where it is by channel."""
    scale = np.broadcast_to(_of_elements(operator.scale, shape), shape)
    if operator.offset is None or not np.any(operator.offset):
        return {"type": "Scale", "scale": scale}
    offset = np.broadcast_to(_of_elements(operator.offset, shape), shape)
    notes.add("offset: NIR's Scale has none; {} is written as an affine map or a convolution.", name)
    by_channel = [values.reshape(shape[0], -1) for values in (scale, offset)]
    if len(shape) in (2, 3) and all(np.array_equal(values, values[:, :1] + 0 * values) for values in by_channel):
        weight, bias = (values[:, 0] for values in by_channel)
        matrix_size((shape[0], shape[0]))
        ones = (1,) * (len(shape) - 1)
        kernel = np.diag(weight).reshape(shape[0], shape[0], *ones)
        plain = Convolution(kernel, bias, ones, ((0, 0),) * len(ones), ones)
        return convolution(name, plain, shape, notes)
    matrix_size((*shape, shape[-1]))
    return affine(scale[..., np.newaxis] * np.eye(shape[-1]), offset)


def _of_elements(values: Array, shape: Shape) -> Array:
    """Values that can be broadcast to a shape, from the spellings that `Scale` takes."""
    fitting = {int(np.prod(shape)): shape, 1: ()}.get(values.size, values.shape)
    return values.reshape(fitting)


def pool_node(name: str, operator: Pool, shape: Shape, notes: Notes) -> NodeDict:
    """A pool of two axes with one padding each; any other becomes a convolution."""
    if len(operator.kernel) == 2 and all(before == after for before, after in operator.padding):
        return {
            "type": "AvgPool2d" if operator.average else "SumPool2d",
            "kernel_size": np.array(operator.kernel),
            "stride": np.array(operator.stride),
            "padding": np.array([before for before, _ in operator.padding]),
        }
    notes.add(
        "pool: NIR's pools have two axes, with the same padding at both ends; {} is written as a convolution.", name
    )
    size = int(np.prod(operator.kernel))
    matrix_size((shape[0], shape[0], size))
    kernel = np.eye(shape[0]).reshape(shape[0], shape[0], *[1] * len(operator.kernel)) * np.ones(operator.kernel)
    ones = (1,) * len(operator.kernel)
    weight = kernel / size if operator.average else kernel
    return convolution(name, Convolution(weight, None, operator.stride, operator.padding, ones), shape, notes)
