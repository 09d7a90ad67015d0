"""How close an integer network comes to its float network when every layer works on what it really gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backends.simulator.simulate import Simulator
from ...models.decision import Decision, decide, natural_decision
from ...models.network import Network

Array = NDArray[Any]

OUTPUT_WEIGHT = 0.25  # of the outputs' relative error beside the share of samples that change class


@dataclass(frozen=True, eq=False)
class FreeRun:
    """The calibration samples as a judge of integer networks.

    Attributes
    ----------
    given : (samples, steps, inputs) integers.
    wanted : (samples, steps, outputs) float, the answers of the float network.
    decision : how answers become classes.
    """

    given: Array
    wanted: Array
    decision: Decision

    @classmethod
    def of(cls, network: Network, given: Array, wanted: Array, decision: Decision | None) -> FreeRun:
        """With the decision that suits the output where none is given."""
        return cls(given, wanted, decision or natural_decision(network.by_name[network.output]))

    def changed(self, integer: Network) -> float:
        """Share of samples whose class differs from the float network's."""
        return self._compared(integer)[0]

    def loss(self, integer: Network) -> float:
        """Smaller is closer: the share of changed classes, and part of the outputs' squared error."""
        changed, error = self._compared(integer)
        return changed + OUTPUT_WEIGHT * min(error, 1.0)

    def _compared(self, integer: Network) -> tuple[float, float]:
        got = Simulator(integer).run(self.given).activity[integer.output]
        neuron = integer.by_name[integer.output].neuron
        scale = 1.0 if neuron is not None and neuron.whole else _factor(got, self.wanted)
        changed = float(np.mean(decide(got, self.decision) != decide(self.wanted, self.decision)))
        sums, wanted = got.sum(axis=1) * scale, self.wanted.sum(axis=1, dtype=np.float64)
        spread = float(np.sum((wanted - wanted.mean(axis=0)) ** 2))
        return changed, float(np.sum((sums - wanted) ** 2)) / spread if spread else 0.0


def _factor(got: Array, wanted: Array) -> float:
    values = got.astype(np.float64)
    return float(np.vdot(values, wanted)) / max(float(np.vdot(values, values)), 1e-30)
