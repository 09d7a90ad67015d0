"""The leaky integrate-and-fire family: IF, LIF, CUBA-LIF, their integrators without spikes, and the bare threshold.

One equation serves them all, in discrete time, one step for every t:

    u[t] = current_retention * u[t-1] + input_gain * a[t]
    v[t] = voltage_retention * v[t-1] + current_gain * u[t] + bias
    spike where v[t] > threshold (or >= threshold), and then
    v[t] = reset_value | v[t] - threshold | v[t]

LIF is the case current_retention = 0, IF has voltage_retention = 1, a bare threshold has voltage_retention = 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Reset(StrEnum):
    """What becomes of the membrane potential at a spike."""

    VALUE = "zero"  # to the reset value, which is zero where the model gives none
    SUBTRACT = "subtract"
    NONE = "none"


@dataclass(frozen=True, eq=False)
class LeakyIntegrateAndFire:
    """Float parameters; each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    current_retention : share of the synaptic current kept from step to step, in [0, 1].
    voltage_retention : share of the membrane potential kept from step to step, in [0, 1].
    threshold : membrane potential above which the neuron spikes; unused where `spiking` is False.
    input_gain : synaptic current per unit of input.
    current_gain : membrane potential per unit of synaptic current and step.
    bias : membrane potential added at every step.
    reset, reset_value : see `Reset`.
    inclusive : spike at the threshold itself too.
    spiking : False for an integrator, whose output at every step is its membrane potential.
    """

    current_retention: Array
    voltage_retention: Array
    threshold: Array
    input_gain: Array
    current_gain: Array
    bias: Array
    reset: Reset = Reset.VALUE
    reset_value: Array = field(default_factory=lambda: np.zeros(()))
    inclusive: bool = False
    spiking: bool = True

    def __post_init__(self) -> None:
        _make_arrays(self, np.float64)

    def step(self, current: Array, voltage: Array, activation: Array) -> tuple[Array, Array, Array]:
        """Advance by one step.

        Parameters
        ----------
        current, voltage, activation : (batch, neurons) float; the state after the last step, and the input.

        Returns
        -------
        current, voltage, output : the state after this step, and spikes as 0.0 and 1.0 (or the potential).
        """
        current = self.current_retention * current + self.input_gain * activation
        voltage = self.voltage_retention * voltage + self.current_gain * current + self.bias
        if not self.spiking:
            return current, voltage, voltage
        spikes = voltage >= self.threshold if self.inclusive else voltage > self.threshold
        if self.reset is Reset.VALUE:
            voltage = np.where(spikes, self.reset_value, voltage)
        elif self.reset is Reset.SUBTRACT:
            voltage = np.where(spikes, voltage - self.threshold, voltage)
        return current, voltage, spikes.astype(np.float64)


@dataclass(frozen=True, eq=False)
class IntegerLeakyIntegrateAndFire:
    """The same family in Loihi's fixed point; integer arrays, each a scalar () or one value a neuron, (neurons,).

    Attributes
    ----------
    current_decay : 1..4096, the current lost in a step, in 4096ths (Lava's `du + 1`).
    voltage_decay : 0..4096, the potential lost in a step, in 4096ths (Lava's `dv`, which ends at 4095).
    threshold : 0..131071 (17 bit); the neuron spikes where the potential exceeds threshold * 64.
    bias_mantissa : -4096..4095 (13 bit).
    bias_exponent : 0..7; the bias is mantissa * 2**exponent, in units of the potential.
    reset, inclusive, spiking : as in `LeakyIntegrateAndFire`.
    reset_value : 24 bit, in units of the potential.
    output_shift : the graded output of an integrator is its potential shifted right by this many bits.
    """

    current_decay: Array
    voltage_decay: Array
    threshold: Array
    bias_mantissa: Array
    bias_exponent: Array
    reset: Reset = Reset.VALUE
    reset_value: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))
    inclusive: bool = False
    spiking: bool = True
    output_shift: int = 0

    def __post_init__(self) -> None:
        _make_arrays(self, np.int64)


def _make_arrays(neuron: LeakyIntegrateAndFire | IntegerLeakyIntegrateAndFire, dtype: type) -> None:
    """NumPy turns arrays without axes into numbers wherever it can; parameters are arrays nonetheless."""
    for parameter in fields(neuron):
        value = getattr(neuron, parameter.name)
        if isinstance(value, np.ndarray | np.generic):
            object.__setattr__(neuron, parameter.name, np.asarray(value, dtype=dtype))
