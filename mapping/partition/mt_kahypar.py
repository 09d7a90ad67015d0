"""Mt-KaHyPar, where it is installed, as the start of our own refinement.

Gottesbueren, Heuer, Sanders, Maas, Seemaier: Scalable high-quality hypergraph partitioning (2024).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...models.errors import BackendMissingError
from ..deaf_calls import interruptible
from ..hypergraph import Hypergraph
from ..search import Search
from .block_limits import BlockLimits
from .resource_columns import NO_LIMIT
from .vertical_cycles import BUDGETS, finished

Array = NDArray[Any]
Preset = Literal["DETERMINISTIC", "DEFAULT", "LARGE_K"]
FINEST = 1000  # the weight of a usual net or neuron, for the library takes whole numbers
LARGEST_IMBALANCE = 0.1


@dataclass(frozen=True)
class MtKaHyPar:
    """A partition by Mt-KaHyPar, brought within all limits and annealed.

    The library knows one weight a neuron; it is given that of the resource that the neuron takes most of.

    Attributes
    ----------
    preset : "DETERMINISTIC" gives the same partition every time; the others do so on one thread only.
    """

    preset: Preset = "DETERMINISTIC"

    @property
    def name(self) -> str:
        """See `BlockPartitioner`."""
        return "mtkahypar"

    def divide(self, hypergraph: Hypergraph, blocks: int, limits: BlockLimits, search: Search) -> Array | None:
        """See `BlockPartitioner`; the deadline is asked only once the library is done.

        Raises
        ------
        BackendMissingError : mtkahypar is not installed.
        """
        search.progress("Mt-KaHyPar", 0.0)
        start = self.first(hypergraph, blocks, limits, search.seed)
        return finished(hypergraph, start, blocks, limits, BUDGETS[search.effort], search)

    def first(self, hypergraph: Hypergraph, blocks: int, limits: BlockLimits, seed: int = 0) -> Array:
        """The library's own partition, (neurons,) int32; it may break limits."""
        if blocks == 1:
            return np.zeros(hypergraph.neurons, dtype=np.int32)
        weights, imbalance = _weights(hypergraph, blocks, limits)
        library, session = _session()
        library.set_seed(seed)
        context = session.context_from_preset(getattr(library.PresetType, self.preset))
        context.set_partitioning_parameters(blocks, imbalance, library.Objective.KM1)
        context.logging = False
        sizes = np.diff(hypergraph.offsets)
        kept = np.flatnonzero((sizes > 1) & (hypergraph.rates > 0))
        pins = hypergraph.pins.tolist()
        nets = [
            pins[first:end] for first, end in zip(*(hypergraph.offsets[kept + i].tolist() for i in (0, 1)), strict=True)
        ]
        rates = _whole(hypergraph.rates[kept])
        whole = session.create_hypergraph(
            context, hypergraph.neurons, len(nets), nets, weights.tolist(), rates.tolist()
        )
        with interruptible():
            partition = whole.partition(context)
        return np.array(partition.get_partition(), dtype=np.int32)


def _weights(hypergraph: Hypergraph, blocks: int, limits: BlockLimits) -> tuple[Array, float]:
    """(neurons,) int64 weights, at least 1, and the imbalance that keeps the limits."""
    caps, demands = limits.caps(), limits.demands(hypergraph)
    columns = np.flatnonzero((caps < NO_LIMIT) & demands.any(axis=0))
    if columns.size == 0:
        return np.ones(hypergraph.neurons, dtype=np.int64), LARGEST_IMBALANCE
    total = demands[:, columns].sum(axis=0)
    weights = _whole((demands[:, columns] / total).max(axis=1))
    room = float((caps[columns] * blocks / total).min()) - 1.0
    return weights, min(LARGEST_IMBALANCE, max(0.001, room))


def _whole(values: Array) -> Array:
    """Positive whole numbers in proportion; ones where all values are the same."""
    if values.size == 0 or values.min() == values.max():
        return np.ones(values.size, dtype=np.int64)
    return np.asarray(np.maximum(1, np.rint(values * (FINEST / values.mean()))), dtype=np.int64)


@cache
def _session() -> tuple[Any, Any]:
    """The module, and the library with its threads, which can be started once only."""
    try:
        import mtkahypar
    except ImportError as error:
        advice = "install mtkahypar with `pip install mtkahypar`, or choose another way of partitioning"
        raise BackendMissingError(f"Mt-KaHyPar is not there ({error}): {advice}") from error
    return mtkahypar, mtkahypar.initialize(os.cpu_count() or 1, False)
