"""Which network it is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .section import Count, Hash, Section


class ModelLayer(Section):
    """A population of the deployed network."""

    name: str = Field(description="Its name.")
    role: Literal["input", "constant", "neuron"] = Field(
        description="Where its output comes from: from off the chip, an axon that is always on, or neurons."
    )
    shape: list[Count] = Field(description="Of its neurons.")
    neurons: Count = Field(description="How many it has.")
    depth: Count = Field(description="Steps after the input at which its first step begins.")
    synapses: Count = Field(description="That reach it; shared weights count where they are used, zeros do not.")


class ModelSection(Section):
    """The model as it was deployed."""

    name: str = Field(description="Its name.")
    path: str | None = Field(description="Its file, or the name of a built-in model; null for a graph from Python.")
    input_axes: list[Count] | None = Field(
        description="The order in which the data's axes are taken; null where they are taken as they come."
    )
    sha256: Hash | None = Field(description="Fingerprint of the file; null for a graph given from Python.")
    layers: list[ModelLayer] = Field(description="The deployed populations, input and constants among them.")
