"""From samples to what a network sees at each step (needs PyTorch)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..encoders import ConstantCurrent, Encoder

Array = NDArray[Any]
Some = TypeVar("Some", bound=Encoder | None)


def presented(samples: Array, encoder: Encoder | None, steps: int | None, kind: torch.dtype) -> Tensor:
    """Samples, static ones encoded, as (steps, samples, *shape).

    Parameters
    ----------
    samples : (samples, *shape) with an encoder, (samples, steps, *shape) without.
    encoder, steps : both or neither.
    kind : dtype of the result.
    """
    if encoder is None or steps is None:
        return torch.from_numpy(np.require(samples, requirements=("C", "W"))).to(kind).transpose(0, 1)
    if isinstance(encoder, ConstantCurrent):  # a view will do
        values = torch.from_numpy(np.require(samples, requirements=("C", "W"))).to(kind)
        return values.expand(steps, *values.shape)
    return torch.from_numpy(encoder.encode(samples, steps)).to(kind).transpose(0, 1)


def drawn_anew(encoder: Some, *numbers: int) -> Some:
    """The encoder with another seed for each sequence of numbers at least 0; itself where it draws nothing."""
    if encoder is None or not is_dataclass(encoder) or all(field.name != "seed" for field in fields(encoder)):
        return encoder
    seed = int(np.random.SeedSequence(numbers).generate_state(1)[0])
    return replace(encoder, seed=seed)  # type: ignore[type-var,unused-ignore]
