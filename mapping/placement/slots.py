"""The places of a board as slots of a placement problem."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ..mapping import Place
from ..routing.mesh import Mesh, usable_places
from ..target import Target
from .placement_problem import FREE, PlacementProblem


def placement_problem_of(target: Target, packets: sparse.csr_array) -> tuple[PlacementProblem, tuple[Place, ...]]:
    """Cores to be placed on a board, with the input as the last node, which stays at its tile.

    Parameters
    ----------
    target : with at least as many usable cores.
    packets : (cores + 1, cores) CSR, messages a step from core to core; the last row is the input's.

    Returns
    -------
    The problem, and the place that each slot stands for. The slots are the usable places in their order (a snake
    through the rows of tiles of chip after chip) and the input's tile, which comes last and takes no core.
    """
    cores = packets.shape[1]
    places = usable_places(target)
    if cores > len(places):
        raise ValueError(f"{cores} cores do not fit on {len(places)} places")
    mesh = Mesh.of(target)
    row, column = np.divmod(np.append(mesh.numbers(places), mesh.entry), mesh.width)
    pinned = np.full(cores + 1, FREE, dtype=np.int64)
    pinned[cores] = len(places)
    reserved = np.zeros(len(places) + 1, dtype=bool)
    reserved[-1] = True
    square = sparse.csr_array(
        (packets.data.astype(np.float64), packets.indices, packets.indptr), shape=(cores + 1, cores + 1)
    )
    problem = PlacementProblem(
        square,
        pinned,
        column.astype(np.int64),
        row.astype(np.int64),
        reserved,
        mesh.column_distance,
        mesh.row_distance,
        mesh.across.steps,
        mesh.down.steps,
    )
    entry = Place(*mesh.input_tile, 0)
    return problem, (*places, entry)
