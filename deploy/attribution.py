"""Where it went: what each layer costs by itself, with it alone in the chip's integers and all others in float."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.decision import Decision, decide
from ..models.execution.network_run import run_network
from ..models.execution.overflow_counts import OverflowCounts, losses
from ..models.input_code import InputCode
from ..models.network import Network, Population, Role
from ..models.neurons.neuron_model import State
from .data import Data
from .hybrid_network import IntegersInFloat, with_integer_layer

Array = NDArray[Any]

PASSES = 2  # through all samples, that all runs together may take: about what the evaluation takes
MOST_SAMPLES, FEWEST_SAMPLES = 256, 16
BATCH_BYTES = 1 << 28
BYTES_AN_ENTRY = 16  # of a neuron and step, in float and with integers


@dataclass(frozen=True)
class LayerCost:
    """One layer alone in integers, all else in float.

    Attributes
    ----------
    layer : its name, or that of the input.
    accuracy : share of samples whose class is right; None without labels.
    same_class : share of samples whose class is that of the float network.
    agreement : of the layer's spikes with the float network's: in common / of either; of numbers 1 - relative error,
        of those that are sent as changes with the changes summed up. None for the input.
    spike_ratio : its spikes over those in float; None where there are none in float, and for potentials.
    overflows : how often one of its neurons left the chip's widths with consequences.
    clipped_share, zeroed_share : of its weights; None where that is not known.
    """

    layer: str
    accuracy: float | None
    same_class: float
    agreement: float | None = None
    spike_ratio: float | None = None
    overflows: int = 0
    clipped_share: float | None = None
    zeroed_share: float | None = None


@dataclass(frozen=True)
class Attribution:
    """What quantization costs, by layer.

    Attributes
    ----------
    samples : how many samples the figures are of, spread evenly over the data.
    accuracy : of the float network on them; None without labels.
    integer_accuracy, same_class : with all layers in integers.
    layers : in the order of the network.
    rounded_input : what the rounding of the data costs; None where the chip's integers hold it exactly.
    """

    samples: int
    accuracy: float | None
    integer_accuracy: float | None
    same_class: float
    layers: tuple[LayerCost, ...]
    rounded_input: LayerCost | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        return {**asdict(self), "layers": [asdict(layer) for layer in self.layers]}


def attribute(
    network: Network,
    integer: Network,
    code: InputCode,
    decision: Decision,
    data: Data,
    weight_shares: Mapping[str, tuple[float, float]] | None = None,
    progress: Callable[[int], None] = lambda samples: None,
) -> Attribution:
    """Run the float network once for every layer, with that layer in integers.

    Parameters
    ----------
    network, integer : before and after quantization.
    code : how the data becomes integers.
    weight_shares : per layer, the shares of its weights that were clipped, and that became zero.
    progress : called with the number of samples done since the last call.
    """
    layers = [population for population in network.populations if population.role is Role.NEURON]
    chosen = samples_of(data, network)
    x, labels = data.x[chosen], None if data.y is None else data.y[chosen]
    integers = code.encode(x)
    rounded = code.decode(integers)
    tallies = {layer.name: _Tally() for layer in layers}
    plain, whole, rounding = _Tally(), _Tally(), _Tally()
    batch = _batch(network, data.steps)
    for first in range(0, chosen.size, batch):
        part = slice(first, first + batch)
        right = None if labels is None else labels[part]
        before = dict(run_network(network, rounded[part]))
        of_rounded = decide(before[network.output], decision)
        exact = of_rounded if code.exact else decide(run_network(network, x[part])[network.output], decision)
        plain.add(exact, exact, right)
        whole.add(decide(run_network(integer, integers[part])[network.output], decision), exact, right)
        rounding.add(of_rounded, exact, right)
        for layer in layers:
            tally = tallies[layer.name]
            affected = _downstream(network, layer.name)
            unaffected = {name: activity for name, activity in before.items() if name not in affected}
            hybrid = with_integer_layer(network, integer, layer.name)
            activity = run_network(hybrid, rounded[part], tally.probe, unaffected)
            # Against the float network on the same, rounded data: its rounding is not this layer's fault.
            tally.add(decide(activity[network.output], decision), of_rounded, right)
            tally.compare(layer, activity[layer.name], before[layer.name])
        progress(integers[part].shape[0])
    shares = weight_shares or {}
    return Attribution(
        int(chosen.size),
        plain.accuracy,
        whole.accuracy,
        whole.same_class,
        tuple(tally.cost(name, shares.get(name)) for name, tally in tallies.items()),
        None if code.exact else rounding.cost(network.input.name, None),
    )


def samples_of(data: Data, network: Network) -> Array:
    """Numbers of the samples to take, evenly spread: the more layers, the fewer."""
    layers = sum(population.role is Role.NEURON for population in network.populations)
    bearable = max(FEWEST_SAMPLES, PASSES * data.samples // (layers + PASSES))
    count = min(data.samples, bearable, MOST_SAMPLES)
    return np.unique(np.linspace(0, data.samples - 1, count).round().astype(np.int64))


def _batch(network: Network, steps: int) -> int:
    """Samples whose activity may be held at once."""
    neurons = sum(population.size for population in network.populations)
    return max(1, BATCH_BYTES // (BYTES_AN_ENTRY * steps * neurons))


def _downstream(network: Network, layer: str) -> set[str]:
    """A layer and all that it reaches."""
    reached, ahead = {layer}, [layer]
    while ahead:
        for projection in network.outgoing(ahead.pop()):
            if projection.target not in reached:
                reached.add(projection.target)
                ahead.append(projection.target)
    return reached


class _Tally:
    """Adds up one run, batch by batch."""

    def __init__(self) -> None:
        self.samples = 0
        self.same = 0
        self.labelled = 0
        self.right = 0
        self.common: float | None = None
        self.either = 0.0
        self.spikes = 0
        self.spikes_before = 0
        self.counts = OverflowCounts()
        self.graded = False

    def add(self, classes: Array, wanted: Array, labels: Array | None) -> None:
        self.samples += classes.size
        self.same += int(np.count_nonzero(classes == wanted))
        if labels is not None:
            self.labelled += classes.size
            self.right += int(np.count_nonzero(classes == labels))

    def compare(self, layer: Population, values: Array, before: Array) -> None:
        """Compare the layer's own output with what it is in float."""
        self.graded = layer.graded
        self.common = self.common or 0.0
        if layer.eventful:
            self.spikes += int(np.count_nonzero(values))
            self.spikes_before += int(np.count_nonzero(before))
        if not layer.graded:
            self.common += int(np.count_nonzero((values != 0) & (before != 0)))
            self.either += int(np.count_nonzero((values != 0) | (before != 0)))
            return
        if layer.eventful:
            values, before = np.cumsum(values, axis=1), np.cumsum(before, axis=1)
        self.common += float(np.sum(np.square(values - before)))
        self.either += float(np.sum(np.square(before)))

    def probe(self, population: Population, step: int, state: State, arriving: Array, output: Array) -> None:
        if isinstance(population.neuron, IntegersInFloat):
            self.counts.add(population.name, population.neuron.overflows(state, arriving), step, output)

    @property
    def overflows(self) -> int:
        return sum(losses(counts) for counts in self.counts.layers.values())

    @property
    def accuracy(self) -> float | None:
        return self.right / self.labelled if self.labelled else None

    @property
    def same_class(self) -> float:
        return self.same / max(1, self.samples)

    @property
    def agreement(self) -> float | None:
        if self.common is None:
            return None
        if not self.either:
            return 0.0 if self.common else 1.0
        return float(1 - np.sqrt(self.common / self.either)) if self.graded else self.common / self.either

    def cost(self, layer: str, shares: tuple[float, float] | None) -> LayerCost:
        ratio = self.spikes / self.spikes_before if self.spikes_before else None
        return LayerCost(
            layer, self.accuracy, self.same_class, self.agreement, ratio, self.overflows, *(shares or (None, None))
        )
