"""Networks of ours built from Lava's own library processes, and the comparison of the two, state by state.

Nothing here knows our Lava backend. Lava keeps images as (width, height, channels) and convolves, we keep (channels,
height, width) and correlate. Lava's LIF says that decays and the threshold are one for all its neurons; its model takes
arrays as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spikeloom.models.connectivity import Convolution, Dense, Pool
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, IntegerSigmaDelta

Array = NDArray[Any]
Shape = tuple[int, ...]
Job = dict[str, Any]


def lava_shape(shape: Shape) -> Shape:
    """Of a population of ours; a line is an image of height 1 to Lava's `Conv`."""
    return tuple(reversed(shape)) if len(shape) != 2 else (shape[1], 1, shape[0])


def lava_order(shape: Shape) -> Array:
    """For each neuron in Lava's order, its number in ours."""
    return np.arange(int(np.prod(shape))).reshape(shape).transpose().reshape(-1)


def sign_modes(weights: Array) -> list[tuple[str, Array]]:
    """Matrices of weights that Lava keeps as they are, each with its mode, and that sum up to these."""
    if not np.any(weights & 1):
        return [("MIXED", weights)]
    return [("EXCITATORY", np.maximum(weights, 0)), ("INHIBITORY", np.minimum(weights, 0))]


def synapses_in_lava(projection: Projection, source: Population, target: Population, graded: bool) -> list[Any]:
    """The processes, one or two, that do what a projection says: class names and arguments."""
    bits = {"num_message_bits": 24 if graded else 0}
    connectivity = projection.connectivity
    if isinstance(connectivity, Pool):
        connectivity = connectivity.as_convolution()
    if isinstance(connectivity, Convolution) and projection.delay == 1:
        planar = connectivity.as_planar()
        arguments = {
            "weight": np.flip(planar.weights, (2, 3)).transpose(0, 3, 2, 1) << projection.exponent,
            "input_shape": lava_shape(source.shape),
            "padding": tuple(before for before, _ in reversed(planar.padding)),
            "stride": tuple(reversed(planar.stride)),
            "dilation": tuple(reversed(planar.dilation)),
            "groups": planar.groups,
        }
        return [("Conv", arguments | bits)]
    matrix = connectivity.to_sparse().toarray().astype(np.int64)
    matrix = matrix[lava_order(target.shape)][:, lava_order(source.shape)]
    listed = not isinstance(connectivity, Dense)
    delays = np.full(matrix.shape, projection.delay - 1)
    result = []
    for mode, weights in sign_modes(matrix):
        arguments = {"weights": weights, "weight_exp": projection.exponent, "sign_mode": mode, **bits}
        if listed:
            arguments["weights"] = sparse.csr_matrix(weights)
        if projection.delay > 1:
            arguments["delays"] = sparse.csr_matrix(delays * (weights != 0)) if listed else delays
        if projection.delay > 1 and listed and not weights.any():
            arguments["max_delay"] = projection.delay - 1
        kind = "Sparse" if listed else "Dense"
        result.append((f"Delay{kind}" if projection.delay > 1 else kind, arguments))
    return result


def neuron_in_lava(population: Population, steps: int, samples: int) -> tuple[str, dict[str, Any]]:
    """The process of a population, its class name and arguments."""
    neuron, shape, order = population.neuron, lava_shape(population.shape), lava_order(population.shape)

    def each(values: Array) -> Array:
        return np.broadcast_to(values, (population.size,))[order].reshape(shape)

    def one_or_each(values: Array) -> Any:
        return int(values) if values.ndim == 0 else each(values)

    if isinstance(neuron, IntegerLeakyIntegrateAndFire):
        arguments = {
            "shape": shape,
            "du": one_or_each(neuron.current_decay - 1),
            "dv": one_or_each(neuron.voltage_decay),
            "vth": one_or_each(neuron.threshold),
            "bias_mant": each(neuron.bias_mantissa),
            "bias_exp": each(neuron.bias_exponent),
            "v": each(neuron.initial_voltage),
        }
        if samples == 1 and population.depth == 0:
            return "LIF", arguments
        return "LIFReset", {**arguments, "reset_interval": steps, "reset_offset": (population.depth + 1) % steps}
    assert isinstance(neuron, IntegerSigmaDelta)
    if not neuron.delta:
        return "Sigma", {"shape": shape}
    shift = neuron.output_shift
    spike = neuron.input_shift - shift if not neuron.integrates else 0
    arguments = {
        "shape": shape,
        "vth": int(neuron.threshold) >> (shift + spike),
        "spike_exp": spike,
        "state_exp": shift,
    }
    if not neuron.integrates:
        return "Delta", arguments
    mode = "RELU" if neuron.rectifies else "UNIT"
    return "SigmaDelta", {**arguments, "bias": int(neuron.bias) >> shift, "act_mode": mode}


def in_lava(network: Network, prefix: str, steps: int, samples: int, graded_input: bool) -> tuple[Any, Any]:
    """Processes by names that begin with the prefix, and connections; the input process is called "in"."""
    processes, connections, names = {}, [], {network.input.name: "in"}
    for population in network.populations:
        if population.role is Role.INPUT:
            continue
        name = names[population.name] = prefix + population.name
        constant = ("RingBuffer", {"data": np.ones((1, 1), dtype=int)})
        processes[name] = constant if not population.neuron else neuron_in_lava(population, steps, samples)
    for projection in network.projections:
        source, target = network.by_name[projection.source], network.by_name[projection.target]
        graded = source.graded or (source.role is Role.INPUT and graded_input)
        for part, process in enumerate(synapses_in_lava(projection, source, target, graded)):
            name = f"{prefix}{projection.name}/{part}"
            processes[name] = process
            connections += [(names[source.name], name), (name, names[target.name])]
    return processes, connections


def side_by_side(networks: list[Network], data: Array, steps: int, samples: int, graded: bool) -> Job:
    """Networks of ours as one job; they hear the same input, (steps of the chip, inputs)."""
    job: Job = {"steps": len(data), "connections": [], "processes": {"in": ("RingBuffer", {"data": data.T})}}
    for number, network in enumerate(networks):
        processes, connections = in_lava(network, f"{number}/", steps, samples, graded)
        job["processes"].update(processes)
        job["connections"] += connections
    return job


def in_our_order(network: Network, data: Array) -> Array:
    """Input of Lava's, (..., inputs), in the order of a network's input population."""
    result = np.empty_like(data)
    result[..., lava_order(network.input.shape)] = data
    return result


def assert_same(network: Network, run: Any, answer: Any, prefix: str, samples: int, steps: int) -> float:
    """Every state of every population, in its window; returns the share of steps with output."""
    active = []
    for population in network.populations:
        if population.neuron is None:
            continue
        lavas = {name: values.reshape(len(values), -1) for name, values in answer[prefix + population.name].items()}
        inside = slice(population.depth, population.depth + samples * steps)
        ours = {
            name: values.reshape(samples * steps, population.size)[:, lava_order(population.shape)]
            for name, values in run[population.name].items()
        }
        if isinstance(population.neuron, IntegerSigmaDelta):
            encoder = not population.neuron.integrates
            expected = {"output": lavas["s_out"], "sigma": lavas["act"] if encoder else lavas["sigma"]}
            told = lavas["act"] - lavas["residue"] if population.neuron.delta else np.zeros_like(lavas["s_out"])
            expected["sent"] = told.astype(np.int32)  # in 32 bits that wrap
        else:
            expected = {"output": lavas["s_out"], "current": lavas["u"], "voltage": lavas["v"]}
        assert expected.keys() == ours.keys()
        for name, values in expected.items():
            np.testing.assert_array_equal(ours[name], values[inside], err_msg=f"{population.name}, {name}")
        active.append(float(np.mean(ours["output"] != 0)))
    return float(np.mean(active))
