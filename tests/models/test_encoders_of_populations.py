"""Populations of tuned neurons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models.encoders import (
    ConstantCurrent,
    FirstSpike,
    GaussianCurves,
    PoissonRate,
    PopulationCode,
    SigmoidCurves,
)
from spikeloom.models.errors import UsageError

low = st.floats(-5, 5)
curves = st.builds(
    lambda low, span, neurons, overlap: GaussianCurves(low, low + span, neurons, overlap),
    low, st.floats(0.1, 9), st.integers(3, 12), st.floats(0.5, 3),
) | st.builds(
    lambda low, span, neurons, steepness: SigmoidCurves(low, low + span, neurons, steepness),
    low, st.floats(0.1, 9), st.integers(1, 12), st.floats(0.5, 8),
)  # fmt: skip


def test_gaussian_curves_by_hand():
    tuned = GaussianCurves(0.0, 1.0, 4)
    np.testing.assert_allclose(tuned.centres, [-0.25, 0.25, 0.75, 1.25])
    sigma = 1 / (1.5 * 2)
    np.testing.assert_allclose(tuned.responses(np.array(0.25)), np.exp(-(np.arange(-1, 3) ** 2) / 4 / (2 * sigma**2)))


def test_sigmoidal_curves_by_hand():
    tuned = SigmoidCurves(0.0, 10.0, 5, steepness=2.0)
    np.testing.assert_allclose(tuned.centres, [1, 3, 5, 7, 9])
    np.testing.assert_allclose(tuned.responses(np.array([5.0]))[0], 1 / (1 + np.exp(-np.array([4, 2, 0, -2, -4.0]))))


@settings(max_examples=40, deadline=None)
@given(tuned=curves)
def test_values_are_read_from_the_answers_of_all(tuned):
    values = np.linspace(tuned.low, tuned.high, 97).reshape(1, 97)
    encoder = PopulationCode(tuned, ConstantCurrent())
    encoded = encoder.encode(values, 2)
    assert encoded.shape == (1, 2, 97, tuned.neurons)
    assert encoded.min() >= 0
    assert encoded.max() <= 1
    assert np.abs(encoder.decode(encoded) - values).max() <= 1e-3 * (tuned.high - tuned.low)


def test_a_weighted_mean_is_nearly_the_value_itself_but_for_the_ends():
    tuned = GaussianCurves(0.0, 1.0, 10)
    values = np.linspace(0, 1, 201)
    off = np.abs(tuned.readout(tuned.responses(values)) - values) * 8  # in distances of centres
    assert off.max() < 0.1
    assert off[50:151].max() < 0.001


@settings(max_examples=20, deadline=None)
@given(tuned=curves, seed=st.integers(0, 9))
def test_answers_become_spikes_and_values_again(tuned, seed):
    values = np.linspace(tuned.low, tuned.high, 6).reshape(2, 3)
    encoder = PopulationCode(tuned, PoissonRate(1.0, seed))
    encoded = encoder.encode(values, 50)
    assert set(np.unique(encoded)) <= {0, 1}
    np.testing.assert_array_equal(encoded[:1], encoder.encode(values[:1], 50))
    assert ((encoder.decode(encoded) >= tuned.low) & (encoder.decode(encoded) <= tuned.high)).all()


def test_more_steps_read_values_better():
    values = np.linspace(0, 1, 40).reshape(4, 10)
    for presentation in (PoissonRate(1.0, 0), FirstSpike(1.0)):
        encoder = PopulationCode(GaussianCurves(0.0, 1.0, 8), presentation)
        errors = [np.abs(encoder.decode(encoder.encode(values, steps)) - values).mean() for steps in (8, 512)]
        assert errors[1] < 0.02
        assert errors[1] < errors[0] / 4


def test_nobody_answers():
    tuned = GaussianCurves(2.0, 4.0, 3)
    assert tuned.values(np.zeros((1, 3))) == pytest.approx([3.0], abs=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianCurves(1.0, 1.0, 5), "the first the lower"),
        (lambda: GaussianCurves(0.0, np.inf, 5), "the first the lower"),
        (lambda: GaussianCurves(0.0, 1.0, 2), "begins at 3, not at 2"),
        (lambda: GaussianCurves(0.0, 1.0, 5, overlap=4.0), "ends at 3, not at 4"),
        (lambda: GaussianCurves(0.0, 1.0, 5, overlap=0.0), "above 0"),
        (lambda: SigmoidCurves(0.0, 1.0, 0), "begins at 1"),
        (lambda: SigmoidCurves(0.0, 1.0, 4, steepness=9.0), "ends at 8, not at 9"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()
