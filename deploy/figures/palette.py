"""Colours: a ramp for amounts, one for both signs, and names for series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.uint8]

# Nine equally spaced colours of viridis by N. Smith, S. van der Walt and E. Firing (CC0),
# https://bids.github.io/colormap/: even steps to the eye, also without red and green, and on a grey print.
AMOUNTS = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")
# Our own: blue below, white at zero, orange above, which the common kinds of colour blindness keep apart.
SIGNS = ("#12386b", "#2f6ba8", "#8db4d8", "#f6f6f4", "#eeb27a", "#c4661f", "#71300a")


@dataclass(frozen=True)
class SeriesStyle:
    """How one of several series looks; each is told apart without its colour too.

    Attributes
    ----------
    colour : class of `templates/figures.css.jinja`, named for M. Okabe's and K. Ito's colours that all people can
        tell apart (https://jfly.uni-koeln.de/color/), lighter on a dark page.
    marker : circle, square, triangle, diamond, downward, cross.
    dashes : lengths of strokes and gaps; empty for a whole line.
    """

    colour: str
    marker: str
    dashes: str


SERIES_COLOURS = ("blue", "vermilion", "green", "purple", "orange", "sky", "ink")
MARKERS = ("circle", "square", "triangle", "diamond", "downward", "cross")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 2")


def series_style(index: int) -> SeriesStyle:
    """The style of a series; the first 210 are different."""
    return SeriesStyle(
        SERIES_COLOURS[index % len(SERIES_COLOURS)], MARKERS[index % len(MARKERS)], DASHES[index % len(DASHES)]
    )


def ramp(stops: tuple[str, ...], shares: NDArray[np.float64]) -> Colours:
    """Colours along a ramp, interpolated between its stops.

    Parameters
    ----------
    stops : colours at equal distances, as `#rrggbb`.
    shares : places on the ramp, any shape; held within 0 and 1.

    Returns
    -------
    Colours : red, green and blue, shape (*shares.shape, 3).
    """
    table = np.array([[int(stop[start : start + 2], 16) for start in (1, 3, 5)] for stop in stops], np.float64)
    places = np.clip(shares, 0, 1) * (len(stops) - 1)
    below = np.minimum(places.astype(np.int64), len(stops) - 2)
    weight = (places - below)[..., None]
    mixed: Colours = np.rint((1 - weight) * table[below] + weight * table[below + 1]).astype(np.uint8)
    return mixed


def ramp_colour(stops: tuple[str, ...], share: float) -> str:
    """One colour of a ramp.

    Examples
    --------
    >>> ramp_colour(AMOUNTS, 0.0), ramp_colour(AMOUNTS, 1.0)
    ('#440154', '#fde725')
    """
    return "#" + "".join(f"{part:02x}" for part in ramp(stops, np.array(share)))


def is_dark(colour: str) -> bool:
    """Whether white letters read better on a colour than black ones.

    The border is at a relative luminance of 0.18, where both have the same contrast (WCAG 2.1, relative luminance).
    """
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.18
