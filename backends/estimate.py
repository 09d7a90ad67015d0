"""What a sample costs on the chip, estimated from a run's counters: energy and time, each figure with its range.

Four accounts of energy are never mixed:

1. the counts, which are the run's `Counters`;
2. the dynamic energy of the neurocores: what the counted operations cost;
3. the chip's total: the dynamic energy, and the power that the chip draws whatever happens;
4. the system's total: that with the rest of the board, where its power is known, the host, and bringing input in, of
   which only the user knows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..mapping.constant import Bounds
from ..mapping.mapping import Mapping as NetworkMapping
from ..mapping.target import CostSet, Target
from ..models.errors import UsageError
from .breakdown import Breakdown, break_down
from .energy import StaticTerm, Term, energy_terms, static_terms, total
from .latency import Timing, time_sample
from .run import Counters
from .system_costs import SystemCosts, SystemEnergy, system_energy

Array = NDArray[Any]
NOTHING_KNOWN = SystemCosts()

MEANING = {
    "dynamic_neurocore": "What the operations of the cores and of the mesh between them take for a sample, without "
    "the power that flows whatever happens.",
    "chip_total": "The dynamic energy, and the static power and the processors of the chips in use over the time of "
    "a sample that passes alone.",
    "system_total": "The dynamic energy, and over the time of a sample that passes alone the power of the whole board "
    "(where it is not known, of the chips in use) and of the host, and what it takes to bring input in.",
}


@dataclass(frozen=True, eq=False)
class Estimate:
    """Energy and time of a mean sample.

    Attributes
    ----------
    cost_set : name of the target's account of what operations cost.
    energy_terms : the dynamic energy by operation.
    static_terms : the energy of power that the chips in use draw whatever happens.
    breakdown : both, by layer and by core.
    system : what the system takes on top of the dynamic energy; None where nothing is known of it.
    timing : time of a step and of a sample.
    notes : what the figures leave out or take for granted, a sentence each.
    """

    cost_set: str
    energy_terms: tuple[Term, ...]
    static_terms: tuple[StaticTerm, ...]
    breakdown: Breakdown
    system: SystemEnergy | None
    timing: Timing
    notes: tuple[str, ...]

    @property
    def dynamic(self) -> Bounds:
        """Dynamic energy of the neurocores, J a sample: the sum of `energy_terms`."""
        return total(term.energy for term in self.energy_terms)

    @property
    def chip_total(self) -> Bounds:
        """Energy of the chips in use, J a sample: the sum of `energy_terms` and `static_terms`."""
        return total([*(term.energy for term in self.energy_terms), *(term.energy for term in self.static_terms)])

    @property
    def system_total(self) -> Bounds | None:
        """Energy of the system, J a sample; None where nothing is known of it."""
        if self.system is None:
            return None
        powers = (term.energy for term in self.system.terms)
        return total([*(term.energy for term in self.energy_terms), *powers, self.system.transfer])

    @property
    def layer_energy(self) -> Mapping[str, Bounds]:
        """Dynamic energy of each layer, J a sample; they add up to `dynamic`."""
        return {name: self.breakdown.of_layer(name) for name in self.breakdown.layers}

    @property
    def core_energy(self) -> Array:
        """(cores,) J a sample, nominal; with what input from off the chip takes on its way they add up to `dynamic`."""
        return self.breakdown.dynamic_of_cores[:-1, 1]

    @property
    def step_time(self) -> Bounds:
        """Mean over the steps of a sample that passes alone, s."""
        return self.timing.step_time

    @property
    def latency(self) -> Bounds:
        """From the first step of a sample that passes alone to the end of its last, s."""
        return self.timing.latency

    @property
    def throughput(self) -> Bounds:
        """Samples/s when they stream back to back."""
        return self.timing.throughput

    def as_dict(self) -> dict[str, Any]:
        """The estimate for a report, as JSON can hold it; energies in J, times in s, throughput in samples/s."""
        accounts = {"dynamic_neurocore": self.dynamic, "chip_total": self.chip_total}
        if self.system_total is not None:
            accounts["system_total"] = self.system_total
        bound_by, slowdown = self.timing.bound_by, self.timing.slowdown
        return {
            "cost_set": self.cost_set,
            "energy_per_sample": self.dynamic._asdict(),
            "energy_accounts": {
                name: {**energy._asdict(), "meaning": MEANING[name]} for name, energy in accounts.items()
            },
            "energy_terms": [
                {
                    "term": term.name,
                    "count_per_sample": term.count_per_sample,
                    **term.energy._asdict(),
                    "kind": term.kind,
                    "source": term.source,
                }
                for term in self.energy_terms
            ],
            "static_terms": [_static(term) for term in self.static_terms],
            "system_terms": [] if self.system is None else [_static(term) for term in self.system.terms],
            "transfer_energy": None if self.system is None else self.system.transfer._asdict(),
            "energy_breakdown": self.breakdown.as_dict(),
            "layer_energy": {name: energy._asdict() for name, energy in self.layer_energy.items()},
            "core_energy": [float(energy) for energy in self.core_energy],
            "latency_per_sample": self.latency._asdict(),
            "step_time": {
                **self.step_time._asdict(),
                "bound_by": {
                    "work": bound_by.work,
                    "share": bound_by.share,
                    "core": bound_by.core,
                    "link": None if bound_by.link is None else [list(tile) for tile in bound_by.link],
                },
                "slowdown": None if slowdown is None else slowdown._asdict(),
                "by_step": self.timing.by_step.tolist(),
            },
            "throughput": self.throughput._asdict(),
            "time_constants": [
                {
                    "term": term.name,
                    **{end: value * 1e-9 for end, value in term.constant._asdict().items()},
                    "kind": term.kind,
                    "source": term.source,
                }
                for term in self.timing.terms
            ],
            "notes": list(self.notes),
        }


def estimate(
    counters: Counters,
    mapping: NetworkMapping,
    target: Target,
    *,
    period: int,
    costs: str | None = None,
    system: SystemCosts = NOTHING_KNOWN,
) -> Estimate:
    """Estimate what a mean sample costs.

    Energy and latency are those of a sample that passes alone, over all rows of the counters; the answer is complete
    after the last.

    Parameters
    ----------
    counters : of a run of at least one sample.
    mapping : of the network that ran, on that target.
    target : the chip.
    period : steps from the start of a sample to the start of the next when they stream; see `Program.period`.
    costs : name of one of the target's accounts of what operations cost; its default where None.
    system : what the user knows beyond the chip.

    Raises
    ------
    UsageError : the target has no such account, or it is one by which a sample takes no time.
    """
    if counters.samples < 1 or period < 1 or counters.spikes.shape[1] != mapping.cores:
        raise ValueError(
            f"counters of {counters.samples} samples on {counters.spikes.shape[1]} cores, every {period} steps, "
            f"do not suit a mapping on {mapping.cores} cores"
        )
    name = target.costs.default if costs is None else costs
    account = target.cost_set(name)
    tiles = len({(place.chip, place.column, place.row) for place in mapping.places})
    chips = target.topology.chips_in_use(len({place.chip for place in mapping.places}), tiles)
    timing = time_sample(counters, account, target.topology, tiles=tiles, period=period)
    if not math.isfinite(timing.throughput.high):
        raise UsageError(
            f"By the account {name} of {target.name} a sample takes no time at all, at its lowest, so that it has no "
            "throughput: give the barrier, or a neuron's access, a lowest time above 0 (costs.sets.*.time)."
        )
    terms = energy_terms(counters, account, target.topology)
    static = static_terms(account.power, chips, mapping.cores, timing.latency)
    return Estimate(
        name,
        terms,
        static,
        break_down(terms, static, counters.by_layer),
        system_energy(system, account.power, static, counters, timing.latency),
        timing,
        _notes(account, system, counters),
    )


def _static(term: StaticTerm) -> dict[str, Any]:
    return {
        "term": term.name,
        "units": term.units,
        **term.energy._asdict(),
        "kind": term.kind,
        "source": term.source,
    }


def _notes(account: CostSet, system: SystemCosts, counters: Counters) -> tuple[str, ...]:
    stream = (
        "Energy, latency and step time are those of a sample that passes alone; back to back, the steps in which the "
        "network fills and drains are shared between samples."
    )
    no_way = "The way of a message over the mesh takes no time; "
    step_time = {
        "sum": no_way + "the busiest core and the barrier do.",
        "maximum": "Reading memory takes no time apart from the synaptic operations.",
        "serial": no_way + "the busiest core does all its work one after the other.",
        "clock": no_way + "all steps are as long as the clock's period, or as many of them as the busiest step needs.",
    }
    mean = (
        "Step times follow the mean sample, so that they are too short where samples differ in which core is busiest; "
        "latency_of_samples is of samples one by one."
    )
    outside = "the host, and getting input onto the chip and answers off it"
    left_out = {
        (False, False): f"Not included: {outside}, in energy and in time.",
        (True, False): "Not included: getting input onto the chip and answers off it; and the host's own time.",
        (False, True): "Not included: the host, and getting answers off the chip; and the time of either.",
        (True, True): "Not included: getting answers off the chip; and the host's own time.",
    }
    updates = "Every neuron counts as updated at every step."
    if account.updates == "active":
        updates += " A neuron at rest needs less; which are was not counted."
        if counters.active_neurons is not None:
            updates = "Neurons at rest, with no state other than zero and no input, are accessed but not updated."
    return (
        f"Constants: {account.description}.",
        left_out[system.host_power is not None, system.transfer_energy is not None],
        stream,
        updates,
        mean,
        step_time[account.step_time_model],
    )
