"""Plain rounding: what quantization is worth is the distance from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeloom.models.network import Network, Projection

Array = NDArray[Any]


def plainly_rounded(network: Network, bits: Mapping[str, int], ternary: frozenset[str] = frozenset()) -> Network:
    """A float network whose weights are rounded to integers times one step a matrix.

    The largest weight of a layer is the end of the range; the layer's other matrices have that step, or it halved so
    often that they just fit, as with one scale a layer and one exponent a matrix. Thresholds, biases and states are
    left as they are, so that a chip would do no better.

    Parameters
    ----------
    network : float.
    bits : per population with neurons, of its weights, with the sign where they have both; at least 2.
    ternary : populations with weights of -1, 0 and 1 times the step instead.
    """
    rounded: dict[str, Projection] = {}
    for population in network.populations:
        incoming = network.incoming(population.name)
        if not incoming:
            continue
        needed = {p.name: _finest_step(p, bits[population.name], population.name in ternary) for p in incoming}
        step = max(needed.values())
        for projection in incoming:
            weights = projection.connectivity.weights
            if not needed[projection.name]:
                rounded[projection.name] = projection  # all of its weights are zero
                continue
            own = step * 2.0 ** -np.floor(np.log2(step / needed[projection.name]))
            connectivity = projection.connectivity.with_weights(own * np.rint(weights / own))
            rounded[projection.name] = replace(projection, connectivity=connectivity)
    return network.replace(projections=tuple(rounded[projection.name] for projection in network.projections))


def _finest_step(projection: Projection, bits: int, ternary: bool) -> float:
    """The step at which the largest weight is the end of the range."""
    weights: Array = projection.connectivity.weights
    signed = bool(np.any(weights > 0) and np.any(weights < 0))
    levels = 1 if ternary else 2 ** (bits - signed) - 1
    return float(np.max(np.abs(weights), initial=0.0)) / levels
