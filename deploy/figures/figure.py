"""A figure of a page, and the picture in the place of one that has nothing to show."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .elements import coordinate, element, label

WIDTH = 520.0  # units; a page scales them to its own width
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Figure:
    """One picture.

    Attributes
    ----------
    name : of its file and its place in the page: small letters, digits, hyphens and underscores.
    title : what is shown, a few words.
    caption : what to see in it, and how it was made.
    svg : one `svg` element without a size of its own, styled by the classes of `templates/figures.css.jinja`.
    """

    name: str
    title: str
    caption: str
    svg: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(
                f"A figure cannot be named '{self.name}': use small letters, digits, hyphens and underscores."
            )


def drawn(name: str, title: str, caption: str, height: float, parts: list[str]) -> Figure:
    """Make a figure of parts that are already written.

    Parameters
    ----------
    height : of the picture in units; its width is `WIDTH`.
    parts : SVG elements, from the back to the front.
    """
    svg = element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {coordinate(WIDTH)} {coordinate(height)}",
        class_="plot",
        role="img",
        aria_label=spoken(title, caption),
    )
    return Figure(name, title, caption, svg)


def nothing_to_show(name: str, title: str, caption: str, reason: str) -> Figure:
    """A picture that says that there is none, and why."""
    frame = element("rect", x=0.5, y=0.5, width=WIDTH - 1, height=89, rx=6, class_="frame")
    return drawn(
        name,
        title,
        caption,
        90,
        [
            frame,
            label("Nothing to show", WIDTH / 2, 42, "axis-title", "middle"),
            label(reason, WIDTH / 2, 64, "tick", "middle"),
        ],
    )


def spoken(title: str, caption: str) -> str:
    """What is read out in the place of the picture."""
    return ". ".join(part.rstrip(".") for part in (title, caption) if part) or "figure"
