"""Dense layers that nearly all of their sources send to: one product of matrices for many steps.

Spike by spike, a dense layer costs as much as there are spikes; as a product, as much as there are neurons, but far
less for each. Which is cheaper depends on the machine and on the sizes, so both are timed once for every projection
for which it could matter, and the choice is made anew for every block of steps. The product is one of floats of 32
bits, which are exact as long as no sum can reach 2**24.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dense_kernels import count_events, fill
from .event_buffers import EventBuffers, Place
from .event_kernels import add_dense
from .row_sums import ROOM_BEYOND
from .synapse_tables import Column, Kind, SynapseTables

Array = NDArray[Any]

EXACT = 1 << 24
FEWEST = 0.1  # share of the sources that send, below which a product is never cheaper
TRIAL_STEPS = 32
TRIALS = 3


class DenseProducts:
    """The dense projections of a network as matrices, and what each way of adding them up was found to cost."""

    def __init__(self, synapses: SynapseTables, sizes: tuple[int, ...]) -> None:
        self._synapses, self._sizes = synapses, sizes
        self._matrices: dict[int, Array] = {}
        self._row_sums: dict[int, float] = {}
        self._costs: dict[tuple[int, bool], tuple[float, float]] = {}
        self._lock = threading.Lock()  # workers ask at the same time

    def sums(self, index: int, buffers: EventBuffers, steps: tuple[int, int], samples: int) -> Array | None:
        """What a projection adds in some steps, where that is cheaper than going spike by spike.

        Parameters
        ----------
        index : of the projection in the table; all its source's spikes must be known.
        steps : the first and the one after the last.

        Returns
        -------
        (samples, steps, targets) float32 of whole numbers, or None.
        """
        row = self._synapses.rows[index]
        if row[Column.KIND] != Kind.DENSE:
            return None
        source, lag = int(row[Column.SOURCE]), int(row[Column.LAG])
        place = buffers.places[source]
        length = steps[1] - steps[0]
        sent, largest = count_events(place, buffers.values, buffers.counts, samples, steps[0] - lag, steps[1] - lag)
        entries = samples * length * self._sizes[source]
        if sent < FEWEST * entries:
            return None
        with self._lock:
            matrix = self._matrix(index)
            if self._row_sums[index] * largest >= EXACT:
                return None
            by_event, by_entry = self._measured(index, place[Place.VALUES] >= 0)
        if sent * by_event <= entries * by_entry:
            return None
        activity = np.zeros((samples, length, self._sizes[source]), dtype=np.float32)
        fill(activity, place, buffers.fired, buffers.values, buffers.counts, steps[0] - lag)
        return np.asarray(activity @ matrix)

    def _matrix(self, index: int) -> Array:
        """(sources, targets) float32."""
        if index not in self._matrices:
            row = self._synapses.rows[index]
            shape = self._sizes[row[Column.SOURCE]], self._sizes[row[Column.TARGET]]
            weights = self._synapses.weights_of(row)
            first = row[Column.WEIGHTS]
            matrix = weights[first : first + shape[0] * shape[1]].reshape(shape).astype(np.float32)
            self._matrices[index] = matrix
            self._row_sums[index] = float(np.abs(matrix).sum(axis=0, dtype=np.float64).max(initial=0.0))
        return self._matrices[index]

    def _measured(self, index: int, graded: bool) -> tuple[float, float]:
        """Seconds for a spike that is added by itself, and for an entry of the matrix of activity."""
        key = index, graded
        if key not in self._costs:
            matrix = self._matrix(index)
            sources, targets = matrix.shape
            activity = np.ones((TRIAL_STEPS, sources), dtype=np.float32)
            fired = np.arange(sources, dtype=np.int32)
            total = np.zeros(targets + ROOM_BEYOND, dtype=np.int32)
            row = self._synapses.rows[index]
            values = np.full(sources, 2, dtype=np.int32)
            arguments = (
                total, targets, self._synapses.weights_of(row), row[Column.WEIGHTS], targets,
                fired, 0, sources, values, 0 if graded else -1,
            )  # fmt: skip
            add_dense(*arguments)
            single, product = [], []
            for _ in range(TRIALS):
                start = time.perf_counter()
                add_dense(*arguments)
                middle = time.perf_counter()
                activity @ matrix
                single.append(middle - start)
                product.append(time.perf_counter() - middle)
            self._costs[key] = min(single) / sources, min(product) / activity.size
        return self._costs[key]
