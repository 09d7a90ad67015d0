"""The random numbers by which traces and synapses are rounded: the draws of Lava's learning processes, in their order.

Lava rounds with numbers that all neurons and all synapses of a process share. It has four generators for traces, seeded
by the rule's seed and the three numbers after it, and one for synapses whose seed is 2 whatever the rule says
(`lava.magma.core.learning.random`). Each draws once when it is made; those of the traces draw twice a step, before and
after the spikes of the targets are seen, and that of the synapses once an epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SYNAPSE_SEED = 2
IMPULSE_RANGE = 128
"""Of the number that the 8 bits of an impulse's fraction are compared with: so it is in Lava, whose impulses with a
fraction of a half and more are always rounded up."""


@dataclass(frozen=True, eq=False)
class StepNumbers:
    """Random numbers of some steps, one an entry.

    Attributes
    ----------
    source_decay, target_decay : in [0, 1), for the decay of traces at the end of an epoch.
    source_impulse, target_impulse : 0..127, for their impulses then.
    early_target_impulse : 0..127, for the impulse of a target that spikes again within an epoch. (That of a source is
        rounded up.)
    """

    source_decay: Array
    source_impulse: Array
    target_decay: Array
    target_impulse: Array
    early_target_impulse: Array


class RoundingNumbers:
    """Draws numbers, step after step.

    Parameters
    ----------
    seed : of a learning rule.
    """

    def __init__(self, seed: int) -> None:
        self._source_decay, self._source_impulse, self._target_decay, self._target_impulse = (
            np.random.default_rng(seed + offset) for offset in range(4)
        )
        self._synapses = np.random.default_rng(SYNAPSE_SEED)
        for generator in (self._source_decay, self._target_decay, self._synapses):
            generator.random()
        for generator in (self._source_impulse, self._target_impulse):
            generator.integers(0, IMPULSE_RANGE, size=1)

    def steps(self, count: int) -> StepNumbers:
        """The numbers of the next so many steps; the same whether drawn at once or one by one."""
        source, target = (
            generator.integers(0, IMPULSE_RANGE, size=(count, 2))
            for generator in (self._source_impulse, self._target_impulse)
        )
        return StepNumbers(
            self._source_decay.random((count, 2))[:, 1],
            source[:, 1],
            self._target_decay.random((count, 2))[:, 1],
            target[:, 1],
            target[:, 0],
        )

    def epochs(self, count: int) -> Array:
        """The numbers, in [0, 1), of the next so many epochs, by which synapses are rounded."""
        return self._synapses.random(count)
