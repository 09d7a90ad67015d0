"""What quantization did to each layer, and what each of its matrices costs: a part of `report.json`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...backends.program import Program
from ...backends.run import Counters
from ...mapping.features import weight_bits
from ...mapping.sparsity import zero_share
from ...mapping.synapse_formats import SYNAPSE_KINDS
from ...mapping.synaptic_memory import memory_of_projections
from ...models.connectivity import Connectivity
from ...models.network import Role
from ...models.neurons import IntegerLeakyIntegrateAndFire
from ...models.neurons.spiking_leaky import IntegerSpikingLeaky
from ..quantization.layer_quantization import LayerQuantization, Quantization
from ..quantization.synapse_format import FINE

Json = dict[str, Any]
BOUNDS = ("low", "nominal", "high")


def quantization_section(
    quantization: Quantization, program: Program, counters: Counters, energy_terms: list[Json]
) -> list[Json]:
    """One entry a layer; empty for a network that was made of integers.

    Parameters
    ----------
    energy_terms : of the estimate, as in `report.json`; the energy of synapses is shared out by their operations.
    """
    if not quantization.layers:
        return []
    synapses = [
        term for term in energy_terms if term["term"] in {f"synaptic_operation_{kind}" for kind in SYNAPSE_KINDS}
    ]
    total = sum(counters.projection_synaptic_operations.values()) / counters.samples
    each = {bound: sum(term[bound] for term in synapses) / total if total else 0.0 for bound in BOUNDS}
    memory = memory_of_projections(program.network, program.target, program.mapping.core_of)
    return [_layer(layer, program, counters, each, memory) for layer in quantization.layers]


def _layer(
    layer: LayerQuantization, program: Program, counters: Counters, each: dict[str, float], memory: dict[str, int]
) -> Json:
    population = program.network.by_name[layer.layer]
    neuron = population.neuron
    assert population.role is Role.NEURON
    leaky, threshold = {}, getattr(neuron, "threshold", None)
    if isinstance(neuron, IntegerLeakyIntegrateAndFire | IntegerSpikingLeaky):
        leaky = {
            "current_decay": _range(neuron.current_decay),
            "voltage_decay": _range(neuron.voltage_decay),
            "bias_exponent": int(neuron.bias_exponent.max()),
        }
    projections = [_projection(name, layer, program, counters, each, memory) for name in layer.projections]
    return {
        "layer": layer.layer,
        "scale": _number_range(layer.scale),
        "threshold": _range(threshold) if population.eventful and threshold is not None else None,
        **leaky,
        "spike_agreement": layer.agreement,
        "likeness": layer.likeness,
        "weight_bits": max((entry["weight_bits"] for entry in projections if not entry["bias"]), default=0),
        "zero_share": _zeros(layer, program),
        "split": _split(projections),
        "projections": projections,
    }


def _projection(
    name: str,
    layer: LayerQuantization,
    program: Program,
    counters: Counters,
    each: dict[str, float],
    memory: dict[str, int],
) -> Json:
    weights = layer.projections[name]
    projection = next(p for p in program.network.incoming(layer.layer) if p.name == name)
    operations = counters.projection_synaptic_operations[name] / counters.samples
    return {
        "name": name,
        "bias": program.network.by_name[projection.source].role is Role.CONSTANT,
        "exponent": weights.exponent,
        "step": weights.grid.step,
        "range": [weights.grid.low, weights.grid.high],
        "weight_bits": weight_bits(weights.weights),
        "largest_weight": int(abs(weights.weights.astype(int)).max(initial=0)),
        "clipped_share": weights.clipped_share,
        "zeroed_share": weights.zeroed_share,
        "zero_share": zero_share(projection.connectivity),
        "synapses": projection.connectivity.synapses(),
        "synaptic_memory_bits": memory[name],
        "synaptic_operations": operations,
        "energy_per_sample": {bound: value * operations for bound, value in each.items()},
    }


def _zeros(layer: LayerQuantization, program: Program) -> float:
    """Share of a layer's weights that are zero, biases left out; one that is made of several parts is zero if all are.

    Shared weights count where they are used, as in `zero_share`.
    """
    present: dict[str, Connectivity] = {}
    for projection in program.network.incoming(layer.layer):
        if program.network.by_name[projection.source].role is not Role.CONSTANT:
            whole = min((name for name in layer.projections if f"{projection.name}, ".startswith(f"{name}, ")), key=len)
            used = projection.connectivity.weights != 0
            if whole in present:
                used = used | (present[whole].weights != 0)
            present[whole] = projection.connectivity.with_weights(used.astype(np.int16))
    places = sum(part.with_weights(np.ones_like(part.weights)).synapses() for part in present.values())
    return 1 - sum(part.synapses() for part in present.values()) / places if places else 0.0


def _split(projections: list[Json]) -> Json | None:
    """What the second matrices take; None where there are none but those of biases."""
    fine = [entry for entry in projections if entry["name"].endswith(FINE) and not entry["bias"]]
    if not fine:
        return None
    return {
        "synaptic_memory_bits": sum(entry["synaptic_memory_bits"] for entry in fine),
        "synaptic_operations": sum(entry["synaptic_operations"] for entry in fine),
        "energy_per_sample": {bound: sum(entry["energy_per_sample"][bound] for entry in fine) for bound in BOUNDS},
    }


def _number_range(values: Any) -> float | list[float]:
    low, high = float(values.min()), float(values.max())
    return low if low == high else [low, high]


def _range(values: Any) -> int | list[int]:
    low, high = int(values.min()), int(values.max())
    return low if low == high else [low, high]
