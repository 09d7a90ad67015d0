"""What arrives at integrators is what the plain run says, for every shape that the vectors of the loops can meet."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.models.connectivity import Connectivity, Convolution, Dense
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire

seeds = st.integers(0, 2**32 - 1)


def integrators() -> IntegerLeakyIntegrateAndFire:
    """Neurons that send their potential, the sum of all that arrived so far times 64."""
    values = [np.asarray(value, dtype=np.int64) for value in (4096, 0, 1, 0, 0)]
    return IntegerLeakyIntegrateAndFire(*values, spiking=False)


def random_convolution(random: np.random.Generator) -> Convolution:
    axes = int(random.integers(1, 3))
    inputs = random.integers(1, 10, axes)
    padding = random.integers(0, 4, (axes, 2))
    kernel = [int(random.integers(1, 1 + min(6, size))) for size in inputs + padding.sum(axis=1)]
    outputs = int(random.choice([random.integers(1, 9), random.integers(1, 41), 32, 64]))
    weights = random_weights(random, (outputs, int(random.integers(1, 4)), *kernel))
    stride = tuple(int(step) for step in random.integers(1, 5, axes))
    if random.random() < 0.3:  # a pooling before the convolution was merged into it
        for axis, step in enumerate(stride):
            weights = np.repeat(weights, step, axis=2 + axis)
        short = np.maximum(np.array(weights.shape[2:]) - inputs - padding.sum(axis=1), 0)
        padding[:, 1] += short
    shape = (weights.shape[1], *(int(size) for size in inputs))
    return Convolution(weights, shape, stride, tuple((int(a), int(b)) for a, b in padding), (1,) * axes, 1)


def random_weights(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Of 8 bits or of more, and at their limits now and then."""
    low, high = (-128, 128) if random.random() < 0.7 else (-256, 256)
    if random.random() < 0.2:
        return np.full(shape, random.choice([low, high - 1]), dtype=np.int16)
    return random.integers(low, high, shape).astype(np.int16)


def check(random: np.random.Generator, connectivity: Connectivity, source: tuple[int, ...], target: tuple[int, ...]):
    samples, graded = int(random.choice([1, 3])), random.random() < 0.2
    data = (random.random((samples, 6, int(np.prod(source)))) < random.choice([0.02, 0.3, 1.0])).astype(np.int64)
    if graded:
        data *= random.integers(-100, 100, data.shape)
    populations = (
        Population("input", source, Role.INPUT, None, 0),
        Population("layer", target, Role.NEURON, integrators(), 1),
    )
    exponent = int(random.choice([0, 0, 6]))
    projection = Projection("synapses", "input", "layer", connectivity, 1, exponent)
    network = Network(populations, (projection,), "layer", integer=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spikeloom.backends.simulator.dense_products.FEWEST", 2.0)
        patch.setattr("spikeloom.backends.simulator.simulate.FEWEST_NEURONS_CUT", 2)
        simulator = Simulator(network)
        simulator.workers = int(random.integers(1, 4))
        found = simulator.run(data).activity["layer"]
    np.testing.assert_array_equal(found, run_network(network, data)["layer"])


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_convolutions(seed):
    random = np.random.default_rng(seed)
    convolution = random_convolution(random)
    check(random, convolution, convolution.input_shape, convolution.output_shape)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_dense_layers(seed):
    """Up to several tiles wide, and with more spikes at a time than sums of 16 bits can take."""
    random = np.random.default_rng(seed)
    sources, targets = (int(random.choice([random.integers(1, 20), random.integers(1, 1300)])) for _ in range(2))
    check(random, Dense(random_weights(random, (targets, sources))), (sources,), (targets,))


@pytest.mark.slow
@pytest.mark.parametrize("features", ["", "+sse4.2,+avx,+avx2,+fma"])
def test_other_processors(features: str, tmp_path: Path) -> None:
    """The tests of this file again, with loops compiled for processors without the vectors of this one."""
    surroundings = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": features, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-m", "not slow", str(Path(__file__).resolve())]
    done = subprocess.run(
        command, env={**os.environ, **surroundings}, cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:]
