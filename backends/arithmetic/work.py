"""What there is to do for a sample, in operations and memory accesses that any digital machine would make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Work:
    """Counts of a mean sample, all at least 0.

    Attributes
    ----------
    multiply_accumulates : a weight times a number, added to a sum.
    accumulates : a weight, a bias or a value added to a sum (or compared with another, in pools of maxima).
    state_multiplications, state_additions : within updates of neurons; comparisons count as additions.
    weight_accesses : weights and biases read.
    activation_accesses : numbers read and written that pass from layer to layer.
    state_accesses : states of neurons, read and written.
    state_bits : the widths of these accesses added up, as the neuron models have them.
    """

    multiply_accumulates: float = 0
    accumulates: float = 0
    state_multiplications: float = 0
    state_additions: float = 0
    weight_accesses: float = 0
    activation_accesses: float = 0
    state_accesses: float = 0
    state_bits: float = 0

    def __add__(self, other: Work) -> Work:
        return Work(*(getattr(self, part.name) + getattr(other, part.name) for part in fields(self)))

    def times(self, factor: float) -> Work:
        """All counts times a factor of at least 0."""
        return Work(*(getattr(self, part.name) * factor for part in fields(self)))


NOTHING = Work()


def total_work(parts: Iterable[Work]) -> Work:
    """The sum of several."""
    return sum(parts, NOTHING)


@dataclass(frozen=True)
class Storage:
    """What has to be kept, which decides on the memories.

    Attributes
    ----------
    weights : how many weights and biases; shared ones once, zeros among them.
    activations : how many numbers between layers at a time.
    states : how many states of neurons.
    state_bits : their widths added up.
    """

    weights: int
    activations: int = 0
    states: int = 0
    state_bits: int = 0
