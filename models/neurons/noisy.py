"""Stochastic leaky neurons: noise is added to the current or to the potential, from a generator that is part of them.

In discrete time, one step for every t:

    n[t] = noise_amplitude * (m[t] / 128 + noise_offset / 2),   m[t] in -128..127, pseudo-random, all as likely
    u[t] = current_retention * u[t-1] + input_gain * a[t]                   (+ n[t] where the noise is at the current)
    v[t] = voltage_retention * v[t-1] + current_gain * u[t] + bias          (+ n[t] where it is not)
    spike where v[t] > threshold (or >= threshold), and then
    v[t] = reset_value | v[t] - threshold | v[t]

This is the noise of Loihi's compartments, as nengo-loihi's emulator has it, with a generator of our own, for that of
the chip is not public; `rules.noisy_rule` describes it. The mean of m is -1/2, its variance (256**2 - 1) / 12. Every
neuron has a seed of its own, and the number of the sample is mixed into it, so that the same integers come at every
run and everywhere, and others in every neuron, sample and step. The float model draws the same m.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from .neuron_model import Array, IntegerRule, State
from .rules import noisy_rule
from .spiking_leaky import IntegerSpikingLeaky, SpikingLeaky

LARGEST_SEED = 2**32 - 1

# Rules have no annotations, as they also run beside Lava.
_RULE = IntegerRule.of(noisy_rule)
_mixed: Callable[[Any], Array] = noisy_rule.mixed
_drawn: Callable[[Array, Array], tuple[Array, Array]] = noisy_rule.drawn
_increments_of: Callable[[Array], Array] = noisy_rule.increments_of


def seeds_of(seed: int, neurons: int) -> Array:
    """A seed for each neuron of a layer, all different.

    Parameters
    ----------
    seed : 0..2**32 - 1, of the layer; layers whose seeds differ have other noise.
    neurons : how many.

    Returns
    -------
    (neurons,) int64, 0..2**32 - 1.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"a seed is in 0..{LARGEST_SEED}, not {seed}")
    # A hash of 32 bits is a permutation of them, so that numbers that differ make seeds that differ.
    return _mixed(_mixed(seed) ^ np.arange(neurons))


@dataclass(frozen=True, eq=False)
class Noisy(SpikingLeaky):
    """Float parameters: those of `SpikingLeaky`, and these, each a scalar array () or one value a neuron, (neurons,).

    Attributes
    ----------
    noise_amplitude : at least 0.
    noise_offset : whole number of halves of the amplitude, -31..31.
    noise_at_current : whether noise is added to the synaptic current (in its unit, behind the input's gain) and not to
        the potential.
    seeds : 0..2**32 - 1, one a neuron; see `seeds_of`.
    """

    noise_amplitude: Array = field(kw_only=True)
    noise_offset: Array = field(kw_only=True, default_factory=lambda: np.zeros(()))
    noise_at_current: bool = field(kw_only=True, default=False)
    seeds: Array = field(kw_only=True)

    def with_unit_gain(self) -> Self:
        # The current is then counted in units of the potential, and its noise with it.
        gain = self.current_gain if self.noise_at_current else np.ones(())
        return replace(super().with_unit_gain(), noise_amplitude=self.noise_amplitude * gain)

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        assert _RULE.start_of_sample is not None
        start = _RULE.start({"seeds": self.seeds, "initial_voltage": 0})
        *_, generator = _RULE.start_of_sample(start, np.arange(first, first + batch)[:, np.newaxis])
        return np.zeros((batch, size)), self.started(batch, size), np.broadcast_to(generator, (batch, size)).copy()

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        generator, mantissa = _drawn(state[2], _increments_of(self.seeds))
        noise = self.noise_amplitude * (mantissa / 128 + self.noise_offset / 2)
        current, voltage = self.charged(state, activation)
        voltage = voltage + noise * (self.current_gain if self.noise_at_current else 1.0)
        if self.noise_at_current:
            current = current + noise
        spikes = self.fires(voltage, self.threshold)
        voltage = self.after_spikes(voltage, spikes, self.threshold)
        return (current, voltage, generator), spikes.astype(np.float64)


@dataclass(frozen=True, eq=False)
class IntegerNoisy(IntegerSpikingLeaky):
    """The same family in Loihi's fixed point: the parameters of `IntegerSpikingLeaky`, and these.

    Attributes
    ----------
    noise_exponent : 0..22; the amplitude is 2**exponent, in units of the state that the noise is added to.
    noise_offset : -31..31, in halves of the amplitude.
    noise_enabled : 1, or 0 for neurons without noise.
    noise_at_current, seeds : as in `Noisy`.
    """

    noise_exponent: Array = field(kw_only=True)
    noise_offset: Array = field(kw_only=True, default_factory=lambda: np.zeros((), dtype=np.int64))
    noise_enabled: Array = field(kw_only=True, default_factory=lambda: np.ones((), dtype=np.int64))
    noise_at_current: bool = field(kw_only=True, default=False)
    seeds: Array = field(kw_only=True)

    rule: ClassVar[IntegerRule] = _RULE
    ranges: ClassVar[dict[str, tuple[int, int]]] = {
        **IntegerSpikingLeaky.ranges,
        "noise_exponent": (0, 22),
        "noise_offset": (-31, 31),
        "noise_enabled": (0, 1),
        "seeds": (0, LARGEST_SEED),
    }
