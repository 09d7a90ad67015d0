"""What the search for scales must know of a family of neuron models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mapping.precision import Precision
from ...models.neurons import FloatNeuron, IntegerNeuron

Array = NDArray[Any]

HEADROOM = 0.5  # share of a state's bits that the calibration samples may use; unseen ones go higher
SCALES_AN_OCTAVE = 6
OCTAVES = 2


class NeuronFamily(ABC):
    """One family; a scale is integer input per unit of float input.

    Attributes
    ----------
    precision : the widths of the target's numbers.
    state_unit : units of the state per unit of integer input.
    payload_bits : of graded output, besides the sign, where the target's spikes carry as many.
    """

    state_unit: int
    payload_bits: int

    def __init__(self, precision: Precision | None = None) -> None:
        self.precision = precision or Precision()

    @abstractmethod
    def quantized(self, neuron: FloatNeuron, scale: Array, output_shift: int = 0) -> IntegerNeuron:
        """Integer parameters of a neuron model at a scale, () or one a neuron; graded output is shifted right."""

    @abstractmethod
    def ceiling(self, neuron: FloatNeuron, largest: Sequence[Array]) -> Array:
        """The scale of each neuron beyond which a register overflows, states with headroom.

        Parameters
        ----------
        largest : of each float state, in the model's order, the largest magnitude.
        """

    @abstractmethod
    def impossible(self, neuron: FloatNeuron) -> str | None:
        """Why no scale suits, or None."""

    def state_scale(self, scale: Array) -> Array:
        """Units of the state per unit of the float model's, at a scale."""
        return np.asarray(scale * self.state_unit)

    def output_ceiling(self, neuron: FloatNeuron, largest: Array) -> Array:
        """As `ceiling`, for the largest magnitude that the neurons send: of what a reset takes from the states."""
        return np.asarray(np.inf)

    def scales_of(self, neuron: FloatNeuron, ceiling: float, unit: float | None) -> Array:
        """As `scales`, for neurons that not every scale suits."""
        return self.scales(ceiling, unit)

    def suits(self, neuron: FloatNeuron, scale: float) -> bool:
        """Whether neurons may have this scale."""
        return True

    def scales(self, ceiling: float, unit: float | None) -> Array:
        """Scales to try, descending.

        Parameters
        ----------
        ceiling : the largest.
        unit : integer output per unit of float output, if that is settled: then only scales at which a shift by whole
            bits makes it.
        """
        if unit is None:
            return ceiling * 2.0 ** (-np.arange(OCTAVES * SCALES_AN_OCTAVE) / SCALES_AN_OCTAVE)
        longest = int(np.floor(np.log2(ceiling * self.state_unit / unit)))
        return unit / self.state_unit * 2.0 ** np.arange(longest, max(-1, longest - 2 * OCTAVES), -1)
