"""Neurons at rest are told from those that have something to update."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models.connectivity import Dense
from spikeloom.models.execution.active_neurons import ActiveNeurons
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire

NEURONS, INPUTS, STEPS, CORES = 12, 5, 8, 3


def network(random: np.random.Generator, current_decay: int) -> Network:
    neuron = IntegerLeakyIntegrateAndFire(
        np.asarray(current_decay),
        random.integers(0, 4097, NEURONS),
        random.integers(1, 60, NEURONS),
        np.where(random.random(NEURONS) < 0.2, 40, 0),
        np.zeros((), dtype=np.int64),
    )
    weights = random.integers(1, 60, (NEURONS, INPUTS)) * (random.random((NEURONS, INPUTS)) < 0.5)  # none cancels
    populations = (
        Population("in", (INPUTS,), Role.INPUT, None, 0),
        Population("out", (NEURONS,), Role.NEURON, neuron, 1),
    )
    return Network(populations, (Projection("p", "in", "out", Dense(weights)),), "out", integer=True)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), samples=st.integers(1, 3), decay=st.sampled_from([4096, 1000]))
def test_active_are_those_with_a_state_a_bias_or_an_arrival(seed: int, samples: int, decay: int) -> None:
    random = np.random.default_rng(seed)
    net = network(random, decay)
    cores = random.integers(0, CORES, NEURONS)
    given_ = (random.random((samples, STEPS, INPUTS)) < 0.15).astype(np.int64)
    active = ActiveNeurons({"out": cores}, CORES, STEPS)
    expected = np.zeros((STEPS, CORES), dtype=int)
    kept = net.by_name["out"].neuron
    assert isinstance(kept, IntegerLeakyIntegrateAndFire)

    def probe(population, step, state, arriving, output):
        active(population, step, state, arriving, output)
        current, voltage = (np.broadcast_to(part, arriving.shape) for part in state)
        for sample in range(samples):
            for neuron in range(NEURONS):
                lasts = int(current[sample, neuron]) * (4096 - decay) // 4096 != 0
                left = abs(int(voltage[sample, neuron])) * (4096 - int(kept.voltage_decay[neuron])) // 4096 != 0
                driven = int(np.broadcast_to(kept.bias_mantissa, NEURONS)[neuron]) != 0
                reached = bool((net.projections[0].connectivity.weights[neuron] * given_[sample, step]).any())
                expected[step, cores[neuron]] += lasts or left or driven or reached

    run_network(net, given_, probe)
    np.testing.assert_array_equal(active.counts["out"], expected)
    run_network(net, given_, active)
    np.testing.assert_array_equal(active.counts["out"], 2 * expected)


def test_a_silent_network_without_biases_is_at_rest() -> None:
    net = network(np.random.default_rng(0), 4096)
    neuron = net.by_name["out"].neuron
    assert isinstance(neuron, IntegerLeakyIntegrateAndFire)
    biased = np.count_nonzero(neuron.bias_mantissa)
    active = ActiveNeurons({"out": np.zeros(NEURONS, dtype=int)}, 1, STEPS)
    run_network(net, np.zeros((2, STEPS, INPUTS), dtype=np.int64), active)
    assert (active.counts["out"] == 2 * biased).all()
