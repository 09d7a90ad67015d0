"""Leaky neurons against Lava's own LIF and LIFReset: current, potential and spikes of every neuron after every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeloom.models.connectivity import Dense
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire

Array = NDArray[Any]
Random = np.random.Generator
seeds = st.integers(0, 2**32 - 1)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # a smaller seed is no smaller network

INPUTS, NEURONS = 12, 16
NAMES = {"current": "u", "voltage": "v", "output": "s_out"}
RANGES = {"du": (0, 4095), "dv": (0, 4095), "vth": (0, 131071), "bias_mant": (-4096, 4095), "bias_exp": (0, 7)}
STATE = 2**23 - 1
MESSAGE = 2**23 - 1  # 24 bits


def edged(random: Random, low: int, high: int, size: int | tuple[int, ...] | None = None) -> Any:
    """Integers of a range: its ends, what lies beside them and beside zero, any magnitude, and the range evenly."""
    edges = [edge for edge in (low, low + 1, -1, 0, 1, high - 1, high) if low <= edge <= high]
    magnitude = 2.0 ** random.uniform(0, np.log2(max(-low, high, 1)), size) * random.choice([-1, 1], size)
    kinds = (random.choice(edges, size), np.clip(np.rint(magnitude), low, high), random.integers(low, high + 1, size))
    chosen = np.select([random.integers(0, 4, size) == kind for kind in (0, 1)], kinds[:2], kinds[2]).astype(np.int64)
    return int(chosen) if size is None else chosen


def random_parameters(random: Random, neurons: int) -> dict[str, Any]:
    """Of a LIF process: the first three for all its neurons, as Lava has them, and biases of their own."""
    chosen: dict[str, Any] = {name: edged(random, *RANGES[name]) for name in ("du", "dv", "vth")}
    if random.random() < 0.6:
        chosen["vth"] = int(2 ** random.uniform(0, 14))  # or few neurons would spike
    for name in ("bias_mant", "bias_exp"):
        chosen[name] = edged(random, *RANGES[name], neurons if random.random() < 0.7 else None)
    if random.random() < 0.3:
        chosen["bias_mant"] = 0
    return chosen


def translated(parameters: dict[str, Any], voltage: Any = 0) -> IntegerLeakyIntegrateAndFire:
    """Our neuron with a LIF process's parameters."""
    return IntegerLeakyIntegrateAndFire(
        current_decay=np.asarray(parameters["du"] + 1),
        voltage_decay=np.asarray(parameters["dv"]),
        threshold=np.asarray(parameters["vth"]),
        bias_mantissa=np.asarray(parameters["bias_mant"]),
        bias_exponent=np.asarray(parameters["bias_exp"]),
        initial_voltage=np.asarray(voltage),
    )


@settings(deadline=None, max_examples=settings().max_examples // 10, phases=PHASES)
@given(seeds)
def test_lavas_model_from_any_state(lava: Any, seed: int) -> None:
    """A hundred sets of parameters, from states and for sums that reach every edge: u wraps, v saturates."""
    random, steps, neurons = np.random.default_rng(seed), 12, 40
    jobs, ours = [], []
    for _ in range(100):
        parameters = random_parameters(random, neurons)
        state = {"u": edged(random, -STATE, STATE, neurons), "v": edged(random, -STATE, STATE, neurons)}
        limit = int(random.choice([2**8, 2**17, 2**25, 2**31 - 1]))
        arriving = edged(random, -limit, limit, (steps, neurons))
        jobs.append((parameters, state, arriving))
        neuron, now, found = translated(parameters), (state["u"][None], state["v"][None]), []
        for values in arriving:
            now, output = neuron.step(now, values[None])
            found.append((*now, output))
        ours.append([np.concatenate(values) for values in zip(*found, strict=True)])
    answers = lava({"models": jobs})
    for (current, voltage, output), answer in zip(ours, answers, strict=True):
        for name, values in (("u", current), ("v", voltage), ("s_out", output)):
            np.testing.assert_array_equal(values, answer[name], err_msg=name)
    potentials = np.concatenate([answer["v"].ravel() for answer in answers])
    spikes = np.concatenate([answer["s_out"].ravel() for answer in answers])
    assert {-STATE, 0} <= set(potentials.tolist())  # at the upper end they spike, whatever the threshold
    assert 0.02 < spikes.mean() < 0.98


def one_layer(random: Random, neuron: IntegerLeakyIntegrateAndFire, graded: bool, depth: int) -> Network:
    """An input, a layer, and a dense projection between them in one sign mode of Lava's or the other."""
    weights = random.integers(-128, 128, (NEURONS, INPUTS)) * 2
    if random.random() < 0.4:
        weights = random.choice([-1, 1]) * edged(random, 0, 255, weights.shape)
    exponent = 0 if graded else int(random.integers(0, 8))
    projection = Projection("p", "in", "out", Dense(weights), 1, exponent)
    populations = (
        Population("in", (INPUTS,), Role.INPUT, None, 0),
        Population("out", (NEURONS,), Role.NEURON, neuron, depth),
    )
    return Network(populations, (projection,), "out", integer=True)


def layers_in_lava(
    networks: list[Network], neurons: list[tuple[str, dict[str, Any]]], data: Array, steps: int
) -> dict[str, Any]:
    """A job with all networks beside each other, which hear the same input: (steps, inputs)."""
    processes: dict[str, Any] = {"in": ("RingBuffer", {"data": data.T})}
    connections = []
    bits = 0 if set(np.unique(data)) <= {0, 1} else 24
    for number, (network, (kind, arguments)) in enumerate(zip(networks, neurons, strict=True)):
        (projection,) = network.projections
        weights = projection.connectivity.weights
        mode = "MIXED" if weights.min() < 0 < weights.max() else "EXCITATORY" if weights.max() > 0 else "INHIBITORY"
        synapses = {"weights": weights, "weight_exp": projection.exponent, "sign_mode": mode, "num_message_bits": bits}
        processes[f"synapses{number}"] = ("Dense", synapses)
        processes[f"{number}"] = (kind, {"shape": (NEURONS,), **arguments})
        connections += [("in", f"synapses{number}"), (f"synapses{number}", f"{number}")]
    return {"steps": steps, "processes": processes, "connections": connections}


def random_input(random: Random, steps: int, graded: bool) -> Array:
    """(steps, inputs), spikes or numbers of at most 24 bits."""
    spikes = (random.random((steps, INPUTS)) < random.choice([0.1, 0.5])).astype(np.int64)
    limit = int(random.choice([8, 2000, MESSAGE]))
    return spikes * edged(random, -limit, limit, spikes.shape) if graded else spikes


def assert_same(ours: dict[str, Array], lavas: dict[str, Array], steps: slice | Array) -> None:
    """One population's states and spikes, (samples, steps, neurons), against Lava's at these chip steps."""
    for name, values in ours.items():
        flat = values.reshape(-1, values.shape[-1])
        np.testing.assert_array_equal(flat, lavas[NAMES[name]][steps], err_msg=name)


@settings(deadline=None, max_examples=settings().max_examples // 10, phases=PHASES)
@given(seeds, st.booleans())
def test_lif_processes(lava: Any, reference: Any, seed: int, graded: bool) -> None:
    """Parameters in Lava's terms, and potentials to start from; everything in the time of the chip."""
    random, steps = np.random.default_rng(seed), 25
    data = random_input(random, steps, graded)
    neurons, networks = [], []
    for _ in range(8):
        parameters = random_parameters(random, NEURONS)
        voltage = edged(random, -STATE, STATE, NEURONS) if random.random() < 0.5 else 0
        neurons.append(("LIF", {**parameters, "v": voltage}))
        # At depth 0 its steps are those of the chip, and what is sent in one arrives in the next.
        networks.append(one_layer(random, translated(parameters, voltage), graded, depth=0))
    answer = lava(layers_in_lava(networks, neurons, data, steps))
    for number, network in enumerate(networks):
        assert_same(reference(network, data[None])["out"], answer[f"{number}"], slice(None))
    assert 0 < np.mean([lavas["s_out"] for lavas in answer.values()]) < 1


@settings(deadline=None, max_examples=settings().max_examples // 10, phases=PHASES)
@given(seeds, st.booleans())
def test_samples_are_the_intervals_of_lif_reset(lava: Any, reference: Any, seed: int, graded: bool) -> None:
    """Samples that follow each other in Lava begin anew where it resets: here at intervals and offsets of its own."""
    random, steps, period = np.random.default_rng(seed), 30, 8
    data = random_input(random, steps, graded)
    neurons, networks, firsts = [], [], []
    for _ in range(8):
        parameters = random_parameters(random, NEURONS)
        offset = int(random.integers(0, 3 * period))
        neurons.append(("LIFReset", {**parameters, "reset_interval": period, "reset_offset": offset}))
        networks.append(one_layer(random, translated(parameters), graded, depth=1))
        firsts.append((offset - 1) % period or period)  # Lava counts steps from 1; what arrives then was sent before
    answer = lava(layers_in_lava(networks, neurons, data, steps))
    for number, (network, first) in enumerate(zip(networks, firsts, strict=True)):
        samples = (steps - first) // period
        sent = data[first - 1 : first - 1 + samples * period].reshape(samples, period, INPUTS)
        inside = slice(first, first + samples * period)
        assert_same(reference(network, sent)["out"], answer[f"{number}"], inside)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [250, 1000])
def test_many_steps(lava: Any, reference: Any, steps: int) -> None:
    """Slow decays, where an error of one in a potential would be kept for long."""
    random = np.random.default_rng(6)
    data = random_input(random, steps, graded=False)
    slow = ({"du": 0, "dv": 0}, {"du": 3, "dv": 1}, {"du": 40, "dv": 0}, {"du": 4095, "dv": 2})
    neurons, networks = [], []
    for decays in slow:
        parameters = {**decays, "vth": 30000, "bias_mant": edged(random, -40, 60, NEURONS), "bias_exp": 3}
        neurons.append(("LIF", parameters))
        networks.append(one_layer(random, translated(parameters), graded=False, depth=0))
    answer = lava(layers_in_lava(networks, neurons, data, steps))
    for number, network in enumerate(networks):
        assert_same(reference(network, data[None])["out"], answer[f"{number}"], slice(None))
        assert 0 < answer[f"{number}"]["s_out"][steps // 2 :].mean() < 1


@settings(deadline=None, phases=PHASES)
@given(seeds, st.booleans(), st.integers(0, 1))
def test_the_simulator_has_the_same_states(reference: Any, simulated: Any, seed: int, graded: bool, depth: int) -> None:
    """What the tests above hold against Lava, as the simulator compiles it."""
    random = np.random.default_rng(seed)
    parameters = random_parameters(random, NEURONS)
    network = one_layer(random, translated(parameters, edged(random, -STATE, STATE, NEURONS)), graded, depth)
    data = np.stack([random_input(random, 25, graded) for _ in range(random.choice([1, 3]))])
    expected, found = reference(network, data)["out"], simulated(network, data)["out"]
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
