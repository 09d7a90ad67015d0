"""Temporal contrast, sigma-delta, and events as frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from spikeloom.models.encoders import EventFrames, Events, SigmaDeltaCode, TemporalContrast
from spikeloom.models.errors import DataError, UsageError

recordings = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=6), elements=st.floats(-8, 8, width=32)
)
CODES = st.sampled_from([TemporalContrast, SigmaDeltaCode])


def error_of(code, threshold):
    """What the inverse may be off by; values are no larger than 8, so rounding is far below the slack."""
    return (threshold if code is TemporalContrast else threshold / 2) + 1e-12


@settings(max_examples=50, deadline=None)
@given(data=recordings, threshold=st.floats(0.05, 4), code=CODES)
def test_changes_add_up_to_the_values_within_a_threshold(data, threshold, code):
    steps = data.shape[1]
    encoder = code(threshold)
    encoded = encoder.encode(data, steps)
    channels = (2,) if code is TemporalContrast else ()
    assert encoded.shape == (*data.shape[:2], *channels, *data.shape[2:])
    found = encoder.decode(encoded)
    assert found.shape == data.shape
    assert np.abs(found - data).max() <= error_of(code, threshold)
    np.testing.assert_array_equal(encoder.encode(data[:1], steps), encoded[:1])
    np.testing.assert_array_equal(encoder.encode(data[:, :1], 1), encoded[:, :1])


@settings(max_examples=50, deadline=None)
@given(data=recordings, code=CODES)
def test_single_changes_follow_what_moves_slowly(data, code):
    threshold = 0.5
    slow = np.cumsum(np.clip(data, -0.5, 0.5), axis=1)
    encoder = code(threshold, single=True)
    encoded = encoder.encode(slow, slow.shape[1])
    assert set(np.unique(encoded)) <= ({0, 1} if code is TemporalContrast else {-1, 0, 1})
    assert np.abs(encoder.decode(encoded) - slow).max() <= error_of(code, threshold)


def test_contrast_by_hand():
    data = np.array([[0.0, 2.5, 2.4, 1.9, -1.0]])
    spikes = TemporalContrast(1.0).encode(data, 5)[0]
    np.testing.assert_array_equal(spikes, [[0, 0], [2, 0], [0, 0], [0, 0], [0, 3]])
    spikes = TemporalContrast(1.0, single=True).encode(data, 5)[0]
    np.testing.assert_array_equal(spikes, [[0, 0], [1, 0], [1, 0], [0, 0], [0, 1]])
    np.testing.assert_array_equal(SigmaDeltaCode(1.0).encode(data, 5)[0], [0, 2, 0, 0, -3])
    np.testing.assert_array_equal(SigmaDeltaCode(1.0, single=True).encode(data, 5)[0], [0, 1, 1, 0, -1])


def test_nothing_that_changes_is_silent():
    data = np.full((1, 6, 2), 3.0)
    assert not TemporalContrast(0.5).encode(data, 6)[:, 1:].any()
    assert not SigmaDeltaCode(0.5).encode(data, 6)[:, 1:].any()


def test_changes_need_steps():
    for encoder in (TemporalContrast(1.0), SigmaDeltaCode(1.0)):
        assert encoder.note.startswith("encoder: ")
        with pytest.raises(UsageError, match="as many steps as it makes, 4; this has 3 steps"):
            encoder.encode(np.zeros((2, 3, 5)), 4)
        with pytest.raises(UsageError, match="this is static"):
            encoder.encode(np.zeros(2), 4)
    with pytest.raises(UsageError, match=r"threshold.*above 0"):
        TemporalContrast(0.0)


def events_of(random, count, width, height, end):
    columns = [random.integers(0, limit, count) for limit in (width, height, 2, end)]
    return Events(*columns)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), count=st.integers(0, 60), steps=st.integers(1, 8), integration=st.integers(1, 50))
def test_frames_count_events_one_by_one(seed, count, steps, integration):
    events = events_of(np.random.default_rng(seed), count, 4, 3, 200)
    expected = np.zeros((steps, 2, 3, 4), dtype=int)
    for x, y, polarity, time in zip(events.x, events.y, events.polarity, events.time, strict=True):
        frame = (time - events.time.min()) // integration
        if frame < steps:
            expected[frame, polarity, y, x] += 1
    frames = EventFrames(4, 3, integration).encode([events, events], steps)
    assert frames.shape == (2, steps, 2, 3, 4)
    np.testing.assert_array_equal(frames[0], expected)
    np.testing.assert_array_equal(frames[1], expected)
    binary = EventFrames(4, 3, integration, binary=True).encode([events], steps)
    np.testing.assert_array_equal(binary[0], expected > 0)
    alike = EventFrames(4, 3, integration, polarities=1).encode([events], steps)
    np.testing.assert_array_equal(alike[0, :, 0], expected.sum(axis=1))


def test_frames_take_as_many_steps_as_a_recording_lasts():
    nothing = np.zeros(3, dtype=int)
    events = Events(nothing, nothing, nothing, np.array([5000, 7999, 8000]))
    assert EventFrames(1, 1, 1000).steps_of(events) == 4
    assert EventFrames(1, 1, 1000, start=0).steps_of(events) == 9
    assert EventFrames(1, 1, 1000, start=9000).steps_of(events) == 0
    late = EventFrames(1, 1, 1000, start=6000).encode([events], 4)[0, :, 0, 0, 0]
    np.testing.assert_array_equal(late, [0, 1, 1, 0])
    none = Events(*[np.zeros(0, dtype=int)] * 4)
    assert EventFrames(1, 1, 1000).steps_of(none) == 0
    assert not EventFrames(1, 1, 1000).encode([none], 2).any()


def test_events_that_are_none():
    nothing = np.zeros(3, dtype=int)
    with pytest.raises(DataError, match="same length"):
        Events(nothing, nothing, nothing, np.zeros(2))
    with pytest.raises(DataError, match="whole numbers"):
        Events(np.zeros(3), nothing, nothing, nothing)
    with pytest.raises(DataError, match="finite"):
        Events(nothing, nothing, nothing, np.array([0, np.nan, 1]))
    with pytest.raises(DataError, match="Recording 1 has an event at y 7, the sensor 0 to 6"):
        EventFrames(8, 7, 1).encode([Events(*[nothing] * 4), Events(nothing, nothing + 7, nothing, nothing)], 2)
    with pytest.raises(DataError, match="x -1, the sensor 0 to 7"):
        EventFrames(8, 7, 1).encode([Events(nothing - 1, nothing, nothing, nothing)], 2)
    with pytest.raises(UsageError, match="integration time"):
        EventFrames(8, 7, 0)
