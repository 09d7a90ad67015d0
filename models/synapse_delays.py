"""Delays of single synapses: a projection for each delay that occurs.

A chip, too, keeps the synapses of an axon apart by the slot of time that they fall into, so nothing is lost by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .connectivity import Dense, Sparse
from .network import Projection

Array = NDArray[Any]
_LISTED_SHARE = 0.25  # of synapses with the same delay, up to which their matrix is kept as lists


def split_by_delay(projection: Projection, delays: Array) -> tuple[Projection, ...]:
    """Projections that together do what one would whose synapses had delays of their own.

    Parameters
    ----------
    projection : any connectivity; its own delay is replaced.
    delays : of each synapse, in steps, at least 1: (targets, sources), or for `Sparse` (synapses,) in the order of its
        weights.

    Returns
    -------
    One projection for each delay of a weight other than zero, shortest first; named after the first with its delay.

    Raises
    ------
    ValueError : the delays do not suit the projection, or one of them is shorter than a step.
    """
    connectivity = projection.connectivity
    if isinstance(connectivity, Sparse) and delays.shape == connectivity.weights.shape:
        shape = connectivity.targets, connectivity.sources
        steps = sparse.csr_array((delays, connectivity.indices, connectivity.indptr), shape=shape).tocoo()
        rows, columns, lengths = steps.row, steps.col, steps.data
        weights = connectivity.weights
    elif delays.shape == (connectivity.targets, connectivity.sources):
        matrix = connectivity.to_sparse().tocoo()
        rows, columns, weights = matrix.row, matrix.col, matrix.data
        lengths = delays[rows, columns]
    else:
        raise ValueError(f"delays of shape {delays.shape} do not suit projection {projection.name!r}")
    if not np.issubdtype(lengths.dtype, np.integer) or (lengths.size and lengths.min() < 1):
        raise ValueError(f"projection {projection.name!r}: delays are whole numbers of steps, at least 1")
    result = []
    for delay in np.unique(lengths[weights != 0]):
        kept = (lengths == delay) & (weights != 0)
        part = sparse.csr_array(
            (weights[kept], (rows[kept], columns[kept])), shape=(connectivity.targets, connectivity.sources)
        )
        listed = isinstance(connectivity, Sparse) or kept.sum() <= _LISTED_SHARE * part.shape[0] * part.shape[1]
        own = Sparse.from_matrix(part) if listed else Dense(part.toarray())
        name = f"{projection.name} after {delay}"
        result.append(replace(projection, name=name, connectivity=own, delay=int(delay)))
    return tuple(result)
