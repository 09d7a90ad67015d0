"""Axes: from values to places in the picture, with ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..quantities import PREFIXES
from .finite import finite, finite_values
from .tick_labels import tick_labels

PREFIXED = {"J", "s", "W", "Hz", "V", "A", "B"}
ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Axis:
    """What an axis shows.

    Attributes
    ----------
    label : the quantity, such as "energy a sample".
    unit : "J", "s" and their like are written with the SI prefix that suits the values; "%" is for shares from 0 to 1,
        which are written as percentages; others, such as "steps", stay as they are; empty for bare numbers.
    logarithmic : whether equal distances are equal factors. Values at or below zero cannot be shown then.
    low, high : the axis reaches at least from here to there; None leaves it to the values.
    """

    label: str = ""
    unit: str = ""
    logarithmic: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Scale:
    """An axis fitted to its values.

    Attributes
    ----------
    low, high : values at its ends; low < high.
    start, end : their places in the picture.
    logarithmic : whether equal distances are equal factors.
    ticks : values and what is written there.
    label : of the quantity.
    title : label and unit.
    factor, suffix : a value is written as `value · factor` and the suffix.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool
    ticks: tuple[tuple[float, str], ...]
    label: str
    title: str
    factor: float
    suffix: str

    def share(self, value: float) -> float:
        """Where a value lies, from 0 at the low end to 1 at the high end."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def at(self, value: float) -> float:
        """Where a value lies in the picture."""
        return self.start + (self.end - self.start) * self.share(value)

    def shown(self, value: float) -> str:
        """Write a value with four significant digits and its unit."""
        written = float(f"{value * self.factor:.4g}")
        return f"{tick_labels([written])[0]}{self.suffix}"

    def named(self, value: float) -> str:
        """Write a value after what it is, without the unit in the title."""
        return f"{self.label} {self.shown(value)}".strip()

    def can_show(self, value: float | None) -> bool:
        """Whether there is a place for a value."""
        return value is not None and (value > 0 or not self.logarithmic)


def fitted(axis: Axis, values: Iterable[object], start: float, end: float, wanted_ticks: int = 6) -> Scale:
    """Fit an axis to values.

    Parameters
    ----------
    values : what must have a place; what cannot be drawn is passed over. Without any, the axis runs from 0 to 1, or
        from 1 to 10 where it is logarithmic.
    start, end : places of the low and the high end in the picture.
    wanted_ticks : about how many.
    """
    ends = finite_values((axis.low, axis.high))
    known = [value for value in (*finite_values(values), *ends) if value > 0 or not axis.logarithmic]
    low, high = _ends(known, axis.logarithmic)
    # Room around the values, but not beyond an end that was asked for.
    room = 0.04
    if axis.logarithmic:
        stretch = (high / low) ** room
        low, high = low / stretch, high * stretch
    else:
        stretch = (high - low) * room
        low, high = low - stretch, high + stretch
    if known and finite(axis.low) == min(known):
        low = min(known)
    if known and finite(axis.high) == max(known):
        high = max(known) if max(known) > low else high
    factor, prefix = unit_factor(axis.unit, max(abs(low), abs(high)))
    places = _places(low * factor, high * factor, axis.logarithmic, wanted_ticks)
    ticks = zip((place / factor for place in places), tick_labels(places), strict=True)
    unit = f"{prefix}{axis.unit}"
    title = f"{axis.label} ({unit})" if axis.label and unit else axis.label or unit
    suffix = f" {unit}" if unit else ""
    return Scale(low, high, start, end, axis.logarithmic, tuple(ticks), axis.label, title, factor, suffix)


def linear_places(low: float, high: float, wanted: int) -> list[float]:
    """Round numbers from low to high.

    Examples
    --------
    >>> linear_places(0.0, 1.0, 5)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    least = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = power * next((factor for factor in ROUND_STEPS if factor * power >= least * (1 - 1e-9)), ROUND_STEPS[-1])
    slack = 1e-9 * (high - low)
    first, last = math.ceil((low - slack) / step), math.floor((high + slack) / step)
    # Rounded to the digits of the step: 3 · 0.1 is 0.3.
    digits = 2 - math.floor(math.log10(step))
    return [round(index * step, digits) + 0.0 for index in range(first, last + 1)]


def logarithmic_places(low: float, high: float, wanted: int) -> list[float]:
    """Powers of ten from low to high; with their 2 and 5 where the axis is short, and linear ones where it is shorter.

    Examples
    --------
    >>> logarithmic_places(0.01, 1000, 6)
    [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]
    """
    low, high = low * (1 - 1e-9), high * (1 + 1e-9)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside = sum(low <= float(f"1e{power}") <= high for power in powers)
    every = max(1, math.ceil(inside / max(wanted, 1)))
    for factors in ((1,), (1, 3), (1, 2, 5)):
        step = every if factors == (1,) else 1
        places = [
            float(f"{factor}e{power}")
            for power in powers
            if power % step == 0
            for factor in factors
            if low <= float(f"{factor}e{power}") <= high
        ]
        if len(places) >= min(4, wanted):
            return places
    return linear_places(low, high, wanted)


def _places(low: float, high: float, logarithmic: bool, wanted: int) -> list[float]:
    return (logarithmic_places if logarithmic else linear_places)(low, high, wanted)


def _ends(known: list[float], logarithmic: bool) -> tuple[float, float]:
    """Lowest and highest value, moved apart where they are (nearly) the same."""
    if not known:
        return (1.0, 10.0) if logarithmic else (0.0, 1.0)
    low, high = min(known), max(known)
    if logarithmic:
        return (low, high) if high > low * (1 + 1e-6) else (low / 2, high * 2)
    size = max(abs(low), abs(high))
    if high - low > 1e-6 * size:
        return low, high
    return (low - size / 2, high + size / 2) if size else (-0.5, 0.5)


def unit_factor(unit: str, largest: float) -> tuple[float, str]:
    """What values are multiplied with before they are written, and the prefix that says so.

    Examples
    --------
    >>> unit_factor("J", 2.5e-5), unit_factor("steps", 2.5e-5)
    ((1000000.0, 'µ'), (1.0, ''))
    """
    if unit == "%":
        return 100.0, ""
    if unit not in PREFIXED or not largest:
        return 1.0, ""
    exponent = min(max(3 * math.floor(math.log10(largest) / 3), min(PREFIXES)), max(PREFIXES))
    return 10.0**-exponent, PREFIXES[exponent]
