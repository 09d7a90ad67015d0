"""What happens in the cells that hold weights is what statistics say of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from spikeloom.deploy.studies.faults.weight_cells import WeightCells

MANY = 40_000
WEIGHTS = arrays(np.int64, st.integers(1, 30), elements=st.integers(-128, 127).map(lambda number: 2 * number))


def many(low: int, high: int) -> np.ndarray:
    return 2 * np.random.default_rng(0).integers(low, high + 1, MANY)


@given(WEIGHTS)
def test_cells_hold_their_weights_and_nothing_outside_their_ends(weights: np.ndarray) -> None:
    cells = WeightCells.of(weights)
    if cells is None:
        assert not weights.any()
        return
    codes = cells.codes(weights)
    np.testing.assert_array_equal(cells.weights(codes), weights)
    assert cells.lowest <= codes.min() and codes.max() <= cells.highest
    # None narrower does: half of the codes less, and some weight has no place.
    if cells.signed:
        assert cells.bits > 1
        assert codes.min() < cells.lowest // 2 or codes.max() > cells.highest // 2 or cells.bits == 2


@given(WEIGHTS, st.floats(0, 1), st.integers(0, 100))
def test_damaged_weights_are_such_as_the_cells_can_hold(weights: np.ndarray, rate: float, seed: int) -> None:
    cells = WeightCells.of(weights)
    if cells is None:
        return
    random = np.random.default_rng(seed)
    for damaged, _ in (
        cells.stuck(weights, rate, "largest", random),
        cells.noisy(weights, rate, "nearest", random),
        cells.noisy(weights, rate, "stochastic", random),
        cells.flipped(weights, rate, random),
    ):
        codes = cells.codes(damaged)
        np.testing.assert_array_equal(cells.weights(codes), damaged)
        assert cells.lowest <= codes.min() and codes.max() <= cells.highest


@pytest.mark.parametrize(("at", "value"), [("zero", 0), ("largest", 254), ("smallest", -256)])
def test_stuck_cells_hold_an_end_of_their_range_or_zero(at: str, value: int) -> None:
    weights = many(-128, 127)
    cells = WeightCells.of(weights)
    assert cells is not None
    damaged, stuck = cells.stuck(weights, 0.1, at, np.random.default_rng(1))
    assert set(damaged[stuck].tolist()) == {value}
    np.testing.assert_array_equal(damaged[~stuck], weights[~stuck])
    assert stats.binomtest(int(stuck.sum()), MANY, 0.1).pvalue > 1e-4


def test_what_is_stuck_at_a_rate_is_so_at_higher_ones() -> None:
    weights = many(-100, 100)
    cells = WeightCells.of(weights)
    assert cells is not None
    low, high = (cells.stuck(weights, rate, "zero", np.random.default_rng(1))[1] for rate in (0.1, 0.3))
    assert not (low & ~high).any()


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_noise_has_the_deviation_that_was_asked_for(rounding: str) -> None:
    weights = np.full(MANY, 2 * 60)
    weights[0] = -2 * 128  # so that the cell has room on both sides
    weights[1] = 2 * 127
    cells = WeightCells.of(weights)
    assert cells is not None
    damaged, _ = cells.noisy(weights, 0.2, rounding, np.random.default_rng(1))
    change = (damaged[2:] - weights[2:]) / weights[2:]
    assert change.mean() == pytest.approx(0, abs=4 * 0.2 / np.sqrt(MANY))
    assert change.std() == pytest.approx(0.2, rel=0.03)
    zeros, _ = cells.noisy(np.zeros(9, dtype=np.int64), 5.0, "nearest", np.random.default_rng(1))
    assert not zeros.any()


def test_bits_flip_each_by_themselves() -> None:
    weights = many(-128, 127)
    cells = WeightCells.of(weights)
    assert cells is not None and (cells.bits, cells.signed, cells.step) == (8, True, 2)
    damaged, flips = cells.flipped(weights, 0.05, np.random.default_rng(1))
    assert stats.binomtest(int(flips.sum()), 8 * MANY, 0.05).pvalue > 1e-4
    # Read as bytes, two's complements differ in the flipped bits and in no others.
    different = (weights // 2).astype(np.int8).view(np.uint8) ^ (damaged // 2).astype(np.int8).view(np.uint8)
    np.testing.assert_array_equal(np.unpackbits(different[:, None], axis=1, bitorder="little").astype(bool), flips)


def test_weights_of_zero_alone_are_stored_nowhere() -> None:
    assert WeightCells.of(np.zeros(5, dtype=np.int64)) is None
