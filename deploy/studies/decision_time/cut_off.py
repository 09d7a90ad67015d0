"""Early cut-off: stop when the best class is ahead of the second by more than a threshold.

Source: D. Wu, G. Jin, H. Yu, X. Yi and X. Huang, "Optimizing event-driven spiking neural network with regularization
and cutoff", Frontiers in Neuroscience 19 (2025), who publish 1.76 to 2.76 times fewer steps at nearly no loss of
accuracy, on CIFAR-10 and after a training that is made for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MOST_THRESHOLDS = 200
ROUNDING = 1e-9  # of shares of samples


def stops(gaps: Array, beta: float) -> Array:
    """(samples,) int64, the step, counted from 1, after which each sample is stopped; the last where nothing stops it.

    Parameters
    ----------
    gaps : (samples, steps), see `Answers`.
    beta : a run stops at the first step whose gap is above it.
    """
    above = gaps > beta
    return np.asarray(np.where(above.any(axis=1), above.argmax(axis=1) + 1, gaps.shape[1]))


def thresholds(gaps: Array) -> Array:
    """Values of beta worth a try, rising: 0, every gap there is or some of them, and the largest, which stops nothing.

    Between two neighbouring gaps the rule does the same.
    """
    found = np.unique(np.append(gaps, 0.0))
    if found.size > MOST_THRESHOLDS:
        places = np.linspace(0, found.size - 1, MOST_THRESHOLDS).round().astype(np.int64)
        found = found[np.unique(places)]
    return found


def right_at(right: Array, steps: Array) -> Array:
    """(samples,) bool, whether each sample is right at its own step.

    Parameters
    ----------
    right : (samples, steps) bool.
    steps : (samples,) counted from 1.
    """
    return np.asarray(right[np.arange(len(right)), steps - 1])


def choose_threshold(gaps: Array, right: Array, tolerance: float) -> float:
    """The threshold with which samples need the fewest steps, and are at most so much less often right.

    Of several with equally few steps, the largest. One that stops nothing is always good enough.

    Parameters
    ----------
    gaps, right : (samples, steps) of the samples to choose on.
    tolerance : share of samples.
    """
    least = right[:, -1].mean() - tolerance - ROUNDING
    good: list[tuple[float, float]] = []
    for beta in thresholds(gaps).tolist():
        taken = stops(gaps, beta)
        if right_at(right, taken).mean() >= least:
            good.append((float(taken.mean()), -beta))
    return -min(good)[1]


def choose_step(right: Array, tolerance: float) -> int:
    """The first step, counted from 1, at which to stop all samples alike, for the same loss."""
    least = right[:, -1].mean() - tolerance - ROUNDING
    return int((right.mean(axis=0) >= least).argmax()) + 1
