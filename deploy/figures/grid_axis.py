"""An axis of equally wide cells, each for one value of a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .finite import finite
from .scale import Axis, fitted
from .tick_labels import tick_labels

EVEN = 0.02  # by how much steps may differ that count as equal


@dataclass(frozen=True)
class GridAxis:
    """Cells in a row.

    Attributes
    ----------
    title : label and unit.
    texts : what stands for each cell.
    ticks : positions in cells, 0.5 the middle of the first one, and what is written there.
    values : of the cells, where they rise; else empty, and positions are found by the texts only.
    logarithmic : whether the values rise by factors.
    """

    title: str
    texts: tuple[str, ...]
    ticks: tuple[tuple[float, str], ...]
    values: tuple[float, ...]
    logarithmic: bool

    def position(self, value: object) -> float | None:
        """Where a value lies, in cells; None outside of the grid."""
        number = finite(value)
        if number is None or not self.values:
            text = str(value) if number is None else tick_labels([number])[0]
            return self.texts.index(text) + 0.5 if text in self.texts else None
        if len(self.values) == 1:
            return 0.5 if math.isclose(number, self.values[0], rel_tol=1e-9) else None
        for index, (low, high) in enumerate(pairwise(self.values)):
            if low <= number <= high:
                if self.logarithmic:
                    return index + 0.5 + math.log(number / low) / math.log(high / low)
                return index + 0.5 + (number - low) / (high - low)
        return None


def grid_axis(axis: Axis, values: Sequence[object], wanted_ticks: int = 7) -> GridAxis:
    """Read the values of a grid.

    Ticks stand at round numbers where the values rise in even steps or by even factors, at cells elsewhere.

    Parameters
    ----------
    axis : what the values are; whether it is logarithmic shows in the values.
    values : one a cell: numbers, or names.
    wanted_ticks : about how many.
    """
    numbers = [finite(value) for value in values]
    known = [number for number in numbers if number is not None]
    if len(known) < len(values) or not known:
        texts = tuple(str(value) for value in values)
        return GridAxis(axis.label, texts, _thinned(texts, 4 * wanted_ticks), (), False)
    scale = fitted(axis, known, 0.0, 1.0, wanted_ticks)
    texts = tuple(scale.shown(number) for number in known)
    bare = tuple(tick_labels([float(f"{number * scale.factor:.4g}") for number in known]))
    rising = all(high > low for low, high in pairwise(known))
    if not rising:
        return GridAxis(scale.title, texts, _thinned(bare, wanted_ticks), (), False)
    factors = known[0] > 0 and len(known) > 2 and _even([math.log(high / low) for low, high in pairwise(known)])
    even = _even([high - low for low, high in pairwise(known)])
    logarithmic = factors and not even
    result = GridAxis(scale.title, texts, _thinned(bare, wanted_ticks), tuple(known), logarithmic)
    if len(known) <= wanted_ticks or not (even or logarithmic):
        return result
    ends = Axis(axis.label, axis.unit, logarithmic, known[0], known[-1])
    placed = fitted(ends, known, 0.0, 1.0, wanted_ticks).ticks
    ticks = tuple((place, text) for value, text in placed if (place := result.position(value)) is not None)
    return GridAxis(scale.title, texts, ticks or result.ticks, tuple(known), logarithmic)


def _even(steps: list[float]) -> bool:
    return bool(steps) and max(steps) - min(steps) <= EVEN * max(steps)


def _thinned(texts: tuple[str, ...], wanted: int) -> tuple[tuple[float, str], ...]:
    every = -(-len(texts) // wanted)
    return tuple((index + 0.5, text) for index, text in enumerate(texts) if index % every == 0)
