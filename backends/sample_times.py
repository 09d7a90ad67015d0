"""How long single samples take: the time of the mean sample hides that samples differ, and in which core is busiest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping.constant import Bounds
from ..mapping.mapping import Mapping
from ..mapping.target import CostSet, Target
from .counting import CoreCounting
from .latency import time_sample
from .run import Counters
from .simulator.simulate import Simulator

Array = NDArray[Any]


@dataclass(frozen=True)
class SampleTimes:
    """Of samples that pass alone, in s.

    Attributes
    ----------
    samples : how many were looked at.
    mean : of their latencies; at least that of the mean sample of them.
    longest : of their latencies.
    """

    samples: int
    mean: Bounds
    longest: Bounds

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"samples": self.samples, "mean": self.mean._asdict(), "longest": self.longest._asdict()}


def time_samples(
    integers: Array, counting: CoreCounting, simulator: Simulator, whole: Counters, mapping: Mapping, target: Target,
    costs: CostSet,
) -> SampleTimes:  # fmt: skip
    """Run samples one by one.

    Parameters
    ----------
    integers : (samples, steps, inputs), as the program takes them; one sample at least.
    counting, simulator : of the program.
    whole : counters of many samples, from which the neurons that are active are taken, for these take a run of their
        own to count.
    """
    tiles = len({(place.chip, place.column, place.row) for place in mapping.places})
    active = None if whole.active_neurons is None else whole.active_neurons / whole.samples
    latencies = []
    for sample in range(integers.shape[0]):
        run = simulator.run(integers[sample : sample + 1], groups=counting.groups, first_sample=sample)
        counters = replace(counting.counters(run.group_spikes, 1), active_neurons=active)
        timing = time_sample(counters, costs, target.topology, tiles=tiles, period=counters.rows)
        latencies.append(timing.latency)
    ends = np.asarray(latencies)
    return SampleTimes(len(latencies), Bounds(*ends.mean(axis=0).tolist()), Bounds(*ends.max(axis=0).tolist()))
