"""Resources of which all layers together need more than all cores have, and what would help."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, Dense
from ...models.network import Network, Projection, Role
from ..features import weight_bits
from ..problem import Problem
from ..target import Target
from ..windows import as_convolution

Array = NDArray[Any]
RESOURCES = ("neurons", "memory_bits", "synaptic_memory_bits")
NAMED = 3  # layers that an advice names


def total_shortages(network: Network, target: Target) -> list[Problem]:
    """A problem for every resource of which the layers' least needs exceed what all usable cores have together."""
    demand = _Demand(network, target)
    problems: list[Problem] = []
    for resource in RESOURCES:
        limit = target.limits.of(resource)
        if limit is None:
            continue
        needs = demand.least(resource, None)
        total = sum(needs.values())
        if total <= limit * target.cores:
            continue
        if resource == "synaptic_memory_bits" and any(problem.resource == "memory_bits" for problem in problems):
            continue  # it is part of the other
        advice = _advice(demand, resource, needs, limit)
        problems.append(Problem("the network", resource, ceil(total), limit * target.cores, advice))
    return problems


def _advice(demand: _Demand, resource: str, needs: dict[str, float], limit: int) -> str:
    target = demand.target
    if limit == 0:
        return "choose a target whose cores have any"
    cores = _cores(needs, limit)
    shares = sorted(needs.items(), key=lambda item: -item[1])
    largest = ", ".join(f"{name} {max(1, ceil(need / limit))}" for name, need in shares[:NAMED])
    said = [f"this alone takes {cores} of {target.cores} cores at least (most: {largest})"]
    said.append(f"use {target.board_for(cores)}")
    if resource != "neurons":
        for bits in range(8, 0, -1):
            narrow = _cores(demand.least(resource, bits), limit)
            if narrow <= target.cores:
                said.append(f"or {bits}-bit weights, with which it would take {narrow} cores at least")
                break
    return f"{said[0]}: {', '.join(said[1:])}"


def _cores(needs: dict[str, float], limit: int) -> int:
    return ceil(sum(needs.values()) / limit)


class _Demand:
    """The least that layers need of each resource, however they are partitioned.

    Parameters
    ----------
    network, target : what is mapped, and where to.
    """

    def __init__(self, network: Network, target: Target) -> None:
        self.network, self.target = network, target
        self._widths = {
            projection.name: weight_bits(projection.connectivity.weights) if network.integer else None
            for projection in network.projections
        }
        self._synapses = {
            projection.name: _synapses(projection.connectivity)
            for projection in network.projections
            if not self._shares_kernel(projection)
        }

    def least(self, resource: str, widest: int | None) -> dict[str, float]:
        """Of each layer.

        Parameters
        ----------
        widest : bits that weights have at most; None for as many as they have.
        """
        result = {}
        states = self.target.synaptic_memory.neuron_bits if resource == "memory_bits" else 0
        for population in self.network.populations:
            if population.role is Role.INPUT:
                continue
            need = float(population.size)
            if resource != "neurons":
                need *= states
                need += sum(
                    self._memory(projection, resource, widest) for projection in self.network.incoming(population.name)
                )
            result[population.name] = need
        return result

    def _memory(self, projection: Projection, resource: str, widest: int | None) -> float:
        """Bits that a projection takes on all cores together."""
        memory = self.target.synaptic_memory
        width = self._widths[projection.name]
        if widest is not None:
            width = widest if width is None else min(width, widest)
        kernel = memory.convolution
        convolution = as_convolution(projection.connectivity)
        if convolution is not None and kernel is not None:
            each, zero = kernel.bits(width)
            stored = int(np.count_nonzero(convolution.weights))
            # A core holds no more neurons of a channel than neurons at all, and each such part takes the kernel anew.
            positions = int(np.prod(convolution.output_shape[1:]))
            together = min(positions, self.target.limits.of("neurons") or positions)
            return (stored * each + (convolution.weights.size - stored) * zero) * positions / max(1, together)
        least = min(memory.dense.bits_per_synapse.at(width), memory.sparse.bits_per_synapse.at(width))
        if resource == "memory_bits":
            least = max(least, memory.bits_set_aside)
        return float(self._synapses[projection.name] * least)

    def _shares_kernel(self, projection: Projection) -> bool:
        return (
            as_convolution(projection.connectivity) is not None and self.target.synaptic_memory.convolution is not None
        )


def _synapses(connectivity: Connectivity) -> int:
    # A matrix is not worth a list of its synapses.
    if isinstance(connectivity, Dense):
        return int(np.count_nonzero(connectivity.weights))
    return connectivity.synapses()
