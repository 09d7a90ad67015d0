"""All ways of partitioning, from the one with the fewest messages on."""

from __future__ import annotations

from dataclasses import dataclass

from ...models.errors import UsageError
from ...models.network import Network
from ..fan_out import FanOut, count_fan_out
from ..target import Target
from .graph_partition import GraphPartition
from .partition import Partitioner, Rates
from .sequential import Sequential

STRATEGIES: dict[str, Partitioner] = {
    partitioner.name: partitioner for partitioner in (Sequential("channels"), Sequential("positions"), GraphPartition())
}


@dataclass(frozen=True, eq=False)
class Candidate:
    """A partition and what it costs.

    Attributes
    ----------
    strategy : name of the partitioner.
    fan_out : where spikes go, with the cores of all neurons.
    packets : messages that cores take from others and from the input in a step, at the given rates.
    """

    strategy: str
    fan_out: FanOut
    packets: float


def candidates(network: Network, target: Target, rates: Rates | None, strategy: str = "auto") -> list[Candidate]:
    """Partitions that use no more cores than there are, fewest expected messages first, then fewest cores.

    Parameters
    ----------
    strategy : "auto" for all, or the name of one.
    """
    if strategy != "auto" and strategy not in STRATEGIES:
        raise UsageError(f"no partition strategy {strategy!r}; known are auto, {', '.join(STRATEGIES)}")
    found = []
    for partitioner in STRATEGIES.values() if strategy == "auto" else (STRATEGIES[strategy],):
        core_of = partitioner.partition(network, target, rates)
        if core_of is None:
            continue
        fan_out = count_fan_out(network, target, core_of)
        found.append(Candidate(partitioner.name, fan_out, float(fan_out.packet_matrix(rates or {}).sum())))
    return sorted(found, key=lambda candidate: (candidate.packets, candidate.fan_out.cores))
