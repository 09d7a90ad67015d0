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
from ...models.neurons.integer_rule import STATE_LIMIT
from ...models.neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire
from .layer_trial import LayerTrial
from .neurons import STATE_UNIT, largest_scale, quantize_neuron
from .weights import QuantizedWeights, fitting_exponent, quantize_weights

Array = NDArray[Any]

HEADROOM = 0.5  # share of the 24 bits that states may use on the calibration samples; unseen ones go higher
SCALES_AN_OCTAVE = 6
OCTAVES = 2
RARE = 0.002  # share of weights that may be clipped for a finer step of all others
PAYLOAD_BITS = 8  # of an integrator's graded spikes, besides the sign; payload and weight share the state's 24 bits


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
        incoming = tuple(
            replace(p, connectivity=p.connectivity.scaled_by_source(np.asarray(1 / units[p.source])))
            for p in network.incoming(population.name)
        )
        trial = LayerTrial.prepare(network, population, incoming, activity, units)
        unit = units[population.name] if population.graded and network.outgoing(population.name) else None
        layer = _best(population, incoming, trial, unit)
        model = population.neuron
        assert isinstance(model, LeakyIntegrateAndFire)
        shift = 0 if unit is None else round(np.log2(layer.scale * STATE_UNIT / unit))
        neurons[population.name] = replace(population, neuron=quantize_neuron(model, layer.scale, shift))
        for projection in incoming:
            quantized = layer.projections[projection.name]
            connectivity = projection.connectivity.with_weights(quantized.weights)
            projections[projection.name] = replace(projection, connectivity=connectivity, exponent=quantized.exponent)
        layers.append(layer)
    scales = {layer.layer: layer.scale * STATE_UNIT for layer in layers} | {network.input.name: code.scale}
    integer = Network(
        tuple(neurons[population.name] for population in network.populations),
        tuple(projections[projection.name] for projection in network.projections),
        network.output,
        True,
        MappingProxyType(scales),
    )
    return Quantization(integer, tuple(layers))


def _units(network: Network, activity: Mapping[str, Array]) -> dict[str, float]:
    """Integers per unit of each population's output: 1 for spikes, a power of two for what travels as a number.

    Known before any layer is quantized, so that loops may carry numbers, too.
    """
    units = {population.name: 1.0 for population in network.populations}
    for population in network.populations:
        if population.graded and network.outgoing(population.name):
            largest = max(float(np.max(np.abs(activity[population.name]), initial=0.0)), 1e-30)
            units[population.name] = 2.0 ** np.floor(np.log2(2**PAYLOAD_BITS / largest))
    return units


def _scales(ceiling: float, unit: float | None) -> Array:
    """Scales to try, descending; where the output is a number, those at which a shift makes it one in its unit."""
    if unit is None:
        return ceiling * 2.0 ** (-np.arange(OCTAVES * SCALES_AN_OCTAVE) / SCALES_AN_OCTAVE)
    longest = int(np.floor(np.log2(ceiling * STATE_UNIT / unit)))
    return unit / STATE_UNIT * 2.0 ** np.arange(longest, max(-1, longest - 2 * OCTAVES), -1)


def _best(
    population: Population, incoming: tuple[Projection, ...], trial: LayerTrial, unit: float | None
) -> LayerQuantization:
    model = population.neuron
    assert isinstance(model, LeakyIntegrateAndFire)
    if model.spiking and np.any(model.threshold < 0):
        reason = "its threshold is negative; a chip's begins at 0"
        raise unsupported_model("quantization", [Unsupported(population.name, "neurons", reason)])
    best: LayerQuantization | None = None
    for scale in _scales(_ceiling(model, trial, incoming), unit):
        for weights in _weight_choices(incoming, float(scale)):
            factor = None if unit is None else 1 / (scale * STATE_UNIT)
            agreement = trial.agreement(quantize_neuron(model, float(scale)), weights, factor)
            if best is None or agreement > best.agreement:
                best = LayerQuantization(population.name, float(scale), agreement, weights)
    if best is None:
        reason = "its weights are so much larger than its threshold that no exponent of the chip holds both"
        raise unsupported_model("quantization", [Unsupported(population.name, "neurons", reason)])
    return best


def _ceiling(model: LeakyIntegrateAndFire, trial: LayerTrial, incoming: tuple[Projection, ...]) -> float:
    """The largest scale at which every register holds, states with headroom."""
    bounds = [largest_scale(model), HEADROOM * STATE_LIMIT / STATE_UNIT / max(trial.largest_current, 1e-30)]
    if model.spiking:
        # A potential far above the threshold saturates, and spikes all the same; far below, it recovers later.
        largest_state = float(np.max(np.abs(model.threshold)))
    else:
        largest_state = trial.largest_voltage
    bounds.append(HEADROOM * STATE_LIMIT / STATE_UNIT / max(largest_state, 1e-30))
    largest_weight = max((float(np.max(np.abs(p.connectivity.weights), initial=0.0)) for p in incoming), default=0.0)
    if largest_weight:
        bounds.append(254 * 2.0**7 / largest_weight)
    return min(bounds)


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
