"""How long a network has to be left alone until nothing of a sample is left."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...models.network import Network, Role
from .cells import LARGEST_POTENTIAL, Cells

RESIDUE = 0.25  # units of the integer potential: half of what lies between a threshold and the integers beside it
LONGEST_GAP = 1000  # ms; beyond that it takes less time to begin anew


def silence(network: Network, cells: Mapping[str, Cells]) -> int | None:
    """Milliseconds between samples after which every potential is at rest.

    A layer whose current outlasts a step may go on spiking until it is gone, and so keep the next layer from rest; the
    others fall silent when their input does. So the times of layers with a current add up, before the longest of all.

    Returns
    -------
    None where there is no such time, for neurons keep their potential or may keep each other spiking in a loop, or
    where it is longer than `LONGEST_GAP`.
    """
    depths = {item.name: item.depth for item in network.populations if item.role is not Role.CONSTANT}
    ends = [(item.source, item.target) for item in network.projections if item.source in depths]
    if any(depths[target] <= depths[source] for source, target in ends):
        return None
    delays = sum(item.delay for item in network.projections if item.source in depths)
    times = {name: _time_to_rest(cell) for name, cell in cells.items()}
    lasting = sum(times[name] for name, cell in cells.items() if np.any(cell.current_retention > 0))
    total = delays + lasting + max(times.values())
    return total if total <= LONGEST_GAP else None


def _time_to_rest(cell: Cells) -> int:
    """Steps after which, from the largest potential and the largest current that there are, at most `RESIDUE` is left.

    After n steps that is at most limit * (n + 1) * r**n, where r is the larger of the two retentions.
    """
    slowest = float(max(np.max(cell.voltage_retention), np.max(cell.current_retention)))
    steps = np.arange(1, LONGEST_GAP + 2)
    at_rest = LARGEST_POTENTIAL * (steps + 1) * slowest**steps < RESIDUE
    return int(steps[at_rest.argmax()]) if at_rest.any() else LONGEST_GAP + 1
