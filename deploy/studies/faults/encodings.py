"""The data of a deployed network, encoded otherwise than it was."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....backends.program import Program
from ....models.encoders import ENCODERS, ConstantCurrent, RateCode, encoder_named
from ....models.errors import DataError, UsageError
from ....models.neurons.sigma_delta import IntegerSigmaDelta
from ...data import Data

Array = NDArray[Any]
AS_DEPLOYED = "as-deployed"
POPULATION = "population"
USABLE = (AS_DEPLOYED, *(name for name in ENCODERS if name != POPULATION))
"""The data as it is, and encoders that leave a value one input neuron, as the network has it."""
SPIKES = "rate"
FEWEST_STEPS = 8  # in which rates still say something


def comparable_encodings(program: Program, data: Data) -> tuple[str, ...]:
    """What to compare where nobody says: the data as it is, and as spikes where that is another thing to the network.

    Spikes at rates are what a network that was trained on constant currents reads best; one of sigma-delta neurons
    would take them for changes.
    """
    changes = any(isinstance(population.neuron, IntegerSigmaDelta) for population in program.network.populations)
    constant = isinstance(data.encoder, ConstantCurrent) and data.steps >= FEWEST_STEPS and data.x.min() >= 0
    return (AS_DEPLOYED, SPIKES) if constant and not changes else (AS_DEPLOYED,)


def encoded_inputs(program: Program, data: Data, name: str, seed: int) -> Array:
    """Integers that enter where the data is encoded by an encoding of `USABLE`.

    A spike carries one number, the same for all: of a code of rates what its spike stands for, otherwise what brings
    as much into the network, over all samples and steps, as constant values do.

    Parameters
    ----------
    data : static values under constant current, unless it is taken as it is.

    Returns
    -------
    (samples, steps, input neurons) int32.

    Raises
    ------
    UsageError : no such encoder.
    DataError : the data is no values under constant current.
    """
    if name == AS_DEPLOYED:
        return program.code.encode(data.x)
    if name not in USABLE:
        raise UsageError(f"The option --encodings cannot be {name!r}: there are {', '.join(USABLE)}.")
    if not isinstance(data.encoder, ConstantCurrent):
        reason = "has steps of its own" if data.encoder is None else "is encoded already, so that its values are lost"
        raise DataError(f"{data.name} {reason}: --encodings needs static data under the encoder 'constant'.")
    values = data.encoder.decode(data.x)
    encoder = encoder_named(name, values, seed)
    encoded = encoder.encode(values, data.steps)
    if isinstance(encoder, ConstantCurrent):
        return program.code.encode(encoded.astype(data.x.dtype))
    spikes = float(encoded.sum(dtype=np.float64))
    equal = float(data.x.sum(dtype=np.float64)) / spikes if spikes else 0.0
    each = encoder.largest if isinstance(encoder, RateCode) else equal
    bits = program.target.limits.of("graded_spike_bits")
    largest = (1 << 23) - 1 if bits is None else (1 << (bits - program.code.signed)) - 1
    integers = np.clip(np.rint(encoded * (each * program.code.scale)), 0, largest)
    return np.asarray(integers, dtype=np.int32)
