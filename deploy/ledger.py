"""The ledger: at each stage, on the same samples, how accurate the network is and how much of it spikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.decision import Decision, decide
from ..models.network import Network

Array = NDArray[Any]


@dataclass(frozen=True)
class Entry:
    """One stage.

    Attributes
    ----------
    stage : "graph", "network", "integer", "simulator" or "lava".
    accuracy : share of samples whose class is right, in [0, 1]; None without labels.
    samples : how many samples the figures are of.
    spikes_per_sample : spikes of all neurons, the input's left out.
    agreement : with the stage before, on the same samples: spikes in common / spikes of either, over every neuron and
        step (Jaccard index); 1 means that every spike is the same. None for the first stage.
    layers : per layer, spikes per sample.
    mismatched_spikes : entries of any neuron and step that differ from the stage before; None for the first stage.
    """

    stage: str
    accuracy: float | None
    samples: int
    spikes_per_sample: float
    agreement: float | None
    layers: Mapping[str, float]
    mismatched_spikes: int | None

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        return asdict(self)


def _mismatched(values: Array, earlier: Array) -> int:
    """Spikes that differ; of graded ones in float and in integers, which have no unit in common, those only one has."""
    floats = [array.dtype.kind == "f" for array in (values, earlier)]
    if all(floats):
        return int(np.count_nonzero(~np.isclose(values, earlier, rtol=1e-9, atol=1e-12)))
    if any(floats):
        return int(np.count_nonzero((values != 0) != (earlier != 0)))
    return int(np.count_nonzero(values != earlier))


class Tally:
    """Adds up one stage, batch by batch."""

    def __init__(self, stage: str, network: Network, decision: Decision) -> None:
        self.stage = stage
        self.decision = decision
        self.output = network.output
        self.spiking = [p.name for p in network.populations if p.eventful]
        self.samples = 0
        self.labelled = 0
        self.right = 0
        self.spikes = dict.fromkeys(self.spiking, 0)
        self.common = 0
        self.either = 0
        self.mismatched: int | None = None

    def add(self, activity: Mapping[str, Array], labels: Array | None, before: Mapping[str, Array] | None) -> None:
        """Count a batch.

        Parameters
        ----------
        activity : per population, (samples, steps, neurons).
        labels : (samples,) or None.
        before : the same of the stage before, which may have more samples; the first ones count.
        """
        samples = activity[self.output].shape[0]
        self.samples += samples
        if labels is not None:
            self.labelled += samples
            classes = decide(activity[self.output], self.decision)
            self.right += int(np.count_nonzero(classes == labels[:samples]))
        for name in self.spiking:
            self.spikes[name] += int(np.count_nonzero(activity[name]))
        if before is None:
            return
        self.mismatched = self.mismatched or 0
        for name, values in activity.items():
            earlier = before.get(name)
            if earlier is None:  # a relay exists in the network only
                continue
            earlier = earlier[:samples]
            if name in self.spikes:
                self.common += int(np.count_nonzero((values != 0) & (earlier != 0)))
                self.either += int(np.count_nonzero((values != 0) | (earlier != 0)))
                self.mismatched += _mismatched(values, earlier)
            elif np.issubdtype(values.dtype, np.integer) and np.issubdtype(earlier.dtype, np.integer):
                # Potentials of float and of integer stages have no unit in common; integers must be the same.
                self.common += int(np.count_nonzero(values == earlier))
                self.either += values.size
                self.mismatched += int(np.count_nonzero(values != earlier))

    def entry(self) -> Entry:
        """The stage's line."""
        agreement = None if self.mismatched is None else self.common / self.either if self.either else 1.0
        layers = {name: count / max(1, self.samples) for name, count in self.spikes.items()}
        accuracy = self.right / self.labelled if self.labelled else None
        return Entry(self.stage, accuracy, self.samples, sum(layers.values()), agreement, layers, self.mismatched)
