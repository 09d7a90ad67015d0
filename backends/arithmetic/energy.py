"""The energy of work: each operation and each access times what it costs, low, nominal and high.

    energy = sum over terms of count * constant,   an access to b bits counting b / 64 of an access to the memory

Two energies of the same process share its constants, so their ratio, and whatever else divides one by another, is
known better than either: its range is taken over all ways to put the constants to the ends of their ranges together.
A ratio of sums is largest and smallest at such corners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from ...mapping.arithmetic_costs import ArithmeticCosts, MemoryLevel
from ...mapping.constant import Bounds, Constant
from ...mapping.costs import JOULES_PER_PICOJOULE
from ..energy import scaled, total
from .work import Storage, Work

BYTE = 8
Values = Mapping[str, float]
"""What each constant is taken to be, by its name, in pJ."""


@dataclass(frozen=True)
class ArithmeticTerm:
    """The energy of one kind of operation or access.

    Attributes
    ----------
    name : what is done, such as "multiply" or "state_access".
    count : how often in a mean sample.
    share : of one constant that each takes: 1, or of a memory's access the bits moved over those of a whole one.
    key : name of the constant; terms with the same one are priced alike.
    constant : pJ.
    """

    name: str
    count: float
    share: float
    key: str
    constant: Constant

    @property
    def energy(self) -> Bounds:
        """J a sample."""
        return scaled(self.constant.bounds, self.count * self.share * JOULES_PER_PICOJOULE)

    def at(self, values: Values) -> float:
        """J a sample, with the constant as it is taken."""
        return self.count * self.share * values[self.key] * JOULES_PER_PICOJOULE


@dataclass(frozen=True)
class Memories:
    """Where weights, activations and states lie: each in the smallest memory that holds all of them."""

    weights: MemoryLevel
    activations: MemoryLevel
    states: MemoryLevel


def memories_for(storage: Storage, costs: ArithmeticCosts, precision: str) -> Memories:
    """The memories that a network needs in a precision."""
    format_ = costs.precisions[precision]
    state_bits = storage.state_bits
    if format_.state_bits.value is not None:
        state_bits = storage.states * format_.state_bits.value
    return Memories(
        costs.memory.holding(storage.weights * format_.weight_bits.value / BYTE),
        costs.memory.holding(storage.activations * format_.activation_bits.value / BYTE),
        costs.memory.holding(state_bits / BYTE),
    )


def terms_of(work: Work, costs: ArithmeticCosts, precision: str, memories: Memories) -> tuple[ArithmeticTerm, ...]:
    """Every term of the energy of some work; it is their sum."""
    format_ = costs.precisions[precision]
    word = costs.memory.access_bits.value
    operations = (
        ("multiply", work.multiply_accumulates, format_.multiply),
        ("accumulate", work.multiply_accumulates + work.accumulates, format_.accumulate),
        ("state_multiply", work.state_multiplications, format_.state_multiply),
        ("state_add", work.state_additions, format_.state_add),
    )
    own_bits = work.state_bits / work.state_accesses if work.state_accesses else 0.0
    state_bits = own_bits if format_.state_bits.value is None else format_.state_bits.value
    accesses = (
        ("weight_access", work.weight_accesses, format_.weight_bits.value, memories.weights),
        ("activation_access", work.activation_accesses, format_.activation_bits.value, memories.activations),
        ("state_access", work.state_accesses, state_bits, memories.states),
    )
    return (
        *(ArithmeticTerm(name, count, 1.0, f"{precision}.{name}", constant) for name, count, constant in operations),
        *(
            ArithmeticTerm(name, count, bits / word, f"memory.{level.name}", level.access)
            for name, count, bits, level in accesses
        ),
    )


def energy_of(terms: Iterable[ArithmeticTerm]) -> Bounds:
    """J a sample: the sum of the terms."""
    return total(term.energy for term in terms)


def energy_at(terms: Iterable[ArithmeticTerm], values: Values) -> float:
    """J a sample, with the constants as they are taken."""
    return sum(term.at(values) for term in terms)


def over_all_corners(terms: Iterable[ArithmeticTerm], figure: Callable[[Values], float]) -> Bounds:
    """The nominal value of a figure and its range.

    Parameters
    ----------
    terms : whose constants the figure depends on.
    figure : a ratio of sums of terms.
    """
    constants = {term.key: term.constant for term in terms if term.count}
    nominal = figure(_Always({key: constant.value for key, constant in constants.items()}))
    corners = [nominal, *(figure(_Always(values)) for values in _corners(constants))]
    return Bounds(min(corners), nominal, max(corners))


class _Always(dict[str, float]):
    """Values by name; 0 for a constant that no counted operation has."""

    def __missing__(self, key: str) -> float:
        return 0.0


def _corners(constants: Mapping[str, Constant]) -> Iterator[Values]:
    ends = [sorted({constant.low, constant.high}) for constant in constants.values()]
    for values in product(*ends):
        yield dict(zip(constants, values, strict=True))
