"""Leaky neurons whose spike carries a number, the potential at the spike.

In discrete time, one step for every t, with u and v those of `leaky_dynamics`:

    u[t] = current_retention * u[t-1] + input_gain * a[t]
    v[t] = voltage_retention * v[t-1] + current_gain * u[t] + bias
    output[t] = v[t] where v[t] > threshold (or >= threshold; with both signs also where -v[t] is), else 0; and there
    v[t] = reset_value | v[t] - sign(v[t]) * threshold | v[t]

Without memory, which is retentions of 0, this is Lava's `GradedReluVec`, or with both signs `GradedVec`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .neuron_model import Array, IntegerRule, State
from .rules import graded_rule
from .spiking_leaky import IntegerSpikingLeaky, SpikingLeaky


@dataclass(frozen=True, eq=False)
class Graded(SpikingLeaky):
    """Float parameters: those of `SpikingLeaky`, and these.

    Attributes
    ----------
    signed : spike below -threshold, too.
    """

    signed: bool = False

    @property
    def graded(self) -> bool:
        return True

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        return np.zeros((batch, size)), self.started(batch, size)

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        current, voltage = self.charged(state, activation)
        spikes = self.fires(np.abs(voltage) if self.signed else voltage, self.threshold)
        output = np.where(spikes, voltage, 0.0)
        voltage = self.after_spikes(voltage, spikes, np.where(voltage < 0, -self.threshold, self.threshold))
        return (current, voltage), output


@dataclass(frozen=True, eq=False)
class IntegerGraded(IntegerSpikingLeaky):
    """The same in Loihi's fixed point: the parameters of `IntegerSpikingLeaky`, and these.

    Attributes
    ----------
    threshold : 0..131071 (17 bit); the neuron spikes where the potential exceeds threshold * 2**input_shift.
    signed : as in `Graded`.
    input_shift : 0..6, bits by which what arrives is shifted left; 6 as in Loihi's LIF, 0 as in Lava's `GradedVec`.
    output_shift : 0..22, bits by which the potential is shifted right to be sent.
    """

    signed: bool = False
    input_shift: int = 6
    output_shift: int = 6

    rule: ClassVar[IntegerRule] = IntegerRule.of(graded_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        **IntegerSpikingLeaky.ranges,
        "input_shift": (0, 6),
        "output_shift": (0, 22),
    }

    @property
    def graded(self) -> bool:
        return True

    @property
    def output_bits(self) -> int:
        return max(2, graded_rule.STATE_BITS - self.output_shift)
