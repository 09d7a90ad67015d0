"""Data becomes integers exactly wherever a message has room for them, and to 8 bits otherwise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models.input_code import ANALOG_BITS, input_code


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float16, np.float64, ">i4"])
def test_spikes_take_one_bit(dtype):
    data = np.array([[0, 1], [1, 0]]).astype(dtype)
    code = input_code(data)
    assert (code.scale, code.exact, code.bits, code.note) == (1.0, True, 1, None)
    encoded = code.encode(data)
    assert encoded.dtype == np.int32
    np.testing.assert_array_equal(encoded, data.astype(int))


@pytest.mark.parametrize(
    ("data", "scale", "bits"),
    [
        (np.array([0, 3]), 1, 2),
        (np.array([-3, 4]), 1, 4),
        (np.array([255], np.uint8), 1, 8),
        (np.array([-128, -5], np.int8), 1, 9),
        (np.array([0.5, -3]), 2, 4),
        (np.array([0, 1, 16]) / 16, 16, 5),
        (np.array([300.5], np.float16), 2, 10),
        (np.array([70000.0]), 1, 17),
        (np.array([2**23 - 1]), 1, 23),
    ],
)
def test_numbers_that_are_exact(data, scale, bits):
    code = input_code(data)
    assert (code.exact, code.scale, code.bits) == (True, scale, bits)
    np.testing.assert_array_equal(code.decode(code.encode(data)), data)
    assert "exactly" in code.note


@pytest.mark.parametrize(
    "data",
    [
        np.array([0.1, 0.7]),
        np.array([-1e30, 1]),
        np.array([1e-30]),
        np.array([2**40, 0]),
        np.array([2**63], np.uint64),
        np.array([np.iinfo(np.int64).min, 5]),
        np.array([np.pi] * 3, np.float32),
    ],
)
def test_numbers_that_are_rounded(data):
    code = input_code(data)
    assert (code.exact, code.bits) == (False, ANALOG_BITS)
    assert np.abs(code.encode(data)).max() == code.largest
    values = data.astype(float)
    np.testing.assert_allclose(code.decode(code.encode(data)), values, atol=np.abs(values).max() / code.largest / 1.99)
    assert "rounded" in code.note
    assert np.abs(code.encode(100 * values)).max() == code.largest  # it saturates


def test_other_data_may_go_further_in_an_exact_code():
    code = input_code(np.array([0, 3]))
    np.testing.assert_array_equal(code.encode(np.array([5, -2, 2**40])), [5, -2, 2**23 - 1])
    np.testing.assert_array_equal(code.encode(np.array([5.0, -2.0])), [5, -2])


def test_no_data_and_silence_are_plain_spikes():
    assert input_code(np.zeros((0, 3))).bits == input_code(np.zeros((2, 3))).bits == 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-(2**14), 2**14), min_size=1, max_size=20), st.integers(0, 8))
def test_any_power_of_two_is_found(integers, places):
    data = np.array(integers) / 2**places
    code = input_code(data)
    if np.abs(integers).max() < 2**15:
        assert code.exact
        np.testing.assert_array_equal(code.decode(code.encode(data)), data)
        assert code.scale <= 2**places
