"""A part of a data set that holds every class in its share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from .task_options import require_at_least


def stratified_choice(labels: NDArray[np.int64], chosen: int, seed: int) -> NDArray[np.bool_]:
    """Mark samples at random: shuffled, sorted by class, then taken at even distances.

    Even distances over samples sorted by class give every class its share to within one sample, and the total exactly.
    NumPy promises never to change the stream of its `RandomState`, so a split stays what it was when a network was
    trained on it.

    Parameters
    ----------
    labels : (samples,) class of each.
    chosen : how many to mark, 0 to samples.
    seed : of the shuffling, 0 to 2^32 - 1.

    Returns
    -------
    (samples,) bool, `chosen` of them True.
    """
    shuffled = np.random.RandomState(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    taken_before = np.arange(len(labels) + 1) * chosen // max(len(labels), 1)
    is_chosen = np.zeros(len(labels), dtype=np.bool_)
    is_chosen[by_class] = np.diff(taken_before) == 1
    return is_chosen


def wanted_part(
    labels: NDArray[np.int64], wanted: int | None, seed: int, dataset: str, option: str
) -> NDArray[np.bool_]:
    """Mark as many samples as somebody asks for, every class in its share.

    Parameters
    ----------
    labels : (samples,) class of each.
    wanted : how many to mark; None for all.
    seed : decides which, at least 0.
    dataset, option : for messages.

    Returns
    -------
    (samples,) bool.

    Raises
    ------
    UsageError : more than there are, or no whole number.
    """
    require_at_least(0, dataset, seed=seed)
    if wanted is None:
        return np.ones(len(labels), dtype=np.bool_)
    require_at_least(0, dataset, **{option: wanted})
    if wanted > len(labels):
        raise UsageError(f"{dataset}: {option} is {wanted}, but there are {len(labels)} samples.")
    return stratified_choice(labels, wanted, seed % 2**32)
