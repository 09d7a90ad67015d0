"""Irregular connectivity as the partitioners see it: one net for every neuron that sends spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]
NO_SOURCE = -1


@dataclass(frozen=True, eq=False)
class Hypergraph:
    """Neurons to divide among cores, and a net for every source neuron, in compressed rows.

    A net's pins are its source, where that is among the neurons, and its targets, each once. The axon deliveries of a
    partition are its km1 = sum over nets of weight * (blocks touched - 1): the source's own block needs no delivery.
    A net from outside (an input) has no source; its first block counts nothing, which is the same for all partitions.

    Attributes
    ----------
    neurons : number of nodes.
    offsets : (nets + 1,) int64; the pins of net e are pins[offsets[e] : offsets[e + 1]].
    pins : int32 numbers of neurons, ascending and distinct within a net.
    sources : (nets,) int32, the source of each net, which is one of its pins; `NO_SOURCE` for nets from outside.
    loops : (nets,) bool, whether the source is also a target of its own net.
    rates : (nets,) float64, at least 0: spikes a step of the source.
    synapses : (neurons,) int64, synapses that end at each neuron.
    """

    neurons: int
    offsets: Array
    pins: Array
    sources: Array
    loops: Array
    rates: Array
    synapses: Array

    @property
    def nets(self) -> int:
        """Number of nets."""
        return int(self.offsets.size - 1)

    @classmethod
    def of_synapses(cls, source: Array, target: Array, neurons: int, rates: Array | None = None) -> Hypergraph:
        """From a list of synapses within the neurons, without repeats.

        Parameters
        ----------
        source, target : (synapses,) integer.
        rates : (neurons,) spikes a step of each neuron; None for one each.

        Returns
        -------
        Nets in the order of their sources; neurons without targets have none.
        """
        source, target = np.asarray(source, dtype=np.int64), np.asarray(target, dtype=np.int64)
        sends = np.zeros(neurons, dtype=bool)
        sends[source] = True
        senders = np.flatnonzero(sends)
        rows, columns = np.concatenate([source, senders]), np.concatenate([target, senders])
        matrix = sparse.csr_array((np.ones(rows.size, dtype=np.int8), (rows, columns)), shape=(neurons, neurons))
        matrix.sum_duplicates()
        loops = np.zeros(neurons, dtype=bool)
        loops[source[source == target]] = True
        given = np.ones(neurons) if rates is None else np.asarray(rates, dtype=np.float64)
        return cls(
            int(neurons),
            np.concatenate([[0], matrix.indptr[1:][senders]]).astype(np.int64),
            matrix.indices.astype(np.int32),
            senders.astype(np.int32),
            loops[senders],
            given[senders],
            np.bincount(target, minlength=neurons).astype(np.int64),
        )

    def km1(self, blocks: Array) -> float:
        """Axon deliveries of a partition.

        Parameters
        ----------
        blocks : (neurons,) integer, at least 0.
        """
        net = np.repeat(np.arange(self.nets), np.diff(self.offsets))
        touched = np.unique(net * np.int64(blocks.max(initial=0) + 1) + blocks[self.pins])
        counts = np.bincount(touched // np.int64(blocks.max(initial=0) + 1), minlength=self.nets)
        return float((self.rates * np.maximum(counts - 1, 0)).sum())
