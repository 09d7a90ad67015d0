"""Fill one core after the other, every layer in its order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...models.network import Network, Population
from ..problem import Problem
from ..resources import Accountant, Load
from ..search import Search
from ..target import Target
from ..traffic.fan_out import count_fan_out
from .partition import Array, CoreOf, Rates, on_chip

ROUNDS = 12  # output axons depend on the partition that they limit; more rounds than this have not been seen to help

ADVICE = {
    "neurons": "choose a target whose cores hold neurons",
    "synaptic_memory_bits": "give each of its neurons fewer inputs (a smaller kernel, fewer channels before it, pruned "
    "weights) or choose a target with more synaptic memory a core",
    "input_axons": "give each of its neurons fewer inputs, or choose a target with more input axons a core",
    "output_axons": "let each of its neurons reach fewer cores (a smaller next layer) or choose a target with more "
    "output axons a core",
    "memory_bits": "give each of its neurons fewer inputs (a smaller kernel, fewer channels before it, pruned weights) "
    "or choose a target with more memory a core",
}


@dataclass
class Layout:
    """Cores as they were filled, however many that took.

    Attributes
    ----------
    core_of : per population, (neurons,) int64; -1 for neurons that fit on no core.
    loads : what each core holds.
    problems : one for every layer with a neuron that fits on no core at all, and resource.
    """

    core_of: dict[str, Array] = field(default_factory=dict)
    loads: list[Load] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Sequential:
    """Fill the cores in order; a core takes as many neurons as fit, of several layers where there is room.

    Attributes
    ----------
    order : neurons of a layer with positions go by "channels", so that a core holds few channels and little kernel
        memory; or by "positions", so that a core holds a part of the image with all its channels (or as many as have
        room for their kernels), and few messages go to several cores.
    """

    order: Literal["channels", "positions"] = "channels"

    @property
    def name(self) -> str:
        """What the user calls it."""
        return "sequential" if self.order == "channels" else "positions"

    def unsuited(self, network: Network) -> str | None:
        """See `Partitioner`; suits all."""
        return None

    def partition(
        self, network: Network, target: Target, rates: Rates | None = None, search: Search | None = None
    ) -> CoreOf | None:
        """See `Partitioner`; neither rates nor search play a part."""
        layout = self.layout(network, target)
        return None if layout.problems or len(layout.loads) > target.cores else layout.core_of

    def layout(self, network: Network, target: Target) -> Layout:
        """Fill cores as if there were any number of them."""
        if target.limits.of("output_axons") is None:
            return self._fill(network, Accountant(network, target))
        reached: dict[str, Array] = {}
        for round_number in range(ROUNDS):
            # What a neuron reaches is known only afterwards: go on with the most it ever reached, so that cores hold
            # fewer neurons each time, until the guess covers what the partition needs.
            layout = self._fill(network, Accountant(network, target, reached))
            if layout.problems or len(layout.loads) > target.cores:
                return layout
            fan_out = count_fan_out(network, target, layout.core_of)
            actual = {
                name: np.diff(matrix.indptr).astype(np.int64)[fan_out.groups[name]]
                for name, matrix in fan_out.destinations.items()
            }
            over = _over_limit(layout, actual, target)
            if over is None:
                return layout
            if round_number == ROUNDS - 1:
                layout.problems.append(over)
            for name, counts in actual.items():
                reached[name] = np.maximum(reached.get(name, 0), counts)
        return layout

    def _fill(self, network: Network, accountant: Accountant) -> Layout:
        layout = Layout()
        load = Load()
        core = 0
        for population in on_chip(network):
            order = self._neurons(population, accountant)
            cores = np.full(order.size, -1, dtype=np.int64)
            start, likely = 0, 0
            while start < order.size:
                alone = not load.neurons
                count, grown = _most(accountant, load, population.name, order[start:], likely if alone else 0)
                likely = count if alone else likely
                if count:
                    cores[order[start : start + count]] = core
                    start, load = start + count, grown
                elif alone:
                    layout.problems += _impossible(accountant, population.name, order[start : start + 1])
                    break
                if start < order.size:
                    layout.loads.append(load.closed())
                    load, core = Load(), core + 1
            layout.core_of[population.name] = cores
        if load.neurons:
            layout.loads.append(load.closed())
        return layout

    def _neurons(self, population: Population, accountant: Accountant) -> Array:
        numbers = np.arange(population.size)
        if len(population.shape) == 1:
            return numbers
        grid = accountant.grid(population.name)
        by_channel = numbers.reshape(population.shape[0], -1)

        def fits(channels: int, positions: slice | Array) -> bool:
            together = by_channel[:channels, positions].ravel()
            return not accountant.exceeded(accountant.add(Load(), population.name, together))

        middle = by_channel.shape[1] // 2
        several: slice | Array = slice(middle, middle + 1)
        if grid is not None:
            # A tile has one column or all of them: where a row is too much even of one channel, go column by column.
            row = slice(middle // grid.columns * grid.columns, (middle // grid.columns + 1) * grid.columns)
            if fits(1, row):
                several = row
            else:
                by_channel = by_channel.reshape(-1, grid.rows, grid.columns).swapaxes(1, 2).reshape(by_channel.shape)
        if self.order == "channels":
            return by_channel.ravel()
        # Where the kernels of all channels do not fit on a core, a few channels together go through the positions.
        channels = population.shape[0]
        while channels > 1 and not fits(channels, several):
            channels = -(-channels // 2)
        blocks = (by_channel[first : first + channels] for first in range(0, population.shape[0], channels))
        return np.concatenate([block.T.ravel() for block in blocks])


def _most(accountant: Accountant, load: Load, population: str, order: Array, likely: int) -> tuple[int, Load]:
    """The longest beginning of `order` that fits beside a load, and the load with it.

    Parameters
    ----------
    likely : what to try first, such as what the core before took; 0 for no such number.
    """
    room = accountant.limits["neurons"]
    high = order.size if room is None else min(order.size, room - load.neurons)
    best, best_load, over = 0, load, high + 1
    count, step = min(max(likely, 1), high), 1
    # Outward from the first guess with growing steps, and then by halves: counting a whole layer only to see that a
    # hundredth of it fits would cost more than all the rest.
    while best + 1 < over:
        grown = accountant.add(load, population, np.sort(order[:count]))
        if accountant.exceeded(grown):
            over = count
        else:
            best, best_load = count, grown
        if best and over <= high:
            count = (best + over) // 2
        else:
            count = min(best + step, high) if best else max(over - step, 1)
            step *= 4
    return best, best_load


def _impossible(accountant: Accountant, population: str, neuron: Array) -> list[Problem]:
    load = accountant.add(Load(), population, neuron)
    return [
        Problem(population, resource, getattr(load, resource), accountant.limits[resource], ADVICE[resource])
        for resource in accountant.exceeded(load)
    ]


def _over_limit(layout: Layout, reached: dict[str, Array], target: Target) -> Problem | None:
    """The core that needs most output axons beyond the limit, named by the layer that needs most of them."""
    limit = target.limits.of("output_axons")
    by_layer = {
        name: np.bincount(layout.core_of[name], weights=counts, minlength=len(layout.loads))
        for name, counts in reached.items()
        if name in layout.core_of
    }
    if limit is None or not by_layer:
        return None
    total = np.sum(list(by_layer.values()), axis=0)
    core = int(np.argmax(total))
    if total[core] <= limit:
        return None
    layer = max(by_layer, key=lambda name: float(by_layer[name][core]))
    return Problem(layer, "output_axons", int(total[core]), limit, ADVICE["output_axons"])
