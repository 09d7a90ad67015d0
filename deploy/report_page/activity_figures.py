"""Figures of a report of what happens over the steps: a raster, the rates of the layers, and the time of each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..figures.figure import Figure
from ..figures.lines import Series, lines
from ..figures.scale import Axis
from ..figures.spike_raster import Band, spike_raster
from ..quantities import format_quantity

Report = Mapping[str, Any]


def activity_figures(report: Report) -> tuple[Figure, ...]:
    """A raster of one sample, and the rate of each layer over the steps of the mean sample."""
    activity = report.get("activity")
    if not activity:
        return ()
    return (*_raster(activity.get("raster")), *_rates(report, activity.get("steps")))


def time_figure(report: Report) -> Figure | None:
    """The time of each step; None where they are all alike."""
    times = (report.get("step_time") or {}).get("by_step") or ()
    if len(set(times)) < 2:
        return None
    longest = max(range(len(times)), key=times.__getitem__)
    return lines(
        [Series("", list(range(len(times))), list(times))],
        name="time-by-step",
        title="Time of each step",
        caption=f"Of the mean sample as it passes alone, nominal; the longest is step {longest}, "
        f"{format_quantity(times[longest], 's')}. The steps after the sample's own are those in which deeper layers "
        "finish.",
        horizontal=Axis("step"),
        vertical=Axis("time of a step", "s", low=0),
    )


def _raster(raster: Mapping[str, Any] | None) -> tuple[Figure, ...]:
    if raster is None:
        return ()
    bands = [Band(name, layer["shown_of"], layer["spikes"]) for name, layer in raster["layers"].items()]
    caption = "The first sample, in the simulator; of large layers, neurons at equal distances. Each layer has the "
    caption += "steps of its own window, which begins later the deeper it lies."
    return (spike_raster(bands, raster["steps"], name="raster", title="Spikes of one sample", caption=caption),)


def _rates(report: Report, steps: Mapping[str, Any] | None) -> tuple[Figure, ...]:
    if not steps:
        return ()
    sizes = {layer["name"]: layer["neurons"] for layer in report["model"]["layers"]}
    series = [
        Series(name, list(range(len(spikes))), [value / sizes[name] for value in spikes])
        for name, spikes in steps.items()
    ]
    figure = lines(
        series,
        name="rates",
        title="Rates of the layers",
        caption="Spikes per neuron and step, mean over the samples.",
        horizontal=Axis("step"),
        vertical=Axis("rate", low=0),
    )
    return (figure,)
