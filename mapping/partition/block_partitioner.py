"""What every way of dividing a hypergraph looks like from outside."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from ..hypergraph import Hypergraph
from ..search import Search
from .block_limits import BlockLimits

Array = NDArray[Any]


class BlockPartitioner(Protocol):
    """One way of dividing."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    def divide(self, hypergraph: Hypergraph, blocks: int, limits: BlockLimits, search: Search) -> Array | None:
        """Give every neuron a block.

        Parameters
        ----------
        blocks : how many there are; some may stay empty.

        Returns
        -------
        (neurons,) int32 below `blocks`, or None where this way finds no partition within the limits. The same seed
        and effort give the same result, unless a deadline cuts the search short.
        """
        ...
