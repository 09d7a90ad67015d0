"""The weights and biases of a `.net` file's layers as whole numbers, in the unit in which netx runs them."""

from __future__ import annotations

import numpy as np

from ...operators import Linear
from .fields import Array, NotReadableError, neuron_fields, number, shape, whole
from .file import LayerDict

NORMALISATION_LIMIT = 3  # lava-dl's batch normalisation shifts by no more bits than these
LARGEST_EXPONENT = 8 + NORMALISATION_LIMIT  # Loihi's own is from -8 to 7
SHORT = 2**15  # weights of smaller magnitude take 16 bits


def dense(fields: LayerDict, sources: int, name: str = "weight") -> Linear:
    """All to all; the weights may have the axes of the layer before, channels first."""
    neurons = int(np.prod(shape(fields)))
    weight = weights(fields, name)
    if weight.size != neurons * sources:
        raise NotReadableError(
            f"its field {name!r} of shape {weight.shape} does not lead from {sources} to {neurons} neurons"
        )
    return Linear(weight.reshape(neurons, sources))


def weights(fields: LayerDict, name: str) -> Array:
    """Weights, scaled by the exponents that the neurons' fields give: Loihi's own and the normalisation's."""
    if isinstance(fields.get(name), dict):
        raise NotReadableError("its weights are complex, which resonators need and no neuron here")
    neuron = neuron_fields(fields)
    result = _shifted(whole(fields, name), number(neuron or {}, "wgtExp", 0) - normalisation(neuron), name)
    return result.astype(np.int16 if np.abs(result).max(initial=0) < SHORT else np.int32)


def biases(fields: LayerDict) -> Array | None:
    """Biases, scaled by the normalisation's exponent; None for none."""
    if "bias" not in fields:
        return None
    return _shifted(whole(fields, "bias"), -normalisation(neuron_fields(fields)), "bias")


def normalisation(neuron: LayerDict | None) -> int:
    """Bits by which lava-dl's batch normalisation shifts to the right what arrives."""
    return max(-NORMALISATION_LIMIT, min(NORMALISATION_LIMIT, number(neuron or {}, "weight_exp", 0)))


def _shifted(values: Array, exponent: int, name: str) -> Array:
    if abs(exponent) > LARGEST_EXPONENT:
        raise NotReadableError(f"its field {name!r} has an exponent of {exponent}, beyond any that Loihi has (-8..7)")
    if exponent >= 0:
        return values << exponent
    if np.any(values & ((1 << -exponent) - 1)):
        raise NotReadableError(f"its field {name!r} times 2**{exponent}, as its neurons ask for, is not whole")
    return values >> -exponent
