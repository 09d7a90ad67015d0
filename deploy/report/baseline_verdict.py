"""Whether the version with spikes wins or loses, in words that a user can quote, with the reason."""

from __future__ import annotations

from ...backends.arithmetic.comparison import Balance, Comparison
from ...backends.arithmetic.energy import energy_of
from ...backends.arithmetic.with_spikes import SpikingWork
from ...mapping.arithmetic_costs import ArithmeticCosts
from ...mapping.constant import Bounds
from ...mapping.costs import JOULES_PER_PICOJOULE
from ..quantities import format_count, format_quantity, format_share

PART_NAMES = {
    "spikes": "adding weights where spikes arrive",
    "steady": "input and biases that come whether neurons spike or not",
    "states": "reading and writing the states of all neurons at every step",
    "updates": "updating all neurons at every step",
}
NOTHING_TO_COMPUTE = (
    "The spiking version loses: without spikes the network has nothing to compute, as it has neither weights nor pools."
)
FIXED_PARTS = ("steady", "states", "updates")
JOULES_PER_MILLIJOULE = 1e-3


def verdict_sentence(comparison: Comparison, spiking: SpikingWork) -> str:
    """Two or three sentences: who takes how much, and why.

    Parameters
    ----------
    spiking : the work that was compared.
    """
    balance, case = comparison.network, comparison.case
    if balance.ratio is None:
        return NOTHING_TO_COMPUTE
    energies = [format_quantity(energy_of(terms).nominal, "J") for terms in (balance.spiking, balance.ordinary)]
    times = f"{format_factor(balance.ratio.nominal)} times{_spread(balance.ratio)}"
    runs = "" if case.evaluations == 1 else f" run at each of the {spiking.steps} steps"
    reuse = "" if case.reuse else ", which reuses nothing that it has fetched"
    memories = comparison.spiking_memories
    facts = (
        f"{energies[0]} against {energies[1]} a sample, {times} that of the same network without spikes{runs}{reuse} "
        f"({case.precision}, 45 nm; weights in {memories.weights.name}, states in {memories.states.name})"
    )
    if balance.outcome == "undecided":
        return f"It is undecided whether the spiking version wins: {facts}. {_reason(balance, spiking)}"
    return f"The spiking version {balance.outcome}: {facts}. {_reason(balance, spiking)}"


def lower_bound(costs: ArithmeticCosts) -> str:
    """What the figures are not."""
    example, format_ = costs.measured_example, costs.precisions["fp32"]
    products = example.multiply_accumulates.value
    arithmetic = products * (format_.multiply.value + format_.accumulate.value) * JOULES_PER_PICOJOULE
    measured = example.energy.value * JOULES_PER_MILLIJOULE
    return (
        "Lower bounds only, for no machine is arithmetic and memory alone: "
        f"{example.what} of {format_count(products)} multiply-accumulates in {format_quantity(measured, 'J')} "
        f"({example.energy.source}), {format_count(round(measured / arithmetic, -2))} times their arithmetic in fp32."
    )


def format_factor(factor: float) -> str:
    """Two significant digits where a factor is small, none after the point where it is large.

    Examples
    --------
    >>> format_factor(0.0347)
    '0.035'
    >>> format_factor(41.3)
    '41'
    """
    return f"{factor:,.0f}" if abs(factor) >= 10 else f"{factor:.2g}"


def _spread(ratio: Bounds) -> str:
    ends = [format_factor(ratio.low), format_factor(ratio.high)]
    return "" if ends[0] == ends[1] else f" ({ends[0]}–{ends[1]})"


def _reason(balance: Balance, spiking: SpikingWork) -> str:
    energy = energy_of(balance.spiking).nominal
    part = max(balance.parts, key=lambda name: balance.parts[name].nominal)
    share = format_share(balance.parts[part].nominal / energy)
    largest = f"The largest part of its energy, {share}, goes to {PART_NAMES[part]}."
    rate = balance.break_even_rate
    if rate is None or balance.equivalent_rate is None:
        return largest
    steps = f"{spiking.steps} step{'' if spiking.steps == 1 else 's'}"
    if rate.nominal <= 0:
        fixed = max(FIXED_PARTS, key=lambda name: balance.parts[name].nominal)
        alone = format_quantity(balance.parts[fixed].nominal, "J")
        lost = f"In {steps} it would lose without a single spike: {alone}"
        if fixed == part:
            return f"{lost}, {share} of its energy, go to {PART_NAMES[fixed]}."
        return f"{lost} go to {PART_NAMES[fixed]}. {largest}"
    measured = f"its synapses carry spikes at a rate of {_rate(balance.equivalent_rate)} a step"
    if rate.nominal >= 1:
        return f"In {steps} {measured}; it would win even at a rate of 1. {largest}"
    return f"In {steps} {measured}, where the break-even is {_rate(rate.nominal)}. {largest}"


def _rate(rate: float) -> str:
    return f"{rate:.2g}"
