"""Synapses with delays of their own arrive when they should, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.models.connectivity import Dense, Sparse
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire
from spikeloom.models.synapse_delays import split_by_delay


def whole(value):
    return np.asarray(value, dtype=np.int64)


def network_of(projections, sources, targets):
    # Every sum that arrives is put out as it is.
    neuron = IntegerLeakyIntegrateAndFire(
        whole(4096), whole(4096), whole(0), whole(0), whole(0), spiking=False, output_shift=6
    )
    populations = (
        Population("input", (sources,), Role.INPUT, None, 0),
        Population("layer", (targets,), Role.NEURON, neuron, 1),
    )
    return Network(populations, projections, "layer", integer=True)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(1, 9))
def test_each_synapse_has_its_own_delay(seed, listed, longest):
    random = np.random.default_rng(seed)
    sources, targets, steps = (int(size) for size in random.integers(1, 9, 3))
    weights = random.integers(-50, 50, (targets, sources)).astype(np.int16)
    weights[random.random(weights.shape) < 0.3] = 0
    delays = random.integers(1, longest + 1, weights.shape)
    whole_one = Projection("p", "input", "layer", Dense(weights), exponent=1)
    if listed:
        entries = Sparse.from_matrix(sparse.csr_array(weights))
        rows = np.repeat(np.arange(targets), np.diff(entries.indptr))
        parts = split_by_delay(Projection("p", "input", "layer", entries, exponent=1), delays[rows, entries.indices])
    else:
        parts = split_by_delay(whole_one, delays)
    network = network_of(parts, sources, targets)
    data = random.integers(0, 3, (2, steps, sources))
    expected = np.zeros((2, steps, targets), dtype=np.int64)
    for target in range(targets):
        for source in range(sources):
            for step in range(steps):
                # A delay of one step is the least, and so what the sample's own step counts.
                arrival = step + delays[target, source] - 1
                if arrival < steps:
                    expected[:, arrival, target] += 2 * weights[target, source] * data[:, step, source]
    np.testing.assert_array_equal(run_network(network, data)["layer"], expected)
    np.testing.assert_array_equal(Simulator(network).run(data).activity["layer"], expected)
    assert all(part.exponent == 1 for part in parts)


@pytest.mark.parametrize("delays", [np.zeros((2, 3), int), np.ones((2, 3)), np.ones((3, 2), int)])
def test_delays_that_make_no_sense_are_refused(delays):
    with pytest.raises(ValueError, match="delays"):
        split_by_delay(Projection("p", "a", "b", Dense(np.ones((2, 3), np.int16))), delays)
