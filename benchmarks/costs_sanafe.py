"""Energy and time of the DVS-gesture network of SANA-FE's wheel, beside SANA-FE's own, with its constants.

The network, its mapping and what is counted are those of `simulator_gesture.py`. SANA-FE serves all synapses of its
example as dense ones, and delivers those of weight zero; it ends all layers at the same step. The comparison is made
the same way: all operations at the dense constant, those of weight zero among them, over its steps.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from simulator import dump_gesture
from simulator_gesture import Compared, compared, delivered
from simulator_workloads import GESTURE_NAME, make

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.energy import energy_terms, total
from spikeloom.backends.latency import time_sample
from spikeloom.backends.program import Program
from spikeloom.backends.run import Counters, LayerCounts
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.models.execution.active_neurons import ActiveNeurons
from spikeloom.models.execution.network_run import run_network

Array = NDArray[Any]


@dataclass(frozen=True)
class Figure:
    """One of ours beside one of theirs, in J or s."""

    name: str
    unit: str
    ours: float
    theirs: float

    @property
    def difference(self) -> float:
        """As a share of theirs."""
        return self.ours / self.theirs - 1


def against_sanafe(options: argparse.Namespace) -> tuple[list[Compared], list[Figure]]:
    """Counts, and figures.

    Parameters
    ----------
    options : of `costs.py`; `steps` of the network are compared.
    """
    folder = options.out / "D"
    sizes = {"steps": options.steps}
    dump_gesture(folder, sizes, options)
    program = make("D", sizes, folder).program
    assert program is not None
    counters, activity = _run(program)
    counts = compared(program, activity, counters, folder / GESTURE_NAME)
    same = _as_sanafe_counts(program, counters, activity, folder / GESTURE_NAME)
    account, topology = program.target.cost_set("fitted"), program.target.topology
    energy = total(term.energy for term in energy_terms(same, account, topology)).nominal
    tiles = len({(place.chip, place.column, place.row) for place in program.mapping.places})
    time = time_sample(same, account, topology, tiles=tiles, period=program.steps).latency.nominal
    with np.load(folder / GESTURE_NAME) as dump:
        theirs = float(dump["cost total_energy"].sum()), float(dump["cost sim_time"].sum())
    return counts, [Figure("energy", "J", energy, theirs[0]), Figure("time, simple model", "s", time, theirs[1])]


def _run(program: Program) -> tuple[Counters, dict[str, Array]]:
    given = np.zeros((1, program.steps, 1), dtype=np.int64)
    counting = CoreCounting(program)
    run = Simulator(program.network).run(given, "all", groups=counting.groups)
    active = ActiveNeurons(program.mapping.core_of, program.mapping.cores, program.steps)
    run_network(program.network, given, active)
    depths = {population.name: population.depth for population in program.network.populations}
    return counting.counters(run.group_spikes, 1).with_active(active.counts, depths), dict(run.activity)


def _as_sanafe_counts(program: Program, counters: Counters, activity: dict[str, Array], file: Path) -> Counters:
    """The rows that SANA-FE simulates, with every synapse a dense one, and those of weight zero delivered."""
    steps = program.steps
    events = delivered(program, activity, counters, file)
    steps_of = {
        name: getattr(counters, name)[:steps]
        for name in ("spikes", "packets_out", "packets_in", "memory_reads", "link_packets", "active_neurons")
    }
    kinds = {kind: np.zeros_like(events) for kind in counters.synaptic_operations} | {"dense": events}
    cut = replace(counters, **steps_of, synaptic_operations=kinds)
    return replace(cut, by_layer=_of_one_layer(cut, program))


def _of_one_layer(counters: Counters, program: Program) -> LayerCounts:
    """Counts by core of all layers together; it is the sum that is compared."""
    from spikeloom.backends.hop_costs import link_kinds

    def row(values: Array) -> Array:
        return np.append(values.sum(axis=0), 0)[None].astype(np.int64)

    assert counters.active_neurons is not None
    hops = {
        name: np.asarray([[int(counters.link_packets[:, links].sum()), *[0] * program.mapping.cores]])
        for name, links in link_kinds(counters.links, program.target.topology).items()
    }
    counts = {
        **{f"synaptic_operation_{kind}": row(part) for kind, part in counters.synaptic_operations.items()},
        "spike": row(counters.spikes),
        "packet": row(counters.packets_out),
        "neuron_update": row(counters.active_neurons),
        **hops,
    }
    return LayerCounts(("all",), counts, np.append(counters.neuron_updates, 0)[None])
