"""Static data gets steps."""

import numpy as np
import pytest

from spikeloom.models.encoders import ConstantCurrent, PoissonRate, encoder_named
from spikeloom.models.errors import UsageError


def test_constant_current_repeats():
    data = np.arange(6, dtype=np.uint8).reshape(2, 3)
    encoded = ConstantCurrent().encode(data, 4)
    assert (encoded.shape, encoded.dtype) == ((2, 4, 3), np.uint8)
    assert all((encoded[:, step] == data).all() for step in range(4))


def test_rates_are_probabilities():
    data = np.array([[0.0, 1.0, 2.0, 4.0]])
    encoder = encoder_named("rate", data, seed=1)
    assert encoder.largest == 4
    rates = encoder.encode(data, 4000).mean(axis=1)[0]
    assert rates[0] == 0
    assert rates[3] == 1
    np.testing.assert_allclose(rates, data[0] / 4, atol=0.03)


def test_rates_are_drawn_with_the_seed_and_the_same_for_fewer_samples():
    data = np.random.default_rng(0).random((5, 2, 3))
    encoder = PoissonRate(1.0, 7)
    encoded = encoder.encode(data, 20)
    assert set(np.unique(encoded)) == {0, 1}
    np.testing.assert_array_equal(encoded, encoder.encode(data, 20))
    np.testing.assert_array_equal(encoded[:2], encoder.encode(data[:2], 20))
    assert (encoded != PoissonRate(1.0, 8).encode(data, 20)).any()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float16, np.float64])
def test_rates_take_any_type(dtype):
    data = np.array([[0, 1]]).astype(dtype)
    np.testing.assert_array_equal(encoder_named("rate", data, 0).encode(data, 5), np.repeat([[[0, 1]]], 5, axis=1))


def test_rates_of_nothing_are_silent():
    data = np.zeros((1, 3))
    assert not encoder_named("rate", data, 0).encode(data, 5).any()


def test_what_encoders_do_not_take():
    with pytest.raises(UsageError, match="negative"):
        encoder_named("rate", np.array([[-1.0, 2.0]]), 0)
    with pytest.raises(UsageError, match="'morse'"):
        encoder_named("morse", np.zeros((1, 1)), 0)


def test_what_they_say():
    assert "constant current" in ConstantCurrent().note
    assert "probability value / 16, seed 3" in PoissonRate(16.0, 3).note
