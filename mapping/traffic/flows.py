"""Neurons of one core that reach the same cores: the unit in which a mapped network sends messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Flows:
    """What every core and the input send.

    A spike to a target on the neuron's own core adds its weights there, but no message crosses the mesh. Inputs come
    from off the chip, so that every core they reach takes a message.

    Attributes
    ----------
    cores : number of logical cores.
    source : (flows,) int32, the core that sends; `cores` for the input.
    neurons : (flows,) int64, neurons of the core that reach the same cores.
    rate : (flows,) float64, spikes of all of them together.
    offsets : (flows + 1,) int64; flow f reaches destination[offsets[f] : offsets[f + 1]].
    destination : int32 cores, ascending within a flow: all that hold a target, the own one too. Never none.
    """

    cores: int
    source: Array
    neurons: Array
    rate: Array
    offsets: Array
    destination: Array

    @property
    def size(self) -> int:
        """Number of flows."""
        return int(self.source.size)

    @property
    def pair_flow(self) -> Array:
        """(pairs of a flow and a destination,) int32, the flow."""
        return np.repeat(np.arange(self.size, dtype=np.int32), np.diff(self.offsets))

    @cached_property
    def outward(self) -> Flows:
        """The same without own cores: what leaves a core. Neurons that differ in nothing else are one flow."""
        flow = self.pair_flow
        abroad = self.destination != self.source[flow]
        lengths = np.bincount(flow[abroad], minlength=self.size)
        leaves = lengths > 0
        offsets = np.concatenate([[0], np.cumsum(lengths[leaves])]).astype(np.int64)
        left = Flows(
            self.cores, self.source[leaves], self.neurons[leaves], self.rate[leaves], offsets, self.destination[abroad]
        )
        shortened = np.unique(self.source[lengths < np.diff(self.offsets)])
        return _merged(left, np.isin(left.source, shortened))

    @cached_property
    def packets(self) -> sparse.csr_array:
        """(cores + 1, cores) CSR float64, messages from row to column; the last row is the input."""
        outward = self.outward
        flow = outward.pair_flow
        entries = (outward.rate[flow], (outward.source[flow], outward.destination))
        matrix = sparse.csr_array(sparse.coo_array(entries, shape=(self.cores + 1, self.cores)))
        matrix.sum_duplicates()
        matrix.sort_indices()
        return matrix

    @cached_property
    def deliveries(self) -> float:
        """Messages that arrive at a core: a spike counts once for each other core that it reaches."""
        return float(self.packets.sum())

    @cached_property
    def input_axons(self) -> Array:
        """(cores,) int64, see `Limits`: distinct neurons and inputs that have a synapse on each core."""
        counts = np.bincount(self.destination, weights=self.neurons[self.pair_flow], minlength=self.cores)
        return counts.astype(np.int64)

    @cached_property
    def output_axons(self) -> Array:
        """(cores,) int64, see `Limits`: pairs of a neuron on each core and a core that it reaches."""
        pairs = self.neurons * np.diff(self.offsets)
        return np.bincount(self.source, weights=pairs, minlength=self.cores + 1)[:-1].astype(np.int64)


def joined(cores: int, parts: Sequence[Flows]) -> Flows:
    """Flows of several populations as one, by ascending source; equal ones of the same core become one."""
    starts = np.cumsum([0, *(part.destination.size for part in parts)])
    offsets = [part.offsets[:-1] + start for part, start in zip(parts, starts, strict=False)]
    every = Flows(
        cores,
        np.concatenate([np.zeros(0, dtype=np.int32), *(part.source for part in parts)]),
        np.concatenate([np.zeros(0, dtype=np.int64), *(part.neurons for part in parts)]),
        np.concatenate([np.zeros(0), *(part.rate for part in parts)]),
        np.concatenate([*offsets, starts[-1:]]).astype(np.int64),
        np.concatenate([np.zeros(0, dtype=np.int32), *(part.destination for part in parts)]),
    )
    # Only flows of one core that come from several populations can be equal.
    populations = np.zeros(cores + 1, dtype=np.int64)
    for part in parts:
        populations[np.unique(part.source)] += 1
    return _merged(every, populations[every.source] > 1)


def _merged(flows: Flows, doubtful: Array) -> Flows:
    """Flows by ascending source, equal ones as one.

    Parameters
    ----------
    doubtful : (flows,) bool, flows that may be equal to others of these.
    """
    same_as = np.arange(flows.size)
    known: dict[tuple[int, bytes], int] = {}
    for flow in np.flatnonzero(doubtful).tolist():
        reached = flows.destination[flows.offsets[flow] : flows.offsets[flow + 1]]
        same_as[flow] = known.setdefault((int(flows.source[flow]), reached.tobytes()), flow)
    kept = np.flatnonzero(same_as == np.arange(flows.size))
    kept = kept[np.argsort(flows.source[kept], kind="stable")]
    place = np.empty(flows.size, dtype=np.int64)
    place[kept] = np.arange(kept.size)
    place = place[same_as]
    lengths = np.diff(flows.offsets)[kept]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    pick = np.repeat(flows.offsets[kept] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Flows(
        flows.cores,
        flows.source[kept],
        np.bincount(place, weights=flows.neurons, minlength=kept.size).astype(np.int64),
        np.bincount(place, weights=flows.rate, minlength=kept.size).astype(np.float64),
        offsets,
        flows.destination[pick],
    )
