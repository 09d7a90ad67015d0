"""Cores that die, and the network mapped again around them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....backends.program import Program
from ....mapping.mapper import find_fit
from ....mapping.mapping import Place
from ....mapping.partition.portfolio import STRATEGIES
from ....mapping.target import CorePlace, Target
from .draws import draws_of

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Remapped:
    """The answer to dead cores.

    Attributes
    ----------
    program : the same network on cores that work; None where it does not fit on them.
    reason : why it does not; empty where it does.
    """

    program: Program | None
    reason: str


def chosen_cores(cores: int, dead: int, repeats: int, seed: int) -> tuple[tuple[int, ...], ...]:
    """Which of the cores in use die, a tuple a repeat; all different, and fewer than repeats where there are fewer.

    Parameters
    ----------
    cores : in use.
    dead : how many of them die, 1..cores.
    """
    draws = draws_of("dead-cores", seed, dead)
    wanted = min(repeats, math.comb(cores, dead))
    found: dict[tuple[int, ...], None] = {}
    while len(found) < wanted:
        found[tuple(sorted(draws.choice(cores, dead, replace=False).tolist()))] = None
    return tuple(found)


def places_of(program: Program, cores: Collection[int]) -> tuple[Place, ...]:
    """Where on the chip logical cores are."""
    return tuple(program.mapping.places[core] for core in sorted(cores))


def neurons_at(program: Program, places: Collection[Place]) -> dict[str, Array]:
    """Per population with neurons on the chip, (neurons,) bool, which of them lie at some places."""
    dead = [core for core, place in enumerate(program.mapping.places) if place in places]
    return {name: np.isin(cores, dead) for name, cores in program.mapping.core_of.items()}


def without_cores(target: Target, places: Collection[Place]) -> Target | str:
    """A chip on which cores are dead; what to say where none is left that works."""
    dead = tuple(CorePlace(chip=place.chip, column=place.column, row=place.row, core=place.core) for place in places)
    topology = target.topology.model_copy(update={"dead_cores": (*target.topology.dead_cores, *dead)})
    if not sum(topology.cores_of_chips):
        return f"no core of {target.name} is left that works"
    return target.model_copy(update={"topology": topology})


def remapped(program: Program, places: Collection[Place], rates: Mapping[str, Array]) -> Remapped:
    """Map a program's network again, onto a chip where the cores at some places are dead.

    Parameters
    ----------
    rates : per population, spikes of each neuron a step.
    """
    target = without_cores(program.target, places)
    if isinstance(target, str):
        return Remapped(None, target)
    own = program.mapping.strategy
    strategy = own if own in STRATEGIES else "auto"
    fit = find_fit(program.network, target, rates, strategy, program.code.bits)
    if fit.mapping is None and strategy != "auto":
        fit = find_fit(program.network, target, rates, "auto", program.code.bits)
    if fit.mapping is None:
        return Remapped(None, str(fit.problems[0]))
    return Remapped(replace(program, mapping=fit.mapping, target=target), "")
