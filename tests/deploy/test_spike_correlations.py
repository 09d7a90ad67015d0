"""Correlations of spike trains and the shape of their distribution, against NumPy's and SciPy's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats

from spikeloom.deploy.studies.noise.spike_correlations import (
    CorrelationSums,
    Distribution,
    TrainCorrelations,
    pair_values,
)


def layer(seed: int, steps: int = 30, neurons: int = 12) -> NDArray[np.int8]:
    """Trains of different rates; the first neuron is silent, and the second always fires."""
    random = np.random.default_rng(seed)
    trains = (random.random((steps, neurons)) < random.uniform(0.1, 0.9, neurons)).astype(np.int8)
    trains[:, 0], trains[:, 1] = 0, 1
    return trains


def corrcoef(trains: NDArray[np.int8]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.corrcoef(trains.T.astype(np.float64))


@pytest.mark.parametrize("seed", range(5))
def test_correlations_are_those_of_numpy(seed: int) -> None:
    trains = layer(seed)
    found, expected = TrainCorrelations.of(trains), corrcoef(trains)
    assert np.array_equal(np.isnan(found.values), np.isnan(expected))
    assert np.allclose(found.values, expected, rtol=0, atol=1e-12, equal_nan=True)
    always = np.count_nonzero(trains.all(axis=0))
    assert (found.silent, found.stuck) == (np.count_nonzero(~trains.any(axis=0)), always)
    assert not found.varying[:2].any() and found.varying[2:].any() and found.silent and found.stuck


@settings(max_examples=60, deadline=None)
@given(arrays(np.int32, st.tuples(st.integers(2, 12), st.integers(1, 6)), elements=st.integers(-(2**20), 2**20)))
def test_graded_trains_correlate_too(trains: NDArray[np.int32]) -> None:
    found = TrainCorrelations.of(trains)
    constant = (trains == trains[0]).all(axis=0)
    assert np.array_equal(found.varying, ~constant)
    assert found.silent == np.count_nonzero(constant & (trains[0] == 0))
    assert found.silent + found.stuck == np.count_nonzero(constant)
    values = found.values
    assert np.array_equal(np.isnan(values), constant[:, np.newaxis] | constant)
    kept = values[~constant][:, ~constant]
    assert np.array_equal(kept, kept.T) and (np.abs(kept) <= 1).all() and np.allclose(kept.diagonal(), 1)
    if kept.size:
        assert np.allclose(kept, np.atleast_2d(corrcoef(trains[:, ~constant])), rtol=0, atol=1e-9)


def test_a_small_spread_around_a_large_value_is_not_lost() -> None:
    random = np.random.default_rng(0)
    small = random.integers(-3, 4, (40, 5))
    assert np.allclose(
        TrainCorrelations.of(small + 2**23).values, TrainCorrelations.of(small).values, rtol=0, atol=1e-12
    )


def test_every_pair_is_looked_at_once() -> None:
    values = np.arange(16.0).reshape(4, 4)
    assert pair_values(values).tolist() == values[np.triu_indices(4, 1)].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_distribution_is_described_as_scipy_does(seed: int) -> None:
    values = np.random.default_rng(seed).beta(0.6, 0.4, 500) * 2 - 1
    values[::7] = np.nan
    known = values[np.isfinite(values)]
    found = Distribution.of(values)
    assert found.pairs == known.size
    assert found.mean == pytest.approx(known.mean())
    assert found.skewness == pytest.approx(stats.skew(known))
    assert found.kurtosis_fisher == pytest.approx(stats.kurtosis(known))
    assert found.kurtosis_pearson == pytest.approx(stats.kurtosis(known, fisher=False))
    assert found.high_percentile == pytest.approx(np.percentile(known, 99))
    assert found.pairs_above == np.count_nonzero(known > 0.9) > 0


def test_what_cannot_be_said_of_a_distribution_is_none() -> None:
    nothing = Distribution.of(np.full(3, np.nan)).as_row()
    assert nothing.pop("pairs") == 0 and nothing.pop("pairs_above_0.9") == 0
    assert set(nothing.values()) == {None}
    same = Distribution.of(np.full(7, 0.3))
    assert same.mean == pytest.approx(0.3) and same.high_percentile == pytest.approx(0.3)
    assert same.skewness is same.kurtosis_fisher is same.kurtosis_pearson is None


def test_the_mean_over_samples_leaves_constant_trains_out() -> None:
    layers = [layer(seed, steps=8) for seed in range(9)]
    sums = CorrelationSums(12)
    for trains in layers:
        sums.add(pair_values(TrainCorrelations.of(trains).values))
    single = np.array([corrcoef(trains) for trains in layers])
    counts = np.isfinite(single).sum(axis=0)
    expected = np.where(counts > 0, np.nansum(single, axis=0) / np.maximum(counts, 1), np.nan)
    np.fill_diagonal(expected, np.nan)
    assert np.allclose(sums.mean(), expected, rtol=0, atol=1e-10, equal_nan=True)
    assert np.isnan(sums.mean()[0]).all()
    often = sums.mean(fewest=8)
    assert np.array_equal(np.isfinite(often), np.isfinite(expected) & (counts >= 8))
    assert 0 < np.isfinite(often).sum() < np.isfinite(expected).sum()


def test_sums_do_not_depend_on_the_order_of_samples() -> None:
    pairs = [pair_values(TrainCorrelations.of(layer(seed, steps=7)).values) for seed in range(20)]
    forward, backward, halves = (CorrelationSums(12) for _ in range(3))
    for values in pairs:
        forward.add(values)
    for values in reversed(pairs):
        backward.add(values)
    for part in (pairs[::2], pairs[1::2]):
        one = CorrelationSums(12)
        for values in part:
            one.add(values)
        halves.merge(one.sums, one.counts)
    for other in (backward, halves):
        assert np.array_equal(forward.sums, other.sums) and np.array_equal(forward.counts, other.counts)


def test_how_many_samples_a_mean_rests_on() -> None:
    sums = CorrelationSums(3)
    sums.add(np.array([0.1, 0.95, np.nan]))
    sums.add(np.array([0.1, np.nan, np.nan]))
    sums.add(np.array([0.1, np.nan, np.nan]))
    assert sums.typical_samples() == (2.0, 1.0)
    assert sums.typical_samples(fewest=2) == (3.0, None)
    assert CorrelationSums(3).typical_samples() == (None, None)
