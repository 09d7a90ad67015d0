"""Where the weights of a convolution and the sums that they are added to lie beside each other.

A spike at a position reaches some rows of positions, and in each of them positions beside each other: a run of
channels, if the channels of a position are beside each other, too. With a stride, it meets only those places of the
kernel that have the same remainder by it; the later ones of them belong to earlier positions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Convolution

Array = NDArray[Any]


def kernel_order(planar: Convolution) -> Array:
    """(kernel along x,) the places of the kernel along x, in the order in which their weights are kept."""
    stride, kernel = planar.stride[1], planar.kernel[1]
    return np.concatenate([np.arange(phase, kernel, stride)[::-1] for phase in range(stride)])


def runs_of(planar: Convolution) -> Array:
    """Where the runs of a spike at each position of the input lie.

    Parameters
    ----------
    planar : with two spatial axes, without groups and dilation.

    Returns
    -------
    (height * width, 4) int32: the first neuron of the lowest row that is reached, channels last; the first weight of
    its run, counted from that of the input channel; the length of a run; and the number of rows. The next row is one
    further up, and its run one stride of kernel rows further on.
    """
    channels, height, width = planar.output_shape
    columns = np.array([_along(planar, x, width) for x in range(planar.input_shape[2])])
    lines = np.array([_down(planar, y, height) for y in range(planar.input_shape[1])])
    low, place, length = columns.T
    row, kernel_row, count = lines.T
    result = np.zeros((lines.shape[0], columns.shape[0], 4), dtype=np.int32)
    result[:, :, 0] = (row[:, np.newaxis] * width + low) * channels
    result[:, :, 1] = (kernel_row[:, np.newaxis] * planar.kernel[1] + place) * channels
    result[:, :, 2] = length * channels
    result[:, :, 3] = np.where(length > 0, count[:, np.newaxis], 0)
    return result.reshape(-1, 4)


def _along(planar: Convolution, x: int, width: int) -> tuple[int, int, int]:
    """First position along x that an input is reached from, place in `kernel_order` of its weight, positions."""
    stride, kernel = planar.stride[1], planar.kernel[1]
    last, phase = divmod(x + planar.padding[1][0], stride)
    first = last - len(range(phase, kernel, stride)) + 1
    before = sum(len(range(earlier, kernel, stride)) for earlier in range(phase))
    low, high = max(first, 0), min(last, width - 1)
    return low, before + low - first, max(0, high - low + 1)


def _down(planar: Convolution, y: int, height: int) -> tuple[int, int, int]:
    """Last position along y that an input is reached from, row of the kernel of its weight, positions."""
    stride, kernel = planar.stride[0], planar.kernel[0]
    last, place = divmod(y + planar.padding[0][0], stride)
    beyond = max(0, last - (height - 1))
    last, place = last - beyond, place + beyond * stride
    return last, place, max(0, min(len(range(place, kernel, stride)), last + 1))
