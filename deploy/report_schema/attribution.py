"""What each layer costs by itself, with it alone in integers and all others in float."""

from __future__ import annotations

from pydantic import Field

from .section import Count, Figure, Mean, Section, Share


class LayerCost(Section):
    """One layer alone in integers."""

    layer: str = Field(description="Its name, or that of the input.")
    accuracy: Share | None = Field(description="Share of samples answered correctly; null without labels.")
    same_class: Share = Field(description="Share of samples whose class is the float network's.")
    agreement: Figure | None = Field(
        le=1, description="Of its own spikes with those in float; of numbers 1 - relative error; null for the input."
    )
    spike_ratio: Mean | None = Field(description="Its spikes over those in float; null where there are none.")
    overflows: Count = Field(description="How often a neuron left the chip's widths with consequences.")
    clipped_share: Share | None = Field(description="Of its weights; null where that is not known.")
    zeroed_share: Share | None = Field(description="The same of weights that became zero.")


class AttributionSection(Section):
    """The accuracy that quantization costs, by layer."""

    samples: Count = Field(description="How many the figures are of, evenly spread over the data.")
    accuracy: Share | None = Field(description="Of the float network on them; null without labels.")
    integer_accuracy: Share | None = Field(description="The same with all layers in integers.")
    same_class: Share = Field(description="Share of samples whose class then is the float network's.")
    layers: list[LayerCost] = Field(description="With each layer alone in integers.")
    rounded_input: LayerCost | None = Field(
        description="What rounding the data costs; null where the chip's integers hold it exactly."
    )
