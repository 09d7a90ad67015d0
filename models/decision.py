"""From the activity of the output population to a class."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import Population
from .neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, SigmaDelta
from .neurons.sigma_delta import IntegerSigmaDelta

Array = NDArray[Any]


class Decision(StrEnum):
    """How the output of a sample becomes one number a class; the largest wins, the first of equals."""

    SUM = "sum"  # over all steps: for spikes, their number
    LAST = "last"  # of the last step
    MAXIMUM = "maximum"  # over all steps


def natural_decision(population: Population) -> Decision:
    """What suits an output population: the last value where it sums by itself, the sum otherwise."""
    model = population.neuron
    if isinstance(model, SigmaDelta | IntegerSigmaDelta) and not model.delta:
        return Decision.LAST
    if isinstance(model, LeakyIntegrateAndFire) and not model.spiking and bool(np.all(model.voltage_retention == 1)):
        return Decision.LAST
    if isinstance(model, IntegerLeakyIntegrateAndFire) and not model.spiking and not np.any(model.voltage_decay):
        return Decision.LAST
    return Decision.SUM


def decide(activity: Array, decision: Decision) -> Array:
    """Class of every sample: (samples, steps, classes) to (samples,) int64."""
    if decision is Decision.LAST:
        scores = activity[:, -1]
    elif decision is Decision.MAXIMUM:
        scores = activity.max(axis=1)
    else:
        scores = activity.sum(axis=1, dtype=np.float64)
    return np.asarray(scores.argmax(axis=1), dtype=np.int64)
