"""Tables of any columns, with numbers in as many digits as say something."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..figures.finite import finite
from ..figures.scale import unit_factor
from ..figures.tick_labels import tick_labels
from ..quantities import UNKNOWN

SIGNIFICANT = 4  # digits of a number
# Columns of these names, or that end so, are in J and s: `energy`, `energy_low`, `first_right_latency_high`.
UNITS = {"energy": "J", "latency": "s"}
WITH_UNIT = re.compile(rf"(?:.*_)?({'|'.join(UNITS)})(?:_low|_high)?")
SPREAD = 1e3  # a column whose numbers are within this factor has the same digits after the point in all rows


@dataclass(frozen=True)
class Column:
    """One column, written.

    Attributes
    ----------
    name : its heading.
    numeric : whether it holds numbers only, which stand at its right.
    cells : one text a row.
    """

    name: str
    numeric: bool
    cells: tuple[str, ...]


def columns_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """Write a table, column by column, in the order in which the rows name them first.

    Energies and latencies are recognized by the names of their columns, and get the prefix that suits the largest.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return tuple(_column(name, [row.get(name) for row in rows]) for name in names)


def cell(value: Any) -> str:
    """Write one value alone: as `_column` does, without its neighbours.

    Examples
    --------
    >>> cell(0.98213), cell(1234567), cell(2.5e-7), cell(None), cell([1, 2.0])
    ('0.9821', '1,234,567', '2.5·10⁻⁷', '–', '1, 2')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    number = finite(value)
    if isinstance(value, int) and number is not None:
        return f"{value:,}".replace("-", "−")
    if number is not None:
        return tick_labels([float(f"{number:.{SIGNIFICANT}g}")])[0]
    if value is None or isinstance(value, float):
        return UNKNOWN
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(str(key))} {cell(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ", ".join(map(cell, value))
    return str(value)


def _column(name: str, values: list[Any]) -> Column:
    numbers = [number for number in map(finite, values) if number is not None]
    empty = sum(value is None or (isinstance(value, float) and not math.isfinite(value)) for value in values)
    numeric = bool(numbers) and len(numbers) + empty == len(values)
    named = WITH_UNIT.fullmatch(name)
    if numeric and named:
        unit = UNITS[named[1]]
        factor, prefix = unit_factor(unit, max(map(abs, numbers)))
        scaled = [None if (number := finite(value)) is None else number * factor for value in values]
        written = _column("", [None if value is None else float(f"{value:.{SIGNIFICANT}g}") for value in scaled])
        return Column(f"{_words(name)} ({prefix}{unit})", True, written.cells)
    decimals = _decimals(numbers) if numeric and any(isinstance(value, float) for value in values) else None
    if decimals is None:
        return Column(_words(name), numeric, tuple(map(cell, values)))
    return Column(_words(name), True, tuple(_written(finite(value), decimals) for value in values))


def _decimals(numbers: list[float]) -> int | None:
    """Digits after the point that suit all numbers of a column; None where they differ too much."""
    sizes = [abs(number) for number in numbers if number]
    if not sizes or max(sizes) > SPREAD * min(sizes) or not 1e-2 <= max(sizes) < 1e6:
        return None
    most = max(0, SIGNIFICANT - 1 - math.floor(math.log10(max(sizes))))
    return next(digits for digits in range(most + 1) if all(round(n, digits) == round(n, most) for n in numbers))


def _written(number: float | None, decimals: int) -> str:
    if number is None:
        return UNKNOWN
    return f"{round(number, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def _words(name: str) -> str:
    return name.replace("_", " ")
