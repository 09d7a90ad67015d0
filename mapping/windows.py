"""Which inputs the positions of a convolution see: what lets it be counted without listing its synapses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.connectivity import Connectivity, Convolution, Pool

Array = NDArray[Any]


def as_convolution(connectivity: Connectivity) -> Convolution | None:
    """The planar convolution that a connectivity is, pooling included; None where it is none."""
    if isinstance(connectivity, Pool):
        return connectivity.as_convolution().as_planar()
    if isinstance(connectivity, Convolution):
        return connectivity.as_planar()
    return None


def seen_positions(convolution: Convolution) -> Array:
    """The input position behind each place of the kernel, at each output position.

    Parameters
    ----------
    convolution : planar.

    Returns
    -------
    (kernel places, output positions) int64 in 0..input positions - 1; -1 where the kernel hangs over the edge.
    """
    _, height, width = convolution.output_shape
    _, input_height, input_width = convolution.input_shape
    (top, _), (left, _) = convolution.padding
    y = np.arange(height)[:, None] * convolution.stride[0] + np.arange(convolution.kernel[0]) * convolution.dilation[0]
    x = np.arange(width)[:, None] * convolution.stride[1] + np.arange(convolution.kernel[1]) * convolution.dilation[1]
    y, x = (y - top).T[:, None, :, None], (x - left).T[None, :, None, :]
    inside = (y >= 0) & (y < input_height) & (x >= 0) & (x < input_width)
    positions = np.where(inside, y * input_width + x, -1)
    return positions.reshape(-1, height * width).astype(np.int64)
