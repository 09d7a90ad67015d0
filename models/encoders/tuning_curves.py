"""How strongly each neuron of a population answers to a value."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ..errors import UsageError
from .encoder import Array, positive_number, whole_number

TABLE = 4097  # values at which a readout is known; in between it is a line
NARROWEST = 3.0  # overlap beyond which a value between two centres is seen by hardly anyone
STEEPEST = 8.0  # beyond which a value between two centres changes hardly any answer


@dataclass(frozen=True)
class TuningCurves(ABC):
    """Answers of a population to a value.

    Attributes
    ----------
    low, high : the values it is made for, `low` below `high`.
    neurons : of the population.
    """

    low: float
    high: float
    neurons: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise UsageError(
                f"Tuning curves lie between two numbers, the first the lower; not {self.low}, {self.high}."
            )

    @property
    @abstractmethod
    def note(self) -> str:
        """What a report should say of them, without a full stop."""

    @property
    @abstractmethod
    def centres(self) -> Array:
        """The value each neuron stands for, (neurons,) float64."""

    @abstractmethod
    def responses(self, values: Array) -> Array:
        """Answers in [0, 1] to values, (..., neurons) float64 from (...)."""

    @abstractmethod
    def readout(self, responses: Array) -> Array:
        """A number that grows with the value, (...) float64 from (..., neurons)."""

    def values(self, responses: Array) -> Array:
        """The values in [low, high] that have such a readout, (...) float64 from (..., neurons).

        Of answers without noise the value is off by less than a thousandth of high - low.
        """
        known = np.linspace(self.low, self.high, TABLE)
        found: Array = np.interp(self.readout(responses), self.readout(self.responses(known)), known)
        return found


@dataclass(frozen=True)
class GaussianCurves(TuningCurves):
    """Neurons that answer to values near their own.

        c_i = low + (2 i - 3) / 2 · (high - low) / (m - 2)          i = 1 ... m neurons
        sigma = (high - low) / (overlap (m - 2))
        r_i(x) = exp(-(x - c_i)² / (2 sigma²))

    (S. Bohte, J. Kok and H. La Poutré, "Error-backpropagation in temporally encoded networks of spiking neurons",
    Neurocomputing 48:17-37, 2002.) The first and the last centre lie beyond the range.

    The readout is the mean of the centres weighted by the answers. Its slope is the variance of the centres under these
    weights over sigma², so it grows with the value everywhere. It is the value itself in the middle of the range, but
    up to a tenth of a centre's distance off at the ends, where neighbours are missing; hence the table in `values`.

    Attributes
    ----------
    neurons : at least 3.
    overlap : how narrow the curves are, beta of the source, where it is 1 to 2; above 0 and up to 3.
    """

    overlap: float = 1.5

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("The number of Gaussian neurons", self.neurons, 3)
        positive_number("The overlap", self.overlap)
        if self.overlap > NARROWEST:
            raise UsageError(f"The overlap of tuning curves ends at {NARROWEST:g}, not at {self.overlap:g}.")

    @property
    def note(self) -> str:
        return f"{self.neurons} Gaussian tuning curves from {self.low:g} to {self.high:g}"

    @property
    def centres(self) -> Array:
        places = (2 * np.arange(1, self.neurons + 1) - 3) / 2
        centres: Array = self.low + places * (self.high - self.low) / (self.neurons - 2)
        return centres

    def responses(self, values: Array) -> Array:
        width = (self.high - self.low) / (self.overlap * (self.neurons - 2))
        responses: Array = np.exp(-(((values[..., np.newaxis] - self.centres) / width) ** 2) / 2)
        return responses

    def readout(self, responses: Array) -> Array:
        total = responses.sum(axis=-1)
        # Nobody answers where spikes are few: then nothing is known, and the middle is the least wrong.
        middle = np.full(total.shape, (self.low + self.high) / 2)
        mean: Array = np.divide(responses @ self.centres, total, out=middle, where=total > 0)
        return mean


@dataclass(frozen=True)
class SigmoidCurves(TuningCurves):
    """Neurons that answer to values beyond their own, the more the further.

        c_i = low + (i - 1/2) (high - low) / m          i = 1 ... m neurons
        r_i(x) = 1 / (1 + exp(-(x - c_i) / s))          s = (high - low) / (steepness m)

    (Monotonic tuning: E. Guigon, "Computing with populations of monotonically tuned neurons", Neural Computation
    15:2115-2127, 2003.) The readout is the sum of the answers: a mean of the centres weighted by them would hardly
    change with the value, as low values leave all answers small in the same proportion.

    Attributes
    ----------
    neurons : at least 1.
    steepness : of the curves, in inverse distances of the centres; above 0 and up to 8.
    """

    steepness: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("The number of sigmoidal neurons", self.neurons, 1)
        positive_number("The steepness", self.steepness)
        if self.steepness > STEEPEST:
            raise UsageError(f"The steepness of tuning curves ends at {STEEPEST:g}, not at {self.steepness:g}.")

    @property
    def note(self) -> str:
        return f"{self.neurons} sigmoidal tuning curves from {self.low:g} to {self.high:g}"

    @property
    def centres(self) -> Array:
        centres: Array = self.low + (np.arange(self.neurons) + 0.5) * (self.high - self.low) / self.neurons
        return centres

    def responses(self, values: Array) -> Array:
        scale = (self.high - self.low) / (self.steepness * self.neurons)
        # The same as the logistic function, without overflow far from a centre.
        responses: Array = (1 + np.tanh((values[..., np.newaxis] - self.centres) / (2 * scale))) / 2
        return responses

    def readout(self, responses: Array) -> Array:
        total: Array = responses.sum(axis=-1)
        return total
