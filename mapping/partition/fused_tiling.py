"""Which layers in a row share cores, box by box.

Where the boxes of a layer lie over those of the layer before on the same cores, only the halo around each box and the
other channel parts have to be sent. But a core that holds boxes of several layers has smaller ones, so that there is
more halo. A layer's messages depend on how it is cut itself, and on whether its sources share its cores, and on nothing
else; so the best division of all layers into blocks of neighbours is found by dynamic programming.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..search import Search
from .box_needs import BoxNeeds
from .box_tiling import Block, Price, best_block


def best_blocks(layers: Sequence[BoxNeeds], price: Price, longest: int, search: Search) -> list[Block] | None:
    """Divide layers into blocks of neighbours with the least messages and cores.

    Parameters
    ----------
    layers : in the network's order.
    longest : layers of a block at most; with 1 every layer has cores of its own.

    Returns
    -------
    None where a layer does not fit even by itself.
    """
    costs = [0.0]
    chosen: list[tuple[Block, int]] = []
    for last in range(len(layers)):
        best: tuple[float, Block, int] | None = None
        for first in range(last, max(-1, last - longest), -1):
            part = layers[first : last + 1]
            if first < last and (search.late or not _joined(part)):
                break
            block = best_block(part, price)
            if block is not None and (best is None or costs[first] + block.cost < best[0]):
                best = costs[first] + block.cost, block, first
        if best is None:
            return None
        costs.append(best[0])
        chosen.append(best[1:])
        search.progress("cutting layers into boxes", (last + 1) / len(layers))
    blocks = []
    end = len(layers)
    while end:
        block, end = chosen[end - 1]
        blocks.append(block)
    return blocks[::-1]


def _joined(layers: Sequence[BoxNeeds]) -> bool:
    """Whether the first layer sends to one of the others."""
    return any(arrival.source == layers[0].population for layer in layers[1:] for arrival in layer.arrivals)
