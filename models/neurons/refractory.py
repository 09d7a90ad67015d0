"""Leaky neurons with an absolute refractory period.

In discrete time, one step for every t, with a counter w of the steps that a neuron still has to wait:

    u[t] = current_retention * u[t-1] + input_gain * a[t]
    v[t] = voltage_retention * v[t-1] + current_gain * u[t] + bias   where w[t-1] = 0, else v[t-1]
    spike where w[t-1] = 0 and v[t] > threshold (or >= threshold), and then
    v[t] = reset_value | v[t] - threshold | v[t],   w[t] = period
    w[t] = w[t-1] - 1 where w[t-1] > 0

So a neuron that spikes at t does not spike at t + 1 ... t + period, nor does its potential move; its current does. That
is Lava's `LIFRefractory` (`lava.proc.lif.models.PyLifRefractoryModelFloat`) with its `refractory_period`, Norse's
`LIFRefrac` with its `rho_reset`, and a compartment of Loihi whose `refractDelay` (nengo-loihi's `refract_delay`,
lava-dl's `refDelay`) is period + 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .neuron_model import Array, IntegerRule, State
from .rules import refractory_rule
from .spiking_leaky import IntegerSpikingLeaky, SpikingLeaky

LONGEST_PERIOD = 62  # Loihi's register has 6 bits, and holds the period + 1


@dataclass(frozen=True, eq=False)
class Refractory(SpikingLeaky):
    """Float parameters: those of `SpikingLeaky`, and this one, a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    period : whole steps after a spike in which a neuron does not spike again, at least 0.
    """

    period: Array = field(kw_only=True)

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        return np.zeros((batch, size)), self.started(batch, size), np.zeros((batch, size))

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        before, waiting = state[1], state[2]
        current, voltage = self.charged(state, activation)
        ready = waiting <= 0
        voltage = np.where(ready, voltage, before)
        spikes = ready & self.fires(voltage, self.threshold)
        voltage = self.after_spikes(voltage, spikes, self.threshold)
        waiting = np.where(spikes, self.period, np.maximum(waiting - 1, 0.0))
        return (current, voltage, waiting), spikes.astype(np.float64)


@dataclass(frozen=True, eq=False)
class IntegerRefractory(IntegerSpikingLeaky):
    """The same family in Loihi's fixed point: the parameters of `IntegerSpikingLeaky`, and this one.

    Attributes
    ----------
    period : 0..62, as in `Refractory`.
    """

    period: Array = field(kw_only=True)

    rule: ClassVar[IntegerRule] = IntegerRule.of(refractory_rule)
    ranges: ClassVar[dict[str, tuple[int, int]]] = {**IntegerSpikingLeaky.ranges, "period": (0, LONGEST_PERIOD)}
