"""Which colour stands for which value, and how cells without a value look."""

from __future__ import annotations

from .elements import coordinate, element, label, text_width
from .palette import ramp_colour
from .plane import foot_parts
from .scale import Scale

STRIPS = 48
BAR_HEIGHT = 12.0


def colour_bar(scale: Scale, stops: tuple[str, ...], top: float, empty: str = "") -> tuple[list[str], float]:
    """Draw a ramp with its values below it.

    Parameters
    ----------
    scale : from values to places along the bar.
    stops : the ramp.
    top : where it begins.
    empty : what hatched cells are; nothing where there are none.

    Returns
    -------
    list of str, float : the elements, and where they end.
    """
    width = (scale.end - scale.start) / STRIPS
    strips = [
        # Each reaches below the next one: no seams between them.
        element(
            "rect",
            x=scale.start + index * width,
            y=top,
            width=min(width + 1, scale.end - scale.start - index * width),
            height=BAR_HEIGHT,
            fill=ramp_colour(stops, index / (STRIPS - 1)),
        )
        for index in range(STRIPS)
    ]
    parts = [*strips, *foot_parts(scale, top, top + BAR_HEIGHT, line=False)]
    bottom = top + BAR_HEIGHT + 48
    if empty:
        left = scale.start
        parts += [
            *hatched(left, bottom - 4, 14, 14),
            label(empty, left + 22, bottom + 8),
        ]
        bottom += 20
    return parts, bottom


def bar_ends(title: str, left: float, right: float) -> tuple[float, float]:
    """Where a bar under a picture begins and ends: half of the width, or as much as its title takes."""
    middle, half = (left + right) / 2, max((right - left) / 4, text_width(title) / 2, 90.0)
    return max(left, middle - half), min(right, middle + half)


def hatched(x: float, y: float, width: float, height: float, step: float = 6.0) -> list[str]:
    """Fill a rectangle with diagonal lines, its edge included."""
    data = ""
    offset = step
    while offset < width + height:
        # The line on which the distances from the left and the upper edge add up to the offset.
        start = (min(offset, width), offset - min(offset, width))
        end = (offset - min(offset, height), min(offset, height))
        data += "".join(
            f"{command}{coordinate(x + dx)} {coordinate(y + dy)}"
            for command, (dx, dy) in zip("ML", (start, end), strict=True)
        )
        offset += step
    frame = element("rect", x=x, y=y, width=width, height=height, class_="hatch-edge")
    return [element("path", d=data, class_="hatch"), frame] if data else [frame]
