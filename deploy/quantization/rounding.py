"""Rounding weights so that the errors of a neuron's synapses cancel on the inputs that it really gets.

Rounding each weight to the nearest value lets errors add up where inputs come together. So one weight after the other
is rounded, and what it misses is made good by those still to come, as far as their inputs are correlated with its own:
the scheme of Frantar and Alistarh (Optimal Brain Compression, NeurIPS 2022; GPTQ, ICLR 2023), here on the traces that
inputs leave on the membrane.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Array = NDArray[Any]

DAMPING = 0.01  # of the mean second moment, for inputs that never or always come together
MOST_COLUMNS = 4096
BLOCK = 64  # weights of a row that are rounded before the rest hears of it
LONGEST_MEMORY = 0.95  # share of a trace kept a step: neurons that never leak are reset by their spikes


def second_moments(columns: Array, current_retention: float, voltage_retention: float) -> Array:
    """Second moments of the traces that inputs leave on a membrane, (weights, weights).

    Parameters
    ----------
    columns : (steps, replicates, weights).
    """
    current = np.zeros(columns.shape[1:], dtype=np.float32)
    voltage = np.zeros_like(current)
    total = np.zeros((columns.shape[2], columns.shape[2]))
    kept = min(voltage_retention, LONGEST_MEMORY)
    for step in range(columns.shape[0]):
        current = current * np.float32(current_retention) + columns[step]
        voltage = voltage * np.float32(kept) + current
        total += voltage.T @ voltage
    return np.asarray(total / (columns.shape[0] * columns.shape[1]))


def compensation(moments: Array, order: Array) -> Array:
    """How an error of each weight is passed on to the later ones: upper triangular, in the given order.

    The Cholesky factor of the inverse of the damped second moments.
    """
    chosen = moments[np.ix_(order, order)].copy()
    chosen[np.diag_indices_from(chosen)] += DAMPING * float(np.mean(np.diag(moments))) + 1e-12
    inverse = linalg.inv(chosen, check_finite=False)
    return np.asarray(linalg.cholesky((inverse + inverse.T) / 2, lower=False, check_finite=False))


def compensated(ideal: Array, steps: Array, lows: Array, highs: Array, *, factor: Array, order: Array) -> Array:
    """Round weights one column after the other.

    Parameters
    ----------
    ideal : (rows, weights), in integer units.
    steps, lows, highs : (weights,) or (rows, weights): what a weight may be, multiples of a step within a range.
    factor : see `compensation`.
    order : (weights,), columns in the order of rounding.

    Returns
    -------
    (rows, weights) whole numbers, float.
    """
    # Weights along the first axis, so that what a step reads and writes lies together; what leaves a block of weights
    # is passed on to all behind it as one product.
    left = np.ascontiguousarray(ideal[:, order].T, dtype=np.float64)
    steps, lows, highs = (
        part[order, np.newaxis] if part.ndim == 1 else part[:, order].T for part in (steps, lows, highs)
    )
    result = np.empty(ideal.shape)
    for first in range(0, order.size, BLOCK):
        stop = min(first + BLOCK, order.size)
        missed = np.empty((stop - first, ideal.shape[0]))
        for place in range(first, stop):
            rounded = np.clip(steps[place] * np.rint(left[place] / steps[place]), lows[place], highs[place])
            result[:, order[place]] = rounded
            missed[place - first] = (left[place] - rounded) / factor[place, place]
            left[place + 1 : stop] -= np.outer(factor[place, place + 1 : stop], missed[place - first])
        left[stop:] -= factor[first:stop, stop:].T @ missed
    return result
