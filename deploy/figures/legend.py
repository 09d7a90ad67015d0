"""What the series of a figure are called."""

from __future__ import annotations

from collections.abc import Sequence

from .elements import element, hover, label, polyline, shortened, text_width
from .figure import WIDTH
from .markers import marker
from .palette import SeriesStyle

ROW_HEIGHT = 22.0
SAMPLE = 30.0  # width of the piece of line or the mark before a name
GAP = 16.0


def legend(names: Sequence[str], styles: Sequence[SeriesStyle], top: float, kind: str) -> tuple[list[str], float]:
    """Draw the names of series, as many in a row as fit.

    Parameters
    ----------
    names, styles : one of each a series; series without a name are left out.
    top : where the legend begins.
    kind : what stands for a series: "line" with its mark, "mark" alone or "box".

    Returns
    -------
    list of str, float : the elements, and where the legend ends.
    """
    parts: list[str] = []
    x, row = 2.0, 0
    for name, style in zip(names, styles, strict=True):
        if not name:
            continue
        shown = shortened(name, WIDTH - SAMPLE - GAP)
        width = SAMPLE + text_width(shown) + GAP
        if x + width > WIDTH and x > 2.0:
            x, row = 2.0, row + 1
        middle = top + ROW_HEIGHT * (row + 0.5)
        text = label(shown, x + SAMPLE, middle + 4, "tick")
        parts.append(element("g", hover(name), *_sample(style, kind, x, middle), text))
        x += width
    return parts, top + ROW_HEIGHT * (row + 1) + 4 if parts else top


def _sample(style: SeriesStyle, kind: str, x: float, y: float) -> list[str]:
    if kind == "box":
        return [element("rect", x=x + 8, y=y - 6, width=14, height=12, class_=f"bar {style.colour}")]
    mark = marker(style, x + 13, y)
    if kind == "mark":
        return [mark]
    line = polyline([(x, y), (x + 26, y)])
    return [
        element("path", d=line, class_=f"series {style.colour}", stroke_dasharray=style.dashes or None),
        mark,
    ]
