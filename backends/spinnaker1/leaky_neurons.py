"""Leaky neurons in s16.15: the step of a population, and what becomes of the parameters of an integer model.

With e and i the currents of excitatory and inhibitory synapses, E and I what their ring buffers hold for this step, and
everything in bits of s16.15 (see `fixed_point` for decays and for where sums end):

    e <- decayed(e) + (E << shift),   i <- decayed(i) + (I << shift)
    v <- decayed(v) + (e - i + bias)
    spike where v >= level, and then v <- reset value | v - threshold | v

in the order in which sPyNNaker's neurons with exponential synapses do it (neural_modelling/src/neuron: `decay.h`,
`synapse_types_exponential_impl.h`, `neuron_model_lif_impl.h`): currents of both signs apart, potentials compared by
"at least", refractory neurons with a potential that rests. The equation itself is the network's own, which is not the
closed form of sPyNNaker's `IF_curr_exp`; it takes a model of one's own there (assumed: that it costs no more).

A unit of the network's potential is 2**fraction_bits bits of s16.15, as many as the largest potential that there can be
leaves room for; 8 always are, for the network's potentials end at 24 bits and s16.15 has 32. So where the integer
simulator rounds every decay towards zero to a whole unit, this one rounds it down to 2**-fraction_bits of one. It
differs further where a number leaves its width: the simulator's currents wrap at 24 bits and its potentials stay within
them; here both stay within 32. Where no decay loses a bit and no number leaves its width, both are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Population
from ...models.neurons import IntegerNeuron, Reset
from .fixed_point import ACCUM_LIMIT, DECAY_BITS, Rounding, decayed, saturated
from .weight_scales import BySign

Array = NDArray[Any]
State = tuple[Array, Array, Array, Array]

FAMILIES = ("leaky", "refractory", "ternary", "graded", "multiple_spikes")
"""What is computed here, by the names of `models.neurons.families`."""

DECAY_SHIFT = 12  # the network's decays are in 4096ths
WEIGHT_SHIFT = 6  # of a weight that arrives, and of thresholds
POTENTIAL_LIMIT = 1 << 23  # of the network's potentials
LARGEST_SHIFT = 24  # fraction bits beyond which nothing is gained


@dataclass(frozen=True, eq=False)
class LeakyNeurons:
    """A population; all arrays are int64, () or (neurons,), those of potentials in bits of s16.15.

    Attributes
    ----------
    size : number of neurons.
    fraction_bits : a unit of the network's potential is 2**fraction_bits bits.
    input_shift : bits by which weights are shifted left to be currents, in the network's units.
    kept_current, kept_voltage : what a step leaves, in 2**-32.
    bias, start : added to the potential at every step; potential before the first.
    level, lower_level : a spike where the potential is at least `level`, a negative one where it is at most
        `lower_level`.
    reset : what a spike does.
    reset_value, taken, lower_taken : the potential after a reset to a value; what a reset by subtraction takes for
        each spike, and for a negative one.
    most : spikes in a step; 0 for an integrator.
    period : steps in which a neuron rests after a spike.
    output_shift : bits by which a potential that is sent is shifted right; None where spikes are sent, or how many.
    """

    size: int
    fraction_bits: int
    input_shift: int
    kept_current: Array
    kept_voltage: Array
    bias: Array
    start: Array
    level: Array
    lower_level: Array
    reset: Reset
    reset_value: Array
    taken: Array
    lower_taken: Array
    most: int
    period: Array
    output_shift: int | None

    @classmethod
    def of(cls, population: Population, family: str, largest: BySign) -> LeakyNeurons:
        """The neurons of a population.

        Parameters
        ----------
        family : of `FAMILIES`.
        largest : the most that arrives at a neuron in a step; see `largest_sums`.
        """
        neuron = population.neuron
        assert isinstance(neuron, IntegerNeuron)
        given = vars(neuron)
        shift = int(given.get("input_shift", WEIGHT_SHIFT))
        threshold, bias = given["threshold"] << shift, given["bias_mantissa"] << given["bias_exponent"]
        lower = given["lower_threshold"] << shift if family == "ternary" else -threshold
        potentials = threshold, lower, given["reset_value"], given["initial_voltage"]
        bits = _fraction_bits(neuron, largest, shift, potentials)
        spiking, nearer = bool(given.get("spiking", True)), 0 if given["inclusive"] else 1
        signed = family == "ternary" or bool(given.get("signed", False))
        never = np.asarray(-ACCUM_LIMIT - 1)  # no potential is as low
        return cls(
            size=population.size,
            fraction_bits=bits,
            input_shift=shift,
            kept_current=_kept(given["current_decay"]),
            kept_voltage=_kept(given["voltage_decay"]),
            bias=bias << bits,
            start=given["initial_voltage"] << bits,
            level=(threshold << bits) + nearer,
            lower_level=(lower << bits) - nearer if signed else never,
            reset=given["reset"],
            reset_value=given["reset_value"] << bits,
            taken=threshold << bits,
            lower_taken=lower << bits,
            most=int(given["most"]) if family == "multiple_spikes" else int(spiking),
            period=given.get("period", np.zeros((), dtype=np.int64)),
            output_shift=bits + int(given["output_shift"]) if family == "graded" or not spiking else None,
        )

    def initial_state(self, samples: int) -> State:
        """Both currents, potential, and steps of rest left: int64 (samples, neurons) each."""
        shape = samples, self.size
        zeros = np.zeros(shape, dtype=np.int64)
        return zeros, zeros, np.broadcast_to(self.start, shape).astype(np.int64), zeros

    def step(
        self, state: State, excitatory: Array, inhibitory: Array, rounding: Rounding, random: np.random.Generator
    ) -> tuple[State, Array, int]:
        """Advance by one step.

        Parameters
        ----------
        excitatory, inhibitory : (samples, neurons) int64, what arrives, in bits of s16.15.

        Returns
        -------
        The state after this step, what is sent, (samples, neurons) int64, and how many states ended at s16.15's ends.
        """
        rising, rise_lost = saturated(self._decayed(state[0], self.kept_current, rounding, random) + excitatory)
        falling, fall_lost = saturated(self._decayed(state[1], self.kept_current, rounding, random) + inhibitory)
        charge, charge_lost = saturated(rising - falling + self.bias)
        voltage, voltage_lost = saturated(self._decayed(state[2], self.kept_voltage, rounding, random) + charge)
        ready = state[3] <= 0
        voltage = np.where(ready, voltage, state[2])
        spikes = self._spikes(voltage) * ready
        output = spikes
        if self.output_shift is not None:
            output = np.where((spikes != 0) | (self.most == 0), voltage >> self.output_shift, 0)
        voltage, reset_lost = saturated(self._reset(voltage, spikes))
        waiting = np.where(spikes != 0, self.period, np.maximum(state[3] - 1, 0))
        lost = rise_lost + fall_lost + charge_lost + voltage_lost + reset_lost
        return (rising, falling, voltage, waiting), output, lost

    def _decayed(self, states: Array, kept: Array, rounding: Rounding, random: np.random.Generator) -> Array:
        if np.all(kept == 0):
            return np.zeros_like(states)
        return states if np.all(kept == 1 << DECAY_BITS) else decayed(states, kept, rounding, random)

    def _spikes(self, voltage: Array) -> Array:
        """How many spikes potentials make: int64, negative for negative ones."""
        if self.most == 0:
            return np.zeros_like(voltage)
        if self.most > 1:
            # Of as many thresholds, the last may have to be exceeded by a bit.
            margin = self.level - self.taken
            return np.asarray(np.clip((voltage - margin) // self.taken, 0, self.most))
        return (voltage >= self.level).astype(np.int64) - (voltage <= self.lower_level)

    def _reset(self, voltage: Array, spikes: Array) -> Array:
        if self.reset is Reset.VALUE:
            return np.where(spikes != 0, self.reset_value, voltage)
        if self.reset is Reset.SUBTRACT:
            return np.asarray(voltage - np.maximum(spikes, 0) * self.taken - (spikes < 0) * self.lower_taken)
        return voltage


def _kept(decay: Array) -> Array:
    """What a decay in 4096ths leaves, in 2**-32; exactly."""
    return ((1 << DECAY_SHIFT) - decay) << (DECAY_BITS - DECAY_SHIFT)


def _fraction_bits(neuron: IntegerNeuron, largest: BySign, shift: int, potentials: tuple[Array, ...]) -> int:
    """As many as leave room for every state that there can be, and for some potentials that are given.

    A state that keeps the share k of itself and gains at most g in a step never exceeds g / (1 - k).
    """
    given = vars(neuron)
    lost_current, lost_voltage = (given[name] / (1 << DECAY_SHIFT) for name in ("current_decay", "voltage_decay"))
    currents = np.asarray([value << shift for value in largest]).reshape(2, 1) / np.atleast_1d(lost_current)
    bias = np.abs(given["bias_mantissa"] << given["bias_exponent"])
    with np.errstate(divide="ignore", invalid="ignore"):
        charge = currents.max() + bias
        voltage = np.where(charge > 0, charge / lost_voltage, 0.0)
    known = max(int(np.abs(part).max(initial=0)) for part in potentials)
    room = min(float(POTENTIAL_LIMIT), max(1.0, known, float(currents.max()), float(voltage.max(initial=0.0))) + 1)
    return min(LARGEST_SHIFT, (ACCUM_LIMIT - 1).bit_length() - int(np.ceil(np.log2(room))))
