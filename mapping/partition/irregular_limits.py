"""What a core of a target has room for, as limits of a block of a hypergraph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network, Projection
from ..irregular import Irregular
from ..synaptic_memory import ListedFormats, formats_of
from ..target import Target
from .block_limits import AxonStorage, BlockLimits

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class DenseNeeds:
    """What dense matrices take of the cores of the neurons that they reach.

    Attributes
    ----------
    bits : (neurons,) int64, of each neuron.
    block_bits, block_axons : of each block, however few of the neurons it holds.
    """

    bits: Array
    block_bits: int
    block_axons: int


def limits_of(irregular: Irregular, network: Network, target: Target) -> BlockLimits | None:
    """Limits that imply those of the target.

    What blocks need by them is never less than the true account of the finished partition, which chooses the format of
    each projection core by core, and knows the projections of a net apart.

    Returns
    -------
    None where the dense matrices alone take more than a core has.
    """
    memory = target.synaptic_memory
    aside = memory.bits_set_aside
    dense = _dense_needs(irregular, network, target, aside)
    given = {
        "neurons": target.limits.of("neurons"),
        "synaptic_bits": _less(target.limits.of("synaptic_memory_bits"), dense.block_bits),
        "memory_bits": _less(target.limits.of("memory_bits"), dense.block_bits),
        "input_axons": _less(target.limits.of("input_axons"), dense.block_axons),
        "output_axons": target.limits.of("output_axons"),
    }
    if any(limit is not None and limit <= 0 for limit in given.values()):
        return None
    each = memory.neuron_bits
    formats = [_formats(projection, network, target) for projection in irregular.listed]
    through = irregular.net_projections
    storage = AxonStorage(
        irregular.pin_synapses,
        _largest(through, [part.sparse_header for part in formats]),
        _largest(through, [part.sparse_each for part in formats]),
        through.sum(axis=1).astype(np.int64),
        aside,
        memory.word_bits.value or 1,
    )
    return BlockLimits(
        **given,
        storage=storage,
        neuron_synaptic_bits=dense.bits,
        neuron_bits=np.full(irregular.hypergraph.neurons, each, dtype=np.int64),
        neuron_output_axons=_axons_elsewhere(irregular, network, target),
    )


def _less(limit: int | None, taken: int) -> int | None:
    return None if limit is None else limit - taken


def _formats(projection: Projection, network: Network, target: Target) -> ListedFormats:
    formats = formats_of(projection, target, network.integer)
    if formats is None:
        raise ValueError(f"projection {projection.name!r} has a shared kernel and no listed synapses")
    return formats


def _largest(through: Array, values: list[int]) -> Array:
    """(nets,) int64, the largest value of the projections of each net."""
    largest = np.where(through, np.asarray(values, dtype=np.int64), 0).max(axis=1, initial=0)
    return np.asarray(largest)


def _dense_needs(irregular: Irregular, network: Network, target: Target, aside: int) -> DenseNeeds:
    bits = np.zeros(irregular.hypergraph.neurons, dtype=np.int64)
    starts = irregular.starts()
    block_bits = 0
    axons: set[tuple[str, int]] = set()
    for projection in irregular.dense:
        present = projection.connectivity.weights != 0
        senders = np.flatnonzero(present.any(axis=0))
        rows = np.count_nonzero(present, axis=1)
        formats = _formats(projection, network, target)
        ways = (
            (formats.dense_header, np.full(rows.size, formats.dense_each * senders.size)),
            (formats.sparse_header, formats.sparse_each * rows),
        )
        # The headers come once a block; each axon fills its last word on its own.
        header, needs = min(ways, key=lambda way: int(way[1].sum()))
        block_bits += senders.size * (header + formats.word - 1)
        start = starts[projection.target]
        bits[start : start + rows.size] += np.maximum(needs, aside * rows)
        axons.update((projection.source, int(sender)) for sender in senders)
    return DenseNeeds(bits, block_bits, len(axons))


def _axons_elsewhere(irregular: Irregular, network: Network, target: Target) -> Array:
    """(neurons,) int64, the fewest cores that each neuron reaches in other populations, were they as full as may be."""
    room = target.limits.of("neurons")
    starts = irregular.starts()
    result = np.zeros(irregular.hypergraph.neurons, dtype=np.int64)
    for name in irregular.populations:
        for projection in network.outgoing(name):
            if projection.target in irregular.populations and projection in irregular.listed:
                continue
            weights = projection.connectivity
            entries = weights.to_sparse()
            counts = np.bincount(entries.indices, minlength=weights.sources)
            cores = np.ones_like(counts) if room is None else -(-counts // room)
            result[starts[name] : starts[name] + weights.sources] += np.where(counts > 0, cores, 0)
    return result
