"""What a plastic projection learns by: traces of spikes, sums of products, epochs, bounds and a seed.

At every step a plastic projection sees the spikes that enter its synapses and those of its target neurons; at the end
of every epoch it changes the weight w, the tag t and the second tag d of each synapse:

    w <- w + rule of the weight, t <- t + rule of the tag, d <- d + rule of the second tag

each a sum of products of traces and synaptic variables; see `sum_of_products` for their language and
`plastic_synapses` for the integers. Rules, registers and rounding are those of Loihi's learning engine as Lava models
it (`LoihiLearningRule`, `LearningConnectionModelBitApproximate`).

Time: the difference of a pair of spikes is that of the target's spike minus that of the source's, each at the step at
which the synapse sees it. Positive differences, the target after the source, are seen at y0, where x1 tells how long
ago the source's spike was; negative ones at x0, where y1 tells of the target's. So "x1*y0 - y1*x0" potentiates where
the difference is positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from ..errors import UsageError
from .sum_of_products import SOURCE_TRACES, TARGET_TRACES, Product, parse_rule

WEIGHT_BOUNDS = (-256, 255)
LONGEST_EPOCH = 63  # 6 bits
LARGEST_IMPULSE = 127  # of a trace of 7 bits
LARGEST_TIME = 65535
LARGEST_SEED = (1 << 31) - 1
REWARD_BOUNDS = (-128, 127)


@dataclass(frozen=True)
class Trace:
    """A number of 7 bits for every neuron that remembers its spikes.

    x <- x * exp(-1 / time_constant) at every step, and x <- x + impulse at a spike, at most 127; both are rounded at
    random. A spike is in the trace at its own step.

    Attributes
    ----------
    impulse : 0..127; fractions are kept to 1/256.
    time_constant : in steps, 0..65535; with 0 nothing is left at the next step.
    """

    impulse: float = 0.0
    time_constant: float = 0.0


@dataclass(frozen=True)
class LearningRule:
    """How the synapses of a projection change.

    Attributes
    ----------
    weight_rule, tag_rule, second_tag_rule : Lava's dw, dt and dd: what is added to each synaptic variable at the end
        of an epoch, as text; None leaves it. At least one is given. The second tag is Loihi's delay variable, which in
        Lava delays nothing and serves rules alone. Tags begin at zero.
    x1, x2 : traces of the source neurons.
    y1, y2, y3 : traces of the target neurons. With a third factor y1 is reckoned by the neuron itself,
        y1 <- floor(y1 * exp(-1 / time_constant) + impulse * spike of the step before), y2 is the reward and y3 is 0.
    epoch : steps from one change to the next, 1..63, counted from the first step of a run.
    lowest_weight, highest_weight : bounds of the weights, within -256..255. Loihi's own are -256..255 for synapses of
        both signs, 0..255 for excitatory and -255..0 for inhibitory ones.
    seed : of the random numbers that traces are rounded by; those of the synapses do not depend on it, as in Lava.
    third_factor : whether y2 is a reward, as in Lava's `Loihi3FLearningRule`.
    reward : name of the population whose output is the reward, one step after it was sent: of one neuron for all
        targets, or of one neuron for each; None where the reward comes with the data of a run.
    """

    weight_rule: str | None = None
    tag_rule: str | None = None
    second_tag_rule: str | None = None
    x1: Trace = field(default_factory=Trace)
    x2: Trace = field(default_factory=Trace)
    y1: Trace = field(default_factory=Trace)
    y2: Trace = field(default_factory=Trace)
    y3: Trace = field(default_factory=Trace)
    epoch: int = 1
    lowest_weight: int = WEIGHT_BOUNDS[0]
    highest_weight: int = WEIGHT_BOUNDS[1]
    seed: int = 0
    third_factor: bool = False
    reward: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no learning engine has room for.

        Raises
        ------
        UsageError : names the field, the value and its limit.
        """
        if not self.products:
            raise UsageError("A learning rule needs at least one of weight_rule, tag_rule and second_tag_rule.")
        every = {product.every for rule in self.products.values() for product in rule if product.dependency == "u"}
        if len(every) > 1:
            raise UsageError("All u of a learning rule have to be the same, u0 for one, in all that it changes.")
        _check("epoch", self.epoch, 1, LONGEST_EPOCH)
        _check("seed", self.seed, 0, LARGEST_SEED)
        _check("lowest_weight", self.lowest_weight, *WEIGHT_BOUNDS)
        _check("highest_weight", self.highest_weight, self.lowest_weight, WEIGHT_BOUNDS[1])
        for name in (*SOURCE_TRACES, *TARGET_TRACES):
            trace = getattr(self, name)
            _check(f"impulse of {name}", trace.impulse, 0, LARGEST_IMPULSE)
            _check(f"time_constant of {name}", trace.time_constant, 0, LARGEST_TIME)
        if self.reward is not None and not self.third_factor:
            raise UsageError(f"A learning rule with a reward ({self.reward!r}) needs third_factor.")
        if self.third_factor and (self.y2 != Trace() or self.y3 != Trace()):
            raise UsageError("With a third factor y2 is the reward and y3 is 0: neither has an impulse or a time.")
        if self.third_factor and not self.y1.time_constant:
            raise UsageError("With a third factor the target neurons reckon y1, which needs a time_constant above 0.")

    @cached_property
    def products(self) -> Mapping[str, tuple[Product, ...]]:
        """What is added to "w", "d" and "t", in the order in which the chip does it; those that stay are left out."""
        texts = {"w": self.weight_rule, "d": self.second_tag_rule, "t": self.tag_rule}
        return {name: parse_rule(text) for name, text in texts.items() if text is not None}

    @property
    def every(self) -> int:
        """Epochs from one to the next in which "u" is computed; 0 where no product has it."""
        found = [product.every for rule in self.products.values() for product in rule if product.dependency == "u"]
        return found[0] if found else 0

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON takes them; `from_dict` makes an equal rule of them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> LearningRule:
        """A rule from what `as_dict` gave."""
        names = {item.name for item in fields(cls) if item.type == "Trace"}
        values: dict[str, Any] = {name: Trace(**value) if name in names else value for name, value in entry.items()}
        return cls(**values)


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # which a NaN is not either
        raise UsageError(f"The {name} of a learning rule cannot be {value}: it is within {low}..{high}.")
