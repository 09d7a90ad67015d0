"""Messages between the boxes of two layers, exactly, from how the boxes of one overlap what those of the other see.

A box takes a message for every spike of a neuron that it sees, once, however many of its neurons the spike reaches.
With zeros in a kernel this is an upper bound: it may be that a box sees a neuron through zeros alone. `traffic.py`
counts what a finished mapping sends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.connectivity import Connectivity
from .box_fields import AxisField, Field
from .tiling import Cuts, Tiling

Array = NDArray[Any]


def box_traffic(field: Field, source: Tiling, target: Tiling, rates: Array | float = 1.0) -> sparse.csr_array:
    """Spikes that reach each box of the target from each box of the source.

    Parameters
    ----------
    field : of the projection from one to the other.
    source, target : how they are divided; the source along the axes of the field.
    rates : (neurons of the source,) spikes of each in a step, or the same for all.

    Returns
    -------
    (boxes of the source, boxes of the target) CSR float64.
    """
    cuts = list(zip(_axes(target), _axes(source), strict=True))
    rate = np.asarray(rates, dtype=np.float64)
    if rate.size == 1:
        per_axis = [axis.overlaps(*pair).T for axis, pair in zip(field.axes, cuts, strict=True)]
        channels, rows, columns = (sparse.csr_array(part.astype(np.float64)) for part in per_axis)
        planes = sparse.kron(rows, columns, format="csr")
        return sparse.csr_array(sparse.kron(channels, planes, format="csr") * rate.item())
    pairs = [_pairs(axis, *pair) for axis, pair in zip(field.axes, cuts, strict=True)]
    sums = rate.reshape([axis.sources for axis in field.axes])
    for number in (2, 1, 0):
        sums = _summed(sums, pairs[number][0], number)
    return _assembled(sums, pairs, source, target)


def listed_traffic(
    connectivity: Connectivity,
    source_of: Array,
    target_of: Array,
    rates: Array | float,
    sources: int,
    targets: int,
) -> sparse.csr_array:
    """As `box_traffic`, synapse by synapse, for boxes of any form.

    Parameters
    ----------
    source_of, target_of : (neurons,) box of each.
    sources, targets : numbers of boxes.
    """
    synapses = connectivity.to_sparse().tocoo()
    box = target_of[synapses.row].astype(np.int64)
    keys = np.unique(synapses.col.astype(np.int64) * targets + box)
    neuron, box = keys // targets, keys % targets
    rate = np.broadcast_to(np.asarray(rates, dtype=np.float64), source_of.shape)[neuron]
    return sparse.csr_array((rate, (source_of[neuron], box)), shape=(sources, targets))


def cores_reached(field: Field, target: Tiling) -> Array:
    """(source neurons,) int64, boxes of the target that see each."""
    channels, rows, columns = (_parts_seeing(axis, cuts) for axis, cuts in zip(field.axes, _axes(target), strict=True))
    return np.asarray(channels[:, None, None] * rows[:, None] * columns).ravel()


def _parts_seeing(axis: AxisField, cuts: Cuts) -> Array:
    if axis.seen is None:
        return np.full(axis.sources, len(cuts) - 1, dtype=np.int64)
    return np.asarray(np.count_nonzero(axis.masks(cuts), axis=0))


def _axes(tiling: Tiling) -> tuple[Cuts, Cuts, Cuts]:
    return tiling.channels, tiling.rows, tiling.columns


def _pairs(axis: AxisField, cuts: Cuts, source_cuts: Cuts) -> tuple[sparse.csr_array, Array, Array, Array]:
    """Along an axis, parts of the source and of the target of which one sees the other.

    Returns
    -------
    (different fields, positions) CSR of ones, what is seen of a part; and (pairs,) each: the field, the part of the
    source, the part of the target.
    """
    masks = axis.masks(cuts)
    part = np.repeat(np.arange(len(source_cuts) - 1), np.diff(source_cuts))
    row, position = np.nonzero(masks)
    keys = row * np.int64(len(source_cuts) - 1) + part[position]
    distinct, field = np.unique(keys, return_inverse=True)
    seen = sparse.csr_array((np.ones(field.size), (field, position)), shape=(distinct.size, axis.sources))
    of_row, of_source = distinct // (len(source_cuts) - 1), distinct % (len(source_cuts) - 1)
    number = np.arange(distinct.size)
    if masks.shape[0] < len(cuts) - 1:
        # All parts of the target see the same.
        parts = len(cuts) - 1
        return seen, np.tile(number, parts), np.tile(of_source, parts), np.repeat(np.arange(parts), number.size)
    return seen, number, of_source, of_row


def _summed(values: Array, seen: sparse.csr_array, axis: int) -> Array:
    """Sums over one axis of an array with three, for each row of `seen`."""
    moved = np.moveaxis(values, axis, 0)
    sums = seen @ moved.reshape(moved.shape[0], -1)
    return np.moveaxis(sums.reshape(sums.shape[0], *moved.shape[1:]), 0, axis)


def _assembled(sums: Array, pairs: list[tuple[Any, Array, Array, Array]], source: Tiling, target: Tiling) -> Any:
    across = np.ix_(*(field for _, field, _, _ in pairs))
    boxes = []
    for end, tiling in ((2, source), (3, target)):
        channel, row, column = np.ix_(*(pair[end] for pair in pairs))
        down, along = len(tiling.rows) - 1, len(tiling.columns) - 1
        boxes.append(((channel * down + row) * along + column).ravel())
    values = sums[across].ravel()
    here = values > 0
    return sparse.csr_array((values[here], (boxes[0][here], boxes[1][here])), shape=(source.boxes, target.boxes))
