"""Layers without positions, and irregular ones, cut in the order of their neurons.

A block has all synapses of its neurons: rows of a dense layer's matrix. Blocks of columns would leave partial sums on
several cores, which the chips that we know cannot add up, so that they are not offered.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..resources import Accountant, Load
from .box_tiling import even_cuts
from .tiling import Cuts


def row_blocks(accountant: Accountant, population: str, neurons: int) -> Cuts | None:
    """Cut a layer into as few blocks as fit on a core each, alike in size where that takes no more of them.

    Parameters
    ----------
    neurons : of the layer.

    Returns
    -------
    None where a neuron fits on no core.
    """
    cuts = [0]
    if neurons == 0:
        return tuple(cuts)
    guess = neurons
    while cuts[-1] < neurons:
        guess = _most(accountant, population, cuts[-1], min(neurons, cuts[-1] + guess), neurons) - cuts[-1]
        if not guess:
            return None
        cuts.append(cuts[-1] + guess)
    even = even_cuts(neurons, len(cuts) - 1)
    if all(_fits(accountant, population, first, last) for first, last in pairwise(even)):
        return even
    return tuple(cuts)


def _most(accountant: Accountant, population: str, first: int, guess: int, neurons: int) -> int:
    """The end of the longest block from a neuron on that fits; `first` where none does."""
    low, high = first, neurons + 1
    # Most blocks are as long as the one before: go from there in growing steps either way.
    if _fits(accountant, population, first, guess):
        low, step = guess, 1
        while low < neurons:
            further = min(neurons, low + step)
            if not _fits(accountant, population, first, further):
                high = further
                break
            low, step = further, 2 * step
        else:
            return low
    else:
        high, step = guess, 1
        while high - step > first:
            if _fits(accountant, population, first, high - step):
                low = high - step
                break
            high, step = high - step, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(accountant, population, first, middle):
            low = middle
        else:
            high = middle
    return low


def _fits(accountant: Accountant, population: str, first: int, last: int) -> bool:
    return not accountant.exceeded(accountant.add(Load(), population, np.arange(first, last)))
