"""The numbers that SpiNNaker 1 computes with: ARM968 processors without floating point.

    state     s16.15, the `accum` of ISO/IEC TR 18037: 32 bits, of which 15 are a fraction
    decay     an unsigned fraction of 32 bits
    weight    16 bits without a sign, in a unit of its own
    ring      16 bits without a sign, what arrives in one step at one neuron, in the unit of the weights

As in sPyNNaker (Rhodes et al. 2018, Frontiers in Neuroscience 12:816; `decay.h`, `synapses.c` and `synapse_row.h` of
its neural_modelling/src/neuron): a decayed state is (state * decay) >> 32, which rounds down, and a ring buffer that
would leave its 16 bits stays at 65535. A decay of nothing leaves the multiplication out (assumed): the largest fraction
of 32 bits is a little less than one. Sums of states stay at the ends of s16.15 (assumed: the processor has an
instruction for it, QADD, where C's own sums wrap).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ACCUM_FRACTION_BITS = 15
ACCUM_LIMIT = 1 << 31  # of the bits of a state, which is no smaller than its negative and less than it
DECAY_BITS = 32
RING_LIMIT = (1 << 16) - 1
RING_SLOTS = 16  # steps that a ring buffer looks ahead, so that a delay is 1..16


class Rounding(StrEnum):
    """How a product of a state and a decay loses the bits that have no place."""

    DOWN = "down"  # sPyNNaker's `decay_s1615`
    NEAREST = "nearest"  # its `MULT_ROUND_NEAREST_ACCUM`; halves upwards
    STOCHASTIC = "stochastic"  # up as often as the lost bits say: Hopkins et al. 2020, Phil. Trans. R. Soc. A 378


def decayed(states: Array, kept: Array, rounding: Rounding, random: np.random.Generator) -> Array:
    """What is left of states after a step.

    Parameters
    ----------
    states : int64 in -2**31..2**31 - 1.
    kept : int64 in 0..2**32, the share that is left, in 2**-32; 2**32 leaves all.
    random : for `Rounding.STOCHASTIC`.

    Returns
    -------
    int64, bits of s16.15.
    """
    product = states * kept
    if rounding is Rounding.NEAREST:
        product = product + (1 << (DECAY_BITS - 1))
    elif rounding is Rounding.STOCHASTIC:
        product = product + random.integers(0, 1 << DECAY_BITS, product.shape)
    return np.asarray(product >> DECAY_BITS)


def saturated(sums: Array) -> tuple[Array, int]:
    """Sums of states as s16.15 holds them, and how many of them are at its ends for it.

    Parameters
    ----------
    sums : int64.
    """
    held = np.clip(sums, -ACCUM_LIMIT, ACCUM_LIMIT - 1)
    return held, int(np.count_nonzero(held != sums))
