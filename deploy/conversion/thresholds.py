"""How large an activation a spike stands for: chosen for each channel from what the network does on samples."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

PERCENTILE = 99.9
SHARES = np.linspace(0.1, 1.0, 37)  # of the largest activation, that are tried
LEAST_SHARE = 0.1  # of the layer's, for a channel that hardly ever was active
FEW = 8  # values of a channel, up to which the layer's largest is the better guess of what it will reach


class ThresholdRule(StrEnum):
    """Which activation the threshold is."""

    MAXIMUM = "maximum"
    PERCENTILE = "percentile"
    ERROR = "error"  # the one with the smallest mean squared error of what the steps can say


def channel_thresholds(activation: Array, rule: ThresholdRule, steps: int) -> Array:
    """The activation that is a spike at every step, one a channel.

    Parameters
    ----------
    activation : (samples, channels, *size), at least 0: what the rectifier gives.
    rule : see `ThresholdRule`; "error" minimises, over thresholds h, the mean of (x - h clip(floor(x T / h + 1/2), 0,
        T) / T)^2 with T the steps (Bu et al. 2022, arXiv 2303.04347).
    steps : T.

    Returns
    -------
    (channels,) float64, above 0; 1 where nothing was ever active. None is below a share of the layer's largest, which
    is larger the fewer values of a channel there are: from few samples a neuron's own largest is too small, and with
    it the neuron would saturate.
    """
    channels = activation.shape[1]
    values = np.moveaxis(activation, 1, 0).reshape(channels, -1)
    largest = values.max(axis=1)
    layer = float(largest.max(initial=0.0))
    if layer <= 0:
        return np.ones(channels)
    if rule is ThresholdRule.MAXIMUM:
        chosen = largest
    elif rule is ThresholdRule.PERCENTILE:
        chosen = np.array([np.percentile(row[row > 0], PERCENTILE) if np.any(row > 0) else 0.0 for row in values])
    else:
        chosen = np.array([_least_error(row[row > 0], steps) if np.any(row > 0) else 0.0 for row in values])
    least = layer * max(LEAST_SHARE, min(1.0, FEW / values.shape[1]))
    return np.asarray(np.maximum(chosen, least))


def _least_error(values: Array, steps: int) -> float:
    largest = float(values.max())
    errors = []
    for share in SHARES:
        threshold = share * largest
        said = threshold * np.clip(np.floor(values * (steps / threshold) + 0.5), 0, steps) / steps
        errors.append(float(np.mean((values - said) ** 2)))
    return float(SHARES[int(np.argmin(errors))]) * largest
