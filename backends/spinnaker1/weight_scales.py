"""The unit in which a layer's synapses hold their weights, one for excitatory and one for inhibitory ones.

A weight has 16 bits without a sign, and so has the sum of all that arrives at a neuron in a step, which stays at 65535
where it would be more. Both are in units of 2**exponent of the network's own weights, projections' exponents included:

    stored = round(|weight| * 2**(projection's exponent - exponent))

rounded to the nearest, halves to even, as in sPyNNaker, which chooses one power of two for each layer and kind of
synapse (`ring_buffer_to_input_left_shift`) as well. Which one is our own choice, for networks whose integers are known:
the largest unit that loses no bit of any weight, if the largest sum there can be has 16 bits in it; else the smallest
in which it has them, so that nothing saturates; or, where sums were measured on data, the smallest in which those have
them, if that is smaller. sPyNNaker takes a mean rate of spikes and five standard deviations instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Projection, Role
from ...models.neurons import IntegerNeuron
from .fixed_point import RING_LIMIT

Array = NDArray[Any]


class BySign(NamedTuple):
    """A number for excitatory and one for inhibitory synapses, in units of the network's weights."""

    excitatory: int
    inhibitory: int


@dataclass(frozen=True)
class WeightScale:
    """How the synapses of one sign that end in a layer hold their weights.

    Attributes
    ----------
    exponent : a stored weight of 1 is 2**exponent of the network's weights.
    lost_bits : low bits of the finest weight that the unit has no place for; 0 where every weight is held as it is.
    largest_sum : the largest that can arrive at a neuron in a step, in units of the network's weights.
    measured_sum : the largest that did on the data for which the scale was chosen; None where there were none.
    """

    exponent: int
    lost_bits: int
    largest_sum: int
    measured_sum: int | None

    def stored(self, weights: Array, exponent: int) -> Array:
        """Weights without a sign as the synapses hold them, int64.

        Parameters
        ----------
        weights : integers, at least 0.
        exponent : of their projection.
        """
        shift = exponent - self.exponent
        whole = weights.astype(np.int64)
        return whole << shift if shift >= 0 else np.rint(whole / 2.0**-shift).astype(np.int64)


def choose_scale(weights: tuple[tuple[Array, int], ...], largest_sum: int, measured_sum: int | None) -> WeightScale:
    """The scale for all synapses of one sign that end in a layer.

    Parameters
    ----------
    weights : of each projection, its weights without a sign, integers of at least 0, and its exponent.
    largest_sum, measured_sum : see `WeightScale`.
    """
    lossless = min((_lowest_bit(values) + exponent for values, exponent in weights if np.any(values)), default=0)
    needed = largest_sum if measured_sum is None else min(measured_sum, largest_sum)
    heaviest = max((int(values.max(initial=0)) << exponent for values, exponent in weights), default=0)
    # A weight alone must have its 16 bits, too, whatever was measured.
    exponent = max(lossless, _fitting(max(needed, heaviest)))
    return WeightScale(exponent, exponent - lossless, largest_sum, measured_sum)


def largest_sums(network: Network, name: str, input_value: int, input_signed: bool) -> BySign:
    """The most that can arrive at any neuron of a layer in one step through synapses of each sign.

    Parameters
    ----------
    name : of the layer.
    input_value : the largest magnitude of a number in the input.
    input_signed : whether there are negative ones.
    """
    excitatory = np.zeros(network.by_name[name].size)
    inhibitory = np.zeros_like(excitatory)
    for projection in network.incoming(name):
        connectivity, ones = projection.connectivity, np.ones((1, projection.connectivity.sources))
        positive, negative = (
            connectivity.with_weights(np.maximum(sign * connectivity.weights.astype(np.int64), 0)).apply(ones)[0]
            for sign in (1, -1)
        )
        value, signed = _largest_message(network, projection, input_value, input_signed)
        if signed:  # a negative number makes an excitatory synapse inhibit, and the other way round
            positive = negative = np.maximum(positive + negative, 0)
        excitatory += value * positive * 2.0**projection.exponent
        inhibitory += value * negative * 2.0**projection.exponent
    return BySign(int(excitatory.max(initial=0)), int(inhibitory.max(initial=0)))


def _largest_message(network: Network, projection: Projection, value: int, signed: bool) -> tuple[int, bool]:
    source = network.by_name[projection.source]
    if source.role is Role.INPUT:
        return value, signed
    if isinstance(source.neuron, IntegerNeuron):
        return source.neuron.rule.largest_output(vars(source.neuron)), source.graded
    return 1, False


def _fitting(largest: int) -> int:
    """The smallest exponent, at least 0, in whose unit a sum has 16 bits, however its weights are rounded."""
    exponent = 0
    while largest > RING_LIMIT << exponent:
        exponent += 1
    return exponent


def _lowest_bit(values: Array) -> int:
    """Number of the lowest bit that is set in any of some integers, of which one is not 0."""
    together = int(np.bitwise_or.reduce(values.reshape(-1).astype(np.int64)))
    return (together & -together).bit_length() - 1


Measured = Mapping[str, BySign]
"""Per layer, the largest sums that arrived."""
