"""Event streams: the simulated sensor, moving digits, and integration over any time."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spikeloom.models.datasets import EventDataset, Recordings, load_dataset, load_recordings
from spikeloom.models.datasets.contrast_sensor import INTENSITIES, UNIT, ContrastSensor, log_intensity
from spikeloom.models.datasets.recordings import joined_recordings
from spikeloom.models.errors import DataError, UsageError


@cache
def moving(seed: int = 5) -> EventDataset:
    return load_recordings("moving-digits", train_samples=30, test_samples=20, seed=seed, saccade=30_000)


def plain_events(logarithms: Any, moments: Any, thresholds: Any) -> list[tuple[int, int, int]]:
    """What `ContrastSensor` does, pixel by pixel and crossing by crossing."""
    frames, samples, height, width = logarithms.shape
    found = []
    for sample, row, column in np.ndindex(samples, height, width):
        threshold = int(thresholds[row, column])
        trace = [int(value) for value in logarithms[:, sample, row, column]]
        remembered = trace[0]
        for frame in range(1, frames):
            while abs(trace[frame] - remembered) >= threshold:
                on = trace[frame] > remembered
                remembered += threshold if on else -threshold
                share = (int(moments[frame]) - int(moments[frame - 1]) - 1) * (remembered - trace[frame - 1])
                time = int(moments[frame - 1]) + share // (trace[frame] - trace[frame - 1])
                found.append((sample, time, (int(on) * height + row) * width + column))
    return sorted(found)


@given(
    arrays(np.int32, (4, 2, 2, 3), elements=st.integers(-40, 40)),
    arrays(np.int32, (2, 3), elements=st.integers(1, 15)),
    st.lists(st.integers(1, 50), min_size=3, max_size=3),
)
def test_the_sensor_sends_an_event_at_each_crossing(logarithms: Any, thresholds: Any, gaps: list[int]) -> None:
    moments = np.cumsum([0, *gaps])
    recordings, times, addresses = ContrastSensor(thresholds).events(iter(logarithms), moments)
    found = list(zip(recordings.tolist(), times.tolist(), addresses.tolist(), strict=True))
    assert sorted(found) == plain_events(logarithms, moments, thresholds)
    assert [event[:2] for event in found] == sorted(event[:2] for event in found)
    # The events say what the pixel sees, to within its threshold.
    sums = np.zeros((2, 2, 2, 3), dtype=np.int64)
    np.add.at(sums.reshape(2, -1), (recordings, addresses), 1)
    seen = logarithms[0] + (sums[:, 1] - sums[:, 0]) * thresholds
    assert (np.abs(seen - logarithms[-1]) < thresholds).all()


def test_logarithms_are_those_of_the_intensities() -> None:
    table = log_intensity()
    assert table.shape == (INTENSITIES,) and (np.diff(table) > 0).all()
    assert table[-1] / UNIT == pytest.approx(np.log(1 + 1 / 16), abs=1e-5)
    assert table[0] / UNIT == pytest.approx(np.log(1 / 16), abs=1e-5)


def test_moving_digits_are_recordings_in_order_of_time() -> None:
    data = moving()
    assert data.train.samples == 30 and data.test.samples == 20 and data.train.shape == (2, 20, 20)
    assert data.duration == 90_000
    for part in (data.train, data.test):
        assert part.times.min() >= 0 and part.end <= data.duration
        assert np.bincount(part.labels, minlength=10).min() >= 1
        for recording in range(part.samples):
            times, (polarity, row, column) = part.events(recording)
            assert (np.diff(times) >= 0).all() and len(times) > 500
            assert polarity.max() == 1 and row.max() < 20 and column.max() < 20
        assert 0.4 < (part.addresses >= 400).mean() < 0.6  # as much gets brighter as gets darker


def test_moving_digits_come_again_from_their_seed() -> None:
    data, other = moving(), moving(6)
    again = load_recordings("moving-digits", train_samples=30, test_samples=20, seed=5, saccade=30_000)
    assert np.array_equal(data.train.times, again.train.times) and np.array_equal(data.test.labels, again.test.labels)
    assert np.array_equal(data.test.addresses, again.test.addresses)
    assert not np.array_equal(data.train.times[:100], other.train.times[:100])


def test_a_recording_is_the_same_on_every_machine() -> None:
    data = load_recordings("moving-digits", train_samples=2, test_samples=1, seed=1)
    assert (data.train.times.size, int(data.train.times.sum()), int(data.train.addresses.sum())) == RECORDED


RECORDED = (3530, 531_736_418, 1_363_807)


@pytest.mark.parametrize("options", [{"threshold": 0.3}, {"threshold": 1.2}])
def test_a_lower_threshold_sends_more_events(options: dict[str, float]) -> None:
    fixed = {"train_samples": 5, "test_samples": 1, "noise": 0.0}
    events = load_recordings("moving-digits", **fixed, **options).train.times.size
    usual = load_recordings("moving-digits", **fixed).train.times.size
    assert (events > 1.5 * usual) if options["threshold"] < 0.6 else (events < usual / 1.5)


def test_noise_is_added_as_asked() -> None:
    fixed: dict[str, Any] = {"train_samples": 4, "test_samples": 1, "saccade": 10_000}
    quiet = load_recordings("moving-digits", **fixed, noise=0).train
    loud = load_recordings("moving-digits", **fixed, noise=100).train
    assert np.array_equal(np.diff(loud.starts) - np.diff(quiet.starts), np.full(4, round(100 * 0.03 * 400)))


@pytest.mark.parametrize(("coarse", "fine", "together"), [(3000, 1000, 3), (10_000, 1000, 10), (10_000, 5000, 2)])
def test_longer_integration_is_the_sum_of_shorter_ones(coarse: int, fine: int, together: int) -> None:
    data = moving()
    few = data.integrated(coarse, binary=False).test.x
    many = data.integrated(fine, binary=False).test.x
    assert few.shape[1] == 90_000 // coarse and few.sum() == data.test.times.size
    assert np.array_equal(many.reshape(20, -1, together, 2, 20, 20).sum(2), few)
    binary = data.integrated(coarse).test.x
    assert binary.dtype == np.int8 and np.array_equal(binary, few > 0)


@given(st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), max_size=12), max_size=4), st.integers(1, 9))
def test_frames_hold_every_event_once(events: list[list[tuple[int, int]]], integration: int) -> None:
    read = [
        (np.array([t for t, _ in one], dtype=np.int64), np.array([a for _, a in one], dtype=np.int32)) for one in events
    ]
    recordings = joined_recordings(read, [0] * len(events), (2, 3))
    steps = 5
    expected = np.zeros((len(events), steps, 2, 3), dtype=int)
    for sample, one in enumerate(events):
        for time, address in one:
            if time // integration < steps:
                expected[sample, time // integration, address // 3, address % 3] += 1
    assert np.array_equal(recordings.frames(integration, steps, binary=False), expected)
    assert np.array_equal(recordings.frames(integration, steps), expected > 0)


def test_the_catalogue_integrates() -> None:
    data = load_dataset("moving-digits", train_samples=3, test_samples=2, integration=10_000, steps=4, binary=False)
    assert data.train.x.shape == (3, 4, 2, 20, 20) and data.steps == 4 and data.train.x.max() > 1
    assert load_dataset("moving-digits", train_samples=1, test_samples=1).steps == 100


def test_frames_that_no_machine_holds() -> None:
    some = Recordings(
        np.zeros(0, dtype=np.int64),
        np.zeros(0, dtype=np.int32),
        np.zeros(11, dtype=np.int64),
        np.zeros(10, dtype=np.int64),
        (2, 1000, 1000),
    )
    with pytest.raises(DataError, match=r"10 recordings of 100000000 steps take .* GiB, this machine has"):
        some.frames(1, 100_000_000)
    assert some.end == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": "fashion"}, "there are no images 'fashion'; it has digits and mnist"),
        ({"saccade": 10}, "saccade 10 is not a whole number from 1000 up"),
        ({"threshold": 0.001}, "threshold 0.001 must be 0.01 or more"),
        ({"mismatch": 1}, "mismatch 1 below 1"),
        ({"mismatch": -0.1}, "mismatch -0.1 is not a rate"),
        ({"noise": -1}, "noise -1 not negative"),
        ({"train_samples": 5000}, "train_samples is 5000, but there are 1347 samples"),
        ({"integration": 0, "train_samples": 1, "test_samples": 1}, "integration 0 is not a whole number from 1 up"),
        ({"steps": 0, "train_samples": 1, "test_samples": 1}, "steps 0 is not a whole number"),
    ],
)
def test_what_moving_digits_refuse(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_dataset("moving-digits", **options)
