"""For how many neurons a core needs room, where a chip divides layers into tiles; see `SharedKernel.tiles`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.connectivity import Convolution, Pool
from ..models.network import Network
from .target import Target

Array = NDArray[Any]
Span = tuple[int, int]  # first, and one after the last


@dataclass(frozen=True)
class TileGrid:
    """The grid whose cells the cores that hold neurons of a layer have room for.

    Attributes
    ----------
    rows : of the layer, its first spatial axis.
    columns : of the layer, all other spatial axes together.
    """

    rows: int
    columns: int

    def room(self, neurons: Array) -> int:
        """Neurons that a core needs room for.

        Parameters
        ----------
        neurons : (n,) int ascending, those of the layer that it holds; at least one.
        """
        channels, positions = np.divmod(neurons, self.rows * self.columns)
        distinct = 1 + int(np.count_nonzero(channels[1:] != channels[:-1]))
        rows = positions // self.columns
        first, last = int(rows.min()), int(rows.max())
        same = self.columns == 1 or bool((positions - rows * self.columns == positions[0] % self.columns).all())
        return distinct * self.cell_rows((first, last + 1)) * (1 if same else self.columns)

    @staticmethod
    def cell_rows(rows: Span) -> int:
        """Rows of the smallest cell that has all of some rows: a power of two."""
        return int(1 << (rows[0] ^ (rows[1] - 1)).bit_length())


def tile_grid(network: Network, target: Target, population: str) -> TileGrid | None:
    """The grid of a layer; None where a core needs room just for the neurons that it holds.

    Parameters
    ----------
    population : name of the layer. Its shape is that of the first convolution or pooling that ends in it.
    """
    kernel = target.synaptic_memory.convolution
    if target.synaptic_memory.shared is None or kernel is None or kernel.tiles == "any":
        return None
    for projection in network.incoming(population):
        if isinstance(projection.connectivity, Convolution | Pool):
            _, rows, *others = projection.connectivity.output_shape
            return TileGrid(rows, int(np.prod(others)))
    return None
