"""Neurons of which a single one needs more than a core has, and what would help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Dense
from ...models.network import Network, Population, Projection, Role
from ..features import weight_bits
from ..problem import Problem
from ..resources import Accountant, Load
from ..synaptic_memory import ListedFormats
from ..target import Target
from ..windows import as_convolution

Array = NDArray[Any]
MEMORY = ("synaptic_memory_bits", "memory_bits")


def neuron_shortages(network: Network, target: Target) -> list[Problem]:
    """A problem for every layer and resource of which its neuron with the most inputs needs more than a core has."""
    accountant = Accountant(network, target)
    problems = []
    for population in network.populations:
        if population.role is Role.INPUT or not population.size:
            continue
        incoming = network.incoming(population.name)
        neuron = np.asarray([_heaviest(population, incoming)])
        load = accountant.add(Load(), population.name, neuron)
        exceeded = accountant.exceeded(load)
        for resource in exceeded:
            limit = accountant.limits[resource]
            assert limit is not None
            if resource == MEMORY[0] and MEMORY[1] in exceeded and (accountant.limits[MEMORY[1]] or 0) <= limit:
                continue  # it is part of the other, and fits where that fits
            used = getattr(load, resource)
            if resource in MEMORY:
                shares = [_Share.of(projection, int(neuron[0]), network, target) for projection in incoming]
                advice = _memory_advice(network, target, resource, shares, used, limit)
            else:
                advice = _axon_advice(resource, incoming, int(neuron[0]), used, limit)
            problems.append(Problem(population.name, resource, used, limit, advice))
    return problems


def _heaviest(population: Population, incoming: tuple[Projection, ...]) -> int:
    """A neuron with the most synapses; of convolutions, one in the middle, where the whole kernel sees inputs."""
    synapses = np.zeros(population.size, dtype=np.int64)
    for projection in incoming:
        connectivity = projection.connectivity
        convolution = as_convolution(connectivity)
        if convolution is not None:
            _, rows, columns = convolution.output_shape
            middle = np.arange(convolution.weights.shape[0]) * rows * columns + rows // 2 * columns + columns // 2
            synapses[middle] += np.count_nonzero(convolution.weights, axis=(1, 2, 3))
        elif isinstance(connectivity, Dense):
            synapses += np.count_nonzero(connectivity.weights, axis=1)
        else:
            synapses += np.diff(connectivity.to_sparse().indptr)
    return int(np.argmax(synapses))


@dataclass(frozen=True)
class _Share:
    """What one projection takes of the memory of a core that holds a single neuron.

    Attributes
    ----------
    projection : which one.
    width : bits of its weights; None for the full width.
    costs : bits of the named resource that each input takes, (inputs,) int64, as a function of the weights' width; of
        each input channel where the kernel is shared.
    unit : what the inputs are.
    """

    projection: Projection
    width: int | None
    costs: Callable[[str, int | None], Array]
    unit: str

    @classmethod
    def of(cls, projection: Projection, neuron: int, network: Network, target: Target) -> _Share:
        """Of a neuron's part of a projection."""
        connectivity, memory = projection.connectivity, target.synaptic_memory
        width = weight_bits(connectivity.weights) if network.integer else None
        word = memory.word_bits.value or 1
        convolution = as_convolution(connectivity)
        kernel = memory.convolution
        if convolution is not None and kernel is not None:
            weights = convolution.weights[neuron // int(np.prod(convolution.output_shape[1:]))]
            strided = min(getattr(connectivity, "stride", (1,))) > 1
            header = kernel.header(strided)
            stored = np.count_nonzero(weights, axis=(1, 2))

            def of_kernel(resource: str, width: int | None) -> Array:
                words = [-(-(header + bits) // word) if bits else 0 for bits in kernel.bits(width)]
                places = weights[0].size
                return np.asarray((stored * words[0] + (places - stored) * words[1]) * word)

            return cls(projection, width, of_kernel, "input channels")
        inputs = int(np.count_nonzero(_row(projection, neuron)))
        aside = memory.bits_set_aside

        def listed(resource: str, width: int | None) -> Array:
            formats = ListedFormats.of(memory, width)
            stored = min(formats.bits(np.ones(1, dtype=np.int64), 1).values())
            return np.full(inputs, max(stored, aside) if resource == "memory_bits" else stored)

        return cls(projection, width, listed, "inputs")

    def bits(self, resource: str, width: int | None) -> int:
        """Of all inputs."""
        return int(self.costs(resource, width).sum())

    def most_inputs(self, resource: str, room: int) -> int:
        """How many of the inputs, the cheapest ones, go into a number of bits."""
        sums = np.cumsum(np.sort(self.costs(resource, self.width)))
        return int(np.searchsorted(sums, room, side="right"))


def _row(projection: Projection, neuron: int) -> Array:
    """(synapses,) weights of a neuron."""
    connectivity = projection.connectivity
    if isinstance(connectivity, Dense):
        return np.asarray(connectivity.weights[neuron])
    return np.asarray(connectivity.to_sparse()[[neuron]].data)


def _memory_advice(network: Network, target: Target, resource: str, shares: list[_Share], used: int, limit: int) -> str:
    largest = max(shares, key=lambda share: share.bits(resource, share.width), default=None)
    name = resource.removesuffix("_bits").replace("_", " ")
    elsewhere = f"a target with {used} bits of {name} a core"
    takes = 0 if largest is None else largest.bits(resource, largest.width)
    if largest is None or not takes:
        return f"choose {elsewhere}"
    inputs, fit = largest.costs(resource, None).size, largest.most_inputs(resource, limit - (used - takes))
    source = largest.projection.source
    said = [f"a single neuron has {inputs} {largest.unit} from {source}, of which at most {fit} fit on a core"]
    window = _merged_pool(largest.projection, network.by_name[source].shape)
    if window is not None:
        left = inputs // (window[0] * window[1])
        enough = "which fits" if left <= fit else "which is still too much"
        said.append(
            f"a pooling of {window[0]} x {window[1]} was merged into these weights, and neurons after the pooling "
            f"would leave {left} inputs, {enough}"
        )
    for bits in range(8, 0, -1):
        need = used + sum(_saved(share, resource, bits) for share in shares)
        if need <= limit:
            said.append(f"with {bits}-bit weights it would take {need} bits")
            break
    return f"{'; '.join(said)}; or choose {elsewhere}"


def _saved(share: _Share, resource: str, bits: int) -> int:
    """What changes with narrower weights, 0 or below."""
    if share.width is not None and share.width <= bits:
        return 0
    return min(0, share.bits(resource, bits) - share.bits(resource, share.width))


def _axon_advice(resource: str, incoming: tuple[Projection, ...], neuron: int, used: int, limit: int) -> str:
    elsewhere = f"choose a target with {used} of them a core"
    if resource != "input_axons" or not incoming:
        return elsewhere

    def inputs(projection: Projection) -> int:
        convolution = as_convolution(projection.connectivity)
        if convolution is None:
            return int(np.count_nonzero(_row(projection, neuron)))
        return int(np.count_nonzero(convolution.weights[neuron // int(np.prod(convolution.output_shape[1:]))]))

    largest = max(incoming, key=inputs)
    convolution = as_convolution(largest.connectivity)
    said = f"a single neuron has up to {inputs(largest)} inputs from {largest.source}"
    if convolution is not None:
        rows, columns = convolution.kernel
        said += f", {rows} x {columns} of {convolution.weights.shape[1]} channels"
    if len(incoming) == 1:
        most = limit if convolution is None else limit // (rows * columns)
        said += f"; give it at most {most}{'' if convolution is None else ' channels'}"
    return f"{said}; or {elsewhere}"


def _merged_pool(projection: Projection, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """The largest window over which a matrix repeats its weights, as it does after a pooling was merged into it."""
    connectivity = projection.connectivity
    if not isinstance(connectivity, Dense) or len(shape) != 3:
        return None
    images = connectivity.weights.reshape(-1, *shape)
    windows = [
        (rows, columns)
        for rows in range(1, shape[1] + 1)
        for columns in range(1, shape[2] + 1)
        if rows * columns > 1 and shape[1] % rows == 0 and shape[2] % columns == 0
    ]
    for window in sorted(windows, key=lambda sides: -sides[0] * sides[1]):
        # One neuron first, as most windows are none.
        if all(_repeats(part, window) for part in (images[:1], images)):
            return window
    return None


def _repeats(images: Array, window: tuple[int, int]) -> bool:
    rows, columns = window
    return all(
        np.array_equal(images[..., row::rows, column::columns], images[..., ::rows, ::columns])
        for row in range(rows)
        for column in range(columns)
    )
