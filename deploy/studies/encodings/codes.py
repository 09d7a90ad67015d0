"""The encoders that are compared, each ready for one data set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....models.encoders import (
    ENCODERS,
    ChangeEncoder,
    Encoder,
    GaussianCurves,
    PoissonRate,
    PopulationCode,
    SigmaDeltaCode,
    SigmoidCurves,
    TemporalContrast,
    TuningCurves,
    encoder_named,
)
from ....models.encoders.encoder import Array

GAUSSIAN, SIGMOID, CONTRAST, SIGMA_DELTA = "population", "population-sigmoid", "temporal-contrast", "sigma-delta"
COMPARED = (*ENCODERS, SIGMOID, CONTRAST, SIGMA_DELTA)
"""Names of the encoders, those of `spikeloom deploy --encoder` first."""


@dataclass(frozen=True)
class PopulationRates(Encoder):
    """A population for each value, whose neurons spike at rates.

    Attributes
    ----------
    curves : of its neurons.
    seed : of the spikes.
    """

    curves: TuningCurves
    seed: int

    @property
    def note(self) -> str:
        return self._code.note

    def encode(self, data: Array, steps: int) -> Array:
        return self._code.encode(data, steps)

    @property
    def _code(self) -> PopulationCode:
        return PopulationCode(self.curves, PoissonRate(1.0, self.seed))


@dataclass(frozen=True)
class Appearance(Encoder):
    """Static values as a sensor of changes sees them when they appear: unit by unit, one a step, until all is said.

    Attributes
    ----------
    code : of the changes, with single units.
    """

    code: ChangeEncoder

    @property
    def note(self) -> str:
        return f"{self.code.note.rstrip('.')}, of values that appear at the first step and stay."

    def encode(self, data: Array, steps: int) -> Array:
        return self.code.encode(np.repeat(data[:, np.newaxis], steps, axis=1), steps)


def code_named(name: str, data: Array, steps: int, neurons: int, seed: int) -> Encoder:
    """The encoder of a name of `COMPARED` for static data.

    Parameters
    ----------
    data : (samples, ...), from whose largest value the range is taken.
    steps : for which the data is shown; changes come in units in which the largest value takes all of them.
    neurons : of a population.
    seed : of what is drawn at random.

    Raises
    ------
    UsageError : it cannot take such data, or so few steps.
    """
    largest = float(data.max())
    if name == GAUSSIAN:
        return PopulationRates(GaussianCurves(0, largest, neurons), seed)
    if name == SIGMOID:
        return PopulationRates(SigmoidCurves(0, largest, neurons), seed)
    if name == CONTRAST:
        return Appearance(TemporalContrast(largest / steps, single=True))
    if name == SIGMA_DELTA:
        return Appearance(SigmaDeltaCode(largest / steps, single=True))
    encoder = encoder_named(name, data, seed)
    encoder.encode(data[:1], steps)  # refuses too few steps before anything is trained
    return encoder
