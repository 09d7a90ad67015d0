"""NeuroBench's complexity metrics of a deployed network, under its names.

Yik et al., "NeuroBench: A Framework for Benchmarking Neuromorphic Computing Algorithms and Systems", arXiv 2304.04640;
the details follow version 2.3 of the package `neurobench` and the documentation in github.com/NeuroBench/neurobench.

A deployed network is not a module of PyTorch; `NOTES` says how each metric was taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backends.arithmetic.with_spikes import is_binary
from ...backends.program import Program
from ...backends.run import Counters
from ...backends.simulator.simulate import Simulator
from ...mapping.features import weight_bits
from ...models.connectivity import Pool
from ...models.network import Network, Population, Projection, Role
from ...models.neurons import IntegerNeuron
from ..state_widths import state_bits

Array = NDArray[Any]
Json = dict[str, Any]

BYTE = 8
WORD_BITS = 32  # of a parameter whose register is not known
STATE_BYTES = 1 << 28  # of recorded states that are looked at at a time
MEMBRANES = ("voltage", "sigma", "imaginary")  # the state that stands for a potential, by what families call it
NOTES = {
    "footprint": "Bytes of the weights in their deployed bits, zeros included and shared ones once; of the neurons' "
    "parameters in their registers' widths; of all states in the chip's widths; of spikes that wait beyond a step.",
    "connection_sparsity": "Zeros among the stored weights, without biases and pools; of a list of synapses, only "
    "those that it lists count.",
    "activation_sparsity": "Zeros in the output of all neurons at all steps, without the input; the potential of a "
    "neuron that does not spike is an activation, too.",
    "synaptic_operations": "Of a mean sample, without biases and pools; an accumulate where the source can only send "
    "0, 1 or -1, while NeuroBench looks at the values of each call.",
    "membrane_updates": "Neurons and steps at which the potential differs from that of the step before, the first step "
    "always, in a mean sample.",
}
UPPER_COUNT = "every neuron at every step, an upper count: the potentials were not looked at"
MEASURED = "the potentials of {samples} samples"


def neurobench_section(program: Program, counters: Counters, membrane_updates: Json | None = None) -> Json:
    """The metrics, as JSON can hold them; see the module for what each means.

    Parameters
    ----------
    counters : of a run of the program.
    membrane_updates : of `count_membrane_updates`, for counters know no potentials; None gives an upper count.
    """
    network, steps = program.network, counters.steps
    neurons = [population for population in network.populations if population.role is Role.NEURON]
    places = sum(population.size for population in neurons) * steps * counters.samples
    active = sum(counters.layer_spikes[population.name] for population in neurons)
    every_step = {"value": float(sum(population.size for population in neurons) * steps), "of": UPPER_COUNT}
    return {
        "footprint": footprint(program),
        "connection_sparsity": connection_sparsity(network),
        "activation_sparsity": 1 - active / places if places else 0.0,
        "synaptic_operations": _synaptic_operations(program, counters),
        "membrane_updates": membrane_updates or every_step,
        "notes": dict(NOTES),
    }


def footprint(program: Program) -> Json:
    """Bytes of a deployed network: of everything, and by what they are for."""
    network, widths = program.network, state_bits(program.target)
    weights = sum(
        int(projection.connectivity.weights.size) * max(1, weight_bits(projection.connectivity.weights))
        for projection in network.projections
    )
    parameters, states = 0, 0
    for population in network.populations:
        neuron = population.neuron
        if isinstance(neuron, IntegerNeuron):
            parameters += _parameter_bits(neuron)
            own = neuron.rule.state_bits
            states += population.size * sum(min(own[name], widths.get(name, own[name])) for name in neuron.rule.states)
    parts = {
        "weights": weights,
        "neuron_parameters": parameters,
        "states": states,
        "buffers": sum(_waiting_bits(program, population) for population in network.populations),
    }
    return {"bytes": sum(parts.values()) / BYTE, **{name: bits / BYTE for name, bits in parts.items()}}


def connection_sparsity(network: Network) -> float:
    """Share of zeros among the stored weights, in [0, 1]; 0 where there are none."""
    weights = [projection.connectivity.weights for projection in _connections(network)]
    stored = sum(int(array.size) for array in weights)
    present = sum(int(np.count_nonzero(array)) for array in weights)
    return 1 - present / stored if stored else 0.0


def count_membrane_updates(program: Program, data: Array) -> Json:
    """Look at the potentials of some samples.

    Parameters
    ----------
    data : (samples, steps, input neurons) integers, as the program takes them.

    Raises
    ------
    ValueError : there are no samples, or the network learns, so that its states are not kept.
    """
    if not data.shape[0]:
        raise ValueError("membrane updates are counted on one sample at least")
    network, samples = program.network, data.shape[0]
    neurons = [population for population in network.populations if population.role is Role.NEURON]
    simulator = Simulator(network)
    states = sum(
        population.size * len(population.neuron.rule.states)
        for population in neurons
        if isinstance(population.neuron, IntegerNeuron)
    )
    batch = max(1, STATE_BYTES // max(1, 4 * data.shape[1] * states))
    updates = 0
    for first in range(0, samples, batch):
        part = data[first : first + batch]
        run = simulator.run(part, states=[population.name for population in neurons], first_sample=first)
        for population in neurons:
            potential = run.states[population.name][:, :, _membrane(population)]
            updates += int(np.count_nonzero(potential[:, 1:] != potential[:, :-1])) + potential[:, 0].size
    return {"value": updates / samples, "of": MEASURED.format(samples=samples)}


def _membrane(population: Population) -> int:
    """Number of the state that is the potential."""
    assert isinstance(population.neuron, IntegerNeuron)
    states = population.neuron.rule.states
    return next(states.index(name) for name in MEMBRANES if name in states)


def _synaptic_operations(program: Program, counters: Counters) -> Json:
    network = program.network
    done = {True: 0, False: 0}
    dense = 0
    for projection in _connections(network):
        binary = is_binary(network.by_name[projection.source], program.code)
        done[binary] += counters.projection_synaptic_operations[projection.name]
        ones = np.ones_like(projection.connectivity.weights)
        dense += projection.connectivity.with_weights(ones).synapses() * counters.steps
    return {
        "Effective_MACs": done[False] / counters.samples,
        "Effective_ACs": done[True] / counters.samples,
        "Dense": float(dense),
    }


def _connections(network: Network) -> Iterable[Projection]:
    """Projections that NeuroBench would see: neither biases nor pools."""
    return (
        projection
        for projection in network.projections
        if network.by_name[projection.source].role is not Role.CONSTANT
        and not isinstance(projection.connectivity, Pool)
    )


def _parameter_bits(neuron: IntegerNeuron) -> int:
    """Parameters in the widths of their registers; one that all neurons share is held once."""
    bits = 0
    for name, value in vars(neuron).items():
        if isinstance(value, np.ndarray):
            low, high = neuron.ranges.get(name, (-(2 ** (WORD_BITS - 1)), 2 ** (WORD_BITS - 1) - 1))
            bits += value.size * (max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + (low < 0))
    return bits


def _waiting_bits(program: Program, population: Population) -> int:
    """Spikes that have been sent and arrive later than at the next step."""
    delays = [projection.delay for projection in program.network.outgoing(population.name)]
    neuron = population.neuron
    width = neuron.output_bits if isinstance(neuron, IntegerNeuron) else program.code.bits
    if population.role is Role.CONSTANT:
        return 0
    return population.size * width * (max(delays, default=1) - 1)
