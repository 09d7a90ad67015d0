"""What the options of data sets may be."""

from __future__ import annotations

from ..errors import UsageError


def require_at_least(least: int, dataset: str, **options: int) -> None:
    """Refuse an option that is no whole number, or one below `least`.

    Raises
    ------
    UsageError : names the data set, the option and its range.
    """
    for name, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(f"{dataset}: {name} {value!r} is not a whole number from {least} up.")


def require_rate(dataset: str, **options: float) -> None:
    """Refuse an option that is no rate, spikes a step, in [0, 1].

    Raises
    ------
    UsageError : names the data set, the option and its range.
    """
    for name, value in options.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise UsageError(f"{dataset}: {name} {value!r} is not a rate between 0 and 1.")
