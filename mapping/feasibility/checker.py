"""Everything that stands against a mapping."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Role
from ..features import check_features
from ..mapping import Mapping
from ..problem import Problem
from ..target import Target
from .needs import Needs
from .places import check_places
from .routing_entries import check_routing_entries

Array = NDArray[Any]
CHECKED = ("neurons", "synaptic_memory_bits", "memory_bits", "input_axons", "output_axons")
BROKEN = "this is a mistake of the mapper and not of the network: please report it"


def check(network: Network, target: Target, mapping: Mapping, graded_input_bits: int = 1) -> tuple[Problem, ...]:
    """Everything that stands against a mapping; empty where it may go to the chip.

    Parameters
    ----------
    graded_input_bits : bits of the numbers that the input's spikes carry; 1 for plain spikes.
    """
    problems = check_features(network, target, graded_input_bits)
    broken = _unassigned(network, mapping.core_of, mapping.cores)
    problems += broken or check_cores(network, target, mapping.core_of)
    misplaced = [_of_mapper(*found) for found in check_places(target, mapping.places)]
    if not broken and not misplaced:
        problems += check_routing_entries(network, target, mapping)
    return tuple(problems + misplaced)


def check_cores(network: Network, target: Target, core_of: ReadOnly[str, Array]) -> list[Problem]:
    """What stands against the choice of neurons that share a core."""
    broken = _unassigned(network, core_of, None)
    if broken:
        return broken
    cores = 1 + max((int(part.max()) for part in core_of.values() if part.size), default=-1)
    needs = Needs(network, target, core_of, cores)
    problems = []
    for resource in CHECKED:
        limit = target.limits.of(resource)
        used: Array = getattr(needs, resource)
        if limit is None or not used.size or used.max() <= limit:
            continue
        worst = int(np.argmax(used))
        layer = max(core_of, key=lambda name: int(np.count_nonzero(core_of[name] == worst)))
        advice = f"core {worst} holds too much ({np.count_nonzero(used > limit)} cores do); {BROKEN}"
        problems.append(Problem(layer, resource, int(used[worst]), limit, advice))
    if cores > target.cores:
        problems.append(_of_mapper("cores", cores, target.cores, "the mapping uses too many"))
    return problems


def _of_mapper(resource: str, used: int, limit: int, what: str) -> Problem:
    return Problem("the network", resource, used, limit, f"{what}; {BROKEN}")


def _unassigned(network: Network, core_of: ReadOnly[str, Array], cores: int | None) -> list[Problem]:
    """Neurons without a core, or with one that does not exist."""
    problems = []
    expected = {population.name: population.size for population in network.populations if population.role != Role.INPUT}
    for name in sorted(expected.keys() ^ core_of.keys()):
        advice = f"the mapping leaves it out or knows it alone; {BROKEN}"
        problems.append(Problem(name, "neurons", 0, expected.get(name), advice))
    for name in sorted(expected.keys() & core_of.keys()):
        given = np.asarray(core_of[name])
        if given.shape != (expected[name],) or not np.issubdtype(given.dtype, np.integer):
            advice = f"the mapping does not place every neuron exactly once; {BROKEN}"
            problems.append(Problem(name, "neurons", int(given.size), expected[name], advice))
        elif given.size and (given.min() < 0 or (cores is not None and given.max() >= cores)):
            advice = f"a neuron is on a core that does not exist; {BROKEN}"
            problems.append(Problem(name, "cores", int(given.max()), cores, advice))
    return problems
