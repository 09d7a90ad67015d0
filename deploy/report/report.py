"""What a deployment has to say, as one document: `report.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...backends.estimate import Estimate
from ...backends.program import Program
from ...mapping.target import Target
from ...models.encoders import largest_value
from ...models.graph import Graph
from ...models.network import Network
from ...models.operators import Input
from ..attribution import Attribution
from ..chip_run import ChipRun
from ..compilation import Compiled
from ..configuration.configuration import Configuration
from ..data import Data
from ..data_identity import data_section
from ..evaluation import Evaluation
from ..ledger import Entry
from ..model_source import Model, digest, model_path
from ..report_schema.version import FORMAT
from .baseline import baseline_section
from .chip import board_section, occupancy, work_section
from .neurobench import count_membrane_updates, neurobench_section
from .package_versions import package_versions
from .quantization import quantization_section
from .spikes import spikes_by_step

MEMBRANE_SAMPLES = 16  # whose potentials are looked at for the membrane updates


def build_report(
    model: Model,
    compiled: Compiled,
    evaluation: Evaluation,
    on_chip: ChipRun,
    lava: Sequence[Entry],
    attribution: Attribution | None,
    data: Data,
    warnings: Sequence[str],
    config: Configuration,
    command: str,
    trained: Graph,
    operating_space: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Put the report together; its keys are described in docs/report.md.

    Parameters
    ----------
    lava : its line of the ledger, if it ran.
    trained : the network as it was trained, before any conversion.
    operating_space : that its operating point was chosen from, if it was.
    """
    program, counters = compiled.program, on_chip.counters
    ledger = (*evaluation.entries, *on_chip.entries, *lava)
    entry = compiled.graph.nodes[compiled.graph.inputs[0]]
    assert isinstance(entry, Input)
    mapping, target = program.mapping, program.target
    priced = on_chip.estimate.as_dict()
    return {
        "format": FORMAT,
        "model": {
            "name": compiled.graph.name,
            "path": _path(model, compiled.graph.name),
            "input_axes": entry.axes,
            "sha256": digest(model),
            "layers": _layers(program.network),
        },
        "target": {
            "name": target.name,
            "description": target.description,
            "board": board_section(target.topology),
        },
        "cores": mapping.cores,
        "mapping": {
            "strategy": mapping.strategy,
            "places": [vars(place) for place in mapping.places],
            "layers": {name: np.unique(cores).tolist() for name, cores in mapping.core_of.items()},
            "occupancy": occupancy(mapping),
            # Without times and memory: the same seed gives the same report.
            "explanation": compiled.explanation.as_dict(timings=False),
        },
        "steps": program.steps,
        "period": program.period,
        "ledger": [entry.as_dict() for entry in ledger],
        "attribution": None if attribution is None else attribution.as_dict(),
        "calibration_overflows": {layer: dict(counts) for layer, counts in compiled.overflows.items()},
        "quantization": quantization_section(compiled.quantization, program, counters, priced["energy_terms"]),
        "counts": counters.per_sample(),
        "layer_counts": {
            name: {
                "spikes": spikes / counters.samples,
                "synaptic_operations": counters.layer_synaptic_operations.get(name, 0) / counters.samples,
            }
            for name, spikes in counters.layer_spikes.items()
        },
        "operating_space": None if operating_space is None else dict(operating_space),
        "activity": {
            **work_section(counters, on_chip.estimate.timing),
            "steps": spikes_by_step(program.network, evaluation.simulated.group_spikes, data.samples),
            "raster": evaluation.raster,
        },
        **priced,
        "other_accounts": {name: _accounts(other, target) for name, other in on_chip.others.items()},
        **on_chip.sections,
        "baseline": baseline_section(program, counters, trained),
        "neurobench": neurobench_section(program, counters, _membrane_updates(program, data)),
        "data": data_section(data),
        "utilisation": [vars(use) for use in mapping.uses],
        "assumptions": [*compiled.graph.assumptions, *compiled.notes, *data.notes],
        "warnings": [*_warnings(evaluation.entries), *warnings],
        "versions": package_versions(),
        "seed": config.seed,
        "settings": {
            "encoder": config.encoder,
            "encoder_largest": largest_value(data.encoder),
            "seed": config.seed,
            "input_scale": config.input_scale,
            "input_offset": config.input_offset,
            "input_whole": config.input_whole,
            "convert": config.convert,
        },
        "command": command,
    }


def _accounts(other: Estimate, target: Target) -> dict[str, Any]:
    """What a sample takes by another of the target's accounts."""
    system = other.system_total
    return {
        "description": target.cost_set(other.cost_set).description,
        "dynamic_neurocore": other.dynamic._asdict(),
        "chip_total": other.chip_total._asdict(),
        "system_total": None if system is None else system._asdict(),
        "latency_per_sample": other.latency._asdict(),
    }


def _membrane_updates(program: Program, data: Data) -> dict[str, Any] | None:
    """Of the first samples, for states take memory; None where the simulator keeps no states, as while it learns."""
    if program.network.plastic:
        return None
    return count_membrane_updates(program, program.code.encode(data.first(MEMBRANE_SAMPLES).x))


def _path(model: Model, name: str) -> str | None:
    if isinstance(model, Graph):
        return None
    return str(model_path(model)) if model != name else model


def _layers(network: Network) -> list[dict[str, Any]]:
    return [
        {
            "name": population.name,
            "role": population.role,
            "shape": list(population.shape),
            "neurons": population.size,
            "depth": population.depth,
            "synapses": sum(p.connectivity.synapses() for p in network.incoming(population.name)),
        }
        for population in network.populations
    ]


def _warnings(entries: Sequence[Entry]) -> list[str]:
    """Layers that never spike, and those that quantization left with far fewer or far more spikes."""
    by_stage = {entry.stage: entry for entry in entries}
    before, after = by_stage["network"].layers, by_stage["integer"].layers
    silent = [f"{name!r} never spikes on this data, in float either." for name in before if before[name] == 0]
    return silent + [
        f"{name!r} spikes {after[name]:.1f} times a sample in integers, {before[name]:.1f} times in float."
        for name in after
        if before.get(name, 0) > 0 and not 0.5 <= after[name] / before[name] <= 2
    ]
