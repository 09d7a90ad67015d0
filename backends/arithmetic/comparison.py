"""A network with spikes beside the same without: which takes less, and at what rate of spikes they take the same.

With the energy F of all that does not depend on spikes, the energy S of the synapses of all sources if each spiked at
every step, and the energy O of the ordinary network, a rate r of spikes per source and step takes F + r S, so that

    break-even rate = (O - F) / S,   equivalent rate of the measured spikes = their energy / S

The equivalent rate is the mean rate weighted by synapses and their cost; only that can be held against the break-even.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ...mapping.arithmetic_costs import ArithmeticCosts
from ...mapping.constant import Bounds
from .energy import ArithmeticTerm, Memories, energy_at, energy_of, memories_for, over_all_corners, terms_of
from .with_spikes import LayerWork, SpikingWork
from .without_spikes import MapWork, OrdinaryWork
from .work import Work

Outcome = Literal["wins", "loses", "undecided"]
PARTS = ("spikes", "steady", "states", "updates")


@dataclass(frozen=True)
class Case:
    """What is compared.

    Attributes
    ----------
    name : of the case, in reports.
    precision : of both networks; a name in `ArithmeticCosts.precisions`.
    evaluations : how often the ordinary network runs for a sample; None for once at every step.
    reuse : whether the ordinary network reuses what it has fetched.
    meaning : a sentence.
    """

    name: str
    precision: str
    evaluations: int | None
    reuse: bool
    meaning: str


CASES = (
    Case("int8", "int8", 1, True, "8-bit integers; the ordinary network runs once a sample and fetches all data once."),
    Case("fp32", "fp32", 1, True, "The same in 32-bit floating point, both networks."),
    Case(
        "int8_without_reuse", "int8", 1, False,
        "8-bit integers; the ordinary network fetches weight and activation anew for each multiplication.",
    ),
    Case(
        "int8_every_step", "int8", None, True,
        "8-bit integers; the ordinary network runs at every step, as it must where loops or the data change over time.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Balance:
    """Two energies of the same work, of a network or of one of its layers.

    Attributes
    ----------
    ordinary, spiking : terms of the energy without and with spikes.
    parts : of the energy with spikes, J: see `LayerWork`.
    ratio : energy with spikes over energy without; None where the ordinary network has no such layer.
    break_even_rate : spikes per source and step at which the energies are equal; below 0 where they are never equal,
        None where nothing that arrives spikes.
    equivalent_rate : of the measured spikes, nominal; None as above.
    """

    ordinary: tuple[ArithmeticTerm, ...]
    spiking: tuple[ArithmeticTerm, ...]
    parts: Mapping[str, Bounds]
    ratio: Bounds | None
    break_even_rate: Bounds | None
    equivalent_rate: float | None

    @property
    def outcome(self) -> Outcome:
        """Of the network with spikes; undecided where the range of the ratio holds 1."""
        if self.ratio is None or self.ratio.low > 1:
            return "loses"
        return "wins" if self.ratio.high < 1 else "undecided"


@dataclass(frozen=True)
class Comparison:
    """One case.

    Attributes
    ----------
    case : what is compared.
    ordinary_memories, spiking_memories : where the data of each lie.
    network : all layers.
    layers : one by one, with the same memories.
    """

    case: Case
    ordinary_memories: Memories
    spiking_memories: Memories
    network: Balance
    layers: Mapping[str, Balance]


def compare(spiking: SpikingWork, ordinary: OrdinaryWork, costs: ArithmeticCosts, case: Case) -> Comparison:
    """Hold a network's two forms against each other.

    Parameters
    ----------
    spiking, ordinary : of the same network.
    costs : of the process that both are made in.
    """
    memories = (
        memories_for(ordinary.storage, costs, case.precision),
        memories_for(spiking.storage, costs, case.precision),
    )
    times = spiking.steps if case.evaluations is None else case.evaluations

    def balance(with_spikes: LayerWork, without: MapWork) -> Balance:
        inference = without.reused if case.reuse else without.anew
        return _balance(with_spikes, inference.times(times), costs, case.precision, *memories)

    layers = {name: balance(layer, ordinary.layers[name]) for name, layer in spiking.layers.items()}
    whole = balance(spiking.together, ordinary.together)
    return Comparison(case, *memories, whole, MappingProxyType(layers))


def _balance(
    spiking: LayerWork, ordinary: Work, costs: ArithmeticCosts, precision: str, without: Memories, with_: Memories
) -> Balance:
    def terms(work: Work, memories: Memories) -> tuple[ArithmeticTerm, ...]:
        return terms_of(work, costs, precision, memories)

    ordinary_terms, spiking_terms = terms(ordinary, without), terms(spiking.total, with_)
    fixed, full, spikes = (terms(work, with_) for work in (spiking.fixed, spiking.every_step, spiking.spikes))
    shared = [*ordinary_terms, *spiking_terms, *full]
    ratio, break_even, equivalent = None, None, None
    if any(term.count for term in ordinary_terms):
        ratio = over_all_corners(shared, lambda at: energy_at(spiking_terms, at) / energy_at(ordinary_terms, at))
    if any(term.count for term in full):
        break_even = over_all_corners(
            shared, lambda at: (energy_at(ordinary_terms, at) - energy_at(fixed, at)) / energy_at(full, at)
        )
        equivalent = energy_of(spikes).nominal / energy_of(full).nominal
    return Balance(
        ordinary_terms,
        spiking_terms,
        MappingProxyType({part: energy_of(terms(getattr(spiking, part), with_)) for part in PARTS}),
        ratio,
        break_even,
        equivalent,
    )
