"""How a mapping came to be and how good it is: what was tried, what is full, and what it is compared with."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping as ReadOnly
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layout import Layout
from .mapping import Mapping, Use
from .modelled_cost import ModelledCost
from .placement.lower_bound import bound_name, lower_bound
from .placement.place import baselines
from .search import Search

Array = NDArray[Any]


@dataclass(frozen=True)
class Attempt:
    """What one way of partitioning came to.

    Attributes
    ----------
    strategy : its name.
    outcome : "chosen", "not as good", "the same as" another strategy, "no partition" on as many cores as there are, why
        the strategy was not tried, or "refused by the checker" and what that found.
    cores : that it takes; None without a partition.
    messages : that arrive at a core, a step; None without a partition.
    energy : J a step, modelled (see `modelled_cost.py`); None where it was not placed.
    seconds : it took.
    """

    strategy: str
    outcome: str
    cores: int | None
    messages: float | None
    energy: float | None
    seconds: float


@dataclass(frozen=True)
class Binding:
    """What keeps a layer from taking fewer cores.

    Attributes
    ----------
    layer : name of the population.
    cores : that hold some of it.
    resource : of which its cores use most; None where the chip limits none.
    share : used part of that resource, mean over its cores, 0 to 1.
    """

    layer: str
    cores: int
    resource: str | None
    share: float | None


@dataclass(frozen=True)
class LinkUse:
    """What the messages of a step put on the links.

    Attributes
    ----------
    deliveries : messages that arrive at a core, one for every spike and other core that it reaches; input too.
    messages : that cores send, so without the input's: one for every delivery with unicast routing, one for every spike
        that leaves its core with multicast routing.
    mean_hops : messages over all links for each delivery; with multicast routing deliveries share links.
    busiest_link : messages over the link with most of them.
    hops_east_west, hops_north_south, hops_between_chips : messages over links along rows, along columns, and from chip
        to chip; the latter are among the former.
    routing_entries : of the router with most of them; None where none is taken, as with unicast routing, and where
        they are not counted on this mesh: the routing tables of a triangular one are made after its mapping.
    """

    deliveries: float
    messages: float
    mean_hops: float
    busiest_link: float
    hops_east_west: float
    hops_north_south: float
    hops_between_chips: float
    routing_entries: int | None


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why the mapping is as it is.

    Attributes
    ----------
    attempts : every way of partitioning that was tried, the chosen one first.
    cost : of a step, modelled.
    measured : whether rates of spikes were given; otherwise every neuron was taken to spike at every step.
    message_baselines : messages that arrive in a step, of naive partitions on as many cores, by name.
    hops : sum over messages of the hops that they take, links between chips as many as they cost.
    hop_baselines : the same for naive placements of the same partition, by name.
    hop_lower_bound : no placement of this partition has fewer hops.
    lower_bound_by : the bound's name.
    start : what the placement began with.
    links : their use.
    utilisation : per resource with a limit, mean over cores of the used share; "fullest" is that of each core's
        scarcest resource.
    bindings : of every layer.
    effort, seed : of the search.
    stopped_early : whether a deadline ended it, so that the same seed may give something else.
    seconds : that mapping took.
    peak_memory : bytes that the process has held at most so far; None where the system does not say.
    """

    attempts: tuple[Attempt, ...]
    cost: ModelledCost
    measured: bool
    message_baselines: ReadOnly[str, float]
    hops: float
    hop_baselines: ReadOnly[str, float]
    hop_lower_bound: float
    lower_bound_by: str
    start: str
    links: LinkUse
    utilisation: ReadOnly[str, float]
    bindings: tuple[Binding, ...]
    effort: str
    seed: int
    stopped_early: bool
    seconds: float
    peak_memory: int | None

    def as_dict(self, timings: bool = True) -> dict[str, Any]:
        """The explanation as JSON takes it.

        Parameters
        ----------
        timings : whether with seconds and memory, which are never twice the same.
        """
        attempts = [asdict(attempt) for attempt in self.attempts]
        result = {
            "attempts": attempts,
            "modelled_step": {**asdict(self.cost), "energy": self.cost.energy},
            "measured": self.measured,
            "message_baselines": dict(self.message_baselines),
            "hops": self.hops,
            "hop_baselines": dict(self.hop_baselines),
            "hop_lower_bound": self.hop_lower_bound,
            "lower_bound_by": self.lower_bound_by,
            "start": self.start,
            "links": asdict(self.links),
            "utilisation": dict(self.utilisation),
            "layers": [asdict(binding) for binding in self.bindings],
            "effort": self.effort,
            "seed": self.seed,
            "stopped_early": self.stopped_early,
        }
        if timings:
            return {**result, "seconds": self.seconds, "peak_memory_bytes": self.peak_memory}
        for attempt in attempts:
            del attempt["seconds"]
        return result


def explain(
    mapping: Mapping,
    layout: Layout,
    attempts: tuple[Attempt, ...],
    random: float,
    sequential: float | None,
    search: Search,
    stopped: bool,
    began: float,
    measured: bool,
    square: bool = True,
) -> Explanation:
    """Explain a finished mapping.

    Parameters
    ----------
    attempts : the chosen one first.
    random, sequential : messages a step of these partitions; None where there is no such partition.
    stopped : whether the deadline ended the search; what comes after it is not cut short.
    began : `time.monotonic()` when mapping did.
    measured : whether rates of spikes were given.
    square : whether the board's mesh is the one on which routing entries are counted.
    """
    messages = {"random": random} | ({} if sequential is None else {"sequential": sequential})
    loads, counted = layout.loads, square and bool(layout.loads.entries.any())
    return Explanation(
        attempts,
        layout.cost,
        measured,
        messages,
        layout.placed.cost,
        baselines(layout.problem, search),
        lower_bound(layout.problem),
        bound_name(layout.problem),
        layout.placed.start,
        LinkUse(
            loads.deliveries,
            float(loads.messages_out.sum()),
            loads.mean_hops,
            loads.busiest,
            loads.hops_east_west,
            loads.hops_north_south,
            loads.hops_between_chips,
            int(loads.entries.max()) if counted else None,
        ),
        utilisation(mapping.uses),
        bindings(mapping.core_of, mapping.uses),
        search.effort,
        search.seed,
        stopped,
        time.monotonic() - began,
        _peak_memory(),
    )


def utilisation(uses: tuple[Use, ...]) -> dict[str, float]:
    """Mean over cores of the used share of every limited resource, and of each core's scarcest one ("fullest")."""
    shares: dict[str, dict[int, float]] = {}
    for use in uses:
        if use.limit:
            shares.setdefault(use.resource, {})[use.core] = use.used / use.limit
    result = {resource: float(np.mean(list(by_core.values()))) for resource, by_core in shares.items()}
    fullest: dict[int, float] = {}
    for by_core in shares.values():
        for core, share in by_core.items():
            fullest[core] = max(fullest.get(core, 0.0), share)
    if fullest:
        result["fullest"] = float(np.mean(list(fullest.values())))
    return result


def bindings(core_of: ReadOnly[str, Array], uses: tuple[Use, ...]) -> tuple[Binding, ...]:
    """What binds each layer: the resource that is fullest on its cores."""
    cores = 1 + max((use.core for use in uses), default=-1)
    shares: dict[str, Array] = {}
    for use in uses:
        if use.limit:
            shares.setdefault(use.resource, np.zeros(cores))[use.core] = use.used / use.limit
    found = []
    for layer, assigned in core_of.items():
        own = np.unique(assigned)
        means = {resource: float(share[own].mean()) for resource, share in shares.items() if own.size}
        scarcest = max(means, key=lambda resource: means[resource], default=None)
        found.append(Binding(layer, int(own.size), scarcest, None if scarcest is None else means[scarcest]))
    return tuple(found)


def _peak_memory() -> int | None:
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(held if sys.platform == "darwin" else held * 1024)
