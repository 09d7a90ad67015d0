"""Which projections the multiply-accumulate array can compute, and with how many cycles.

A projection is a product of a matrix and the vector of what its sources send in a step:

    dense        N outputs are the neurons on the element; D inputs are the sources with a synapse there; N * D products
    convolution  N outputs likewise; D inputs are the sources that any of them sees, each brought to the array once;
                 N * K products, where K are the places of the kernel times the input channels of a group

Zeros of the matrix and places beyond the edge are multiplied as all others. The array shifts the input of a convolution
along by itself (chip paper, arXiv 2607.24396), so that D counts no input twice; that the cycles of an output and an
input are those of a matrix is assumed. A list of single synapses is never made into a matrix, nor one that learns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mapping.constant import Bounds
from ...mapping.features import weight_bits
from ...mapping.processing_element import MultiplyAccumulateArray
from ...mapping.windows import as_convolution
from ...models.connectivity import Convolution, Dense
from ...models.network import Population, Projection
from ...models.neurons import IntegerNeuron
from ..program import Program

Array = NDArray[Any]
SUM_WORD_BITS = 32  # in which the array leaves a sum


@dataclass(frozen=True)
class Operands:
    """The numbers that a projection brings to the array.

    Attributes
    ----------
    weight_bits, input_bits : in memory.
    wide : whether either is wider than the array's units.
    obstacle : why the array cannot compute the projection, as a clause; None where it can.
    """

    weight_bits: int
    input_bits: int
    wide: bool
    obstacle: str | None


@dataclass(frozen=True)
class Product:
    """A product on one element.

    Attributes
    ----------
    outputs, inputs, products : see the module.
    matrix_bits : of the weights, zeros among them.
    buffer_bits : of inputs and sums.
    convolution : whether the array computes it as one.
    wide : as in `Operands`.
    """

    outputs: int
    inputs: int
    products: int
    matrix_bits: int
    buffer_bits: int
    convolution: bool
    wide: bool

    def cycles(self, array: MultiplyAccumulateArray) -> Bounds:
        """Of one step: start + output * N + input * D + product * products."""
        each = array.convolution_product if self.convolution else array.dense_product
        parts = (
            (1, array.start.bounds),
            (self.outputs, array.output.bounds),
            (self.inputs, array.input.bounds),
            (self.products, product_cycles(each.bounds, array, self.wide)),
        )
        return Bounds(*(sum(count * cycles[end] for count, cycles in parts) for end in range(3)))


def product_cycles(each: Bounds, array: MultiplyAccumulateArray, wide: bool) -> Bounds:
    """Cycles of a multiply-accumulate operation, by those of one with narrow operands."""
    if not wide:
        return each
    return Bounds(*(cycles * factor for cycles, factor in zip(each, array.wide_factor.bounds, strict=True)))


def operands(projection: Projection, program: Program, array: MultiplyAccumulateArray) -> Operands:
    """What a projection of a program brings to the array, and whether the array can compute it."""
    source = program.network.by_name[projection.source]
    sent = _sent_bits(source, program)
    weights = max(1, weight_bits(projection.connectivity.weights))
    narrow, widest = array.narrow_bits.value or 0, array.operand_bits.value or 0
    wide = max(sent, weights) > narrow
    obstacle = None
    if projection.learning is not None:
        obstacle = "its weights change"
    elif not isinstance(projection.connectivity, Dense) and as_convolution(projection.connectivity) is None:
        obstacle = "it is a list of single synapses"
    elif max(sent, weights) > widest:
        obstacle = f"its numbers of {max(sent, weights)} bits are wider than {widest}"
    elif _sum_bits(projection, sent) > (array.sum_bits.value or 0):
        obstacle = f"its sums may take {_sum_bits(projection, sent)} bits, more than {array.sum_bits.value}"
    return Operands(_stored(weights, narrow, widest), _stored(sent, narrow, widest), wide, obstacle)


def product_of(projection: Projection, kinds: Operands, neurons: Array, inputs: int) -> Product:
    """The product of a projection that the array can compute on one element.

    Parameters
    ----------
    neurons : (n,) int64, target neurons on the element.
    inputs : sources with a synapse there.
    """
    convolution = as_convolution(projection.connectivity)
    if convolution is None:
        products = weights = int(neurons.size) * inputs
    else:
        window = int(np.prod(convolution.weights.shape[1:]))
        products = int(neurons.size) * window
        weights = _channels(convolution, neurons) * window
    return Product(
        int(neurons.size),
        inputs,
        products,
        weights * kinds.weight_bits,
        inputs * kinds.input_bits + int(neurons.size) * SUM_WORD_BITS,
        convolution is not None,
        kinds.wide,
    )


def _channels(convolution: Convolution, neurons: Array) -> int:
    positions = int(np.prod(convolution.output_shape[1:]))
    return int(np.unique(neurons // positions).size)


def _sent_bits(source: Population, program: Program) -> int:
    """Bits of what a neuron of a population sends in a step, with the sign; 1 for spikes."""
    if source.neuron is None:
        return program.code.bits if source.name == program.network.input.name else 1
    assert isinstance(source.neuron, IntegerNeuron)
    return source.neuron.output_bits


def _sum_bits(projection: Projection, sent: int) -> int:
    """Bits of the largest sum that can arrive at any neuron, with the sign."""
    weights = projection.connectivity.weights.astype(np.int64)
    shared = int(np.bitwise_or.reduce(weights, axis=None)) if weights.size else 0
    if not shared:
        return 1
    convolution = as_convolution(projection.connectivity)
    if convolution is not None:
        weights = convolution.weights.astype(np.int64)
    rows = np.abs(weights // (shared & -shared)).reshape(weights.shape[0], -1).sum(axis=1)
    largest: int = int(rows.max()) * (2**sent - 1)
    return 1 + largest.bit_length()


def _stored(bits: int, narrow: int, widest: int) -> int:
    return narrow if bits <= narrow else widest
