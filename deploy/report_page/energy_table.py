"""The energy of a sample on the chips in use by layer and by what takes it, as rows of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...backends.breakdown import CATEGORIES
from ...mapping.constant import Bounds
from ..quantities import is_number

Report = Mapping[str, Any]
ALL_LAYERS = "all layers"
COLUMNS = (*CATEGORIES, "sum")
ENDS = Bounds._fields


@dataclass(frozen=True)
class EnergyRow:
    """A layer, or the sum of all.

    Attributes
    ----------
    layer : its name.
    energies : J, in the order of `COLUMNS`; None where the layer takes none of it.
    """

    layer: str
    energies: tuple[Bounds | None, ...]


def energy_rows(report: Report) -> tuple[EnergyRow, ...]:
    """A row for each layer that takes any, the last for all of them; none where the report does not tell of layers."""
    layers = (report.get("energy_breakdown") or {}).get("layers") or {}
    found = {name: [_bounds((parts or {}).get(category)) for category in CATEGORIES] for name, parts in layers.items()}
    if not found:
        return ()
    sums = [_sum(column) for column in zip(*found.values(), strict=True)]
    taking = [(name, parts) for name, parts in found.items() if any(energy.high for energy in parts)]
    return tuple(_row(name, parts) for name, parts in (*taking, (ALL_LAYERS, sums)))


def _row(name: str, parts: Sequence[Bounds]) -> EnergyRow:
    return EnergyRow(name, tuple(energy if energy.high else None for energy in (*parts, _sum(parts))))


def _sum(energies: Sequence[Bounds]) -> Bounds:
    return Bounds(*(math.fsum(ends) for ends in zip(*energies, strict=True)))


def _bounds(energy: Any) -> Bounds:
    """What the report has of an energy; what it lacks is nothing."""
    known = energy if isinstance(energy, Mapping) else {}
    return Bounds(*(float(known[end]) if is_number(known.get(end)) else 0.0 for end in ENDS))
