"""The integer neurons of a population as PyNN's leaky cells see them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Population, Role
from ...models.neurons import IntegerLeakyIntegrateAndFire, IntegerRefractory

Array = NDArray[Any]
UNITY = 4096  # of decays
ACTIVATION = 64  # units of the potential in a unit of weight
HIGHEST_THRESHOLD = 16.0  # mV; SpiNNaker's s16.15 ends at 65,536 and has steps of 2**-15
LARGEST_POTENTIAL = 1 << 23
INTEGRATOR_RANGE = 1 << 14  # mV that the largest potential of an integrator becomes
UNREACHABLE = 32000.0  # mV; the threshold of an integrator


@dataclass(frozen=True, eq=False)
class Cells:
    """One population's parameters, each an array () or (neurons,).

    A spike of weight w nA lifts the potential by w mV in the step in which it acts, by the choice of the capacitance.

    Attributes
    ----------
    unit : units of the integer potential in a mV, a power of two.
    voltage_retention, current_retention : what is left after a step, in [0, 1].
    threshold : mV, halfway between the highest integer that does not spike and the lowest that does, so that neither
        `>` or `>=` nor the last bits of a sum matter.
    reset, rest : mV. The cells rest at their initial potential, so that they keep it until their first step.
    first_drive, later_drive : nA, the weight of a spike at the first and at each later step of a sample: the bias, what
        constant neurons send, and what takes back the leak towards `rest`.
    period : refractory steps.
    """

    unit: float
    voltage_retention: Array
    current_retention: Array
    threshold: Array
    reset: Array
    rest: Array
    first_drive: Array
    later_drive: Array
    period: Array

    def arrays(self) -> dict[str, Array]:
        """The attributes by their names."""
        return {name: np.asarray(value) for name, value in vars(self).items()}


def cells_of(network: Network, population: Population) -> Cells:
    """The cells of a population that `refusals` has nothing against."""
    neuron = population.neuron
    assert isinstance(neuron, IntegerLeakyIntegrateAndFire | IntegerRefractory)
    rule = neuron.rule_parameters
    spiking = isinstance(neuron, IntegerRefractory) or neuron.spiking
    unit = _unit(rule["level"]) if spiking else LARGEST_POTENTIAL / INTEGRATOR_RANGE
    voltage = 1 - neuron.voltage_decay / UNITY
    current = 1 - neuron.current_decay / UNITY
    # Shifting the potential by its start v0 turns v <- r v + u + bias into the same with bias - (1 - r) v0. The current
    # follows u <- c u + input, so that an input of B at first and of B (1 - c) later holds it at B.
    bias = rule["bias"] - (1 - voltage) * neuron.initial_voltage
    steady = ACTIVATION * _constant_input(network, population)
    return Cells(
        unit=unit,
        voltage_retention=voltage,
        current_retention=current,
        threshold=(rule["level"] + 0.5) / unit if spiking else np.asarray(UNREACHABLE),
        reset=neuron.reset_value / unit,
        rest=neuron.initial_voltage / unit,
        first_drive=(bias + steady) / unit,
        later_drive=(bias * (1 - current) + steady) / unit,
        period=neuron.period if isinstance(neuron, IntegerRefractory) else np.asarray(0),
    )


def _unit(level: Array) -> float:
    """The power of two that brings the highest threshold to between a half and all of `HIGHEST_THRESHOLD`."""
    highest = max(float(np.max(np.abs(level))), 1.0)
    return float(2.0 ** math.ceil(math.log2(highest / HIGHEST_THRESHOLD)))


def _constant_input(network: Network, population: Population) -> Array:
    """What neurons that spike at every step send to each neuron: (neurons,), in units of weight."""
    total = np.zeros(population.size)
    for projection in network.incoming(population.name):
        source = network.by_name[projection.source]
        if source.role is Role.CONSTANT:
            total += projection.connectivity.apply(np.ones((1, source.size)))[0] * 2**projection.exponent
    return total
