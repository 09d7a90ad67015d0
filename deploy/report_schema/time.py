"""How long a step and a sample take, and what they wait for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .mapping import WorkName
from .section import Count, Mean, Number, Range, Section, Share, Sourced, TileList


class Bottleneck(Section):
    """What most of the time goes to."""

    work: WorkName = Field(description="The kind of work.")
    share: Share = Field(description="Of the time of a sample in which the step waits for it.")
    core: Number | None = Field(description="That does most of it; null where it is no core's.")
    link: Annotated[list[TileList], Field(min_length=2, max_length=2)] | None = Field(
        description="That carries most, from tile to tile; null where it is no link's."
    )


class StepTime(Range):
    """Mean over the steps of a sample that passes alone, s."""

    bound_by: Bottleneck = Field(description="What the steps wait for.")
    slowdown: Range | None = Field(description="With a clock, how many of its periods a step takes; else null.")
    by_step: list[Mean] = Field(description="s, nominal, of each step of a sample that passes alone.")


class TimeConstant(Sourced):
    """What an operation takes, s."""

    term: str = Field(description="The operation.")


class SampleLatencies(Section):
    """Latencies of the first samples, each by itself, s."""

    samples: Count = Field(description="How many were looked at.")
    mean: Range = Field(description="Of their latencies.")
    longest: Range = Field(description="Of their latencies.")
