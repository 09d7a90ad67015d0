"""The best way to cut layers into boxes of which one of each layer shares a core.

With one layer this is box tiling: either few channels of many positions, or many channels of few positions. A source
neuron's spike goes to every box that sees it, so that the number of channel parts multiplies messages, and so does the
halo around a small box; which counts for more depends on the kernel's size and on the memory that it takes. All ways
are tried: numbers of parts along the channels, the rows and the columns, each in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .box_needs import BoxNeeds, Grid
from .tiling import Cuts, Tiling

Array = NDArray[Any]
CHANNEL_WAYS, POSITION_WAYS = 24, 64  # tried along an axis
SHARED_AT_MOST = 8  # boxes of which packing is expected to put as many on a core where they are small


@dataclass(frozen=True)
class Block:
    """Layers cut alike: box number i of each of them shares a core with the others' boxes of that number.

    Attributes
    ----------
    tilings : of the layers, all with the same number of boxes.
    cost : messages a step to all boxes from elsewhere, plus the price of the cores.
    """

    tilings: tuple[Tiling, ...]
    cost: float

    @property
    def boxes(self) -> int:
        """Number of boxes of each layer, one core each."""
        return self.tilings[0].boxes


@dataclass(frozen=True)
class Price:
    """What the choice of cuts weighs.

    Attributes
    ----------
    limits : of a core, by resource; None where there is no limit.
    core : messages a step that a core less is worth.
    """

    limits: Mapping[str, int | None]
    core: float


def best_block(layers: Sequence[BoxNeeds], price: Price) -> Block | None:
    """The cheapest way to cut layers alike so that every core has room for its boxes; None where there is none."""
    grids = _grids(layers, price)
    if grids is None:
        return None
    needs: dict[str, Array] = {}
    for layer, grid in zip(layers, grids, strict=True):
        for resource, used in layer.most(grid).items():
            needs[resource] = needs[resource] + used if resource in needs else used
    fill = np.zeros(needs["neurons"].shape)
    for resource, used in needs.items():
        limit = price.limits.get(resource)
        if limit is not None:
            fill = np.maximum(fill, used / limit if limit else np.where(used > 0, np.inf, 0.0))
    if fill.min() > 1:
        return None
    within = {layer.population: grid for layer, grid in zip(layers, grids, strict=True)}
    messages = np.sum([layer.messages(within[layer.population], within) for layer in layers], axis=0)
    channels, rows, columns = (np.array([len(cuts) - 1 for cuts in ways]) for ways in grids[0])
    boxes = channels[:, None, None] * rows[:, None] * columns
    beside = np.clip(np.floor(1 / np.maximum(fill, 1e-9)), 1, SHARED_AT_MOST)
    cost = np.where(fill <= 1, messages + price.core * boxes / beside, np.inf)
    way = np.unravel_index(np.argmin(cost), cost.shape)
    tilings = tuple(
        Tiling(layer.population, *(ways[chosen] for ways, chosen in zip(grid, way, strict=True)))
        for layer, grid in zip(layers, grids, strict=True)
    )
    return Block(tilings, float(cost[way]))


def even_cuts(extent: int, parts: int) -> Cuts:
    """Parts that differ by one at most."""
    return tuple(extent * part // parts for part in range(parts + 1))


def _grids(layers: Sequence[BoxNeeds], price: Price) -> list[Grid] | None:
    """The ways to cut each layer, one list for all of them: way number i of one is aligned with way i of another."""
    coarsest = [min(layer.extents[axis] for layer in layers) for axis in range(3)]
    fewest = _fewest_parts(layers, price)
    if fewest > coarsest[0]:
        return None
    ways: list[list[Cuts]] = [_even_ways(coarsest[0], fewest, CHANNEL_WAYS)]
    for axis in (1, 2):
        ways.append(_even_ways(coarsest[axis], 1, POSITION_WAYS))
        if any(layer.tiles is not None for layer in layers):
            cells = [1 << power for power in range(coarsest[axis].bit_length())]
            ways[axis] += [(*range(0, coarsest[axis], cell), coarsest[axis]) for cell in cells]
            ways[axis] = sorted(set(ways[axis]), key=lambda cuts: (len(cuts), cuts))
    grids = []
    for layer in layers:
        scaled = (
            tuple(_scaled(cuts, extent) for cuts in along) for along, extent in zip(ways, layer.extents, strict=True)
        )
        grids.append(Grid(*scaled))
    return grids


def _fewest_parts(layers: Sequence[BoxNeeds], price: Price) -> int:
    """Parts along the channels below which not even one position of all layers fits."""
    parts = 1
    limit = price.limits.get("synaptic_memory_bits")
    if limit:
        parts = max(parts, sum(layer.kernel_bits for layer in layers) // limit)
    limit = price.limits.get("neurons")
    if limit:
        parts = max(parts, -(-sum(layer.extents[0] for layer in layers) // limit))
    return parts


def _even_ways(extent: int, fewest: int, at_most: int) -> list[Cuts]:
    """Numbers of parts of which the largest parts differ; where there are too many, those spread evenly."""
    counts, parts = [], fewest
    while parts <= extent:
        size = math.ceil(extent / parts)
        counts.append(parts)
        parts = math.ceil(extent / (size - 1)) if size > 1 else extent + 1
    if len(counts) > at_most:
        counts = [counts[index * (len(counts) - 1) // (at_most - 1)] for index in range(at_most)]
    return [even_cuts(extent, count) for count in counts]


def _scaled(cuts: Cuts, extent: int) -> Cuts:
    coarse = cuts[-1]
    return cuts if coarse == extent else tuple(-(-cut * extent // coarse) for cut in cuts)
