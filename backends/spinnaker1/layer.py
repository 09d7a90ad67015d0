"""A layer on SpiNNaker 1: its synapses with the weights as they are stored, its ring buffers and its neurons.

A ring buffer holds what arrives at one neuron in one step through synapses of one sign, from all projections and at all
delays; it is a sum of numbers without a sign, so that it is at 65535 at the end wherever it would have stayed there on
the way. A graded spike carries its number as payload, by which the weight is multiplied; a negative one makes an
excitatory synapse inhibit and an inhibitory one excite (assumed: sPyNNaker takes a payload for so many spikes). Layers
that such numbers can reach have one unit for weights of both signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import DoesNotFitError
from ...models.network import Network, Projection, Role
from ...models.neurons import IntegerNeuron, family_of
from .fixed_point import RING_LIMIT
from .leaky_neurons import LeakyNeurons
from .synaptic_rows import SynapticRows
from .weight_scales import BySign, WeightScale, choose_scale, largest_sums

Array = NDArray[Any]
SIGNS = (1, -1)


@dataclass(frozen=True, eq=False)
class Synapses:
    """A projection, its weights as they are stored.

    Attributes
    ----------
    projection : as in the network.
    rows : its weights as they are stored.
    rounded : how many of its weights are not a multiple of their unit; a shared weight counts once.
    """

    projection: Projection
    rows: SynapticRows
    rounded: int

    @classmethod
    def of(cls, projection: Projection, scales: tuple[WeightScale, WeightScale]) -> Synapses:
        """The synapses of a projection.

        Parameters
        ----------
        scales : of its excitatory and inhibitory weights.
        """
        matrices, rounded = [], 0
        for sign, scale in zip(SIGNS, scales, strict=True):
            weights = _weights(projection, sign)
            stored = scale.stored(weights, projection.exponent)
            rounded += int(np.count_nonzero(stored * 2.0**scale.exponent != weights * 2.0**projection.exponent))
            matrices.append(projection.connectivity.with_weights(stored).to_sparse().T.tocsr())
        return cls(projection, SynapticRows.of(*matrices), rounded)


@dataclass(frozen=True, eq=False)
class Layer:
    """A population with neurons, and all synapses that end in it.

    Attributes
    ----------
    name : of the population.
    synapses : see `Synapses`.
    neurons : see `LeakyNeurons`.
    scales : of excitatory and inhibitory weights.
    ring_limit : where a ring buffer ends.
    """

    name: str
    synapses: tuple[Synapses, ...]
    neurons: LeakyNeurons
    scales: tuple[WeightScale, WeightScale]
    ring_limit: int = RING_LIMIT

    @classmethod
    def of(cls, network: Network, name: str, input_value: int, input_signed: bool, measured: BySign | None) -> Layer:
        """A layer of an integer network.

        Parameters
        ----------
        input_value, input_signed : the largest magnitude of a number in the input, and whether there are negative ones.
        measured : the largest sums that arrived on some data, or None.

        Raises
        ------
        DoesNotFitError : their unit would round all of its weights to zero.
        """
        population, incoming = network.by_name[name], network.incoming(name)
        largest = largest_sums(network, name, input_value, input_signed)
        of_signs = [tuple((_weights(part, sign), part.exponent) for part in incoming) for sign in SIGNS]
        if any(_negative_numbers(network, part, input_signed) for part in incoming):
            largest = BySign(max(largest), max(largest))
            measured = None if measured is None else BySign(max(measured), max(measured))
            of_signs = [of_signs[0] + of_signs[1]] * 2
        excitatory, inhibitory = (
            choose_scale(of_signs[index], largest[index], None if measured is None else measured[index])
            for index in range(len(SIGNS))
        )
        scales = excitatory, inhibitory
        synapses = tuple(Synapses.of(part, scales) for part in incoming)
        if any(part.rounded for part in synapses) and not any(part.rows.weights.size for part in synapses):
            raise DoesNotFitError(
                f"{name!r}: up to {max(largest)} can arrive at a neuron in one step, so that a ring buffer of 16 bits "
                "leaves nothing of its weights: give calibration data, by which their unit is chosen, or let fewer "
                "bits of graded spikes reach it."
            )
        neuron = population.neuron
        assert isinstance(neuron, IntegerNeuron)
        return cls(name, synapses, LeakyNeurons.of(population, family_of(neuron), largest), scales)

    @property
    def rounded_weights(self) -> int:
        """Weights that their unit rounds."""
        return sum(part.rounded for part in self.synapses)

    @property
    def shifts(self) -> tuple[int, int]:
        """Bits by which a ring buffer of each sign is shifted left to be a current."""
        base = self.neurons.input_shift + self.neurons.fraction_bits
        return base + self.scales[0].exponent, base + self.scales[1].exponent

    def charges(self, sums: tuple[Array, Array]) -> tuple[tuple[Array, Array], int]:
        """What ring buffers give to the neurons, in bits of s16.15, and how many of them stayed at 65535.

        Parameters
        ----------
        sums : (samples, neurons) int64, for each sign what would be in its buffers if they had no end.
        """
        lost = sum(int(np.count_nonzero(part > self.ring_limit)) for part in sums)
        held = (np.minimum(part, self.ring_limit) for part in sums)
        excitatory, inhibitory = (part << shift for part, shift in zip(held, self.shifts, strict=True))
        return (excitatory, inhibitory), lost


def _negative_numbers(network: Network, projection: Projection, input_signed: bool) -> bool:
    """Whether a projection carries some: graded outputs may be negative."""
    source = network.by_name[projection.source]
    return input_signed if source.role is Role.INPUT else source.graded


def _weights(projection: Projection, sign: int) -> Array:
    return np.maximum(sign * projection.connectivity.weights.astype(np.int64), 0)
