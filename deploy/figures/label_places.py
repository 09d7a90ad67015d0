"""Where the labels of points stand, so that they do not cover one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .elements import element, label, polyline, text_width

LINE = 16.0  # height of a line of text
DISTANCE = 9.0  # from a point to its label


@dataclass(frozen=True)
class Box:
    """A rectangle that is taken."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two boxes share room."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        """Whether it lies inside of another one."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def point_labels(points: Sequence[tuple[float, float, str]], room: Box) -> list[str]:
    """Write the labels of points beside them.

    Each stands at the first place that is free: beside the point, above, below, then further away with a line to it.
    Points at the same place share a label.

    Parameters
    ----------
    points : x, y and label of each; those without a label are left alone.
    room : where labels may stand.
    """
    shared: dict[tuple[float, float], list[str]] = {}
    for x, y, text in points:
        if text:
            shared.setdefault((x, y), []).append(text)
    taken = [Box(x - 4, y - 4, x + 4, y + 4) for x, y in shared]
    leaders, labels = [], []
    for (x, y), texts in shared.items():
        text = ", ".join(dict.fromkeys(texts))
        box, far = _free(x, y, text_width(text), taken, room)
        taken.append(box)
        middle = (box.top + box.bottom) / 2
        if far:
            near = box.left - 2 if box.left > x else box.right + 2 if box.right < x else (box.left + box.right) / 2
            end = (near, middle if not box.left <= x <= box.right else box.top if box.top > y else box.bottom)
            leaders.append(element("path", d=polyline([(x, y), end]), class_="leader"))
        # Held at the side of the point, which it must not cover where its letters are wider than was estimated.
        if box.left >= x:
            labels.append(label(text, box.left, middle + 4, "point-label", "start"))
        elif box.right <= x:
            labels.append(label(text, box.right, middle + 4, "point-label", "end"))
        else:
            labels.append(label(text, (box.left + box.right) / 2, middle + 4, "point-label", "middle"))
    return [*leaders, *labels]


def _free(x: float, y: float, width: float, taken: list[Box], room: Box) -> tuple[Box, bool]:
    """The first free place of a label, and whether it is away from its point."""
    near = [(DISTANCE, 0.0), (-DISTANCE - width, 0.0), (-width / 2, -DISTANCE - 6), (-width / 2, DISTANCE + 6)]
    far = [
        (shift, sign * LINE * distance)
        for distance in range(1, 12)
        for sign in (-1, 1)
        for shift in (DISTANCE, -DISTANCE - width)
    ]
    boxes = [Box(x + dx, y + dy - LINE / 2, x + dx + width, y + dy + LINE / 2) for dx, dy in (*near, *far)]
    for index, box in enumerate(boxes):
        if box.within(room) and not any(box.meets(other) for other in taken):
            return box, index >= len(near)
    # No place is free: inside the picture at least, next to the point.
    left = min(max(x + DISTANCE, room.left), max(room.left, room.right - width))
    return Box(left, y - LINE / 2, left + width, y + LINE / 2), False
