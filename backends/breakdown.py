"""The energy of the chips in use, by what takes it, by layer and by core; each way adds up to the same total.

What takes it is one of six: synapses (operations, rows, words of memory), neurons (access and update), spikes, packets
(sent and taken in), hops, and static power. Static power is shared equally by the cores in use, and on each core by its
neurons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping.constant import Bounds
from .energy import StaticTerm, Term, scaled, total
from .run import LayerCounts

Array = NDArray[Any]
CATEGORIES = ("synapse", "neuron", "spike", "packet", "hop", "static")
ENDS = ("low", "nominal", "high")
BEGINNINGS = {
    "synaptic_operation": "synapse",
    "row": "synapse",
    "memory_read": "synapse",
    "neuron": "neuron",
    "spike": "spike",
    "packet": "packet",
    "hop": "hop",
}


def category_of(term: str) -> str:
    """Which of `CATEGORIES` a term of the dynamic energy belongs to."""
    return next(category for beginning, category in BEGINNINGS.items() if term.startswith(beginning))


@dataclass(frozen=True, eq=False)
class Breakdown:
    """Energy of a mean sample on the chips in use, in J.

    Attributes
    ----------
    layers : per layer and category, low, nominal and high.
    cores : per category, (cores + 1, 3); the last row is off the chip: what messages take that come from there.
    """

    layers: Mapping[str, Mapping[str, Bounds]]
    cores: Mapping[str, Array]

    def of_layer(self, name: str, *, static: bool = False) -> Bounds:
        """Dynamic energy of a layer, with its share of static energy if asked for."""
        parts = self.layers[name]
        return total(energy for category, energy in parts.items() if static or category != "static")

    @property
    def dynamic_of_cores(self) -> Array:
        """(cores + 1, 3) J."""
        return np.asarray(sum(energy for category, energy in self.cores.items() if category != "static"))

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "layers": {
                layer: {category: energy._asdict() for category, energy in parts.items()}
                for layer, parts in self.layers.items()
            },
            "cores": {
                category: {end: energy[:-1, column].tolist() for column, end in enumerate(ENDS)}
                for category, energy in self.cores.items()
            },
            "off_chip": {category: Bounds(*energy[-1].tolist())._asdict() for category, energy in self.cores.items()},
        }


def break_down(terms: Sequence[Term], static: Sequence[StaticTerm], by_layer: LayerCounts) -> Breakdown:
    """Share out the energy of all terms."""
    cores = by_layer.neurons.shape[1] - 1
    parts: dict[str, dict[str, list[Bounds]]] = {
        layer: {category: [] for category in CATEGORIES} for layer in by_layer.layers
    }
    of_cores = {category: np.zeros((cores + 1, len(ENDS))) for category in CATEGORIES}
    for term in terms:
        name = category_of(term.name)
        of_cores[name] += term.of_cores()
        for layer, energy in zip(by_layer.layers, term.of_layers(), strict=True):
            parts[layer][name].append(energy)
    shares = _shares(by_layer.neurons)
    for power in static:
        of_cores["static"][:-1] += np.asarray(power.energy) / cores
        for layer, share in zip(by_layer.layers, shares, strict=True):
            parts[layer]["static"].append(scaled(power.energy, share))
    layers = {
        layer: {category: total(energies) for category, energies in of_layer.items()}
        for layer, of_layer in parts.items()
    }
    return Breakdown(layers, of_cores)


def _shares(neurons: Array) -> list[float]:
    """Of each layer in the cores, each of which is shared by its neurons; a core in use has some."""
    on_cores = neurons[:, :-1]
    shares = on_cores / np.maximum(on_cores.sum(axis=0), 1)
    return [float(share) for share in shares.sum(axis=1) / on_cores.shape[1]]
