"""What the simulator saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Simulation:
    """The result of running samples.

    Attributes
    ----------
    samples, steps : how many there are here; where a run was interrupted, fewer than were asked for.
    activity : per recorded population, (samples, steps, neurons): int8 spikes, or int32 graded output.
    spikes : per population, inputs and constants among them, (neurons,) int64: spikes over all samples and steps.
    group_spikes : per population for which groups were given, (steps, groups) int64, or int32 where that does for all
        samples of the run: spikes over all samples.
    states : per population that was asked for, (samples, steps, states, neurons) int32: its states after each step, in
        the order of its rule.
    weights : per projection that learns, (targets, sources): its weights after the last sample.
    """

    samples: int
    steps: int
    activity: Mapping[str, Array]
    spikes: Mapping[str, Array]
    group_spikes: Mapping[str, Array]
    states: Mapping[str, Array]
    weights: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))
