"""Thresholds, biases and decays moved by a little, row by row, where that makes up for the rounding of weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire
from ...models.neurons.rules.leaky_rule import DECAY_UNITY
from .leaky_neurons import LeakyFamily

Array = NDArray[Any]

DECAYS = ("current_decay", "voltage_decay")


@dataclass(frozen=True)
class Shift:
    """A small change to try.

    Attributes
    ----------
    threshold_gain : the threshold is multiplied by it.
    bias : share of the threshold that is added to the bias.
    current_decay, voltage_decay : added to the integer decays.
    """

    threshold_gain: float = 1.0
    bias: float = 0.0
    current_decay: int = 0
    voltage_decay: int = 0


SHIFTS = (
    *(Shift(threshold_gain=gain) for gain in (0.97, 1.03, 0.99, 1.01)),
    *(Shift(bias=share) for share in (-0.02, 0.02, -0.005, 0.005)),
    *(Shift(voltage_decay=added) for added in (-1, 1)),
    *(Shift(current_decay=added) for added in (-1, 1)),
)
"""One after the other, each on top of those that helped."""


@dataclass(frozen=True, eq=False)
class Corrections:
    """What neurons get to make up for the rounding of their weights, each (rows,).

    Attributes
    ----------
    threshold_gain : the threshold is multiplied by it.
    bias : added to the bias, in units of the float potential.
    current_decay, voltage_decay : added to the integer decays.
    """

    threshold_gain: Array
    bias: Array
    current_decay: Array
    voltage_decay: Array

    @classmethod
    def none(cls, rows: int) -> Corrections:
        """For so many rows."""
        whole = np.zeros(rows, dtype=np.int64)
        return cls(np.ones(rows), np.zeros(rows), whole, whole)

    def moved(self, shift: Shift, threshold: Array) -> Corrections:
        """All rows shifted; their thresholds in units of the float potential, (rows,)."""
        return Corrections(
            self.threshold_gain * shift.threshold_gain,
            self.bias + shift.bias * threshold,
            self.current_decay + shift.current_decay,
            self.voltage_decay + shift.voltage_decay,
        )

    def where(self, better: Array, other: Corrections) -> Corrections:
        """Those of `other` in some rows."""
        return Corrections(**{name: np.where(better, getattr(other, name), kept) for name, kept in vars(self).items()})


def corrected(
    family: LeakyFamily, neuron: LeakyIntegrateAndFire, scale: Array, corrections: Corrections, row_of: Array
) -> IntegerLeakyIntegrateAndFire:
    """Integer neurons with their corrections.

    Parameters
    ----------
    neuron : parameters (), or in a shape to which that of `row_of` broadcasts.
    scale : (rows,).
    row_of : row of each neuron, in the shape of the neurons or its last axis.
    """
    moved = replace(
        neuron,
        threshold=neuron.threshold * corrections.threshold_gain[row_of],
        bias=neuron.bias + corrections.bias[row_of],
    )
    quantized = family.quantized(moved, scale[row_of])
    decays = {name: getattr(quantized, name) + getattr(corrections, name)[row_of] for name in DECAYS}
    # A decay of none or of all is the kind of neuron that it is.
    kept = {name: getattr(quantized, name) for name in DECAYS}
    return replace(
        quantized,
        **{
            name: np.where((kept[name] > 1) & (kept[name] < DECAY_UNITY), moved, kept[name])
            for name, moved in decays.items()
            if np.any(moved != kept[name])
        },
    )
