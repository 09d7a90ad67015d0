"""One row or column of the board: how many hops between its tiles, which way round, and at which cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SMALLEST_RING = 3  # tiles: two in a line are neighbours already, whether or not the board is a torus


@dataclass(frozen=True)
class Line:
    """Tiles in a row or column, from the west or from the north.

    Attributes
    ----------
    tiles : number of tiles of the line.
    of_chip : tiles of one chip, a divisor of `tiles`.
    between_chips : hops that a hop from chip to chip costs as much as.
    torus : whether the ends are joined; a line of fewer than three tiles is not.
    """

    tiles: int
    of_chip: int
    between_chips: float
    torus: bool

    @property
    def closed(self) -> bool:
        """Whether the line is a ring."""
        return self.torus and self.tiles >= SMALLEST_RING

    @cached_property
    def steps(self) -> Array:
        """(tiles, tiles) int64, hops from tile to tile, below 0 where they go backward.

        Around a ring a message goes the cheaper way, and forward (east, south) where both cost the same.
        """
        tiles = np.arange(self.tiles, dtype=np.int64)
        if not self.closed:
            return np.asarray(tiles - tiles[:, None])
        forward = (tiles - tiles[:, None]) % self.tiles
        backward = np.where(forward > 0, forward - self.tiles, 0)
        return np.asarray(np.where(self._forward_costs <= self._forward_costs.T, forward, backward))

    @cached_property
    def distances(self) -> Array:
        """(tiles, tiles) float64, symmetric: cost of the way between two tiles, in hops within a chip."""
        if self.closed:
            return np.asarray(np.minimum(self._forward_costs, self._forward_costs.T))
        upper = np.triu(self._forward_costs)
        return np.asarray(upper + upper.T)

    @cached_property
    def _forward_costs(self) -> Array:
        """(tiles, tiles) float64, cost of the way forward from tile to tile, past the end where it has to be."""
        tiles = np.arange(self.tiles, dtype=np.int64)
        chips = tiles // self.of_chip
        hops = (tiles - tiles[:, None]) % self.tiles
        crossings = chips - chips[:, None]
        if self.tiles > self.of_chip:
            crossings = crossings + np.where(tiles < tiles[:, None], self.tiles // self.of_chip, 0)
        # From whole numbers, so that ways that cost the same are equal to the last bit.
        return np.asarray(hops + crossings * (self.between_chips - 1.0))
