"""A partition placed on the board and priced: what the mapper compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..models.network import Network
from .mapping import Place
from .modelled_cost import ModelledCost, modelled_cost
from .partition.partition import CoreOf, Rates
from .placement.place import Placed, place
from .placement.placement_problem import PlacementProblem
from .placement.slots import placement_problem_of
from .routing.loads import LinkLoads, link_loads
from .search import Search
from .target import Target
from .traffic.traffic import Traffic, count_traffic

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Layout:
    """Everything that follows from which neurons share a core and where the cores are.

    Attributes
    ----------
    core_of : per population on the chip, (neurons,) logical core numbers.
    traffic : what the cores send in a step.
    problem, placed : the placement, as it was put and solved.
    places : of each logical core.
    loads : of the links.
    cost : of a step.
    """

    core_of: Mapping[str, Array]
    traffic: Traffic
    problem: PlacementProblem
    placed: Placed
    places: tuple[Place, ...]
    loads: LinkLoads
    cost: ModelledCost


def lay_out(network: Network, target: Target, core_of: CoreOf, rates: Rates | None, search: Search) -> Layout:
    """Count what a partition sends, place it and price it."""
    return placed_again(target, core_of, count_traffic(network, target, core_of, rates), search)


def placed_again(target: Target, core_of: CoreOf, traffic: Traffic, search: Search) -> Layout:
    """Place a partition whose traffic is known."""
    problem, slots = placement_problem_of(target, traffic.packets)
    placed = place(problem, search)
    places = tuple(slots[slot] for slot in placed.slots[: traffic.cores])
    loads = link_loads(traffic.flows, target, places)
    chips = len({spot.chip for spot in places})
    tiles = len({(spot.chip, spot.column, spot.row) for spot in places})
    return Layout(core_of, traffic, problem, placed, places, loads, modelled_cost(traffic, loads, target, chips, tiles))
