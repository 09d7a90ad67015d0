"""First spikes, orders, intervals, phases and bursts, against their equations and by hand."""

import math

import numpy as np
import pytest

from spikeloom.models.encoders import BurstCode, FirstSpike, IntegrateAndFire, PhaseCode, RankOrder, SpikeInterval


def trains(encoder, values, steps):
    """Steps with a spike, for each value of one sample."""
    encoded = encoder.encode(np.array([values]), steps)[0]
    return [np.flatnonzero(encoded[:, column]).tolist() for column in range(encoded.shape[1])]


def test_first_spikes_by_hand():
    assert trains(FirstSpike(16.0), [16, 15, 8, 1, 0.01, 0, 40], 16) == [[0], [1], [8], [15], [15], [], [0]]
    assert trains(FirstSpike(1.0), [1.0, 0.51, 0.5, 0.0], 2) == [[0], [0], [1], []]


def test_orders_by_hand():
    assert trains(RankOrder(), [0.2, 0.9, 0.5, 0.0], 4) == [[2], [0], [1], []]
    assert trains(RankOrder(), [200, 900, 500, 0], 4) == [[2], [0], [1], []]
    assert trains(RankOrder(), [3, 7, 3, 1], 8) == [[2], [0], [2], [6]], "equal values spike together"
    assert trains(RankOrder(), [4, 3, 2, 1], 2) == [[0], [0], [1], [1]]
    assert trains(RankOrder(), [-1, 2, -3, 0], 4) == [[], [0], [], []]


def test_an_order_is_that_of_the_neurons_however_they_are_numbered():
    random = np.random.default_rng(0)
    data = random.integers(0, 9, (3, 20))
    order = random.permutation(20)
    np.testing.assert_array_equal(RankOrder().encode(data[:, order], 7), RankOrder().encode(data, 7)[:, :, order])


def test_intervals_by_hand():
    encoder = SpikeInterval(1.0, shortest=2, longest=6)
    assert trains(encoder, [1.0, 0.5, 0.01, 0.0], 13) == [[0, 2, 4, 6, 8, 10, 12], [0, 4, 8, 12], [0, 6, 12], []]
    assert trains(SpikeInterval(1.0), [1.0, 1e-6], 5) == [[0, 1, 2, 3, 4], [0, 4]], "two spikes for the smallest"


@pytest.mark.parametrize("places", [1, 4, 8])
def test_phases_are_binary_places_in_every_period(places):
    numbers = np.arange(2**places)
    encoder = PhaseCode(float(2**places - 1), places)
    encoded = encoder.encode(numbers[np.newaxis], 2 * places + 1)[0]
    weights = 0.5 ** (1 + np.arange(places))
    np.testing.assert_array_equal(weights @ encoded[:places], numbers / 2**places)
    np.testing.assert_array_equal(encoded[places : 2 * places], encoded[:places])
    np.testing.assert_array_equal(encoded[2 * places], encoded[0])
    np.testing.assert_allclose(encoder.decode(encoded[np.newaxis])[0], numbers, rtol=1e-12)


def test_phases_of_fewer_steps_lack_the_small_places():
    encoder = PhaseCode(255.0)
    numbers = np.arange(256)[np.newaxis]
    np.testing.assert_allclose(encoder.decode(encoder.encode(numbers, 3)), numbers // 32 * 32)


@pytest.mark.parametrize(("most", "shortest", "steps"), [(5, 2, 9), (5, 2, 33), (3, 1, 16)])
def test_bursts_follow_their_equations(most, shortest, steps):
    longest = (steps - 1) // (most - 1)
    values = np.linspace(0, 1, 41)
    for value, train in zip(values, trains(BurstCode(1.0, most, shortest), values, steps), strict=True):
        interval = math.ceil(longest - (longest - shortest) * value)
        assert train == [index * interval for index in range(math.ceil(most * value))]


def test_values_that_add_up_are_read_from_the_first_spike():
    encoder = IntegrateAndFire(1.0)
    values = np.array([[2.0, 1.0, 0.4, 0.3, 0.01, 0.0]])
    found = encoder.decode(encoder.encode(values, 10))
    np.testing.assert_allclose(found, [[1, 3 / 4, (1 / 3 + 1 / 2) / 2, (1 / 4 + 1 / 3) / 2, 1 / 20, 1 / 20]])
