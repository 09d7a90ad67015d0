"""What a user can say of learning on the chip, layer by layer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..models.errors import UsageError
from ..models.learning import LearningRule, Trace, reward_modulated_stdp, stdp
from ..models.learning.learning_rule import (
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
    """What every rule has.

    Attributes
    ----------
    sources : names of the layers whose synapses learn; None for all that reach the layer.
    epoch, seed, lowest_weight, highest_weight : see `LearningRule`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[str, ...] | None = None
    epoch: int = Field(default=1, ge=1, le=LONGEST_EPOCH)
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    lowest_weight: Weight = WEIGHT_BOUNDS[0]
    highest_weight: Weight = WEIGHT_BOUNDS[1]

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

    rule: Literal["stdp"]
    learning_rate: Amount = 1.0
    a_plus: Amount = 1.0
    a_minus: Amount = -1.0
    tau_plus: Time = 10.0
    tau_minus: Time = 10.0
    x1_impulse: Impulse = 16.0
    y1_impulse: Impulse = 16.0

    def learning_rule(self) -> LearningRule:
        return stdp(
            self.learning_rate, self.a_plus, self.a_minus, self.tau_plus, self.tau_minus,
            x1_impulse=self.x1_impulse, y1_impulse=self.y1_impulse, **self._shared,
        )  # fmt: skip


class RewardModulated(_Common):
    """Reward-modulated plasticity; see `models.learning.reward_modulated_stdp`.

    Attributes
    ----------
    reward : name of the layer whose output is the reward.
    """

    rule: Literal["reward-modulated-stdp"]
    reward: str
    learning_rate: Amount = 1.0
    a_plus: Amount = 1.0
    a_minus: Amount = -1.0
    pre_trace_decay_tau: Time = 10.0
    post_trace_decay_tau: Time = 10.0
    pre_trace_kernel_magnitude: Impulse = 16.0
    post_trace_kernel_magnitude: Impulse = 16.0
    eligibility_trace_decay_tau: Amount = 0.25

    def learning_rule(self) -> LearningRule:
        return reward_modulated_stdp(
            self.learning_rate, self.a_plus, self.a_minus, self.pre_trace_decay_tau, self.post_trace_decay_tau,
            self.pre_trace_kernel_magnitude, self.post_trace_kernel_magnitude, self.eligibility_trace_decay_tau,
            reward=self.reward, **self._shared,
        )  # fmt: skip


class TraceChoice(BaseModel):
    """A trace; see `models.learning.Trace`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    impulse: Impulse
    time_constant: float = Field(ge=0, le=LARGEST_TIME)


class SumOfProducts(_Common):
    """A rule of one's own; see `models.learning.LearningRule`."""

    rule: Literal["sum-of-products"]
    weight_rule: str | None = None
    tag_rule: str | None = None
    second_tag_rule: str | None = None
    x1: TraceChoice | None = None
    x2: TraceChoice | None = None
    y1: TraceChoice | None = None
    y2: TraceChoice | None = None
    y3: TraceChoice | None = None
    reward: str | None = None

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
