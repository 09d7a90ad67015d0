"""The weights of an integer graph as a synapse holds them: eight bits, and an exponent for what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...models.errors import Unsupported, unsupported_model
from ...models.network import Projection

LOWEST, HIGHEST, LARGEST_EXPONENT = -256, 255, 7
BEYOND = 1 << 24  # a weight that no exponent brings into range, whatever lies above


def as_integers(model: str, projections: Sequence[Projection]) -> list[Projection]:
    """Projections whose weights are whole numbers, with integer weights.

    Raises
    ------
    UnsupportedModelError : lists the projections whose weights are no whole numbers, or take more than 8 bits.
    """
    result: list[Projection] = []
    problems: list[Unsupported] = []
    for projection in projections:
        weights = np.asarray(projection.connectivity.weights)
        if not np.all(np.isfinite(weights)) or np.any(weights != np.rint(weights)):
            reason = "its weights are no whole numbers, and the neurons that they reach are integer models"
            problems.append(Unsupported(projection.name, "weights", reason))
            continue
        whole, exponent = np.clip(weights.astype(np.float64), -BEYOND, BEYOND).astype(np.int64), 0
        while whole.size and (whole.min() < LOWEST or whole.max() > HIGHEST) and exponent < LARGEST_EXPONENT:
            if np.any(whole & 1):
                break
            whole, exponent = whole >> 1, exponent + 1
        if whole.size and (whole.min() < LOWEST or whole.max() > HIGHEST):
            reason = f"its weights reach from {weights.min():g} to {weights.max():g}; a synapse has 8 bits and a sign"
            problems.append(Unsupported(projection.name, "weights", reason))
            continue
        connectivity = projection.connectivity.with_weights(whole.astype(np.int16))
        result.append(replace(projection, connectivity=connectivity, exponent=exponent))
    if problems:
        raise unsupported_model(model, problems)
    return result
