"""What enters a file that has no input layer: the shape that its first layer tells."""

from __future__ import annotations

import numpy as np

from ...operators import Shape
from .fields import NotReadableError, number, shape
from .file import LayerDict
from .kernels import convolution
from .synapses import weights


def entry_shape(first: LayerDict, kind: str) -> Shape:
    """Shape of the data, channels first.

    Parameters
    ----------
    first : the first layer, of a type `kind`.

    Raises
    ------
    NotReadableError : the layer does not tell.
    """
    if kind in ("dense", "dense_rec"):
        sources = weights(first, "weight").size // int(np.prod(shape(first)))
        return (number(first, "inFeatures", max(1, sources)),)
    if kind == "conv":
        operator, result = convolution(first), shape(first)
        if len(result) == 3 and operator.stride == (1, 1):
            axes = zip(result[1:], operator.weight.shape[2:], operator.padding, operator.dilation, strict=True)
            sizes = [size + dilation * (width - 1) - sum(padding) for size, width, padding, dilation in axes]
            if min(sizes) >= 1:
                return (int(operator.weight.shape[1]) * operator.groups, *sizes)
    raise NotReadableError("is the first layer, and does not tell the shape of the data: say it (--input-shape)")
