"""Spreading a network over enough cores for them to keep up with the clock, where a chip has one.

The mapper fills cores, for it knows what they have room for and what messages cost. Whether a core is done with its
work when the next step begins shows only when the network runs: so it runs on the calibration samples, and where a core
needs too long for the worst of them, the network is mapped again with fewer neurons on a core.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backends.program import Program
from ..mapping.explanation import Explanation, bindings, utilisation
from ..mapping.mapping import Mapping
from ..mapping.target import CostSet, Target
from ..models.errors import DoesNotFitError

Array = NDArray[Any]
Mapper = Callable[[Target], tuple[Mapping, Explanation]]
ROUNDS = 10
LEAST_CHANGE = 1.1  # of the neurons on a core from one mapping to the next
SAMPLES = 64  # that are run for it, of the calibration samples
NEURONS = "neurons"


@dataclass(frozen=True, eq=False)
class Layout:
    """A mapping, and how it keeps up.

    Attributes
    ----------
    load : work of the busiest core in its worst step of any sample, over the clock's period; up to 1 it keeps up.
    """

    mapping: Mapping
    explanation: Explanation
    load: float


def mapped_in_real_time(
    map_to: Mapper, program_of: Callable[[Mapping], Program], target: Target, account: CostSet, integers: Array
) -> tuple[Mapping, Explanation, tuple[str, ...]]:
    """Map a network, and again until its cores keep up, or no mapping does better.

    Parameters
    ----------
    map_to : maps the network to a target.
    program_of : the program with a mapping to `target`.
    target : whose cores may hold fewer neurons than it says.
    account : of what operations take; its steps keep to a clock.
    integers : (samples, steps, inputs) of some samples.

    Returns
    -------
    The mapping, its explanation, and what was done, a sentence each.

    Raises
    ------
    DoesNotFitError : it does not fit, however long it takes.
    UnsupportedModelError : the target's backend does not compute the network.
    """
    from ..backends.spinnaker1.machine import Spinnaker1Machine
    from ..backends.spinnaker1.real_time import PeakLoads

    mapping, explanation = map_to(target)
    machine = Spinnaker1Machine(program_of(mapping), calibration=integers)

    def load_of(candidate: Mapping) -> float:
        peak = PeakLoads(program_of(candidate), account)
        machine.run(integers, groups=peak.groups, observe=peak.observe)
        return peak.result().ratio

    first = best = Layout(mapping, explanation, load_of(mapping))
    last, refused = best, 0  # the mapping tried last, and neurons on a core with which there was none
    for _ in range(ROUNDS):
        fullest = _fullest(last.mapping)
        # The work of a core grows with its neurons; where another division has made it grow, still fewer may do.
        wanted = max(1, int(fullest / max(last.load, LEAST_CHANGE)))
        neurons = wanted if wanted > refused else (refused + fullest) // 2
        if best.load <= 1 or not refused < neurons < fullest:
            break
        try:
            found = map_to(_with_neurons(target, neurons))
        except DoesNotFitError:
            refused = neurons
            continue
        last = Layout(*found, load_of(found[0]))
        best = min(best, last, key=lambda layout: layout.load)
    limited = _with_limit(best.mapping, target)
    shares, binding = utilisation(limited.uses), bindings(limited.core_of, limited.uses)
    explained = replace(best.explanation, utilisation=shares, bindings=binding)
    return limited, explained, _notes(first, best, target)


def _fullest(mapping: Mapping) -> int:
    """Neurons of the core with most of them."""
    cores = np.concatenate(list(mapping.core_of.values()))
    return int(np.bincount(cores).max())


def _with_neurons(target: Target, neurons: int) -> Target:
    limit = target.limits.neurons.model_copy(update={"value": neurons, "low": 0, "high": neurons})
    return target.model_copy(update={"limits": target.limits.model_copy(update={NEURONS: limit})})


def _with_limit(mapping: Mapping, target: Target) -> Mapping:
    """The mapping with the target's own limit of neurons, whatever it was mapped with."""
    limit = target.limits.neurons.value
    uses = tuple(replace(use, limit=limit) if use.resource == NEURONS else use for use in mapping.uses)
    return replace(mapping, uses=uses)


def _notes(first: Layout, best: Layout, target: Target) -> tuple[str, ...]:
    if best.load > 1:
        note = (
            f"real_time: no mapping keeps up with {target.name}'s clock; with {_fullest(best.mapping)} neurons on a "
            f"core the busiest takes {best.load:.1f} periods for its worst step, and all steps are as long (real_time)."
        )
    elif first is not best:
        note = (
            f"real_time: at most {_fullest(best.mapping)} neurons on a core, for with {_fullest(first.mapping)} the "
            f"busiest would take {first.load:.1f} periods of {target.name}'s clock for its worst step (real_time)."
        )
    else:
        return ()
    return (note,)
