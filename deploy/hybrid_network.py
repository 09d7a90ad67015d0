"""A float network one layer of which computes in the integers of the chip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.network import Network, Population, Projection, Role
from ..models.neurons import FloatNeuron, IntegerNeuron
from ..models.neurons.neuron_model import State

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class IntegersInFloat(FloatNeuron):
    """Integer neurons in a float network.

    What arrives is in their own integers already, as their synapses are those of the integer network.

    Attributes
    ----------
    neuron : the integer model.
    unit : its integer output per unit of the float network's; 1 for spikes.
    """

    neuron: IntegerNeuron
    unit: float

    @property
    def graded(self) -> bool:
        return self.neuron.graded

    @property
    def eventful(self) -> bool:
        return self.neuron.eventful

    @property
    def whole(self) -> bool:
        return self.neuron.whole

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        return self.neuron.initial_state(batch, size, first)

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        state, output = self.neuron.step(state, np.rint(activation))
        return state, output / self.unit

    def overflows(self, state: State, activation: Array) -> dict[str, Array]:
        """As of the integer model."""
        return self.neuron.overflows(state, np.rint(activation))


def with_integer_layer(network: Network, integer: Network, layer: str) -> Network:
    """A float network with one layer, its neurons and all that reaches them, as in the integer network.

    Parameters
    ----------
    network, integer : before and after quantization, with populations of the same names.
    layer : name of a population of neurons.
    """
    populations = tuple(
        replace(population, neuron=_in_float(integer, population.name)) if population.name == layer else population
        for population in network.populations
    )
    others = tuple(projection for projection in network.projections if projection.target != layer)
    own = tuple(_in_units(integer, projection) for projection in integer.incoming(layer))
    return Network(populations, (*others, *own), network.output)


def output_unit(integer: Network, population: Population) -> float:
    """Integer output per unit of the float network's: 1 for spikes and their number."""
    if population.role is Role.INPUT:
        return float(integer.scales[population.name])
    if population.neuron is None or population.neuron.whole:
        return 1.0
    # Every integer model of graded output shifts its state before it sends it.
    shift = int(getattr(population.neuron, "output_shift", 0))
    return float(np.asarray(integer.scales[population.name]).reshape(-1)[0]) / 2.0**shift


def _in_float(integer: Network, layer: str) -> IntegersInFloat:
    population = integer.by_name[layer]
    assert isinstance(population.neuron, IntegerNeuron)
    return IntegersInFloat(population.neuron, output_unit(integer, population))


def _in_units(integer: Network, projection: Projection) -> Projection:
    """A projection of the integer network for a source that sends floats."""
    unit = output_unit(integer, integer.by_name[projection.source])
    weights = projection.connectivity.weights * unit
    return replace(projection, connectivity=projection.connectivity.with_weights(weights))
