"""What all leaky neurons share: a synaptic current and a membrane potential that both leak, and what a reset does.

In discrete time, one step for every t:

    u[t] = current_retention * u[t-1] + input_gain * a[t]
    v[t] = voltage_retention * v[t-1] + current_gain * u[t] + bias
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import numpy as np

from .neuron_model import Array, FloatNeuron, State, make_arrays


class Reset(StrEnum):
    """What becomes of the membrane potential at a spike."""

    VALUE = "zero"  # to the reset value, which is zero where the model gives none
    SUBTRACT = "subtract"
    NONE = "none"


@dataclass(frozen=True, eq=False)
class LeakyDynamics(FloatNeuron):
    """Float parameters; each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    current_retention : share of the synaptic current kept from step to step, in [0, 1].
    voltage_retention : share of the membrane potential kept from step to step, in [0, 1].
    threshold : membrane potential at which the neuron fires.
    input_gain : synaptic current per unit of input.
    current_gain : membrane potential per unit of synaptic current and step.
    bias : membrane potential added at every step.
    """

    current_retention: Array
    voltage_retention: Array
    threshold: Array
    input_gain: Array
    current_gain: Array
    bias: Array

    def __post_init__(self) -> None:
        make_arrays(self, np.float64)

    @property
    def gain(self) -> Array:
        return np.asarray(self.input_gain * self.current_gain)

    def with_unit_gain(self) -> Self:
        return replace(self, input_gain=np.ones(()), current_gain=np.ones(()), bias=shared(self.bias))

    def with_drive(self, drive: Array) -> Self | None:
        # A synaptic current would be charged first, and a bias is there at once.
        return None if np.any(self.current_retention) else replace(self, bias=shared(self.bias + drive))

    def charged(self, state: State, activation: Array) -> State:
        """Current and potential of a step before it spikes."""
        current = self.current_retention * state[0] + self.input_gain * activation
        return current, self.voltage_retention * state[1] + self.current_gain * current + self.bias


def shared(values: Array) -> Array:
    """One value where all neurons have the same."""
    same = values.ndim > 0 and values.size > 0 and bool(np.all(values == values.reshape(-1)[0]))
    return np.asarray(values.reshape(-1)[0] if same else values)
