"""The board, what sits on each core, and what a mean sample makes cores and links do: for the picture of the chip."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...backends.latency import Timing
from ...backends.run import Counters
from ...mapping.mapping import Mapping
from ...mapping.topology import CorePlace, TilePlace, Topology


def board_section(topology: Topology) -> dict[str, Any]:
    """The board as a mesh of tiles; places are lists of chip, column and row, and core."""
    return {
        "mesh": topology.mesh,
        "chips": topology.chips,
        "chip_columns": topology.chip_columns,
        "columns": topology.columns.value,
        "rows": topology.rows.value,
        "cores_per_tile": topology.cores_per_tile.value,
        "torus": topology.torus,
        "absent_tiles": [_place(tile) for tile in topology.absent_tiles],
        "dead_cores": [_place(core) for core in topology.dead_cores],
        "reserved_cores": [_place(core) for core in topology.reserved_cores],
        "input_tile": _place(topology.input_tile),
    }


def occupancy(mapping: Mapping) -> list[dict[str, int]]:
    """For each core, how many neurons of each layer it holds."""
    found: list[dict[str, int]] = [{} for _ in mapping.places]
    for layer, cores in mapping.core_of.items():
        counts = np.bincount(cores, minlength=len(found))
        for core in np.flatnonzero(counts).tolist():
            found[core][layer] = int(counts[core])
    return found


def work_section(counters: Counters, timing: Timing) -> dict[str, Any]:
    """What a mean sample makes each core and each link do; links without a message are left out.

    Figures are per sample; `busy_time` is how long a core works in the mean step, s, nominal.
    """
    per_core = {
        "spikes": counters.spikes.sum(axis=0) / counters.samples,
        "synaptic_operations": sum(part.sum(axis=0) for part in counters.synaptic_operations.values())
        / counters.samples,
        "neuron_updates": counters.neuron_updates * float(counters.rows),
        "packets_in": counters.packets_in.sum(axis=0) / counters.samples,
        "packets_out": counters.packets_out.sum(axis=0) / counters.samples,
        "memory_reads": counters.memory_reads.sum(axis=0) / counters.samples,
        "busy_time": timing.of_cores,
    }
    packets = counters.link_packets.sum(axis=0) / counters.samples
    return {
        "cores": {name: np.asarray(values).tolist() for name, values in per_core.items()},
        "links": [
            {"from": list(start), "to": list(end), "packets": float(packets[number])}
            for number, (start, end) in enumerate(counters.links)
            if packets[number]
        ],
    }


def _place(place: TilePlace) -> list[int]:
    core = [place.core] if isinstance(place, CorePlace) else []
    return [place.chip, place.column, place.row, *core]
