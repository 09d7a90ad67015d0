"""Counting how often an integer network leaves the widths of the chip: sums and currents wrap, potentials saturate."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network import Network, Population
from ..neurons import IntegerNeuron
from ..neurons.neuron_model import State
from .network_run import run_network

Array = NDArray[Any]

FLOOR = "voltage_floor"
LOSSLESS = frozenset({"voltage_at_reset", FLOOR})
"""What overflows without any consequence: the step has the same outcome as with unlimited widths."""


class OverflowCounts:
    """A probe of `run_network` that adds up over all its runs.

    Attributes
    ----------
    bits : per name of a state, its width with the sign, where it is narrower than the integer rule's.
    layers : per population and per name of what overflows (see `IntegerNeuron.overflows`), how many neurons did so, at
        all steps of all samples.
    """

    def __init__(self, bits: Mapping[str, int] = MappingProxyType({})) -> None:
        self.bits = bits
        self.layers: dict[str, dict[str, int]] = {}
        self._at_floor: dict[str, Array] = {}

    def __call__(self, population: Population, step: int, state: State, arriving: Array, output: Array) -> None:
        """Count a step."""
        neuron = population.neuron
        if not isinstance(neuron, IntegerNeuron):
            raise ValueError(f"{population.name!r} has no integers that could overflow")
        self.add(population.name, neuron.overflows(state, arriving, self.bits), step, output)

    def add(self, layer: str, found: Mapping[str, Array], step: int, output: Array) -> None:
        """Count what `IntegerNeuron.overflows` found in a step of the sample, with its output."""
        counts = self.layers.setdefault(layer, {})
        found = dict(found)
        if FLOOR in found:
            found["voltage_after_floor"] = self._recovered(layer, step, found[FLOOR], output)
        for name, where in found.items():
            counts[name] = counts.get(name, 0) + int(np.count_nonzero(where))

    def _recovered(self, name: str, step: int, floor: Array, output: Array) -> Array:
        """Neurons that spike after having been at the floor: with unlimited widths they would be lower, if anything.

        Until then, they are where they would be or above, and do not spike; so no other loss can come of it.
        """
        before = np.zeros(floor.shape, dtype=bool) if step == 0 else self._at_floor[name]
        recovered = before & (output != 0)
        self._at_floor[name] = (before & ~recovered) | floor
        return np.asarray(recovered)


def count_overflows(
    network: Network, data: Array, bits: Mapping[str, int] = MappingProxyType({})
) -> dict[str, dict[str, int]]:
    """Run an integer network and count; see `OverflowCounts.layers`.

    Parameters
    ----------
    data : (samples, steps, input neurons) integers.
    bits : see `OverflowCounts`.
    """
    counts = OverflowCounts(bits)
    run_network(network, data, counts)
    return counts.layers


def losses(counts: Mapping[str, int]) -> int:
    """How many of a layer's overflows may have changed what it does."""
    return sum(count for name, count in counts.items() if name not in LOSSLESS)
