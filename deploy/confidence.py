"""How sure a share is that was counted on so many samples."""

from __future__ import annotations

from math import sqrt

QUANTILE = 1.959963984540054  # of the normal distribution, at 97.5 %


def wilson_interval(hits: int, samples: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22:209-212).

    Unlike the interval of the normal approximation it stays within [0, 1], and keeps a width where all samples agree.

    Parameters
    ----------
    hits : 0..samples.
    samples : at least 1.
    """
    if not 0 <= hits <= samples or samples < 1:
        raise ValueError(f"{hits} of {samples} is no share")
    share, square = hits / samples, QUANTILE**2
    middle = (share + square / (2 * samples)) / (1 + square / samples)
    half = QUANTILE / (1 + square / samples) * sqrt(share * (1 - share) / samples + square / (4 * samples**2))
    # At the ends the formula gives 0 and 1 up to rounding.
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == samples else middle + half)
