"""Other time constants and thresholds for a network that stays as it was trained: registers of a chip, and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mapping.precision import Precision
from ...models.errors import UnsupportedModelError, UsageError
from ...models.graph import Graph
from ...models.network import Network, Population
from ...models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, Neuron
from ...models.neurons.rules.leaky_rule import ACTIVATION_SHIFT, DECAY_UNITY
from ...models.operators import Neurons

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


def retuned(
    network: Network, factors: Mapping[str, float], time_constant: float, precision: Precision
) -> Network | None:
    """The network with other registers in some layers.

    Parameters
    ----------
    network : integer.
    factors : per layer, by what thresholds are multiplied, above 0. Neurons with thresholds of their own, and those
        that quantization moved a little, keep their proportions.
    time_constant : of the membrane, in steps, at least 1: a step keeps the share 1 - 1 / time_constant of the
        potential.
    precision : how large a threshold may be.

    Returns
    -------
    None where a threshold leaves its register, or becomes zero and means any potential at all.
    """
    limit = (1 << precision.threshold_bits) - 1
    populations = []
    for population in network.populations:
        if population.name in factors:
            neuron = _retuned_integers(_leaky(network, population.name), factors[population.name], time_constant)
            before = _leaky(network, population.name).threshold
            if neuron.threshold.max() > limit or (neuron.threshold[before > 0] == 0).any():
                return None
            population = replace(population, neuron=neuron)
        populations.append(population)
    return network.replace(populations=tuple(populations))


def retuned_graph(graph: Graph, factors: Mapping[str, float], time_constant: float) -> Graph:
    """The graph as trained, in float or integers, with what `retuned` changes in its integer network."""
    nodes = dict(graph.nodes)
    for layer, factor in factors.items():
        operator = nodes[layer]
        assert isinstance(operator, Neurons)
        nodes[layer] = replace(operator, model=_retuned_model(operator.model, factor, time_constant))
    return replace(graph, nodes=MappingProxyType(nodes))


def _retuned_model(model: Neuron, factor: float, time_constant: float) -> Neuron:
    if isinstance(model, IntegerLeakyIntegrateAndFire):
        return _retuned_integers(model, factor, time_constant)
    assert isinstance(model, LeakyIntegrateAndFire)
    return replace(model, threshold=model.threshold * factor, voltage_retention=np.asarray(1 - 1 / time_constant))


def _retuned_integers(
    neuron: IntegerLeakyIntegrateAndFire, factor: float, time_constant: float
) -> IntegerLeakyIntegrateAndFire:
    thresholds = np.rint(neuron.threshold * factor).astype(np.int64)
    return replace(neuron, threshold=thresholds, voltage_decay=np.asarray(round(DECAY_UNITY / time_constant)))


def _tunable(population: Population) -> bool:
    neuron = population.neuron
    return isinstance(neuron, IntegerLeakyIntegrateAndFire) and neuron.spiking and bool(np.median(neuron.threshold) > 0)


def _leaky(network: Network, layer: str) -> IntegerLeakyIntegrateAndFire:
    neuron = network.by_name[layer].neuron
    assert isinstance(neuron, IntegerLeakyIntegrateAndFire)
    return neuron
