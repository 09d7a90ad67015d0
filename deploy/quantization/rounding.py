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
    left = ideal[:, order].astype(np.float64)
    steps, lows, highs = (np.broadcast_to(part, ideal.shape)[:, order] for part in (steps, lows, highs))
    result = np.empty(ideal.shape)
    for column, original in enumerate(order):
        rounded = steps[:, column] * np.rint(left[:, column] / steps[:, column])
        rounded = np.clip(rounded, lows[:, column], highs[:, column])
        result[:, original] = rounded
        missed = (left[:, column] - rounded) / factor[column, column]
        left[:, column + 1 :] -= missed[:, np.newaxis] * factor[column, column + 1 :]
    return result
