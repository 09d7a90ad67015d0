"""Which data, and with which settings: what it takes to get the same again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .section import Count, Figure, Hash, Section


class DataSection(Section):
    """The data that everything was measured on."""

    name: str = Field(description="Its file, or what it is.")
    samples: Count = Field(description="How many.")
    steps: Count = Field(description="Of a sample.")
    sha256: Hash = Field(description="Fingerprint of the values as the network gets them, and of the labels.")


class SettingsSection(Section):
    """How data enters."""

    encoder: str = Field(description="How static data is presented.")
    encoder_largest: Figure | None = Field(description="Largest value that it can present; null without such a bound.")
    seed: Count = Field(description="Of everything drawn at random.")
    input_scale: Figure = Field(description="Data is multiplied by it.")
    input_offset: Figure = Field(description="Is then added.")
    input_whole: bool = Field(description="Whether fractions are then cut off.")
    convert: Literal["rate", "sigma-delta"] | None = Field(
        description="How an ordinary network became a spiking one; null where it was one."
    )
