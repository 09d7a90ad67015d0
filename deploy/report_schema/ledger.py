"""At each stage from training to chip: how accurate the network is, how much of it spikes, and what changed."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from .section import Count, Interval, Mean, Section, Share

StageName = Literal["ordinary", "converted", "graph", "network", "integer", "simulator", "spinnaker1", "lava"]


class LayerEntry(Section):
    """One layer at one stage."""

    rate: Share | None = Field(description="Spikes per neuron and step; null for a layer that puts out potentials.")
    agreement: Share | None = Field(
        description="With the stage before: spikes in common over spikes of either; of potentials the share that is "
        "equal, among stages in integers; null where there is nothing to compare."
    )
    mismatched: Count | None = Field(description="Entries that differ from the stage before; null likewise.")
    overflows: dict[str, Count] | None = Field(
        description="Of the stage `integer`, how often a neuron left the chip's widths, by "
        "[what did](ledger.md#overflows); null for other stages."
    )
    clipped_share: Share | None = Field(description="Of its weights; null for stages other than `integer`.")
    zeroed_share: Share | None = Field(description="The same of weights that became zero.")


class Divergence(Section):
    """Where a stage first differs from the one before."""

    layer: str = Field(description="Of those that differ at this step, the first in the network.")
    step: Count = Field(description="Of the sample, from 0.")
    sample: Count = Field(description="The first in which this layer differs at this step, from 0.")


class LedgerEntry(Section):
    """One stage."""

    stage: StageName = Field(description="Its name.")
    accuracy: Share | None = Field(description="Share of samples answered correctly; null without labels.")
    accuracy_interval: Interval | None = Field(
        description="Low and high end of the accuracy's 95 % confidence interval (Wilson); null without labels."
    )
    samples: Count = Field(description="How many the entry is of; Lava runs on fewer.")
    spikes_per_sample: Mean = Field(description="Of all neurons, the input's left out.")
    agreement: Share | None = Field(
        description="With the stage before: spikes in common over spikes of either, at the same neuron and step; 1 "
        "means that every spike is the same; null for the first stage."
    )
    layers: dict[str, Mean] = Field(description="Spikes a sample, by layer.")
    mismatched_spikes: Count | None = Field(description="Entries that differ from the stage before; null likewise.")
    by_layer: dict[str, LayerEntry] | None = Field(description="The layers one by one; null for `ordinary`.")
    first_divergence: Divergence | None = Field(
        description="The first difference from the stage before; null where there is none."
    )
    wrong_samples: list[Count] | None = Field(
        default=None,
        description="Numbers of the samples that are not answered correctly, from 0, ascending; null without labels, "
        "and in reports of versions that did not write them.",
    )

    @model_validator(mode="after")
    def _interval_of_an_accuracy(self) -> Self:
        if (self.accuracy is None) != (self.accuracy_interval is None):
            raise ValueError("accuracy and accuracy_interval are known together or not at all")
        return self

    @model_validator(mode="after")
    def _numbers_of_its_samples(self) -> Self:
        wrong = self.wrong_samples or []
        if wrong != sorted(set(wrong)) or (wrong and wrong[-1] >= self.samples):
            raise ValueError("wrong_samples are numbers of its samples, each once and ascending")
        return self
