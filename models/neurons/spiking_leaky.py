"""What leaky neurons share that always spike, whatever else they do: threshold, reset and registers.

The families that vary one thing of the leaky neuron (a refractory period, a second threshold, a threshold that adapts,
noise) are built on these; the plain neuron itself, which may also be an integrator, is `leaky_integrate_and_fire`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .leaky_dynamics import LeakyDynamics, Reset
from .neuron_model import Array, IntegerNeuron, make_arrays


@dataclass(frozen=True, eq=False)
class SpikingLeaky(LeakyDynamics):
    """Float parameters: those of `LeakyDynamics`, and these, each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    reset, reset_value : see `Reset`.
    inclusive : spike at the threshold itself too.
    initial_voltage : membrane potential before the first step.
    """

    reset: Reset = Reset.VALUE
    reset_value: Array = field(default_factory=lambda: np.zeros(()))
    inclusive: bool = False
    initial_voltage: Array = field(default_factory=lambda: np.zeros(()))

    def started(self, batch: int, size: int) -> Array:
        """Membrane potentials before the first step, (batch, size)."""
        return np.broadcast_to(self.initial_voltage, (batch, size)).astype(np.float64)

    def fires(self, voltage: Array, threshold: Array) -> Array:
        """Where potentials make a spike: bool."""
        return np.asarray(voltage >= threshold if self.inclusive else voltage > threshold)

    def after_spikes(self, voltage: Array, spikes: Array, subtracted: Array) -> Array:
        """Potentials once those that spike (bool) are reset, by what is `subtracted` where the reset subtracts."""
        if self.reset is Reset.VALUE:
            return np.where(spikes, self.reset_value, voltage)
        if self.reset is Reset.SUBTRACT:
            return np.where(spikes, voltage - subtracted, voltage)
        return voltage


@dataclass(frozen=True, eq=False)
class IntegerSpikingLeaky(IntegerNeuron):
    """The same in Loihi's fixed point; integer arrays, each a scalar () or one value a neuron, (neurons,).

    Attributes
    ----------
    current_decay : 1..4096, the current lost in a step, in 4096ths (Lava's `du + 1`).
    voltage_decay : 0..4096, the potential lost in a step, in 4096ths (Lava's `dv`, which ends at 4095).
    threshold : 0..131071 (17 bit), in units of 64 of the potential.
    bias_mantissa : -4096..4095 (13 bit).
    bias_exponent : 0..7; the bias is mantissa * 2**exponent, in units of the potential.
    reset, inclusive : as in `SpikingLeaky`.
    reset_value, initial_voltage : 24 bit, in units of the potential.
    """

    current_decay: Array
    voltage_decay: Array
    threshold: Array
    bias_mantissa: Array
    bias_exponent: Array
    reset: Reset = Reset.VALUE
    reset_value: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))
    inclusive: bool = False
    initial_voltage: Array = field(default_factory=lambda: np.zeros((), dtype=np.int64))

    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        "current_decay": (1, 4096),
        "voltage_decay": (0, 4096),
        "threshold": (0, 131071),
        "bias_mantissa": (-4096, 4095),
        "bias_exponent": (0, 7),
        "reset_value": (1 - 2**23, 2**23 - 1),
        "initial_voltage": (1 - 2**23, 2**23 - 1),
    }

    def __post_init__(self) -> None:
        make_arrays(self, np.int64)
