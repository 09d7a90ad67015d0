"""Other time constants and thresholds for a network that stays as it was trained: registers of a chip, and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....mapping.precision import Precision
from ....models.errors import UnsupportedModelError, UsageError
from ....models.graph import Graph
from ....models.network import Network, Population
from ....models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, Neuron
from ....models.neurons.rules.leaky_rule import ACTIVATION_SHIFT, DECAY_UNITY
from ....models.operators import Neurons

Array = NDArray[Any]


def tunable_layers(network: Network, wanted: Collection[str] = ()) -> tuple[str, ...]:
    """Layers whose membrane leaks and that spike at a threshold, all or those that are wanted.

    Parameters
    ----------
    network : integer.

    Raises
    ------
    UnsupportedModelError : there are none.
    UsageError : one that is wanted is none of them.
    """
    able = [population.name for population in network.populations if _tunable(population)]
    if not able:
        raise UnsupportedModelError(
            "No layer of the network has spiking leaky integrate-and-fire neurons, so that there are no time constants "
            "and thresholds to change."
        )
    return wanted_layers(able, wanted)


def wanted_layers(able: Collection[str], wanted: Collection[str]) -> tuple[str, ...]:
    """All layers that can be changed, or those that are wanted.

    Raises
    ------
    UsageError : one that is wanted cannot be.
    """
    for name in wanted:
        if name not in able:
            raise UsageError(f"There is no layer {name!r} to be tuned; there are {', '.join(able)} (--layers).")
    return tuple(name for name in able if not wanted or name in wanted)


def trained_threshold(network: Network, layer: str) -> float | None:
    """The median threshold of a layer in units of the float network; None for a network that was made of integers."""
    if layer not in network.scales:
        return None
    scale = np.asarray(network.scales[layer], dtype=np.float64)
    return float(np.median((_leaky(network, layer).threshold << ACTIVATION_SHIFT) / scale))


def trained_time_constant(network: Network, layer: str) -> float:
    """The median membrane time constant of a layer, in steps; infinite where nothing leaks."""
    decay = float(np.median(_leaky(network, layer).voltage_decay))
    return DECAY_UNITY / decay if decay else float("inf")


@dataclass(frozen=True)
class Move:
    """What becomes of the neurons of a layer.

    Attributes
    ----------
    threshold : by what thresholds are multiplied, above 0. Neurons with thresholds of their own, and those that
        quantization moved a little, keep their proportions.
    time_constant : of the membrane in steps, at least 1: a step keeps the share 1 - 1 / time_constant of the
        potential. With `relative`, by what each neuron's own is multiplied, above 0; none becomes less than a step.
    relative : see there.
    """

    threshold: float
    time_constant: float
    relative: bool = False


def retuned(network: Network, moves: Mapping[str, Move], precision: Precision) -> Network | None:
    """The network with other registers in some layers.

    Parameters
    ----------
    network : integer.
    moves : by the names of layers.
    precision : how large a threshold may be.

    Returns
    -------
    None where a threshold leaves its register, or becomes zero and means any potential at all.
    """
    limit = (1 << precision.threshold_bits) - 1
    populations = []
    for population in network.populations:
        if population.name in moves:
            before = _leaky(network, population.name)
            neuron = _moved_integers(before, moves[population.name])
            if neuron.threshold.max() > limit or (neuron.threshold[before.threshold > 0] == 0).any():
                return None
            population = replace(population, neuron=neuron)
        populations.append(population)
    return network.replace(populations=tuple(populations))


def retuned_graph(graph: Graph, moves: Mapping[str, Move]) -> Graph:
    """The graph as trained, in float or integers, with what `retuned` changes in its integer network."""
    nodes = dict(graph.nodes)
    for layer, move in moves.items():
        operator = nodes[layer]
        assert isinstance(operator, Neurons)
        nodes[layer] = replace(operator, model=_moved_model(operator.model, move))
    return replace(graph, nodes=MappingProxyType(nodes))


def _moved_model(model: Neuron, move: Move) -> Neuron:
    if isinstance(model, IntegerLeakyIntegrateAndFire):
        return _moved_integers(model, move)
    assert isinstance(model, LeakyIntegrateAndFire)
    lost = 1 - model.voltage_retention
    kept = 1 - np.minimum(1, lost / move.time_constant) if move.relative else np.asarray(1 - 1 / move.time_constant)
    return replace(model, threshold=model.threshold * move.threshold, voltage_retention=kept)


def _moved_integers(neuron: IntegerLeakyIntegrateAndFire, move: Move) -> IntegerLeakyIntegrateAndFire:
    thresholds = np.rint(neuron.threshold * move.threshold).astype(np.int64)
    lost = (neuron.voltage_decay if move.relative else DECAY_UNITY) / np.float64(move.time_constant)
    decays = np.rint(np.minimum(DECAY_UNITY, lost)).astype(np.int64)
    return replace(neuron, threshold=thresholds, voltage_decay=np.asarray(decays))


def _tunable(population: Population) -> bool:
    neuron = population.neuron
    return isinstance(neuron, IntegerLeakyIntegrateAndFire) and neuron.spiking and bool(np.median(neuron.threshold) > 0)


def _leaky(network: Network, layer: str) -> IntegerLeakyIntegrateAndFire:
    neuron = network.by_name[layer].neuron
    assert isinstance(neuron, IntegerLeakyIntegrateAndFire)
    return neuron
