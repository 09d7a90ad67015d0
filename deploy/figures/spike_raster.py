"""Spikes over the steps, a line for each neuron and a band of lines for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .elements import coordinate, element, hover, label
from .figure import WIDTH, Figure, drawn, nothing_to_show
from .scale import Axis, fitted

HEADING, GAP, FOOT = 18.0, 8.0, 44.0
MOST_HEIGHT, LINE = 110.0, 6.0  # of a band, and of a neuron in it where there is room
LEAST_MARK = 1.5  # width of a spike


@dataclass(frozen=True)
class Band:
    """A layer of the raster.

    Attributes
    ----------
    name : of the layer.
    of : how many neurons it has.
    spikes : for each neuron that is shown, the steps at which it spikes.
    """

    name: str
    of: int
    spikes: Sequence[Sequence[int]]


def spike_raster(bands: Sequence[Band], steps: int, *, name: str, title: str, caption: str = "") -> Figure:
    """Draw the spikes of some neurons of each layer.

    Parameters
    ----------
    bands : the first layer is drawn at the top.
    steps : of the raster, at least 1.
    """
    if not bands:
        return nothing_to_show(name, title, caption, "No layer of the network spikes.")
    width = WIDTH / steps
    parts, top = [], 0.0
    for band in bands:
        line = min(LINE, MOST_HEIGHT / len(band.spikes))
        height = line * len(band.spikes)
        count = sum(map(len, band.spikes))
        told = "silent" if not count else f"{count:,} spike{'' if count == 1 else 's'}"
        some = f"{len(band.spikes)} of " if len(band.spikes) < band.of else ""
        shown = f"{some}{band.of:,} neuron{'' if band.of == 1 else 's'}"
        parts.append(label(f"{band.name}: {shown}, {told}", 0, top + HEADING - 6, "axis-title"))
        top += HEADING
        parts.append(element("rect", x=0.0, y=top, width=WIDTH, height=height, class_="raster-ground"))
        mark = max(LEAST_MARK, 0.8 * width)
        data = "".join(
            f"M{coordinate((step + 0.5) * width - mark / 2)} {coordinate(top + (row + 0.5) * line)}h{coordinate(mark)}"
            for row, neuron in enumerate(band.spikes)
            for step in neuron
        )
        if data:
            stroke = coordinate(max(0.8, 0.8 * line))
            parts.append(f'<path class="spikes" d="{data}" stroke-width="{stroke}">{hover(band.name)}</path>')
        top += height + GAP
    scale = fitted(Axis("step", low=0, high=steps), (0, steps), 0.0, WIDTH)
    for value, text in scale.ticks:
        anchor = "start" if value <= 0 else "end" if value >= steps else "middle"
        parts.append(label(text, min(scale.at(value), WIDTH), top + 12, "tick", anchor))
    parts.append(label("step", WIDTH / 2, top + 32, "axis-title", "middle"))
    return drawn(name, title, caption, top + FOOT - GAP, parts)
