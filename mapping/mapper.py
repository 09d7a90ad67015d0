"""From a network and a chip to a checked mapping, or to all reasons why there is none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..models.errors import DoesNotFitError
from ..models.network import Network
from .feasibility import check
from .features import check_features
from .mapping import Mapping, Use
from .partition.partition import Rates
from .partition.portfolio import STRATEGIES, Candidate, candidates
from .partition.sequential import Layout, Sequential
from .placement.swapping import place
from .problem import Problem, describe
from .resources import RESOURCES, Accountant, Load
from .target import Target


@dataclass(frozen=True, eq=False)
class Fit:
    """Whether a network fits.

    Attributes
    ----------
    mapping : None where it does not fit.
    problems : why; empty where it does.
    """

    mapping: Mapping | None
    problems: tuple[Problem, ...]


def map_network(
    network: Network,
    target: Target,
    rates: Rates | None = None,
    strategy: str = "auto",
    graded_input_bits: int = 1,
) -> Mapping:
    """Place a network on a chip.

    Parameters
    ----------
    network, target : what, and where to.
    rates : per population, spikes of each neuron a step (or one number for all of them), as measured; without them
        every neuron counts the same.
    strategy : "auto" for the one with the fewest messages, or the name of one (see `strategies`).
    graded_input_bits : bits of the numbers that the input's spikes carry; 1 for plain spikes.

    Raises
    ------
    DoesNotFitError : with every layer, resource, need, limit and advice.
    """
    fit = find_fit(network, target, rates, strategy, graded_input_bits)
    if fit.mapping is None:
        title = f"the network does not fit on {target.name}"
        raise DoesNotFitError(f"{title}:\n{describe(fit.problems)}")
    return fit.mapping


def find_fit(
    network: Network,
    target: Target,
    rates: Rates | None = None,
    strategy: str = "auto",
    graded_input_bits: int = 1,
) -> Fit:
    """As `map_network`, with the problems as a result instead of an error."""
    problems = check_features(network, target, graded_input_bits)
    found = candidates(network, target, rates, strategy)
    if not found:
        problems += _reasons(network, target, strategy)
    for candidate in [] if problems else found:
        mapping = _placed(network, target, candidate, rates)
        # Nothing leaves the mapper unchecked, whichever partitioner it comes from.
        problems = list(check(network, target, mapping, graded_input_bits))
        if not problems:
            return Fit(mapping, ())
    return Fit(None, tuple(problems))


def strategies() -> tuple[str, ...]:
    """What `strategy` may say."""
    return ("auto", *STRATEGIES)


def _placed(network: Network, target: Target, candidate: Candidate, rates: Rates | None) -> Mapping:
    fan_out = candidate.fan_out
    reached = {name: np.diff(matrix.indptr) for name, matrix in fan_out.destinations.items()}
    accountant = Accountant(network, target, reached)
    loads = [Load() for _ in range(fan_out.cores)]
    for name, cores in fan_out.core_of.items():
        order = np.argsort(cores, kind="stable")
        used, starts = np.unique(cores[order], return_index=True)
        for core, neurons in zip(used, np.split(order, starts[1:]), strict=True):
            loads[core] = accountant.add(loads[core], name, neurons)
    uses = tuple(
        Use(core, resource, getattr(load, resource), accountant.limits[resource])
        for core, load in enumerate(loads)
        for resource in RESOURCES
        if resource != "input_axons" or accountant.limits[resource] is not None
    )
    places = place(fan_out.packet_matrix(rates or {}), target)
    return Mapping(target.name, candidate.strategy, dict(fan_out.core_of), places, uses)


def _reasons(network: Network, target: Target, strategy: str) -> list[Problem]:
    """Why filling the cores in order fails; of both orders, the one that comes closer."""
    chosen = STRATEGIES.get(strategy)
    ways = [chosen] if isinstance(chosen, Sequential) else [Sequential("channels"), Sequential("positions")]
    layouts = [way.layout(network, target) for way in ways]
    best = min(layouts, key=lambda layout: (len(layout.problems), len(layout.loads)))
    problems = list(best.problems)
    if len(best.loads) > target.cores:
        problems.append(_too_many_cores(best, target))
    if not problems:
        advice = f"the strategy {strategy!r} finds no partition although filling the cores in order does: use 'auto'"
        problems.append(Problem("the network", "cores", len(best.loads), target.cores, advice))
    return problems


def _too_many_cores(layout: Layout, target: Target) -> Problem:
    cores = Counter({name: int(np.unique(part[part >= 0]).size) for name, part in layout.core_of.items()})
    largest = ", ".join(f"{name} ({count})" for name, count in cores.most_common(3))
    chips = -(-len(layout.loads) // target.topology.usable_cores.value)
    advice = f"most are taken by {largest}; make these smaller, or use a board of {chips} chips"
    return Problem("the network", "cores", len(layout.loads), target.cores, advice)
