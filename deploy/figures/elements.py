"""SVG elements as text: everything escaped, every coordinate finite."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable

# XML 1.0, section 2.2: the characters that a document may hold.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CHARACTER_WIDTH = 0.56  # of the size of the letters; a little above the mean of sans-serif fonts
LETTERS = 14.0  # their size in units of the picture, on a phone; smaller elsewhere (figures.css.jinja)


def element(tag: str, *children: str, **attributes: str | float | None) -> str:
    """Write one element.

    Parameters
    ----------
    tag : its name.
    children : what it holds, already written.
    attributes : underscores become hyphens, one at the end is dropped (`class_`); None leaves the attribute out.

    Raises
    ------
    ValueError
        If a coordinate is not finite.

    Examples
    --------
    >>> element("rect", x=1.0, class_="a&b")
    '<rect x="1" class="a&amp;b"/>'
    """
    written = "".join(
        f' {name.removesuffix("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}>{''.join(children)}</{tag}>" if children else f"<{tag}{written}/>"


def escaped(text: object) -> str:
    """Write text as XML holds it, without the characters that XML forbids."""
    return html.escape(FORBIDDEN.sub("", str(text)))


def hover(text: object) -> str:
    """What a browser shows when the pointer rests on the element that holds this."""
    return element("title", escaped(text))


def label(text: object, x: float, y: float, class_: str = "tick", anchor: str | None = None) -> str:
    """A line of text at a place; `anchor` is start, middle or end."""
    return element("text", escaped(text), x=x, y=y, class_=class_, text_anchor=anchor)


def coordinate(value: float) -> str:
    """Write a coordinate to a tenth of a unit.

    Examples
    --------
    >>> coordinate(12.0), coordinate(0.26), coordinate(-0.01)
    ('12', '0.3', '0')
    """
    if not math.isfinite(value):
        raise ValueError(f"A coordinate of a figure is {value}; it must be finite.")
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def polyline(points: Iterable[tuple[float, float]]) -> str:
    """The data of a path along some points; empty without points."""
    return "".join(f"{'L' if index else 'M'}{coordinate(x)} {coordinate(y)}" for index, (x, y) in enumerate(points))


def text_width(text: object, size: float = LETTERS) -> float:
    """Estimate how wide a text is.

    Examples
    --------
    >>> round(text_width("1234567890", size=10), 1)
    56.0
    """
    return CHARACTER_WIDTH * size * len(str(text))


def shortened(text: object, width: float) -> str:
    """Cut a text to a width, with an ellipsis where something is missing.

    Examples
    --------
    >>> shortened("recurrence", 50)
    'recur…'
    """
    characters = max(1, int(width / (CHARACTER_WIDTH * LETTERS)))
    whole = str(text)
    return whole if len(whole) <= characters else f"{whole[: max(1, characters - 1)]}…"


def _attribute(value: str | float) -> str:
    return escaped(value) if isinstance(value, str) else coordinate(value)
