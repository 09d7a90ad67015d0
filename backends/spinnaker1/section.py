"""SpiNNaker 1's part of a report, as JSON can hold it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .fixed_point import ACCUM_FRACTION_BITS
from .layer import Layer
from .machine import MachineRun, Spinnaker1Machine
from .memory_use import MemoryUse
from .real_time import RealTime
from .weight_scales import WeightScale

MOST_OVERLOADS = 32  # cores that are listed


def spinnaker1_section(
    machine: Spinnaker1Machine, run: MachineRun, memory: MemoryUse, mean: RealTime, peak: RealTime | None = None
) -> dict[str, Any]:
    """What a run on SpiNNaker 1 told.

    Parameters
    ----------
    memory : of the program.
    mean, peak : loads of the mean sample, and of the worst of single samples where they were seen.
    """
    return {
        "arithmetic": {name: _arithmetic(layer, run) for name, layer in machine.layers.items()},
        "memory": _memory(memory),
        "real_time": {
            "period_s": mean.period,
            "mean_sample": _real_time(mean),
            "worst_sample": None if peak is None else _real_time(peak),
        },
    }


def _arithmetic(layer: Layer, run: MachineRun) -> dict[str, Any]:
    neurons = layer.neurons
    return {
        "fraction_bits": neurons.fraction_bits,
        "unit": 2.0 ** (neurons.fraction_bits - ACCUM_FRACTION_BITS),
        "excitatory": _scale(layer.scales[0], layer.shifts[0]),
        "inhibitory": _scale(layer.scales[1], layer.shifts[1]),
        "rounded_weights": layer.rounded_weights,
        "ring_saturations": run.ring_saturations[layer.name],
        "state_saturations": run.state_saturations[layer.name],
        "largest_sums": run.largest_sums[layer.name]._asdict(),
    }


def _scale(scale: WeightScale, shift: int) -> dict[str, Any]:
    return {
        "weight_unit": 2**scale.exponent,
        "left_shift": shift,
        "lost_weight_bits": scale.lost_bits,
        "largest_possible_sum": scale.largest_sum,
        "calibrated_sum": scale.measured_sum,
    }


def _memory(memory: MemoryUse) -> dict[str, Any]:
    of_cores, of_tiles = memory.of_cores, memory.of_tiles
    return {
        "cores": [
            {"core": core, "bytes": int(used), **{name: int(part[core]) for name, part in memory.cores.items()}}
            for core, used in enumerate(of_cores)
        ],
        "chips": [
            {
                "chip": [column, row],
                "bytes": int(used),
                **{name: int(part[number]) for name, part in memory.shared.items()},
            }
            for number, ((_, column, row), used) in enumerate(zip(memory.tiles, of_tiles, strict=True))
        ],
        "fullest_core": int(np.argmax(of_cores)) if of_cores.size else None,
        "fullest_chip": list(memory.tiles[int(np.argmax(of_tiles))][1:]) if of_tiles.size else None,
        "problems": [problem.as_dict() for problem in memory.problems],
    }


def _real_time(loads: RealTime) -> dict[str, Any]:
    return {
        "slowdown": loads.slowdown,
        "load": loads.ratio,
        "overloaded_cores": len(loads.overloaded),
        "overloads": [
            {
                "core": one.core,
                "layers": list(one.layers),
                "step": one.step,
                "load": one.load,
                "overloaded_steps": one.steps,
            }
            for one in loads.overloaded[:MOST_OVERLOADS]
        ],
    }
