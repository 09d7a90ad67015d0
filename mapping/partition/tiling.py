"""A structured layer divided into boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Cuts = tuple[int, ...]  # 0 = first start < ... < last stop = extent


@dataclass(frozen=True)
class Tiling:
    """A grid of boxes over the channels, rows and columns of one population.

    Attributes
    ----------
    population : name.
    channels, rows, columns : where the boxes begin and end along each axis, (boxes + 1) ascending numbers from 0 to the
        axis' extent. A population without positions has its neurons as channels, one row and one column; one with one
        spatial axis has one row.
    """

    population: str
    channels: Cuts
    rows: Cuts
    columns: Cuts

    @property
    def boxes(self) -> int:
        """Number of boxes, numbered with channels first, then rows, then columns."""
        return (len(self.channels) - 1) * (len(self.rows) - 1) * (len(self.columns) - 1)

    def box_of(self) -> Array:
        """(neurons,) int32, the number of the box of each neuron."""
        channel, row, column = (
            np.repeat(np.arange(len(cuts) - 1, dtype=np.int32), np.diff(cuts))
            for cuts in (self.channels, self.rows, self.columns)
        )
        across = np.int32(len(self.columns) - 1)
        down = np.int32(len(self.rows) - 1)
        grid = (channel[:, None, None] * down + row[:, None]) * across + column
        return np.asarray(grid.ravel())

    def neurons(self, box: int) -> Array:
        """(n,) int64 ascending, the neurons of a box."""
        down, across = len(self.rows) - 1, len(self.columns) - 1
        channel, row, column = box // (down * across), box // across % down, box % across
        channels = np.arange(self.channels[channel], self.channels[channel + 1], dtype=np.int64)
        rows = np.arange(self.rows[row], self.rows[row + 1], dtype=np.int64)
        columns = np.arange(self.columns[column], self.columns[column + 1], dtype=np.int64)
        grid = (channels[:, None, None] * self.rows[-1] + rows[:, None]) * self.columns[-1] + columns
        return np.asarray(grid.ravel())

    @property
    def extents(self) -> tuple[int, int, int]:
        """Of the population, along each axis."""
        return self.channels[-1], self.rows[-1], self.columns[-1]
