"""What a message pays for each link of a board: by its direction, and whether it leads from chip to chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping.constant import Constant
from ..mapping.topology import Topology
from .run import Counters

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class HopCost:
    """The cost of a hop over links of one kind.

    Attributes
    ----------
    name : "hop_east_west" or "hop_north_south", or, from chip to chip, "hop_between_chips_east_west" or
        "hop_between_chips_north_south".
    links : (links,) bool, which of a run's links these are.
    constant : of a hop.
    """

    name: str
    links: Array
    constant: Constant


def hop_costs(counters: Counters, topology: Topology, east_west: Constant, north_south: Constant) -> list[HopCost]:
    """The cost of every link of a run; those from chip to chip are apart where the board has any.

    Parameters
    ----------
    topology : of the target that it ran on.
    east_west, north_south : cost of a hop within a chip.
    """
    along_row = is_east_west(counters, topology)
    between = np.asarray([start[0] != end[0] for start, end in counters.links], dtype=bool)
    across = topology.chip_columns or topology.chips
    result = [
        HopCost("hop_east_west", along_row & ~between, east_west),
        HopCost("hop_north_south", ~along_row & ~between, north_south),
    ]
    factor = topology.link_between_chips
    if across > 1:
        result.append(HopCost("hop_between_chips_east_west", along_row & between, _times(east_west, factor)))
    if topology.chips > across:
        result.append(HopCost("hop_between_chips_north_south", ~along_row & between, _times(north_south, factor)))
    return result


def is_east_west(counters: Counters, topology: Topology) -> Array:
    """(links,) bool, whether a link runs along a row of the board's tiles."""
    across = topology.chip_columns or topology.chips
    rows = topology.rows.value
    ends = np.asarray(counters.links, dtype=np.int64).reshape(-1, 2, 3)
    row = ends[:, :, 0] // across * rows + ends[:, :, 2]
    return np.asarray(row[:, 0] == row[:, 1])


def _times(hop: Constant, factor: Constant) -> Constant:
    return Constant(
        value=hop.value * factor.value,
        low=hop.low * factor.low,
        high=hop.high * factor.high,
        unit=hop.unit,
        kind="assumed" if "assumed" in (hop.kind, factor.kind) else "derived",
        source=f"a hop within a chip ({hop.source}) times {factor.value:g} ({factor.source})",
    )
