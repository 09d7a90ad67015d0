"""The independent checker: what a mapping needs, counted by brute force from single synapses.

It shares no code with the partitioners and their account (`resources.py`), so that a mistake there does not pass here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.connectivity import Connectivity, Convolution, Dense, Pool
from ..models.network import Network, Projection, Role
from .features import check_features
from .mapping import Mapping
from .problem import Problem
from .target import Target

Array = NDArray[Any]
BLOCK = 8_000_000  # synapses listed at a time
BROKEN = "this is a mistake of the mapper and not of the network: please report it"


def check(network: Network, target: Target, mapping: Mapping, graded_input_bits: int = 1) -> tuple[Problem, ...]:
    """Everything that stands against a mapping; empty where it may go to the chip.

    Parameters
    ----------
    graded_input_bits : bits of the numbers that the input's spikes carry; 1 for plain spikes.
    """
    problems = check_features(network, target, graded_input_bits)
    broken = _unassigned(network, mapping.core_of, mapping.cores)
    problems += broken or check_cores(network, target, mapping.core_of)
    return tuple(problems + _check_places(target, mapping))


def check_cores(network: Network, target: Target, core_of: ReadOnly[str, Array]) -> list[Problem]:
    """What stands against the choice of neurons that share a core."""
    broken = _unassigned(network, core_of, None)
    if broken:
        return broken
    cores = 1 + max((int(part.max()) for part in core_of.values()), default=-1)
    needs = Needs(network, target, core_of, cores)
    problems = []
    for resource in ("neurons", "synaptic_memory_bits", "input_axons", "output_axons"):
        limit = target.limits.of(resource)
        used: Array = getattr(needs, resource)
        if limit is None or not used.size or used.max() <= limit:
            continue
        worst = int(np.argmax(used))
        layer = _largest_layer(core_of, worst)
        advice = f"core {worst} holds too much ({np.count_nonzero(used > limit)} cores do); {BROKEN}"
        problems.append(Problem(layer, resource, int(used[worst]), limit, advice))
    if cores > target.cores:
        problems.append(Problem("the network", "cores", cores, target.cores, f"the mapping uses too many; {BROKEN}"))
    return problems


def _unassigned(network: Network, core_of: ReadOnly[str, Array], cores: int | None) -> list[Problem]:
    """Neurons without a core, or with one that does not exist."""
    problems = []
    expected = {population.name: population.size for population in network.populations if population.role != Role.INPUT}
    for name in sorted(expected.keys() ^ core_of.keys()):
        advice = f"the mapping leaves it out or knows it alone; {BROKEN}"
        problems.append(Problem(name, "neurons", 0, expected.get(name), advice))
    for name in sorted(expected.keys() & core_of.keys()):
        given = np.asarray(core_of[name])
        if given.shape != (expected[name],) or not np.issubdtype(given.dtype, np.integer):
            advice = f"the mapping does not place every neuron exactly once; {BROKEN}"
            problems.append(Problem(name, "neurons", int(given.size), expected[name], advice))
        elif given.size and (given.min() < 0 or (cores is not None and given.max() >= cores)):
            advice = f"a neuron is on a core that does not exist; {BROKEN}"
            problems.append(Problem(name, "cores", int(given.max()), cores, advice))
    return problems


def _check_places(target: Target, mapping: Mapping) -> list[Problem]:
    topology = target.topology
    problems = []
    taken = Counter(mapping.places)
    for place, count in taken.items():
        if count > 1:
            problems.append(Problem("the network", "cores", count, 1, f"cores share {place}; {BROKEN}"))
        inside = (
            0 <= place.chip < topology.chips
            and 0 <= place.column < topology.columns.value
            and 0 <= place.row < topology.rows.value
            and 0 <= place.core < topology.cores_per_tile.value
        )
        if not inside:
            problems.append(Problem("the network", "cores", 1, 0, f"the chip has no {place}; {BROKEN}"))
    for chip, count in Counter(place.chip for place in taken).items():
        if count > topology.usable_cores.value:
            advice = f"chip {chip} has fewer usable cores; {BROKEN}"
            problems.append(Problem("the network", "cores", count, topology.usable_cores.value, advice))
    return problems


def _largest_layer(core_of: ReadOnly[str, Array], core: int) -> str:
    return max(core_of, key=lambda name: int(np.count_nonzero(core_of[name] == core)))


@dataclass(init=False)
class Needs:
    """What each core needs; every field (cores,) int64."""

    neurons: Array
    synaptic_memory_bits: Array
    input_axons: Array
    output_axons: Array

    def __init__(self, network: Network, target: Target, core_of: ReadOnly[str, Array], cores: int) -> None:
        everywhere = np.concatenate([np.zeros(0, dtype=np.int64), *core_of.values()])
        self.neurons = np.bincount(everywhere, minlength=cores)
        self.synaptic_memory_bits = np.zeros(cores, dtype=np.int64)
        self.input_axons = np.zeros(cores, dtype=np.int64)
        self.output_axons = np.zeros(cores, dtype=np.int64)
        for population in network.populations:
            reached = np.zeros((cores, population.size), dtype=bool)
            for projection in network.outgoing(population.name):
                targets = np.asarray(core_of[projection.target])
                # Only the cores that hold a part of the target layer, to save memory on big boards.
                used, local = np.unique(targets, return_inverse=True)
                counts = _synapses(projection.connectivity, local, used.size)
                self.synaptic_memory_bits[used] += _memory(projection, local, counts, target, network.integer)
                reached[used] |= counts > 0
            self.input_axons += reached.sum(axis=1)
            if population.name in core_of:
                np.add.at(self.output_axons, core_of[population.name], reached.sum(axis=0))


def _synapses(connectivity: Connectivity, core_of: Array, cores: int) -> Array:
    """(cores, sources) int32 synapses of every source on every core."""
    counts = np.zeros(cores * connectivity.sources, dtype=np.int32)
    for targets, sources in _listed(connectivity):
        keys = core_of[targets] * connectivity.sources + sources
        counts += np.bincount(keys, minlength=counts.size).astype(np.int32)
    return counts.reshape(cores, connectivity.sources)


def _listed(connectivity: Connectivity) -> Iterator[tuple[Array, Array]]:
    """Target and source of every synapse with a weight other than zero, block by block."""
    if isinstance(connectivity, Pool):
        connectivity = connectivity.as_convolution()
    if isinstance(connectivity, Dense):
        rows = max(1, BLOCK // max(1, connectivity.sources))
        for first in range(0, connectivity.targets, rows):
            row, column = np.nonzero(connectivity.weights[first : first + rows])
            yield row + first, column
        return
    if not isinstance(connectivity, Convolution):
        entries = connectivity.to_sparse().tocoo()
        yield entries.row.astype(np.int64), entries.col.astype(np.int64)
        return
    # A slice of output channels is a convolution of one group over the input channels that the group sees.
    size, inputs = int(np.prod(connectivity.input_shape[1:])), int(connectivity.weights.shape[1])
    channels, positions = connectivity.output_shape[0], int(np.prod(connectivity.output_shape[1:]))
    in_group = channels // connectivity.groups
    at_once = max(1, BLOCK // (positions * int(np.prod(connectivity.weights.shape[1:]))))
    for group in range(connectivity.groups):
        for first in range(group * in_group, (group + 1) * in_group, at_once):
            last = min(first + at_once, (group + 1) * in_group)
            part = Convolution(
                connectivity.weights[first:last],
                (inputs, *connectivity.input_shape[1:]),
                connectivity.stride,
                connectivity.padding,
                connectivity.dilation,
            )
            entries = part.to_sparse().tocoo()
            row, column = entries.row.astype(np.int64), entries.col.astype(np.int64)
            yield row + first * positions, column + group * inputs * size


def _memory(projection: Projection, core_of: Array, counts: Array, target: Target, integer: bool) -> Array:
    """(cores,) bits that a projection takes on each core, from its synapses per core and source."""
    connectivity, model = projection.connectivity, target.synaptic_memory
    word = int(model.word_bits.value or 1)
    width = _width(connectivity.weights) if integer else None
    bits = np.zeros(counts.shape[0], dtype=np.int64)
    if isinstance(connectivity, Convolution | Pool) and model.convolution is not None:
        kernel = model.convolution
        every_axis = all(stride > 1 for stride in connectivity.stride)
        header = (kernel.strided_header_bits if every_axis else kernel.header_bits).value or 0
        each, zero = kernel.bits_per_weight.at(width), kernel.bits_per_zero.value
        zero = each if zero is None else min(zero, each)
        convolution = connectivity.as_convolution() if isinstance(connectivity, Pool) else connectivity
        group_of = np.arange(convolution.weights.shape[0]) // (convolution.weights.shape[0] // convolution.groups)
        channel_of = np.arange(core_of.size) // (core_of.size // group_of.size)
        present = (convolution.weights != 0).reshape(group_of.size, -1)  # kernel places times inputs of a group
        for core in np.unique(core_of):
            here = np.isin(np.arange(group_of.size), channel_of[core_of == core])
            for group in np.unique(group_of[here]):
                stored = present[here & (group_of == group)]
                sizes = np.where(stored, each, zero).sum(axis=0)
                sizes = sizes[sizes > 0] + header
                bits[core] += int(((sizes + word - 1) // word * word).sum())
        return bits
    for core in np.unique(core_of):
        axons = counts[core][counts[core] > 0].astype(np.int64)
        alternatives = []
        for listed, stored in ((model.sparse, axons), (model.dense, np.full_like(axons, (core_of == core).sum()))):
            sizes = (listed.header_bits.value or 0) + stored * listed.bits_per_synapse.at(width)
            alternatives.append(int(((sizes + word - 1) // word * word).sum()))
        bits[core] = min(alternatives)
    return bits


def _width(weights: Array) -> int:
    """Bits of the narrowest cell that can hold any of the weights, all of them halved while all are even."""
    values = [int(value) for value in np.unique(weights) if value]
    while values and all(value % 2 == 0 for value in values):
        values = [value // 2 for value in values]
    if not values:
        return 0
    bits = 1
    if min(values) < 0 < max(values):
        while min(values) < -(2 ** (bits - 1)) or max(values) >= 2 ** (bits - 1):
            bits += 1
    else:
        while max(abs(value) for value in values) >= 2**bits:
            bits += 1
    return bits
