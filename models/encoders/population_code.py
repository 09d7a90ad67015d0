"""Values as the answers of a population of neurons each."""

from __future__ import annotations

from dataclasses import dataclass

from .encoder import Array, InvertibleEncoder
from .tuning_curves import TuningCurves


@dataclass(frozen=True)
class PopulationCode(InvertibleEncoder):
    """A population for every value: (samples, ...) becomes (samples, steps, ..., neurons).

    What each neuron answers, a share in [0, 1], is presented by a further encoder, whose largest value is then 1: as
    a `ConstantCurrent`, as rates or as the time of the first spike, the code of Bohte et al.

    The inverse reads the answers from that encoder, and the value from them; it is as exact as these answers are, see
    `TuningCurves.values`.

    Attributes
    ----------
    curves : of the neurons, alike for every value.
    presentation : of the answers.
    """

    curves: TuningCurves
    presentation: InvertibleEncoder

    @property
    def note(self) -> str:
        return f"encoder: each value by {self.curves.note}, which is given on ({self.presentation.note.rstrip('.')})."

    def encode(self, data: Array, steps: int) -> Array:
        return self.presentation.encode(self.curves.responses(data), steps)

    def decode(self, encoded: Array) -> Array:
        return self.curves.values(self.presentation.decode(encoded))
