"""Where the weights of a convolution and the sums that they are added to lie beside each other.

A spike at a position reaches some rows of positions, and in each of them positions beside each other: a run of
channels, if the channels of a position are beside each other, too. The sums are those of a grid that has so many more
rows and columns than the output that no run ends early at a border, and a kernel counts as filled up with zeros to a
multiple of its stride: so all spikes reach equally many rows, by runs of one length. Which weights a spike meets
depends on the remainder of its position by the stride, its phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Convolution

Array = NDArray[Any]

SHORT_RUN, RUN_STEP = 16, 32  # sums that are added at a time


@dataclass(frozen=True)
class Reach:
    """What a spike reaches along one axis.

    Attributes
    ----------
    count : positions that it reaches.
    last : (inputs,) the last of them, from each input; where it is beyond the output, those beyond do not exist.
    phase : (inputs,) remainder of the input's position by the stride.
    places : (stride, count) places of the kernel that it meets on the first position reached, the next and so on; that
        of a kernel filled up with zeros.
    size : positions of the grid.
    """

    count: int
    last: Array
    phase: Array
    places: Array
    size: int

    @classmethod
    def of(cls, planar: Convolution, axis: int) -> Reach:
        """Along y or x, 0 or 1, of a convolution with two spatial axes."""
        stride, inputs, outputs = planar.stride[axis], planar.input_shape[1 + axis], planar.output_shape[1 + axis]
        count = -(-planar.kernel[axis] // stride)
        last, phase = np.divmod(np.arange(inputs) + planar.padding[axis][0], stride)
        places = np.arange(stride)[:, np.newaxis] + stride * np.arange(count)[::-1]
        return cls(count, last, phase, places, max(int(last[-1]) + 1, outputs) + count - 1)


@dataclass(frozen=True, eq=False)
class ConvolutionTables:
    """A convolution as the loops over spikes take it.

    Attributes
    ----------
    weights : (stride along y, stride along x, input channels, rows reached, run), a run being the output channels of
        all positions reached along x, and zeros up to `SHORT_RUN` or a multiple of `RUN_STEP`.
    reached : (height * width, 3) int32: of each position of the input the first row of the grid that is reached, where
        in it the run begins, and the first weight, counted from that of the input channel in the first phase.
    grid_line : sums of a row of the grid.
    margin : sums in a row of the grid before the first position of the output; rows of the grid before its first row
        are one less than those reached.
    """

    weights: Array
    reached: Array
    grid_line: int
    margin: int

    @classmethod
    def of(cls, planar: Convolution) -> ConvolutionTables:
        """Of a convolution with two spatial axes, without groups and dilation."""
        down, along = Reach.of(planar, 0), Reach.of(planar, 1)
        outputs, inputs = planar.weights.shape[:2]
        filled = np.zeros(
            (outputs, inputs, planar.stride[0] * down.count, planar.stride[1] * along.count), planar.weights.dtype
        )
        filled[:, :, : planar.kernel[0], : planar.kernel[1]] = planar.weights
        met = filled[:, :, down.places[:, :, np.newaxis, np.newaxis], along.places]
        # (outputs, inputs, phase y, rows, phase x, positions) to (phase y, phase x, inputs, rows, positions, outputs)
        met = met.transpose(2, 4, 1, 3, 5, 0)
        run = along.count * outputs
        kept = SHORT_RUN if run <= SHORT_RUN else -(-run // RUN_STEP) * RUN_STEP
        weights = np.zeros((*met.shape[:4], kept), planar.weights.dtype)
        weights[..., :run] = met.reshape(*met.shape[:4], run)
        reached = np.zeros((down.last.size, along.last.size, 3), dtype=np.int32)
        reached[:, :, 0] = down.last[:, np.newaxis]
        reached[:, :, 1] = along.last * outputs
        phase = down.phase[:, np.newaxis] * planar.stride[1] + along.phase
        reached[:, :, 2] = phase * (inputs * down.count * kept)
        return cls(weights, reached.reshape(-1, 3), along.size * outputs, (along.count - 1) * outputs)
