"""Neurons of every family in Lava and in the simulator: the same integers as in the plain run, sample by sample."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.backends.lava.backend import run_lava
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.models.connectivity import Dense
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import FAMILIES, IntegerNeuron

Array = NDArray[Any]
INPUTS, SIZE, STEPS, SAMPLES = 6, 5, 30, 3


def lively(examples: ModuleType, family: str, random: np.random.Generator) -> IntegerNeuron:
    """Random neurons that send this and that when they get the sums of this network."""
    for _ in range(300):
        neuron: IntegerNeuron = examples.EXAMPLES[family](random, SIZE)[1]
        state = neuron.initial_state(1, SIZE)
        sent = []
        for sums in random.integers(-100, 300, (STEPS, 1, SIZE)):
            state, output = neuron.step(state, sums)
            sent.append(output[0])
        # Numbers beyond 24 bits are more than a message of Lava holds.
        if all(np.unique(train).size > 1 for train in np.stack(sent, axis=1)) and np.abs(sent).max() < 2**20:
            return neuron
    raise AssertionError(f"no example of {family} ever does anything")


def network_of(examples: ModuleType, seed: int, delay: int) -> Network:
    """One population of every family behind the input, each heard by one that adds all up, and by itself."""
    random = np.random.default_rng(seed)
    populations = [Population("input", (INPUTS,), Role.INPUT, None, 0)]
    projections = []
    last = examples.EXAMPLES["leaky"](random, SIZE)[1]
    for family in FAMILIES:
        populations.append(Population(family, (SIZE,), Role.NEURON, lively(examples, family, random), 1))
        weights = Dense((2 * random.integers(-60, 127, (SIZE, INPUTS))).astype(np.int16))
        projections.append(Projection(f"to {family}", "input", family, weights))
        weights = Dense((2 * random.integers(-8, 8, (SIZE, SIZE))).astype(np.int16))
        projections.append(Projection(f"from {family}", family, "last", weights))
        weights = Dense(random.integers(-3, 4, (SIZE, SIZE)).astype(np.int16))
        projections.append(Projection(f"within {family}", family, family, weights, delay))
    populations.append(Population("last", (SIZE,), Role.NEURON, last, 2))
    return Network(tuple(populations), tuple(projections), "last", integer=True)


def data_of(seed: int) -> Array:
    return (np.random.default_rng(seed).random((SAMPLES, STEPS, INPUTS)) < 0.4).astype(np.int64)


@pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
@pytest.mark.parametrize(("seed", "processes"), [pytest.param(0, "layer", marks=pytest.mark.slow), (1, "core")])
def test_lava_gives_the_same_integers(neuron_examples: ModuleType, seed: int, processes: Any) -> None:
    network, data = network_of(neuron_examples, seed, 2), data_of(seed)
    expected = run_network(network, data)
    cores = {name: np.arange(SIZE) % 2 for name in ("noisy", "ternary")}
    found = run_lava(network, data, timeout=120, processes=processes, cores=cores)
    for name, values in expected.items():
        assert np.unique(values).size > 1 or name == "last"
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert np.issubdtype(found[name].dtype, np.int8 if values.dtype == np.int8 else np.int32), name


@pytest.mark.parametrize("seed", range(8))
def test_the_simulator_gives_the_same_integers(neuron_examples: ModuleType, seed: int) -> None:
    network, data = network_of(neuron_examples, seed, 1 + seed % 3), data_of(seed)
    expected = run_network(network, data)
    found = Simulator(network).run(data, "all").activity
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
