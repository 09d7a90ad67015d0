"""What every way of partitioning a network looks like from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from ...models.network import Network, Population, Role
from ..search import Search
from ..target import Target

Array = NDArray[Any]
CoreOf = Mapping[str, Array]  # per population on the chip, (neurons,) logical core numbers, from 0 without gaps
Rates = Mapping[str, Array | float]  # per population, spikes of each neuron a step, or of all of them the same


class Partitioner(Protocol):
    """One way of partitioning."""

    @property
    def name(self) -> str:
        """What the user calls it."""
        ...

    def unsuited(self, network: Network) -> str | None:
        """Why this way is not for a network, in few words; None where it is."""
        ...

    def partition(self, network: Network, target: Target, rates: Rates | None, search: Search) -> CoreOf | None:
        """Give every neuron on the chip a core, or None where this way finds no place for all of them."""
        ...


def on_chip(network: Network) -> tuple[Population, ...]:
    """Populations that take neurons of a core: all but the input, in the network's order."""
    return tuple(population for population in network.populations if population.role is not Role.INPUT)
