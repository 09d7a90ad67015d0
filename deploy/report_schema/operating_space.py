"""The space of time constants and thresholds that the operating point of a deployment was chosen from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .section import Count, Figure, Mean, Section, Share


class OperatingPoint(Section):
    """A point of the space; figures are null where it is beyond the chip's registers."""

    time_constant: Figure | None = Field(
        description="Of the membranes, in steps or relative to the trained ones; null where layers differ."
    )
    threshold: Figure | None = Field(description="In float, or relative to the trained ones; null where layers differ.")
    accuracy: Share | None = Field(description="Share of right answers, or of those as before without labels.")
    spikes: Mean | None = Field(description="A sample.")
    energy: Mean | None = Field(description="J a sample, dynamic energy, nominal.")
    energy_low: Mean | None = Field(description="J, its low end.")
    energy_high: Mean | None = Field(description="J, its high end.")
    latency: Mean | None = Field(description="s, nominal.")
    latency_low: Mean | None = Field(description="s, its low end.")
    latency_high: Mean | None = Field(description="s, its high end.")
    silent_layers: str | None = Field(description="Layers that send nothing, spaces between.")
    saturated_layers: str | None = Field(description="Layers in which nearly all neurons fire at every step.")
    efficiency: Mean | None = Field(description="Accuracy over spikes; null without spikes.")


class OperatingSpaceSection(Section):
    """What was looked through, and what was chosen."""

    choice: Literal["knee", "fastest", "most-accurate"] = Field(description="What was asked for.")
    samples: Count = Field(description="That points were measured on.")
    chosen: OperatingPoint = Field(description="The point that was deployed.")
    as_it_was: OperatingPoint = Field(description="The network as it was trained.")
    accuracy_is: Literal["accuracy", "agreement"] = Field(description="What `accuracy` is: agreement without labels.")
    relative_time_constants: bool = Field(description="Whether time constants are relative to the trained ones.")
    relative_thresholds: bool = Field(description="Whether thresholds are.")
    time_constants: list[Figure] = Field(description="Of the grid.")
    thresholds: list[Figure] = Field(description="Of the grid.")
    tolerance: Share = Field(description="Accuracy that sparser and faster points may lose.")
    working_share: Share = Field(description="Of the way from chance to the best that a point must go to work.")
    chance: Share = Field(description="Accuracy of an answer that is always the same.")
    points: list[OperatingPoint] = Field(description="All of the grid.")
