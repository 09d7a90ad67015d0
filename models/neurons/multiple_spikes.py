"""Leaky neurons that send several spikes in a step, as many as their threshold goes into their potential.

In discrete time, one step for every t, with u and v those of `leaky_dynamics`:

    u[t] = current_retention * u[t-1] + input_gain * a[t]
    v[t] = voltage_retention * v[t-1] + current_gain * u[t] + bias
    n[t] = clip(floor(v[t] / threshold), 0, most)  (or ceil(v[t] / threshold) - 1, where it has to be exceeded)
    v[t] = v[t] - n[t] * threshold; or, where there are any, reset_value | v[t]

The number of spikes is sent as one message. These are the multi-threshold neurons (MSF), with equally spaced
thresholds, and the layers of Sinabs with `MultiSpike` or, with `most`, `MaxSpike`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .leaky_dynamics import Reset
from .neuron_model import Array, IntegerRule, State
from .rules import multiple_spikes_rule
from .spiking_leaky import IntegerSpikingLeaky, SpikingLeaky


@dataclass(frozen=True, eq=False)
class MultipleSpikes(SpikingLeaky):
    """Float parameters: those of `SpikingLeaky`, with other defaults, and these.

    Attributes
    ----------
    threshold : membrane potential per spike, greater than 0.
    reset : subtraction takes the threshold once for every spike.
    inclusive : a potential of the threshold itself makes a spike.
    most : spikes in a step at most, at least 1.
    """

    reset: Reset = Reset.SUBTRACT
    inclusive: bool = True
    most: int = 15

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
        times = voltage / self.threshold
        spikes = np.clip(np.floor(times) if self.inclusive else np.ceil(times) - 1, 0.0, self.most)
        return (current, self.after_spikes(voltage, spikes > 0, spikes * self.threshold)), spikes


@dataclass(frozen=True, eq=False)
class IntegerMultipleSpikes(IntegerSpikingLeaky):
    """The same in Loihi's fixed point: the parameters of `IntegerSpikingLeaky`, with other defaults, and this one.

    Attributes
    ----------
    threshold : 1..131071 (17 bit); a spike for every threshold * 64 of the potential.
    most : 1..131071.
    """

    reset: Reset = Reset.SUBTRACT
    inclusive: bool = True
    most: int = 15

    rule: ClassVar[IntegerRule] = IntegerRule.of(multiple_spikes_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        **IntegerSpikingLeaky.ranges,
        "threshold": (1, 131071),
        "most": (1, 131071),
    }

    @property
    def graded(self) -> bool:
        return True

    @property
    def whole(self) -> bool:
        return True

    @property
    def output_bits(self) -> int:
        return max(2, self.most.bit_length() + 1)
