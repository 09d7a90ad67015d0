"""What a user can decide about a single layer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...models.neurons.leaky_dynamics import Reset
from .learning_choices import Learning
from .quantization_choices import Bits, Share, Split


class LayerConfiguration(BaseModel):
    """Overrides for one layer; bits, split and prune are those of the synapses that reach it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reset: Reset | None = Field(default=None, description="What becomes of the potential of its neurons at a spike.")
    bits: Bits | None = Field(default=None, description="Of a weight with its sign; auto for the fewest that do.")
    split: Split | None = Field(default=None, description="Whether each weight matrix becomes the sum of two.")
    ternary: bool = Field(
        default=False, description="Weights are -1, 0 or 1 times a step, which leaves no bits to choose."
    )
    prune: Share | None = Field(default=None, description="Share of the weights that become zero.")
    learning: Learning | None = Field(
        default=None, description="How its dense synapses learn while the program runs (docs/learning.md)."
    )

    @model_validator(mode="after")
    def _one_width(self) -> LayerConfiguration:
        if self.ternary and self.bits is not None:
            raise ValueError("ternary weights have no other bits: keep one of ternary and bits")
        return self
