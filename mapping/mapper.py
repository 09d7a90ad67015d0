"""From a network and a chip to a checked mapping and its explanation, or to all reasons why there is none."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.errors import DoesNotFitError
from ..models.network import Network
from .explanation import Attempt, Explanation, explain
from .feasibility import check
from .features import check_features
from .layout import Layout, lay_out, placed_again
from .mapping import Mapping, Use
from .partition.partition import Rates
from .partition.portfolio import STRATEGIES, Candidate, candidates
from .partition.sequential import Layout as FilledCores
from .partition.sequential import Sequential
from .problem import Problem, describe
from .resources import Accountant
from .search import DEFAULT_SEARCH, Search, part_of
from .shortage.shortages import shortages
from .target import Target
from .traffic.random_baseline import random_packets

Array = NDArray[Any]
LOG = logging.getLogger(__name__)
KEPT = 2  # layouts; the second best is for the case that the checker refuses the best
TRIED, PLACED, CHECKED = 0.5, 0.9, 1.0  # shares of the work that are done after each part


@dataclass(frozen=True, eq=False)
class Fit:
    """Whether a network fits.

    Attributes
    ----------
    mapping : None where it does not fit.
    explanation : of the mapping; None where there is none.
    problems : why it does not fit; empty where it does.
    """

    mapping: Mapping | None
    explanation: Explanation | None
    problems: tuple[Problem, ...]


def map_network(
    network: Network,
    target: Target,
    rates: Rates | None = None,
    strategy: str = "auto",
    graded_input_bits: int = 1,
    search: Search = DEFAULT_SEARCH,
) -> Mapping:
    """Place a network on a chip; see `explained_mapping`."""
    return explained_mapping(network, target, rates, strategy, graded_input_bits, search)[0]


def explained_mapping(
    network: Network,
    target: Target,
    rates: Rates | None = None,
    strategy: str = "auto",
    graded_input_bits: int = 1,
    search: Search = DEFAULT_SEARCH,
) -> tuple[Mapping, Explanation]:
    """Place a network on a chip, and say how good the result is.

    Parameters
    ----------
    network, target : what, and where to.
    rates : per population, spikes of each neuron a step (or one number for all of them), as measured; without them
        every neuron counts the same.
    strategy : "auto" for the one with the smallest modelled cost, or the name of one (see `strategies`).
    graded_input_bits : bits of the numbers that the input's spikes carry; 1 for plain spikes.
    search : what it may spend.

    Raises
    ------
    DoesNotFitError : with every layer, resource, need, limit and advice.
    """
    fit = find_fit(network, target, rates, strategy, graded_input_bits, search)
    if fit.mapping is None or fit.explanation is None:
        title = f"the network does not fit on {target.name}"
        raise DoesNotFitError(f"{title}:\n{describe(fit.problems)}")
    return fit.mapping, fit.explanation


def find_fit(
    network: Network,
    target: Target,
    rates: Rates | None = None,
    strategy: str = "auto",
    graded_input_bits: int = 1,
    search: Search = DEFAULT_SEARCH,
) -> Fit:
    """As `explained_mapping`, with the problems as a result instead of an error."""
    began = time.monotonic()
    # What can be known without a search comes first, so that nobody waits for a refusal.
    problems = check_features(network, target, graded_input_bits) + shortages(network, target)
    if problems:
        return Fit(None, None, tuple(problems))
    tried, layouts = _try_all(network, target, rates, strategy, search)
    for name, layout in _finished(layouts, target, search):
        mapping = _mapping(network, target, name, layout)
        # Nothing leaves the mapper unchecked, whichever partitioner it comes from.
        stopped = search.late
        search.progress(f"checking {_counted(mapping.cores)}", PLACED)
        problems = list(check(network, target, mapping, graded_input_bits))
        if not problems:
            sequential = tried["sequential"].messages if "sequential" in tried else None
            random = random_packets(network, mapping.cores, rates)
            square = target.topology.mesh == "square"
            outcomes = _outcomes(tried, name, layout)
            explanation = explain(
                mapping, layout, outcomes, random, sequential, search, stopped, began, bool(rates), square
            )
            LOG.info("%s: %d cores by %r", target.name, mapping.cores, name)
            search.progress(f"{_counted(mapping.cores)}, divided by {name}", CHECKED)
            return Fit(mapping, explanation, ())
        tried[name] = replace(tried[name], outcome=f"refused by the checker: {problems[0]}")
        LOG.info("%s: what %r found was refused by the checker: %s", target.name, name, problems[0])
    return Fit(None, None, tuple(problems or _reasons(network, target, strategy)))


def _try_all(
    network: Network, target: Target, rates: Rates | None, strategy: str, search: Search
) -> tuple[dict[str, Attempt], dict[str, Layout]]:
    """Every partition, each placed quickly; layouts of the best of them."""
    tried: dict[str, Attempt] = {}
    layouts: dict[str, Layout] = {}
    within = part_of(search, 0.0, TRIED)
    for candidate in candidates(network, target, rates, strategy, within):
        layout, outcome = None, candidate.missing or "no partition"
        if candidate.core_of is not None:
            twin = _same(candidate, layouts)
            outcome = f"the same as {twin}" if twin else "not as good"
            if twin is not None:
                layout = layouts[twin]
            else:
                quick = replace(part_of(within, *candidate.rest, candidate.strategy), effort="fast")
                layout = layouts[candidate.strategy] = lay_out(network, target, candidate.core_of, rates, quick)
        attempt = tried[candidate.strategy] = _attempt(candidate, layout, outcome)
        LOG.debug(
            "%s: %r %s; cores %s, modelled energy %s J, %.3f s",
            target.name, attempt.strategy, attempt.outcome, attempt.cores, attempt.energy, candidate.seconds,
        )  # fmt: skip
        if len(layouts) > KEPT:
            # Several layouts of a large network would fill the memory.
            del layouts[max(layouts, key=lambda name: layouts[name].cost.energy)]
    return tried, layouts


def _finished(layouts: ReadOnly[str, Layout], target: Target, search: Search) -> Iterator[tuple[str, Layout]]:
    """Layouts placed with the effort that is asked for, best first."""
    ranked = sorted(layouts, key=lambda name: layouts[name].cost.energy)
    if search.effort == "best" and len(ranked) > 1:
        # How well a partition can be placed shows only in the end.
        middle = (TRIED + PLACED) / 2
        parts = ((TRIED, middle), (middle, PLACED))
        final = [
            (name, _placed(layouts[name], target, part_of(search, *part, name)))
            for name, part in zip(ranked, parts, strict=True)
        ]
        yield from sorted(final, key=lambda entry: entry[1].cost.energy)
        return
    for name in ranked:
        search.progress(f"placing {_counted(layouts[name].traffic.flows.cores)}, divided by {name}", TRIED)
        yield name, _placed(layouts[name], target, part_of(search, TRIED, PLACED, name))


def _counted(cores: int) -> str:
    return "1 core" if cores == 1 else f"{cores:,} cores"


def _placed(layout: Layout, target: Target, search: Search) -> Layout:
    if search.effort == "fast" or search.late:
        return layout
    again = placed_again(target, layout.core_of, layout.traffic, search)
    return min(layout, again, key=lambda one: one.cost.energy)


def _same(candidate: Candidate, layouts: ReadOnly[str, Layout]) -> str | None:
    """The strategy that found the very same partition before."""
    assert candidate.core_of is not None
    for name, layout in layouts.items():
        if all(np.array_equal(cores, layout.core_of[layer]) for layer, cores in candidate.core_of.items()):
            return name
    return None


def _attempt(candidate: Candidate, layout: Layout | None, outcome: str) -> Attempt:
    return Attempt(
        candidate.strategy,
        outcome,
        None if candidate.core_of is None else candidate.cores,
        None if layout is None else layout.traffic.deliveries,
        None if layout is None else layout.cost.energy,
        candidate.seconds,
    )


def _outcomes(tried: ReadOnly[str, Attempt], chosen: str, layout: Layout) -> tuple[Attempt, ...]:
    """The chosen attempt, as it was finally placed, and then the others."""
    best = replace(tried[chosen], outcome="chosen", energy=layout.cost.energy)
    return (best, *(attempt for name, attempt in tried.items() if name != chosen))


def _mapping(network: Network, target: Target, strategy: str, layout: Layout) -> Mapping:
    flows = layout.traffic.flows
    accountant = Accountant(network, target)
    # Axons were counted exactly, and depend on all cores together.
    axons = {"input_axons": flows.input_axons, "output_axons": flows.output_axons}
    uses = tuple(
        Use(core, resource, int(axons[resource][core] if resource in axons else getattr(load, resource)), limit)
        for core, load in enumerate(accountant.loads(layout.core_of, flows.cores))
        for resource, limit in ((name, accountant.limits[name]) for name in accountant.resources)
    )
    return Mapping(target.name, strategy, dict(layout.core_of), layout.places, uses)


def _reasons(network: Network, target: Target, strategy: str) -> list[Problem]:
    """Why filling the cores in order fails; of both orders, the one that comes closer.

    Where that does not fail, why the strategy that was asked for does.
    """
    chosen = STRATEGIES.get(strategy)
    ways = [chosen] if isinstance(chosen, Sequential) else [Sequential("channels"), Sequential("positions")]
    layouts = [way.layout(network, target) for way in ways]
    best = min(layouts, key=lambda layout: (len(layout.problems), len(layout.loads)))
    problems = list(best.problems)
    if len(best.loads) > target.cores:
        problems.append(_too_many_cores(best, target))
    if not problems:
        in_order = f"filling the cores in order takes {len(best.loads)} of {target.cores}: use 'auto'"
        advice = f"the strategy {strategy!r} finds none that fits, {in_order}"
        problems.append(Problem("the network", "partitions found", 0, None, advice))
    return problems


def _too_many_cores(layout: FilledCores, target: Target) -> Problem:
    cores = Counter({name: int(np.unique(part[part >= 0]).size) for name, part in layout.core_of.items()})
    largest = ", ".join(f"{name} ({count})" for name, count in cores.most_common(3))
    advice = f"most are taken by {largest}; make these smaller, or use {target.board_for(len(layout.loads))}"
    return Problem("the network", "cores", len(layout.loads), target.cores, advice)
