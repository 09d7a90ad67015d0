"""Faults of stored weights: an integer network becomes another one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....backends.program import Program
from ....models.network import Network
from .draws import draws_of
from .stored_weights import stored_weights
from .weight_cells import Rounding, StuckAt, WeightCells

Array = NDArray[Any]
STUCK: dict[str, StuckAt] = {
    "stuck-at-zero": "zero", "stuck-at-largest": "largest", "stuck-at-smallest": "smallest",
}  # fmt: skip
NOISY, FLIPPED = "noisy-weights", "flipped-bits"
WEIGHT_KINDS = (*STUCK, NOISY, FLIPPED)


@dataclass(frozen=True)
class DamagedWeights:
    """A network with faults in its weights.

    Attributes
    ----------
    network : as the program's, with other weights, and where copies of a kernel differ with listed synapses.
    faulty, places : how many cells (or bits) are faulty, of how many.
    changed : share of the stored weights that differ from what they should be, in [0, 1].
    """

    network: Network
    faulty: int
    places: int
    changed: float


def with_damaged_weights(
    program: Program,
    kind: str,
    rate: float,
    names: tuple[str | int, ...],
    layers: Collection[str] = (),
    rounding: Rounding = "nearest",
) -> DamagedWeights:
    """The program's network with faults of one kind.

    Parameters
    ----------
    kind : one of `WEIGHT_KINDS`.
    rate : probability that a cell (for `FLIPPED`, a bit) is faulty; for `NOISY` the relative standard deviation.
    names : of the random numbers; see `draws_of`. Each projection has its own.
    layers : populations whose incoming weights are hit; all where there are none.
    """
    projections, faulty, places, cells, changed = [], 0, 0, 0, 0
    for projection in program.network.projections:
        kept = layers and projection.target not in layers
        form = None if kept else WeightCells.of(projection.connectivity.weights)
        if form is None:
            projections.append(projection)
            continue
        stored = stored_weights(projection, program)
        draws = draws_of(*names, projection.name)
        if kind == FLIPPED:
            weights, hit = form.flipped(stored.weights, rate, draws)
        elif kind == NOISY:
            weights, hit = form.noisy(stored.weights, rate, rounding, draws)
        else:
            weights, hit = form.stuck(stored.weights, rate, STUCK[kind], draws)
        different = int(np.count_nonzero(weights != stored.weights))
        faulty, places = faulty + int(hit.sum()), places + hit.size
        cells, changed = cells + weights.size, changed + different
        if different:
            projection = replace(projection, connectivity=stored.connectivity(weights))
        projections.append(projection)
    network = program.network.replace(projections=tuple(projections))
    return DamagedWeights(network, faulty, places, changed / cells if cells else 0.0)
