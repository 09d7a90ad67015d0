"""How a network is trained: all that decides the result, so that a recipe and a seed say it again."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum

from ..encoders import Encoder
from ..errors import UsageError


class SurrogateName(StrEnum):
    """What stands in for the derivative of a spike; see `surrogate`."""

    ARCTAN = "arctan"
    SIGMOID = "sigmoid"
    FAST_SIGMOID = "fast-sigmoid"
    RECTANGULAR = "rectangular"


class Loss(StrEnum):
    """What training makes small."""

    CROSS_ENTROPY = "cross-entropy"  # of the softmax of what the output adds up to over the steps
    SQUARED_ERROR = "squared-error"  # mean over classes, of the output's mean over the steps against one-hot labels


class Optimizer(StrEnum):
    """Adam, or AdamW with its decoupled weight decay."""

    ADAM = "adam"
    ADAMW = "adamw"


class Schedule(ABC):
    """How the learning rate changes from epoch to epoch."""

    @abstractmethod
    def share(self, epoch: int, epochs: int) -> float:
        """Share of the first learning rate in an epoch, which are numbered from 0."""


@dataclass(frozen=True)
class Constant(Schedule):
    """The same in all epochs."""

    def share(self, epoch: int, epochs: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a wave of a cosine, from all of it to nothing."""

    def share(self, epoch: int, epochs: int) -> float:
        return (1 + math.cos(math.pi * epoch / epochs)) / 2


@dataclass(frozen=True)
class Step(Schedule):
    """Times `factor` after every so many epochs.

    Attributes
    ----------
    every : epochs, at least 1.
    factor : above 0.

    Raises
    ------
    UsageError : a value leaves its range.
    """

    every: int
    factor: float

    def __post_init__(self) -> None:
        if self.every < 1 or not 0 < self.factor < math.inf:
            raise UsageError(
                f"A learning rate times {self.factor:g} every {self.every} epochs cannot be: it takes a factor above 0 "
                "and at least 1 epoch."
            )

    def share(self, epoch: int, epochs: int) -> float:
        return float(self.factor ** (epoch // self.every))


@dataclass(frozen=True)
class Distortion:
    """Images are turned, scaled and shifted a little at random, anew in every epoch, so that few go a long way.

    Attributes
    ----------
    turn : radians at most.
    scale : relative change at most.
    shift : share of half the image's size at most.
    """

    turn: float = 0.15
    scale: float = 0.1
    shift: float = 0.15


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes
    ----------
    epochs, batch : numbers of passes over the samples, and of samples in an update.
    learning_rate, schedule : see `Schedule`.
    optimizer, weight_decay : see `Optimizer`; decay is off at 0.
    loss, label_smoothing : see `Loss`; smoothing, in [0, 1), is of the cross-entropy's labels.
    surrogate, surrogate_width : stand-in for a spike's derivative, and the potential over which it rises, above 0.
    rate_penalty, target_rate : hidden layers are drawn to so many spikes a neuron and step, by the penalty times the
        square of what is missing or too much.
    largest_gradient : norm to which the derivatives of an update are cut, or None.
    encoder : of static data, an `Encoder` or its name; None for data that has steps. What it draws at random is drawn
        anew for every batch.
    steps : for which static data is shown; None for data that has steps.
    answer_from : first step of the output that counts, at least 0; what it says before is free.
    distortion : of images, or None.
    threshold_factors : between which one is drawn for every batch, even on a logarithmic scale, to multiply all
        thresholds by: the network learns to stand being retuned. Both above 0.
    seed : of the order of the samples, of distortions, of thresholds and of random encoders.

    Raises
    ------
    UsageError : a value leaves its range.
    """

    epochs: int = 30
    batch: int = 64
    learning_rate: float = 5e-3
    schedule: Schedule = field(default_factory=Cosine)
    optimizer: Optimizer = Optimizer.ADAM
    weight_decay: float = 0.0
    loss: Loss = Loss.CROSS_ENTROPY
    label_smoothing: float = 0.0
    surrogate: SurrogateName = SurrogateName.ARCTAN
    surrogate_width: float = 1.0
    rate_penalty: float = 0.0
    target_rate: float = 0.1
    largest_gradient: float | None = None
    encoder: str | Encoder | None = "constant"
    steps: int | None = 16
    answer_from: int = 0
    distortion: Distortion | None = None
    threshold_factors: tuple[float, float] = (1.0, 1.0)
    seed: int = 0

    def __post_init__(self) -> None:
        for name, kind in (("surrogate", SurrogateName), ("loss", Loss), ("optimizer", Optimizer)):
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, kind(value))
            except ValueError:
                names = ", ".join(repr(str(member)) for member in kind)
                raise UsageError(f"There is no {name} {value!r} to train with; there are {names}.") from None
        for name in ("epochs", "batch", "learning_rate", "surrogate_width", "steps", "largest_gradient"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"Training with {name} = {value:g} cannot be: it needs a number above 0.")
        for name in ("weight_decay", "rate_penalty", "target_rate", "answer_from"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"Training with {name} = {getattr(self, name):g} cannot be: it is at least 0.")
        if not 0 < self.threshold_factors[0] <= self.threshold_factors[1] < math.inf:
            low, high = self.threshold_factors
            raise UsageError(f"Thresholds cannot be multiplied by {low:g} to {high:g}: both are above 0, low to high.")
        if not 0 <= self.label_smoothing < 1:
            raise UsageError(f"A label smoothing of {self.label_smoothing:g} cannot be: it is in 0..1, without 1.")
        if (self.encoder is None) != (self.steps is None):
            raise UsageError(
                "A recipe needs both an encoder and steps, for static data, or neither, for data that has steps."
            )
