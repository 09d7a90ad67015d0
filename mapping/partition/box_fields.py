"""Which source neurons the boxes of a layer see, axis by axis.

The receptive field of a box is a product of sets of channels, rows and columns for every projection but listed
synapses, so that nothing here grows with the number of neurons. A kernel with zeros may see less: fields are those of
the full kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, Dense, OneToOne
from ..windows import as_convolution
from .tiling import Cuts

Array = NDArray[Any]
Extents = tuple[int, int, int]  # channels, rows, columns


def extents_of(shape: tuple[int, ...]) -> Extents:
    """A population's shape as channels, rows and columns; see `Tiling`."""
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    return int(np.prod(shape)), 1, 1


@dataclass(frozen=True, eq=False)
class AxisField:
    """What the positions of a target see along one axis.

    Attributes
    ----------
    targets, sources : extents of the axis.
    seen : (targets, reach) int64 source positions, those outside 0..sources - 1 left for padding; None where every
        target sees all sources.
    """

    targets: int
    sources: int
    seen: Array | None

    def masks(self, cuts: Cuts) -> Array:
        """(parts, sources) bool, what each part of the target sees; one row for all parts where they see everything."""
        if self.seen is None:
            return np.ones((1, self.sources), dtype=bool)
        masks = np.zeros((len(cuts) - 1, self.sources), dtype=bool)
        part = np.repeat(np.arange(len(cuts) - 1), np.diff(cuts))
        inside = (self.seen >= 0) & (self.seen < self.sources)
        masks[np.broadcast_to(part[:, None], self.seen.shape)[inside], self.seen[inside]] = True
        return masks

    def sizes(self, cuts: Cuts) -> Array:
        """(parts,) int64 source positions that each part sees."""
        if self.seen is None:
            return np.full(len(cuts) - 1, self.sources)
        return np.asarray(np.count_nonzero(self.masks(cuts), axis=1))

    def overlaps(self, cuts: Cuts, source_cuts: Cuts) -> Array:
        """(parts of the target, parts of the source) int64 source positions that one sees of the other."""
        shared = np.add.reduceat(self.masks(cuts), source_cuts[:-1], axis=1, dtype=np.int64)
        return np.broadcast_to(shared, (len(cuts) - 1, len(source_cuts) - 1))

    def aligned(self, cuts: Cuts, source_cuts: Cuts) -> int:
        """Positions that the parts of the target see of the source's part of the same number, over all parts."""
        if self.seen is None:
            return self.sources
        running = np.zeros((len(cuts) - 1, self.sources + 1), dtype=np.int64)
        np.cumsum(self.masks(cuts), axis=1, out=running[:, 1:])
        row, ends = np.arange(len(cuts) - 1), np.asarray(source_cuts)
        return int((running[row, ends[1:]] - running[row, ends[:-1]]).sum())

    def crowd(self) -> int:
        """The most targets that see one source position."""
        if self.seen is None:
            return self.targets
        inside = self.seen[(self.seen >= 0) & (self.seen < self.sources)]
        return int(np.bincount(inside).max(initial=0))


@dataclass(frozen=True)
class Field:
    """The fields of a projection along its axes.

    Attributes
    ----------
    axes : channels, rows, columns. Those of the source are the connectivity's own: the source population may have
        another shape of as many neurons.
    """

    axes: tuple[AxisField, AxisField, AxisField]

    @property
    def sources(self) -> Extents:
        """Extents of the source."""
        channels, rows, columns = (axis.sources for axis in self.axes)
        return channels, rows, columns

    @property
    def synapses_per_target(self) -> int:
        """The most synapses that a neuron can have; an upper bound at borders and where weights are zero."""
        return int(np.prod([axis.sources if axis.seen is None else axis.seen.shape[1] for axis in self.axes]))


def field_of(connectivity: Connectivity, source: Extents, target: Extents) -> Field | None:
    """The fields of a connectivity; None where they are no products over the target's axes.

    Parameters
    ----------
    source, target : extents of both ends, of as many neurons as the connectivity has.
    """
    convolution = as_convolution(connectivity)
    if convolution is not None:
        if convolution.output_shape != target:
            return None
        channels_seen, height, width = convolution.input_shape
        source = channels_seen, height, width
        outputs, inputs = target[0] // convolution.groups, int(convolution.weights.shape[1])
        first = np.arange(target[0]) // outputs * inputs
        channels = None if convolution.groups == 1 else first[:, None] + np.arange(inputs)
        windows = [
            np.arange(target[axis + 1])[:, None] * convolution.stride[axis]
            + np.arange(convolution.kernel[axis]) * convolution.dilation[axis]
            - convolution.padding[axis][0]
            for axis in (0, 1)
        ]
        seen: list[Array | None] = [channels, *windows]
    elif isinstance(connectivity, OneToOne):
        source = target
        seen = [np.arange(extent)[:, None] for extent in target]
    elif isinstance(connectivity, Dense):
        seen = [None, None, None]
    else:
        return None
    first_axis, second, third = (
        AxisField(to, of, positions) for to, of, positions in zip(target, source, seen, strict=True)
    )
    return Field((first_axis, second, third))
