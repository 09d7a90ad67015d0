"""Running an integer network in the simulator."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network
from .tables import Tables, build_tables

Array = NDArray[Any]

BATCH_BYTES = 256 << 20  # of recorded activity that the kernel fills at a time


@dataclass(frozen=True, eq=False)
class Simulation:
    """What the simulator saw.

    Attributes
    ----------
    activity : per recorded population, (samples, steps, neurons): int8 spikes, or int32 graded output.
    spike_counts : per population, inputs and constants among them, (steps, neurons) int64: spikes over all samples.
    """

    activity: Mapping[str, Array]
    spike_counts: Mapping[str, Array]


def _processors() -> int:
    """Processors that this process may use; where the system cannot say (macOS), those that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Simulator:
    """An integer network laid out for the kernel; keep it to run more data."""

    def __init__(self, network: Network) -> None:
        if not network.integer:
            raise ValueError("the simulator runs quantized networks")
        self.network = network
        self.tables: Tables = build_tables(network)

    def run(
        self,
        data: Array,
        record: Literal["all", "output"] = "output",
        progress: Callable[[int], None] = lambda samples: None,
    ) -> Simulation:
        """Run all samples, each from a state of zero.

        Parameters
        ----------
        data : (samples, steps, input neurons) integers; 0 and 1 for spikes, anything else for graded spikes.
        record : which populations' activity to keep.
        progress : called with the number of samples done since the last call.
        """
        tables, network = self.tables, self.network
        samples, steps, _ = data.shape
        names = [network.output]
        if record == "all":
            names = [population.name for population in network.populations if population.neuron]
        sizes = [network.by_name[name].size for name in names]
        starts = dict(zip(names, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
        places = np.array([starts.get(name, -1) for name in tables.names], dtype=np.int64)
        batch = max(1, BATCH_BYTES // max(1, 4 * steps * sum(sizes)))
        parts: list[dict[str, Array]] = []
        totals = np.zeros((steps, tables.neurons), dtype=np.int64)
        for first in range(0, samples, batch):
            chunk = data[first : first + batch]
            filled, counts = self._run_batch(chunk, places, sum(sizes))
            totals += counts
            parts.append({name: self._outer(name, filled, starts[name]) for name in names})
            progress(chunk.shape[0])
        activity = {name: np.concatenate([part[name] for part in parts]) for name in names}
        spike_counts = {
            name: self._restored(name, totals[:, tables.offsets[index] : tables.offsets[index + 1]])
            for index, name in enumerate(tables.names)
        }
        return Simulation(activity, spike_counts)

    def _run_batch(self, data: Array, places: Array, recorded: int) -> tuple[Array, Array]:
        from .kernel import run_samples

        tables = self.tables
        steps = data.shape[1]
        workers = max(1, min(_processors(), data.shape[0]))
        record = np.zeros((data.shape[0], steps, recorded), dtype=np.int32)
        counts = np.zeros((workers, steps, tables.neurons), dtype=np.int32)
        inner = np.ascontiguousarray(data[:, :, tables.orders[self.network.input.name]], dtype=np.int32)
        run_samples(
            inner, tables.offsets, tables.sources, tables.rules, tables.first_projection, tables.projections,
            tables.weights, tables.pointers, tables.indices, tables.start, tables.parameters, tables.slots, places,
            record, counts,
        )  # fmt: skip
        return record, counts.sum(axis=0, dtype=np.int64)

    def _outer(self, name: str, filled: Array, start: int) -> Array:
        population = self.network.by_name[name]
        part = self._restored(name, filled[:, :, start : start + population.size])
        return part if population.graded else part.astype(np.int8)

    def _restored(self, name: str, inner: Array) -> Array:
        """From the inner numbering, channels last, back to the C order of the population's shape, channels first."""
        shape = self.network.by_name[name].shape
        apart = inner.reshape(*inner.shape[:-1], *shape[1:], shape[0])
        return np.ascontiguousarray(np.moveaxis(apart, -1, inner.ndim - 1)).reshape(inner.shape)
