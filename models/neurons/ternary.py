"""Leaky neurons that send 1 above an upper threshold and -1 below a lower one.

In discrete time, one step for every t:

    u[t] = current_retention * u[t-1] + input_gain * a[t]
    v[t] = voltage_retention * v[t-1] + current_gain * u[t] + bias
    output 1 where v[t] > threshold, -1 where v[t] < lower_threshold (or >= and <=), 0 elsewhere, and where it is not 0
    v[t] = reset_value | v[t] - (the threshold that was passed) | v[t]

With a reset to 0 that is Lava's `TernaryLIF` (`lava.proc.lif.process`), whose `vth_hi` and `vth_lo` the thresholds are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .neuron_model import Array, IntegerRule, State
from .rules import ternary_rule
from .spiking_leaky import IntegerSpikingLeaky, SpikingLeaky


@dataclass(frozen=True, eq=False)
class Ternary(SpikingLeaky):
    """Float parameters: those of `SpikingLeaky`, and this one, a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    threshold : the upper one.
    lower_threshold : no larger than the upper one.
    """

    lower_threshold: Array = field(kw_only=True)

    @property
    def graded(self) -> bool:
        return True

    @property
    def whole(self) -> bool:
        return True

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        return np.zeros((batch, size)), self.started(batch, size)

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        current, voltage = self.charged(state, activation)
        above = self.fires(voltage, self.threshold)
        below = self.fires(-voltage, -self.lower_threshold)
        voltage = self.after_spikes(voltage, above | below, np.where(above, self.threshold, self.lower_threshold))
        return (current, voltage), above.astype(np.float64) - below


@dataclass(frozen=True, eq=False)
class IntegerTernary(IntegerSpikingLeaky):
    """The same family in Loihi's fixed point: the parameters of `IntegerSpikingLeaky`, and these.

    Attributes
    ----------
    threshold, lower_threshold : -131071..131071, in units of 64 of the potential; the lower one is no larger, and
        smaller where thresholds are inclusive.
    """

    lower_threshold: Array = field(kw_only=True)

    rule: ClassVar[IntegerRule] = IntegerRule.of(ternary_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        **IntegerSpikingLeaky.ranges,
        "threshold": (-131071, 131071),
        "lower_threshold": (-131071, 131071),
    }

    @property
    def graded(self) -> bool:
        return True

    @property
    def whole(self) -> bool:
        return True

    @property
    def output_bits(self) -> int:
        return 2

    def verify(self) -> None:
        super().verify()
        wrong = self.lower_threshold >= self.threshold if self.inclusive else self.lower_threshold > self.threshold
        if np.any(wrong):
            raise ValueError("lower_threshold is above threshold, so that a spike would have both signs")
