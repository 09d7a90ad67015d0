"""What the update of a neuron takes, family by family, counted in the equations of `models.neurons`.

Parameters that leave a term out of an equation leave its work out: a potential without a leak is not multiplied, a
current that is lost at once is no state. Clipping to a register's width costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Population
from ...models.neurons import IntegerNeuron, Reset

Array = NDArray[Any]

DECAYS_AWAY = 4096  # of 4096: nothing is kept
FINE_DECAYS_AWAY = 65536  # the same of adaptive neurons, whose decays are finer


@dataclass(frozen=True)
class UpdateWork:
    """Work of one step of a population, all its neurons together.

    Attributes
    ----------
    multiplications, additions : of states; comparisons count as additions.
    biased : neurons that add a bias, which is read; the additions hold it.
    additions_per_spike : what the reset of one neuron adds.
    states : how many neurons keep each state from step to step, by its name.
    """

    multiplications: int
    additions: int
    biased: int
    additions_per_spike: int
    states: Mapping[str, int]

    def with_more(self, multiplications: int = 0, additions: int = 0, **states: int) -> UpdateWork:
        """The same and something more."""
        return UpdateWork(
            self.multiplications + multiplications,
            self.additions + additions,
            self.biased,
            self.additions_per_spike,
            MappingProxyType({**self.states, **states}),
        )


def update_work(population: Population) -> UpdateWork:
    """What one step of a population of integer neurons takes.

    Raises
    ------
    ValueError : it has no integer neurons.
    """
    neuron = population.neuron
    if not isinstance(neuron, IntegerNeuron):
        raise ValueError(f"{population.name!r} has no integer neurons")
    return _FAMILIES[neuron.rule.name](neuron, population.size)


def state_bits(population: Population, work: UpdateWork) -> int:
    """Widths of all states that a population keeps, added up; as the neuron model has them."""
    assert isinstance(population.neuron, IntegerNeuron)
    widths = population.neuron.rule.state_bits
    return sum(widths[state] * neurons for state, neurons in work.states.items())


def _number(condition: Any, size: int) -> int:
    """Of how many neurons a condition, () or (neurons,), holds."""
    return int(np.count_nonzero(np.broadcast_to(condition, (size,))))


def _leaky(neuron: Any, size: int) -> UpdateWork:
    """u <- u kept + a; v <- v kept + u + bias; and the comparison with the threshold."""
    current = _number(neuron.current_decay < DECAYS_AWAY, size)
    voltage = _number(neuron.voltage_decay < DECAYS_AWAY, size)
    leaking = _number((neuron.current_decay > 0) & (neuron.current_decay < DECAYS_AWAY), size)
    leaking += _number((neuron.voltage_decay > 0) & (neuron.voltage_decay < DECAYS_AWAY), size)
    biased = _number(neuron.bias_mantissa != 0, size)
    compared = size if neuron.eventful else 0
    kept = {name: number for name, number in (("current", current), ("voltage", voltage)) if number}
    subtracts = int(neuron.eventful and neuron.reset is Reset.SUBTRACT)
    return UpdateWork(leaking, current + voltage + biased + compared, biased, subtracts, MappingProxyType(kept))


def _refractory(neuron: Any, size: int) -> UpdateWork:
    """Besides, the count of steps to wait: compared, and lowered."""
    return _leaky(neuron, size).with_more(0, 2 * size, waiting=size)


def _adaptive_threshold(neuron: Any, size: int) -> UpdateWork:
    """Besides, b <- (b - threshold) kept + threshold, r <- r kept, v - r; a spike adds to b and to r."""
    refractory = _number((neuron.refractory_decay < DECAYS_AWAY) & (neuron.refractory_gain != 0), size)
    states = {"threshold": size, **({"refractoriness": refractory} if refractory else {})}
    more = _leaky(neuron, size).with_more(size + refractory, 2 * size + refractory, **states)
    per_spike = more.additions_per_spike + 1 + bool(refractory)
    return UpdateWork(more.multiplications, more.additions, more.biased, per_spike, more.states)


def _two_comparisons(neuron: Any, size: int) -> UpdateWork:
    """Besides, a comparison with a second threshold."""
    return _leaky(neuron, size).with_more(0, size)


def _graded(neuron: Any, size: int) -> UpdateWork:
    return _leaky(neuron, size).with_more(0, size if neuron.signed else 0)


def _multiple_spikes(neuron: Any, size: int) -> UpdateWork:
    """Besides, the potential over the threshold, taken for a multiplication, and the comparison with the most."""
    return _leaky(neuron, size).with_more(size, size)


def _noisy(neuron: Any, size: int) -> UpdateWork:
    """Besides, the generator (two products, three sums), the offset and the sum with the noise."""
    noisy = _number(neuron.noise_enabled != 0, size)
    return _leaky(neuron, size).with_more(2 * noisy, 5 * noisy, **({"generator": noisy} if noisy else {}))


def _adaptive(neuron: Any, size: int) -> UpdateWork:
    """v <- v kept + a - coupling w + bias; w <- w kept + feedback v; the comparison; a spike adds to w."""
    leaking = sum(
        _number((decay > 0) & (decay < FINE_DECAYS_AWAY), size)
        for decay in (neuron.voltage_decay, neuron.adaptation_decay)
    )
    products = leaking + _number(neuron.coupling != 0, size) + _number(neuron.feedback != 0, size)
    biased = _number(neuron.bias_mantissa != 0, size)
    sums = size + _number(neuron.coupling != 0, size) + _number(neuron.feedback != 0, size) + biased + size
    states = MappingProxyType({"voltage": size, "adaptation": size})
    return UpdateWork(products, sums, biased, 1 + int(neuron.reset is Reset.SUBTRACT), states)


def _izhikevich(neuron: Any, size: int) -> UpdateWork:
    """Two half steps of h / 2 ((0.04 v + 5) v + drive), one of h a (b v - u), the drive, and the comparisons."""
    biased = _number(neuron.bias != 0, size)
    half_step = (3, 4)  # products; sums within, with the drive, with the potential, and the comparison with the peak
    recovery, drive = (2, 2), (1, 2)
    products = size * (2 * half_step[0] + recovery[0] + drive[0])
    sums = size * (2 * half_step[1] + recovery[1] + drive[1] + 1) + biased
    return UpdateWork(products, sums, biased, 1, MappingProxyType({"voltage": size, "recovery": size}))


def _resonate_and_fire(neuron: Any, size: int) -> UpdateWork:
    """Both parts turn: four products, two sums; what arrives is scaled and added; one comparison, or three."""
    inputs = [_number(gain != 0, size) for gain in (neuron.real_gain, neuron.imaginary_gain)]
    scaled = [_number((gain != 0) & (gain != 1), size) for gain in (neuron.real_gain, neuron.imaginary_gain)]
    compared = size if neuron.resets else 3 * size
    states = MappingProxyType({"real": size, "imaginary": size})
    return UpdateWork(4 * size + sum(scaled), 2 * size + sum(inputs) + compared, 0, 0, states)


def _sigma_delta(neuron: Any, size: int) -> UpdateWork:
    """sigma + a, + bias, two comparisons; the difference from what was sent, compared; a spike adds to that."""
    biased = _number(neuron.bias != 0, size)
    integrates, delta = size * neuron.integrates, size * neuron.delta
    sums = integrates + biased + 2 * size * neuron.rectifies + 2 * delta
    states = {name: number for name, number in (("sigma", integrates), ("sent", delta)) if number}
    return UpdateWork(0, sums, biased, int(neuron.delta), MappingProxyType(states))


_FAMILIES: Mapping[str, Callable[[Any, int], UpdateWork]] = MappingProxyType(
    {
        "leaky": _leaky,
        "refractory": _refractory,
        "adaptive_threshold": _adaptive_threshold,
        "ternary": _two_comparisons,
        "graded": _graded,
        "multiple_spikes": _multiple_spikes,
        "noisy": _noisy,
        "adaptive": _adaptive,
        "izhikevich": _izhikevich,
        "resonate_and_fire": _resonate_and_fire,
        "sigma_delta": _sigma_delta,
    }
)
