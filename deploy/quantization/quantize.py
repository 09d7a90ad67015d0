"""Layer by layer, the scale at which the integer neurons do what the float neurons do.

A layer's integers all follow from one scale: integer input per unit of float input. A larger scale is finer for
thresholds, biases and states, until a register overflows; where a weight matrix lands between two powers of two is
decided by it, too. So a handful of scales is tried on the dynamics themselves: the layer gets the spikes that it gets
in the float network, and the scale with the fewest wrong spikes is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import Unsupported, unsupported_model
from ...models.execution.network_run import run_network
from ...models.input_code import InputCode
from ...models.network import Network, Population, Projection, Role
from ...models.neurons import FloatNeuron, LeakyIntegrateAndFire, SigmaDelta
from .layer_trial import LayerTrial
from .leaky_neurons import LeakyFamily
from .neuron_family import NeuronFamily
from .sigma_delta_neurons import SigmaDeltaFamily
from .trained_steps import scales_of_step, trained_step, with_one_step
from .weights import QuantizedWeights, fitting_exponent, quantize_weights

Array = NDArray[Any]

EXACT = 0.01  # of a weight's step, by which the rounding of float32 may miss a whole number
RARE = 0.002  # share of weights that may be clipped for a finer step of all others
LARGEST_WEIGHT = 254 * 2.0**7  # with its exponent
SILENT = 1e-30  # an output below it counts as none

_FAMILIES: dict[type[FloatNeuron], NeuronFamily] = {
    LeakyIntegrateAndFire: LeakyFamily(),
    SigmaDelta: SigmaDeltaFamily(),
}


@dataclass(frozen=True, eq=False)
class LayerQuantization:
    """How a layer was quantized, for the report.

    Attributes
    ----------
    layer : name of the population.
    scale : integer input per unit of float input.
    agreement : on the calibration samples and given the float network's spikes: spikes in common / spikes of either
        network (Jaccard), or for integrators 1 - relative error.
    projections : per projection, its quantized weights.
    """

    layer: str
    scale: float
    agreement: float
    projections: Mapping[str, QuantizedWeights]


@dataclass(frozen=True, eq=False)
class Quantization:
    """An integer network and how each of its layers came to be."""

    network: Network
    layers: tuple[LayerQuantization, ...]


def quantize(
    network: Network, code: InputCode, calibration: Array, progress: Callable[[str], None] = lambda layer: None
) -> Quantization:
    """Quantize a float network.

    Parameters
    ----------
    network : float.
    code : how the data becomes integers.
    calibration : (samples, steps, input neurons) float: what the network may expect; labels play no part.
    progress : called with the name of each layer before its search.

    Raises
    ------
    UnsupportedModelError : a layer has parameters that no scale brings into the registers.
    """
    activity = dict(run_network(network, calibration)) | {network.input.name: calibration}
    units = _units(network, activity) | {network.input.name: code.scale}
    neurons: dict[str, Population] = {}
    projections: dict[str, Projection] = {}
    layers: list[LayerQuantization] = []
    for population in network.populations:
        neurons[population.name] = population
        if population.role is not Role.NEURON:
            continue
        progress(population.name)
        incoming = tuple(_per_unit(p, units[p.source]) for p in network.incoming(population.name))
        population, incoming = with_one_step(population, incoming)
        model = population.neuron
        assert isinstance(model, FloatNeuron)
        family = _FAMILIES[type(model)]
        trial = LayerTrial.prepare(network, population, incoming, activity, units)
        listened = population.graded and bool(network.outgoing(population.name))
        layer = _best(population, incoming, trial, units.get(population.name) if listened else None)
        shift = 0
        if listened:
            if population.name not in units:
                units[population.name] = _unit(family, layer.scale, activity[population.name])
            shift = round(np.log2(layer.scale * family.state_unit / units[population.name]))
        neurons[population.name] = replace(population, neuron=family.quantized(model, layer.scale, shift))
        for projection in incoming:
            quantized = layer.projections[projection.name]
            connectivity = projection.connectivity.with_weights(quantized.weights)
            projections[projection.name] = replace(
                projection, connectivity=connectivity, exponent=quantized.exponent, trained_step=None
            )
        layers.append(layer)
    scales = {layer.layer: layer.scale * _family(network, layer.layer).state_unit for layer in layers}
    scales[network.input.name] = code.scale
    integer = Network(
        tuple(neurons[population.name] for population in network.populations),
        tuple(projections[projection.name] for projection in network.projections),
        network.output,
        True,
        MappingProxyType(scales),
    )
    return Quantization(integer, tuple(layers))


def _per_unit(projection: Projection, unit: float) -> Projection:
    """A projection for a source that sends so many integers per unit."""
    step = None if projection.trained_step is None else projection.trained_step / unit
    connectivity = projection.connectivity.scaled_by_source(np.asarray(1 / unit))
    return replace(projection, connectivity=connectivity, trained_step=step)


def _family(network: Network, name: str) -> NeuronFamily:
    return _FAMILIES[type(network.by_name[name].neuron)]  # type: ignore[index]


def _units(network: Network, activity: Mapping[str, Array]) -> dict[str, float]:
    """Integers per unit of each population's output: 1 for spikes, for numbers that are settled a power of two.

    What travels as a number within a loop, and potentials, must be settled before any layer is quantized. The changes
    that sigma-delta neurons send forward are left out: they get the unit that suits the layer's scale.
    """
    position = {population.name: index for index, population in enumerate(network.populations)}
    units: dict[str, float] = {}
    for population in network.populations:
        outgoing = network.outgoing(population.name)
        if not population.graded:
            units[population.name] = 1.0
        elif outgoing:
            forward = all(position[p.target] > position[population.name] for p in outgoing)
            if not (forward and isinstance(population.neuron, SigmaDelta)):
                family = _family(network, population.name)
                largest = float(np.max(np.abs(activity[population.name]), initial=0.0))
                if largest < SILENT:  # what a weight makes of one spike then says how large its output may be
                    weights = [p.connectivity.weights for p in network.incoming(population.name)]
                    largest = max((float(np.max(np.abs(part), initial=0.0)) for part in weights), default=0.0) or 1.0
                units[population.name] = 2.0 ** np.floor(np.log2(2**family.payload_bits / largest))
    return units


def _unit(family: NeuronFamily, scale: float, output: Array) -> float:
    """The finest unit that is the state's shifted by whole bits and leaves the payload its width."""
    largest = max(float(np.max(np.abs(output), initial=0.0)), 1e-30)
    state = scale * family.state_unit
    shift = max(0, int(np.ceil(np.log2(largest * state) - family.payload_bits)))
    return float(state / 2.0**shift)


def _best(
    population: Population, incoming: tuple[Projection, ...], trial: LayerTrial, unit: float | None
) -> LayerQuantization:
    model = population.neuron
    assert isinstance(model, FloatNeuron)
    family = _FAMILIES[type(model)]
    impossible = family.impossible(model)
    if impossible:
        raise unsupported_model("quantization", [Unsupported(population.name, "neurons", impossible)])
    largest = max((float(np.max(np.abs(p.connectivity.weights), initial=0.0)) for p in incoming), default=0.0)
    ceiling = family.largest_scale(model, trial)
    if largest:
        ceiling = min(ceiling, LARGEST_WEIGHT / largest)
    step = trained_step(incoming)
    kept = [] if step is None or unit is not None else scales_of_step(step, ceiling)
    kept = [scale for scale in kept if _holds_exactly(incoming, scale)]
    best: LayerQuantization | None = None
    for scale in kept or (*_exact_scales(incoming, ceiling, unit), *family.scales(ceiling, unit)):
        for weights in _weight_choices(incoming, float(scale)):
            factor = None if unit is None and not population.eventful else 1 / (scale * family.state_unit)
            agreement = trial.agreement(family.quantized(model, float(scale)), weights, factor)
            if best is None or agreement > best.agreement:
                best = LayerQuantization(population.name, float(scale), agreement, weights)
    if best is None:
        reason = "its weights are so much larger than its threshold that no exponent of the chip holds both"
        raise unsupported_model("quantization", [Unsupported(population.name, "neurons", reason)])
    return best


def _holds_exactly(incoming: tuple[Projection, ...], scale: float) -> bool:
    """Whether every weight is a value of its synapse, without rounding or clipping."""
    for weights in _weight_choices(incoming, scale)[:1]:
        return all(
            np.allclose(
                weights[p.name].weights * 2.0 ** weights[p.name].exponent,
                p.connectivity.weights * scale,
                rtol=0,
                atol=EXACT * 2.0 ** weights[p.name].exponent,
            )
            for p in incoming
        )
    return False


def _exact_scales(incoming: tuple[Projection, ...], ceiling: float, unit: float | None) -> list[float]:
    """Scales at which a layer that only passes something on has a power of two for its weight."""
    if unit is not None or len(incoming) != 1:
        return []
    magnitudes = np.unique(np.abs(incoming[0].connectivity.weights))
    if magnitudes.size != 1 or magnitudes[0] == 0:
        return []
    scales = 2.0 ** np.arange(15)[::-1] / magnitudes[0]
    return [float(scale) for scale in scales if scale <= ceiling]


def _weight_choices(incoming: tuple[Projection, ...], scale: float) -> list[Mapping[str, QuantizedWeights]]:
    """Exponents that clip nothing, and, where only few weights need the last one, the finer step with those clipped."""
    exponents = {p.name: fitting_exponent(p.connectivity.weights, scale) for p in incoming}
    if any(exponent is None for exponent in exponents.values()):
        return []
    whole = {p.name: quantize_weights(p.connectivity.weights, scale, exponents[p.name] or 0) for p in incoming}
    finer = {
        p.name: quantize_weights(p.connectivity.weights, scale, exponents[p.name] - 1)  # type: ignore[operator]
        for p in incoming
        if exponents[p.name]
    }
    rare = {name: weights for name, weights in finer.items() if weights.clipped_share <= RARE}
    return [whole, whole | rare] if rare else [whole]
