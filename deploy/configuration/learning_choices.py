"""What a user can say of learning on the chip, layer by layer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...models.errors import UsageError
from ...models.learning import LearningRule, Trace, reward_modulated_stdp, stdp
from ...models.learning.learning_rule import (
    LARGEST_IMPULSE,
    LARGEST_SEED,
    LARGEST_TIME,
    LONGEST_EPOCH,
    WEIGHT_BOUNDS,
)

Amount = Annotated[float, Field(allow_inf_nan=False)]
Time = Annotated[float, Field(gt=0, le=LARGEST_TIME)]
Impulse = Annotated[float, Field(ge=0, le=LARGEST_IMPULSE)]
Weight = Annotated[int, Field(ge=WEIGHT_BOUNDS[0], le=WEIGHT_BOUNDS[1])]


class _Common(BaseModel):
    """What every rule has; see `LearningRule`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[str, ...] | None = Field(
        default=None, description="Layers whose synapses learn; null for all that reach the layer."
    )
    epoch: int = Field(
        default=1, ge=1, le=LONGEST_EPOCH, description="Steps from one change of the weights to the next."
    )
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED, description="Of the rounding of traces.")
    lowest_weight: Weight = Field(default=WEIGHT_BOUNDS[0], description="Lower bound of the weights.")
    highest_weight: Weight = Field(default=WEIGHT_BOUNDS[1], description="Upper bound of the weights.")

    @model_validator(mode="after")
    def _is_a_rule(self) -> _Common:
        try:
            self.learning_rule()
        except UsageError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return self

    def learning_rule(self) -> LearningRule:
        """The rule that is meant."""
        raise NotImplementedError

    @property
    def _shared(self) -> dict[str, Any]:
        names = ("epoch", "seed", "lowest_weight", "highest_weight")
        return {name: getattr(self, name) for name in names}


class SpikeTiming(_Common):
    """Spike-timing dependent plasticity; see `models.learning.stdp`."""

    rule: Literal["stdp"] = Field(description="Which rule this is.")
    learning_rate: Amount = Field(default=1.0, description="Factor to every change.")
    a_plus: Amount = Field(default=1.0, description="Factor where the target spikes after its source.")
    a_minus: Amount = Field(default=-1.0, description="Factor where it spikes before.")
    tau_plus: Time = Field(default=10.0, description="Time constant of the trace of sources, in steps.")
    tau_minus: Time = Field(default=10.0, description="Time constant of the trace of targets, in steps.")
    x1_impulse: Impulse = Field(default=16.0, description="By which the trace of a source jumps at a spike.")
    y1_impulse: Impulse = Field(default=16.0, description="By which the trace of a target jumps at a spike.")

    def learning_rule(self) -> LearningRule:
        return stdp(
            self.learning_rate, self.a_plus, self.a_minus, self.tau_plus, self.tau_minus,
            x1_impulse=self.x1_impulse, y1_impulse=self.y1_impulse, **self._shared,
        )  # fmt: skip


class RewardModulated(_Common):
    """Reward-modulated plasticity; see `models.learning.reward_modulated_stdp`."""

    rule: Literal["reward-modulated-stdp"] = Field(description="Which rule this is.")
    reward: str = Field(description="Layer whose output is the reward.")
    learning_rate: Amount = Field(default=1.0, description="Factor to every change of the tag.")
    a_plus: Amount = Field(default=1.0, description="Factor where the target spikes after its source.")
    a_minus: Amount = Field(default=-1.0, description="Factor where it spikes before.")
    pre_trace_decay_tau: Time = Field(default=10.0, description="Time constant of the trace of sources, in steps.")
    post_trace_decay_tau: Time = Field(default=10.0, description="Time constant of the trace of targets, in steps.")
    pre_trace_kernel_magnitude: Impulse = Field(
        default=16.0, description="By which the trace of a source jumps at a spike."
    )
    post_trace_kernel_magnitude: Impulse = Field(
        default=16.0, description="By which the trace of a target jumps at a spike."
    )
    eligibility_trace_decay_tau: Amount = Field(default=0.25, description="Share of the tag that is lost in an epoch.")

    def learning_rule(self) -> LearningRule:
        return reward_modulated_stdp(
            self.learning_rate, self.a_plus, self.a_minus, self.pre_trace_decay_tau, self.post_trace_decay_tau,
            self.pre_trace_kernel_magnitude, self.post_trace_kernel_magnitude, self.eligibility_trace_decay_tau,
            reward=self.reward, **self._shared,
        )  # fmt: skip


class TraceChoice(BaseModel):
    """A trace; see `models.learning.Trace`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    impulse: Impulse = Field(description="By which it jumps at a spike.")
    time_constant: float = Field(ge=0, le=LARGEST_TIME, description="In steps; 0 forgets at once.")


class SumOfProducts(_Common):
    """A rule of one's own; see `models.learning.LearningRule`."""

    rule: Literal["sum-of-products"] = Field(description="Which rule this is.")
    weight_rule: str | None = Field(default=None, description="What is added to a weight at the end of an epoch.")
    tag_rule: str | None = Field(default=None, description="What is added to its tag.")
    second_tag_rule: str | None = Field(default=None, description="What is added to its second tag.")
    x1: TraceChoice | None = Field(default=None, description="A trace of the sources.")
    x2: TraceChoice | None = Field(default=None, description="Another trace of the sources.")
    y1: TraceChoice | None = Field(default=None, description="A trace of the targets.")
    y2: TraceChoice | None = Field(default=None, description="Another one, or the reward.")
    y3: TraceChoice | None = Field(default=None, description="A third trace of the targets.")
    reward: str | None = Field(default=None, description="Layer whose output is the reward.")

    def learning_rule(self) -> LearningRule:
        traces: dict[str, Any] = {
            name: Trace(choice.impulse, choice.time_constant)
            for name in ("x1", "x2", "y1", "y2", "y3")
            if (choice := getattr(self, name)) is not None
        }
        return LearningRule(
            self.weight_rule, self.tag_rule, self.second_tag_rule, **traces, reward=self.reward,
            third_factor=self.reward is not None, **self._shared,
        )  # fmt: skip


Learning = Annotated[SpikeTiming | RewardModulated | SumOfProducts, Field(discriminator="rule")]
RULES: dict[str, type[_Common]] = {
    "stdp": SpikeTiming, "reward-modulated-stdp": RewardModulated, "sum-of-products": SumOfProducts,
}  # fmt: skip
