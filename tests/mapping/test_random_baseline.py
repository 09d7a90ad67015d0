"""What a random partition is expected to send is what random partitions send."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.mapping.traffic.random_baseline import random_packets
from spikeloom.models.connectivity import Dense
from spikeloom.models.network import Role


def fan_outs(network, name, size):
    total = np.zeros(size)
    for projection in network.outgoing(name):
        total += np.count_nonzero(projection.connectivity.to_sparse().toarray(), axis=0)
    return total


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_it_follows_from_the_number_of_targets(data, networks):
    network, cores = data.draw(networks), data.draw(st.integers(1, 5))
    expected = 0.0
    for population in network.populations:
        targets = fan_outs(network, population.name, population.size)
        reached = cores * (1 - (1 - 1 / cores) ** targets)
        expected += reached.sum() * (1 if population.role is Role.INPUT else 1 - 1 / cores)
    assert random_packets(network, cores) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_it_is_the_mean_of_random_partitions(make_network):
    random = np.random.default_rng(0)
    weights = [(random.random((200, 200)) < 0.03).astype(float) for _ in range(2)]
    network = make_network([Dense(part) for part in weights], [(200,), (200,), (200,)])
    cores, sent = 8, []
    for _ in range(40):
        first, second = (random.integers(0, cores, 200) for _ in range(2))
        inputs = sum(np.unique(first[column > 0]).size for column in weights[0].T)
        between = sum(
            np.setdiff1d(second[column > 0], own).size for column, own in zip(weights[1].T, first, strict=True)
        )
        sent.append(inputs + between)
    assert random_packets(network, cores) == pytest.approx(np.mean(sent), rel=0.02)


def test_rates_count(make_network):
    network = make_network([Dense(np.ones((4, 3)))], [(3,), (4,)])
    assert random_packets(network, 1, {"input": np.array([0.5, 0.0, 2.0])}) == pytest.approx(2.5)
