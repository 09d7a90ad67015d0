"""Exponents for the projections into a spiking layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .row_weights import RowWeights
from .weights import LARGEST_EXPONENT

Array = NDArray[Any]

FURTHER_EXPONENTS = 2  # beyond the one that all rows can have


@dataclass(frozen=True, eq=False)
class ExponentPlan:
    """Exponents of the projections, and the scale at which each row's largest weight is at the end of its range.

    Attributes
    ----------
    of : per projection; below 0, down to the bits that are left out, its weights use the lower end of a synapse.
    full : (rows,); inf for rows without weights.
    ceiling : (rows,), the largest scale.
    """

    of: Mapping[str, int]
    full: Array
    ceiling: Array

    def scale(self, fraction: Array | float) -> Array:
        """(rows,) with a share of the largest weight at the end of the range; without weights, what registers allow."""
        scale = np.minimum(self.full / fraction, self.ceiling)
        return np.where(np.isfinite(scale), scale, 1.0)


def exponent_plans(weights: RowWeights, ceiling: Array) -> Iterator[ExponentPlan]:
    """Differences between the projections, and how far all are raised together.

    A larger exponent makes thresholds and states finer; rows that then leave the registers lose weight bits.

    Parameters
    ----------
    ceiling : (rows,), the largest scale that the registers allow.
    """
    if not weights.main:
        yield ExponentPlan({}, np.full(weights.rows, np.inf), ceiling)
        return
    full_of = {name: weights.full_scale(name) for name in weights.main}
    for differences in _differences(full_of):
        full = np.min([full_of[name] * 2.0 ** differences[name] for name in weights.main], axis=0)
        finite = np.isfinite(full) & np.isfinite(ceiling)
        room = np.min(np.log2(ceiling[finite] / full[finite])) if finite.any() else LARGEST_EXPONENT
        highest = LARGEST_EXPONENT - max(differences.values())
        lowest = max(weights.forms[name].lowest_exponent - differences[name] for name in weights.main)
        first = int(np.clip(np.floor(room), min(lowest, highest), highest))
        for raised in range(first, min(highest, first + FURTHER_EXPONENTS) + 1):
            exponents = {name: raised + difference for name, difference in differences.items()}
            yield ExponentPlan(exponents, full * 2.0**raised, ceiling)


def _differences(full_of: Mapping[str, Array]) -> list[dict[str, int]]:
    """How much larger the exponent of each projection may be than the smallest: by its largest or typical rows."""
    found = [dict.fromkeys(full_of, 0)]
    if len(full_of) > 1:
        for typical in (np.min, np.median):
            sizes = {
                name: -np.log2(typical(full[np.isfinite(full)])) if np.isfinite(full).any() else 0.0
                for name, full in full_of.items()
            }
            least = min(sizes.values())
            differences = {name: min(LARGEST_EXPONENT, round(size - least)) for name, size in sizes.items()}
            if differences not in found:
                found.append(differences)
    return found
