"""The real routing tables of a board with a triangular mesh, held against the weights and the rule of the router."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.network import Network
from ..mapping import Mapping
from ..problem import Problem
from ..routing_tables.build import build_tables
from ..routing_tables.delivery import deliver
from ..routing_tables.summary import table_problems
from ..routing_tables.tables import MONITOR, Processor, RoutingTables
from ..target import Target
from .arrivals import arrivals

Array = NDArray[Any]
BROKEN = "this is a mistake of the mapper and not of the network: please report it"
Block = tuple[str, Processor]  # population and source


def check_routing_tables(network: Network, target: Target, mapping: Mapping) -> list[Problem]:
    """The chips whose tables are too long, and whatever is wrong with the tables.

    They are made here as they are for the board. Who has to reach whom is found anew from the weights, and every key is
    sent through the tables.
    """
    tables = build_tables(network, target, mapping)
    problems = table_problems(tables, target.limits.of("routing_entries"))
    wrong = _wrong_blocks(tables, _wanted(network, target, mapping))
    if wrong:
        advice = f"the keys of {wrong[0]} are not those that its neurons and synapses ask for; {BROKEN}"
        problems.append(Problem("the network", "key_blocks", len(wrong), 0, advice))
    delivery = deliver(tables)
    if not delivery.exact:
        advice = f"{delivery.examples[0]}; {BROKEN}"
        problems.append(Problem("the network", "keys_gone_astray", delivery.failures, 0, advice))
    return problems


def _wanted(network: Network, target: Target, mapping: Mapping) -> dict[Block, tuple[list[int], set[Processor]]]:
    """Per population and source, the neurons there and the processors that any of them reaches, at least one."""
    processors = [(place.column, place.row, place.core + 1) for place in mapping.places]
    entry = target.topology.input_tile
    host = (entry.column, entry.row, MONITOR)
    result: dict[Block, tuple[list[int], set[Processor]]] = {}
    for population in network.populations:
        own = mapping.core_of.get(population.name)
        sources = np.full(population.size, -1) if own is None else np.asarray(own)
        for core, found in arrivals(network, population.name, mapping.core_of, mapping.cores):
            for arrival in found:
                for source in np.unique(sources[arrival.sources]).tolist():
                    block = (population.name, host if own is None else processors[source])
                    neurons = np.flatnonzero(sources == source).tolist()
                    result.setdefault(block, (neurons, set()))[1].add(processors[core])
    return result


def _wrong_blocks(tables: RoutingTables, wanted: dict[Block, tuple[list[int], set[Processor]]]) -> list[str]:
    """Populations with a block too few or too many, with other neurons or processors, or with keys of another block."""
    given = {(block.population, block.source): block for block in tables.blocks}
    wrong = [name for name, source in wanted.keys() ^ given.keys()]
    for key in wanted.keys() & given.keys():
        neurons, processors = wanted[key]
        if given[key].neurons.tolist() != neurons or set(given[key].destinations) != processors:
            wrong.append(key[0])
    in_order = sorted(tables.blocks, key=lambda block: block.key)
    wrong += [after.population for block, after in pairwise(in_order) if block.key + block.neurons.size > after.key]
    return sorted(wrong)
