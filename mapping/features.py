"""What a network asks of a chip whatever the mapping: neuron models, delays, graded spikes, bit widths."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.network import Network, Population
from ..models.neurons import IntegerLeakyIntegrateAndFire, IntegerNeuron
from ..models.neurons.rules.leaky_rule import ACTIVATION_SHIFT
from ..models.neurons.spiking_leaky import IntegerSpikingLeaky
from .neuron_families import check_neurons
from .problem import Problem
from .target import Target

Array = NDArray[Any]
WITH_THRESHOLD = (IntegerLeakyIntegrateAndFire, IntegerSpikingLeaky)  # in units of 64 of the potential
STATE_BITS = 24  # of a graded output, with the sign, where nothing is quantized yet


def check_features(network: Network, target: Target, graded_input_bits: int = 1) -> list[Problem]:
    """Problems that no partition can mend.

    Parameters
    ----------
    graded_input_bits : bits of the numbers that the input's spikes carry; 1 for plain spikes.
    """
    problems = check_neurons(network, target.neurons, target.name) + _graded(network, target, graded_input_bits)
    for projection in network.projections:
        limit = target.limits.of("delay_steps")
        if limit is not None and projection.delay > limit:
            advice = "put relay populations on the way, or shorten the path that it runs beside"
            problems.append(Problem(projection.name, "delay_steps", projection.delay, limit, advice))
        limit = target.limits.of("weight_bits")
        bits = weight_bits(projection.connectivity.weights) if network.integer else 0
        if limit is not None and bits > limit:
            problems.append(Problem(projection.name, "weight_bits", bits, limit, "quantize its weights to fewer bits"))
    for population in network.populations:
        limit = threshold_bits(target)
        if limit is None or not isinstance(population.neuron, WITH_THRESHOLD):
            continue
        threshold = population.neuron.threshold
        bits = int(np.max(np.abs(threshold))).bit_length() if threshold.size else 0
        if bits > limit and population.eventful:
            advice = "scale its weights and threshold down when quantizing"
            problems.append(Problem(population.name, "threshold_bits", bits, limit, advice))
    return problems


def threshold_bits(target: Target) -> int | None:
    """Bits of the largest threshold that a potential can exceed; None where no limit is known.

    Thresholds are in units of 64 of the potential, whose sign takes a bit, too.
    """
    membrane = target.limits.of("membrane_bits")
    reachable = [] if membrane is None else [membrane - 1 - ACTIVATION_SHIFT]
    own = target.limits.of("threshold_bits")
    return min([*reachable, *([] if own is None else [own])], default=None)


def weight_bits(weights: Array) -> int:
    """Bits that a memory cell needs for any of the weights, with a sign only where both signs occur.

    Powers of two that all weights share cost nothing, for an exponent restores them: the even weights -256..254 of
    Loihi's mixed sign mode take 8 bits.

    Parameters
    ----------
    weights : integers of any shape.
    """
    shared = int(np.bitwise_or.reduce(weights, axis=None)) if weights.size else 0
    if not shared:
        return 0
    low, high = (int(end) // (shared & -shared) for end in (weights.min(), weights.max()))
    if low >= 0 or high <= 0:
        return max(-low, high).bit_length()
    return 1 + max(high.bit_length(), (-low - 1).bit_length())


def _graded(network: Network, target: Target, graded_input_bits: int) -> list[Problem]:
    limit = target.limits.of("graded_spike_bits")
    if limit is None:
        return []
    problems = []
    if graded_input_bits > limit:
        advice = "encode the input as spikes (a rate or latency encoder), or choose a target with wider graded spikes"
        problems.append(Problem(network.input.name, "graded_spike_bits", graded_input_bits, limit, advice))
    for population in network.populations:
        # An integrator that nothing listens to is read by the host, without a spike.
        bits = _output_bits(population) if network.outgoing(population.name) else 1
        if bits > limit:
            advice = "let it spike (an ordinary network: --convert rate), or choose a target with wider graded spikes"
            problems.append(Problem(population.name, "graded_spike_bits", bits, limit, advice))
    return problems


def _output_bits(population: Population) -> int:
    if not population.graded:
        return 1
    return population.neuron.output_bits if isinstance(population.neuron, IntegerNeuron) else STATE_BITS
