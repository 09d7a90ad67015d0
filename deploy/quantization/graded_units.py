"""What an integer of a graded output stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mapping.precision import Precision
from ...models.network import Network
from ...models.neurons import FloatNeuron, SigmaDelta
from .neuron_family import NeuronFamily

Array = NDArray[Any]

SILENT = 1e-30  # an output below it counts as none


def settled_units(
    network: Network,
    activity: Mapping[str, Array],
    families: Mapping[type[FloatNeuron], NeuronFamily],
    precision: Precision,
) -> dict[str, float]:
    """Integers per unit of each population's output: 1 for spikes and their number, for others that are settled a power
    of two.

    What travels as a number within a loop, and potentials, must be settled before any layer is quantized. Graded spikes
    that are sent forward, and the changes that sigma-delta neurons send, are left out: they get the unit that suits the
    layer's scale.

    Parameters
    ----------
    activity : per population, (samples, steps, neurons), of the float network.
    """
    position = {population.name: index for index, population in enumerate(network.populations)}
    units: dict[str, float] = {}
    for population in network.populations:
        outgoing = network.outgoing(population.name)
        if population.neuron is None or population.neuron.whole:
            units[population.name] = 1.0
        elif outgoing:
            forward = all(position[p.target] > position[population.name] for p in outgoing)
            if not (forward and (population.eventful or isinstance(population.neuron, SigmaDelta))):
                largest = float(np.max(np.abs(activity[population.name]), initial=0.0))
                if largest < SILENT:  # what a weight makes of one spike then says how large its output may be
                    weights = [p.connectivity.weights for p in network.incoming(population.name)]
                    sizes = (float(np.max(np.abs(part), initial=0.0)) for part in weights)
                    largest = max(sizes, default=0.0) or 1.0
                assert isinstance(population.neuron, FloatNeuron)
                bits = _payload_bits(families[type(population.neuron)], precision)
                units[population.name] = 2.0 ** np.floor(np.log2(2**bits / largest))
    return units


def finest_unit(family: NeuronFamily, scale: float, output: Array, precision: Precision) -> float:
    """The finest unit that is the state's shifted by whole bits and leaves the payload its width."""
    largest = max(float(np.max(np.abs(output), initial=0.0)), SILENT)
    state = scale * family.state_unit
    shift = max(0, int(np.ceil(np.log2(largest * state) - _payload_bits(family, precision))))
    return float(state / 2.0**shift)


def _payload_bits(family: NeuronFamily, precision: Precision) -> int:
    return min(family.payload_bits, max(1, precision.graded_spike_bits - 1))
