"""What the messages of a placed network put on the links and the routers of the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mapping import Place
from ..target import Target
from ..traffic.flows import Flows
from .mesh import Link, Mesh
from .multicast import multicast_loads
from .unicast import unicast_loads

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LinkLoads:
    """Of a step, or of however long the messages were counted.

    Attributes
    ----------
    mesh : the links and tiles.
    packets : (links,) float64, messages over each link, in the order of `Mesh.links`.
    messages_out : (cores,) float64, messages that each core sends: with unicast routing one for each core that a spike
        reaches, with multicast routing one for each spike that leaves its core.
    messages_in : (cores,) float64, messages that arrive at each core.
    entries : (tiles,) int64, entries of each tile's router; none with unicast routing.
    """

    mesh: Mesh
    packets: Array
    messages_out: Array
    messages_in: Array
    entries: Array

    @property
    def deliveries(self) -> float:
        """Messages that arrive at a core; input too."""
        return float(self.messages_in.sum())

    @property
    def hops(self) -> float:
        """Messages over all links, each of them as one hop."""
        return float(self.packets.sum())

    @property
    def hops_east_west(self) -> float:
        """Hops along rows."""
        return float(self.packets[self.mesh.east_west].sum())

    @property
    def hops_north_south(self) -> float:
        """Hops along columns."""
        return float(self.packets[~self.mesh.east_west].sum())

    @property
    def hops_between_chips(self) -> float:
        """Hops from chip to chip, which are among those along rows and columns."""
        return float(self.packets[self.mesh.joins_chips].sum())

    @property
    def weighted_hops_east_west(self) -> float:
        """Hops along rows, those from chip to chip counted as what they cost."""
        return float((self.packets * self.mesh.link_cost)[self.mesh.east_west].sum())

    @property
    def weighted_hops_north_south(self) -> float:
        """Hops along columns, those from chip to chip counted as what they cost."""
        return float((self.packets * self.mesh.link_cost)[~self.mesh.east_west].sum())

    @property
    def mean_hops(self) -> float:
        """Hops for each message that arrives; 0 where none does."""
        return self.hops / self.deliveries if self.deliveries else 0.0

    @property
    def busiest(self) -> float:
        """Messages over the busiest link; 0 where there is no link."""
        return float(self.packets.max(initial=0.0))

    @property
    def busiest_link(self) -> Link | None:
        """The first of the busiest links; None where no link is in use."""
        return self.mesh.links[int(self.packets.argmax())] if self.busiest > 0 else None

    def link_times(self, target: Target) -> Array:
        """(links, 3) ns that a message takes over each link: low, nominal, high.

        Parameters
        ----------
        target : whose mesh this is.
        """
        time = target.cost_set().time
        hop = np.where(self.mesh.east_west[:, None], time.hop_east_west.bounds, time.hop_north_south.bounds)
        between = np.asarray(target.topology.link_between_chips.bounds)
        return np.asarray(np.where(self.mesh.joins_chips[:, None], hop * between, hop))


def link_loads(flows: Flows, target: Target, places: Sequence[Place]) -> LinkLoads:
    """Send the flows of a placed partition over the board, as the target routes messages.

    Parameters
    ----------
    places : of each core.
    """
    mesh = Mesh.of(target)
    tiles = np.append(mesh.numbers(places), mesh.entry)
    messages_in = np.asarray(flows.packets.sum(axis=0)).ravel()
    if target.topology.routing == "multicast":
        sent = flows.outward
        packets, entries = multicast_loads(mesh, tiles[sent.source], sent.offsets, tiles[sent.destination], sent.rate)
        out = np.bincount(sent.source, weights=sent.rate, minlength=flows.cores + 1)
    else:
        pairs = flows.packets.tocoo()
        packets, entries = unicast_loads(mesh, tiles[pairs.row], tiles[pairs.col], pairs.data), np.zeros(mesh.size, int)
        out = np.asarray(flows.packets.sum(axis=1)).ravel()
    return LinkLoads(mesh, packets, np.asarray(out[:-1], dtype=np.float64), messages_in, entries)
