"""What quantization did to each layer, and what each of its matrices takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .section import Count, Figure, Integer, Mean, Range, Section, Share

Pair = Annotated[list[Integer], Field(min_length=2, max_length=2)]
NumberPair = Annotated[list[Figure], Field(min_length=2, max_length=2)]


class ProjectionQuantization(Section):
    """One matrix in integers."""

    name: str = Field(description="Of the projection.")
    bias: bool = Field(description="Whether it adds biases, by an axon that is always on.")
    exponent: Integer = Field(description="Of two, by which the sum of its weights is multiplied.")
    step: Count = Field(description="From one weight to the next that the chip can hold.")
    range: Pair = Field(description="Smallest and largest weight that the chip can hold.")
    weight_bits: Count = Field(description="That its weights need, with the sign.")
    largest_weight: Count = Field(description="Largest magnitude in use.")
    clipped_share: Share = Field(description="Of its weights.")
    zeroed_share: Share = Field(description="Of its weights that were not zero in float.")
    zero_share: Share = Field(description="Of its synapses, those of weight zero.")
    synapses: Count = Field(description="Without those of weight zero.")
    synaptic_memory_bits: Count = Field(description="That it takes on all its cores.")
    synaptic_operations: Mean = Field(description="A sample.")
    energy_per_sample: Range = Field(description="J, of its synaptic operations.")


class SplitCost(Section):
    """What second matrices add."""

    synaptic_memory_bits: Count = Field(description="Bits.")
    synaptic_operations: Mean = Field(description="A sample.")
    energy_per_sample: Range = Field(description="J.")


class LayerQuantizationSection(Section):
    """One layer in integers."""

    layer: str = Field(description="Its name.")
    scale: Figure | NumberPair = Field(
        description="Integers for 1 in float; smallest and largest where neurons differ."
    )
    threshold: Integer | Pair | None = Field(description="In integers, likewise; null where it does not spike at one.")
    current_decay: Integer | Pair | None = Field(
        default=None, description="Of leaky integrate-and-fire neurons only, in 4096ths a step, likewise."
    )
    voltage_decay: Integer | Pair | None = Field(default=None, description="The same of the potential.")
    bias_exponent: Integer | None = Field(default=None, description="Of such neurons, the largest.")
    spike_agreement: Figure | None = Field(
        le=1, description="Of the layer alone, given the float network's spikes: spikes in common over those of either."
    )
    likeness: Figure | None = Field(
        le=1, description="Of the layer alone: 1 minus the relative distance of the smoothed spike trains."
    )
    weight_bits: Count = Field(description="Largest of its projections, biases left out.")
    zero_share: Share = Field(description="Of its weights, biases left out.")
    split: SplitCost | None = Field(description="What second matrices add; null where there are none.")
    projections: list[ProjectionQuantization] = Field(description="Its matrices one by one.")
