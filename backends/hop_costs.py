"""What a message pays for each link of a board: by its direction, and whether it leads from chip to chip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping.constant import Constant
from ..mapping.routing.mesh import Link
from ..mapping.topology import Topology

Array = NDArray[Any]


def link_kinds(links: Sequence[Link], topology: Topology) -> Mapping[str, Array]:
    """(links,) bool by the name of a hop, which of them are of its kind; each is of one.

    Those from chip to chip, "hop_between_chips_east_west" and "hop_between_chips_north_south", are apart from
    "hop_east_west" and "hop_north_south" where the board has any. A diagonal link counts as north-south.

    Parameters
    ----------
    links : from tile to tile, as in `Counters.links`.
    topology : of the board.
    """
    along_row = is_east_west(links, topology)
    between = np.asarray([start[0] != end[0] for start, end in links], dtype=bool)
    across = topology.chip_columns or topology.chips
    result = {"hop_east_west": along_row & ~between, "hop_north_south": ~along_row & ~between}
    if across > 1:
        result["hop_between_chips_east_west"] = along_row & between
    if topology.chips > across:
        result["hop_between_chips_north_south"] = ~along_row & between
    return result


def hop_constants(topology: Topology, east_west: Constant, north_south: Constant) -> Mapping[str, Constant]:
    """The cost of a hop of each kind; see `link_kinds`.

    Parameters
    ----------
    east_west, north_south : cost of a hop within a chip.
    """
    factor = topology.link_between_chips
    return {
        "hop_east_west": east_west,
        "hop_north_south": north_south,
        "hop_between_chips_east_west": _times(east_west, factor),
        "hop_between_chips_north_south": _times(north_south, factor),
    }


def is_east_west(links: Sequence[Link], topology: Topology) -> Array:
    """(links,) bool, whether a link runs along a row of the board's tiles."""
    across = topology.chip_columns or topology.chips
    rows = topology.rows.value
    ends = np.asarray(links, dtype=np.int64).reshape(-1, 2, 3)
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
