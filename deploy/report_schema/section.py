"""What all parts of the documents share: nothing unknown, nothing changed, and the kinds of numbers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_PLACES = 1_000_000  # of a core's or tile's number: far beyond any board, and small enough to draw

MOST = 1e30  # of any figure: beyond all that is counted or measured, and small enough to be calculated with
MOST_COUNTED = 2**63 - 1

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=MOST_COUNTED)]
Integer = Annotated[int, Field(ge=-MOST_COUNTED, le=MOST_COUNTED)]
Mean = Annotated[float, Field(ge=0, le=MOST)]
"""A count of a mean sample, or another number that cannot be below 0."""
Figure = Annotated[float, Field(ge=-MOST, le=MOST)]
"""Any other number."""
Number = Annotated[int, Field(ge=0, le=MOST_PLACES)]
"""A core, chip, column or row, from 0."""
TileList = Annotated[list[Number], Field(min_length=3, max_length=3)]
"""Chip, column and row."""
CoreList = Annotated[list[Number], Field(min_length=4, max_length=4)]
"""Chip, column, row, and core of the tile."""
Interval = Annotated[list[Share], Field(min_length=2, max_length=2)]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Kind = Literal["measured", "published", "derived", "assumed"]


class Section(BaseModel):
    """A JSON object whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Range(Section):
    """An estimate with the range that its constants leave it."""

    low: Figure = Field(description="With all constants at their low ends.")
    nominal: Figure = Field(description="The best guess.")
    high: Figure = Field(description="With all constants at their high ends.")


class Sourced(Range):
    """An estimate with where its constant comes from."""

    kind: Kind = Field(description="How the constant is known.")
    source: str = Field(description="Where the constant comes from.")


class NamedProblem(Section):
    """A limit of the chip that is exceeded."""

    layer: str = Field(description="Population or projection; `the network` where no single one is to blame.")
    resource: str = Field(description="What runs out.")
    used: Count = Field(description="In the resource's unit.")
    limit: Count | None = Field(description="The same; null where there is no number to it.")
    advice: str = Field(description="What would help.")
