"""The ledger: at each stage, on the same samples, how accurate the network is, how much of it spikes and what changed.

Stages are compared neuron by neuron and step by step, each layer in its own window of a sample. Spikes are compared as
they are. Of graded spikes in float and in integers, which have no unit in common, it is compared where they are zero;
potentials are compared among integers only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.decision import Decision, decide
from ..models.network import Network
from .confidence import wilson_interval

Array = NDArray[Any]


@dataclass(frozen=True)
class LayerEntry:
    """One layer at one stage.

    Attributes
    ----------
    rate : spikes per neuron and step, in [0, 1]; None for layers that put out potentials.
    agreement : with the stage before: spikes in common / spikes of either (Jaccard index), of potentials the share that
        is equal; None where there is nothing to compare with.
    mismatched : entries of any neuron and step that differ from the stage before; None as above.
    overflows : how often a neuron left its widths, by what did (see `IntegerNeuron.overflows`), over all samples; None
        for stages that do not count it.
    clipped_share, zeroed_share : of the layer's weights; None for stages that have not just been quantized.
    """

    rate: float | None
    agreement: float | None = None
    mismatched: int | None = None
    overflows: Mapping[str, int] | None = None
    clipped_share: float | None = None
    zeroed_share: float | None = None


@dataclass(frozen=True)
class Divergence:
    """Where a stage first differs from the one before: the earliest step of a sample, over all samples.

    Attributes
    ----------
    layer : of those that differ at this step, the first in the network.
    step : of the sample, in the layer's own window; from 0.
    sample : the first one in which this layer differs at this step.
    """

    layer: str
    step: int
    sample: int


@dataclass(frozen=True)
class Entry:
    """One stage.

    Attributes
    ----------
    stage : "ordinary", "converted", "graph", "network", "integer", "simulator" or "lava".
    accuracy : share of samples whose class is right, in [0, 1]; None without labels.
    samples : how many samples the figures are of.
    spikes_per_sample : spikes of all neurons, the input's left out.
    agreement : with the stage before, on the same samples: spikes in common / spikes of either, over every neuron and
        step (Jaccard index); 1 means that every spike is the same. None for the first stage.
    layers : per layer, spikes per sample.
    mismatched_spikes : entries of any neuron and step that differ from the stage before; None for the first stage.
    accuracy_interval : the accuracy's 95 % confidence interval; None without labels.
    by_layer : the layers one by one.
    first_divergence : None where nothing differs, or nothing is compared.
    wrong_samples : numbers of the samples whose class is wrong, from 0, ascending; None without labels.
    """

    stage: str
    accuracy: float | None
    samples: int
    spikes_per_sample: float
    agreement: float | None
    layers: Mapping[str, float]
    mismatched_spikes: int | None
    accuracy_interval: tuple[float, float] | None = None
    by_layer: Mapping[str, LayerEntry] | None = None
    first_divergence: Divergence | None = None
    wrong_samples: tuple[int, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        interval = None if self.accuracy_interval is None else list(self.accuracy_interval)
        wrong = None if self.wrong_samples is None else list(self.wrong_samples)
        return {**asdict(self), "accuracy_interval": interval, "wrong_samples": wrong}


class _Layer:
    """Adds up one layer at one stage."""

    def __init__(self, eventful: bool, neurons: int) -> None:
        self.eventful = eventful
        self.neurons = neurons
        self.places = 0  # neurons and steps that were looked at
        self.spikes = 0
        self.common = 0
        self.either = 0
        self.mismatched: int | None = None

    def add(self, values: Array, earlier: Array | None) -> Array | None:
        """Count a batch, and return where it differs from the stage before: bool, or None where nothing does."""
        self.places += values.size
        spikes = int(np.count_nonzero(values)) if self.eventful else 0
        self.spikes += spikes
        if earlier is None or not (self.eventful or _both(values, earlier, np.integer)):
            return None
        differs = _differing(values, earlier)
        mismatched = int(np.count_nonzero(differs))
        self.mismatched = (self.mismatched or 0) + mismatched
        if self.eventful:
            before = int(np.count_nonzero(earlier))
            common = int(np.count_nonzero((values != 0) & (earlier != 0))) if mismatched else spikes
            self.common += common
            self.either += spikes + before - common
        else:
            self.common += values.size - mismatched
            self.either += values.size
        return differs if mismatched else None

    def entry(self, overflows: Mapping[str, int] | None, shares: tuple[float, float] | tuple[None, None]) -> LayerEntry:
        rate = self.spikes / max(1, self.places) if self.eventful else None
        agreement = None if self.mismatched is None else _share(self.common, self.either)
        return LayerEntry(rate, agreement, self.mismatched, overflows, *shares)


def _both(values: Array, earlier: Array, kind: type) -> bool:
    return np.issubdtype(values.dtype, kind) and np.issubdtype(earlier.dtype, kind)


def _share(common: int, either: int) -> float:
    return common / either if either else 1.0


def _differing(values: Array, earlier: Array) -> Array:
    """Where spikes differ; of graded ones in float and in integers, where only one of them has any."""
    if _both(values, earlier, np.floating):
        return ~np.isclose(values, earlier, rtol=1e-9, atol=1e-12)
    if _both(values, earlier, np.integer):
        return np.asarray(values != earlier)
    return np.asarray((values != 0) != (earlier != 0))


class Tally:
    """Adds up one stage, batch by batch."""

    def __init__(self, stage: str, network: Network, decision: Decision) -> None:
        self.stage = stage
        self.decision = decision
        self.output = network.output
        populations = [population for population in network.populations if population.neuron is not None]
        self.layers = {p.name: _Layer(p.eventful, p.size) for p in populations}
        self.samples = 0
        self.labelled = 0
        self.wrong: list[int] = []
        self.compared = False
        self.divergence: Divergence | None = None

    def add(self, activity: Mapping[str, Array], labels: Array | None, before: Mapping[str, Array] | None) -> None:
        """Count a batch.

        Parameters
        ----------
        activity : per population, (samples, steps, neurons).
        labels : (samples,) or None.
        before : the same of the stage before, which may have more samples; the first ones count.
        """
        samples = activity[self.output].shape[0]
        if labels is not None:
            classes = decide(activity[self.output], self.decision)
            self.wrong += (self.samples + np.flatnonzero(classes != labels[:samples])).tolist()
            self.labelled += samples
        self.compared |= before is not None
        for name, layer in self.layers.items():
            if name not in activity:  # what only the network has, in a graph
                continue
            earlier = None if before is None else before.get(name)
            differs = layer.add(activity[name], None if earlier is None else earlier[:samples])
            if differs is not None:
                self._diverge(name, differs)
        self.samples += samples

    def _diverge(self, name: str, differs: Array) -> None:
        """Keep the earliest difference; of several at a step, that of the first layer, and then of the first sample."""
        step = int(np.argmax(differs.any(axis=(0, 2))))
        known = self.divergence
        order = list(self.layers)
        if known is None or (step, order.index(name)) < (known.step, order.index(known.layer)):
            sample = self.samples + int(np.argmax(differs[:, step].any(axis=1)))
            self.divergence = Divergence(name, step, sample)

    def entry(
        self,
        overflows: Mapping[str, Mapping[str, int]] | None = None,
        weight_shares: Mapping[str, tuple[float, float]] | None = None,
    ) -> Entry:
        """The stage's line.

        Parameters
        ----------
        overflows : per layer, see `OverflowCounts`; None for a stage that does not count them.
        weight_shares : per layer, the shares of its weights that were clipped, and that became zero.
        """
        samples, right = max(1, self.samples), self.labelled - len(self.wrong)
        layers = {name: layer.spikes / samples for name, layer in self.layers.items() if layer.eventful}
        common = sum(layer.common for layer in self.layers.values())
        either = sum(layer.either for layer in self.layers.values())
        by_layer = {
            name: layer.entry(
                None if overflows is None else overflows.get(name, {}), (weight_shares or {}).get(name, (None, None))
            )
            for name, layer in self.layers.items()
        }
        return Entry(
            self.stage,
            right / self.labelled if self.labelled else None,
            self.samples,
            sum(layers.values()),
            _share(common, either) if self.compared else None,
            layers,
            sum(layer.mismatched or 0 for layer in self.layers.values()) if self.compared else None,
            wilson_interval(right, self.labelled) if self.labelled else None,
            by_layer,
            self.divergence,
            tuple(self.wrong) if self.labelled else None,
        )
