"""Data comes in the axes of the input, or in others of the same elements in the same order, which is then said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.data import prepare_data
from spikeloom.deploy.data_shape import fitted
from spikeloom.models.errors import DataError
from spikeloom.models.operators import Input

IMAGES = np.arange(5 * 3 * 4, dtype=np.uint8).reshape(5, 3, 4)


@pytest.mark.parametrize("shape", [(5, 1, 3, 4), (5, 3, 4), (5, 12), (5, 3, 4, 1), (5, 1, 12)])
def test_images_in_other_axes_are_taken_in_their_order(shape):
    x, static, notes = fitted(IMAGES.reshape(shape), Input((1, 3, 4)), "data")
    assert static
    np.testing.assert_array_equal(x, IMAGES.reshape(5, 1, 3, 4))
    assert x.dtype == np.uint8
    assert bool(notes) == (shape != (5, 1, 3, 4))
    assert all(str(shape[1:]) in note and "(1, 3, 4)" in note and note.startswith("layout: ") for note in notes)


@pytest.mark.parametrize("shape", [(5, 7, 1, 3, 4), (5, 7, 3, 4), (5, 7, 12)])
def test_so_are_recordings(shape):
    values = np.arange(5 * 7 * 12).reshape(shape)
    x, static, notes = fitted(values, Input((1, 3, 4)), "data")
    assert not static
    np.testing.assert_array_equal(x, values.reshape(5, 7, 1, 3, 4))
    assert all("a step of x" in note for note in notes)


def test_channels_last_are_put_in_order_by_the_axes_of_the_input():
    values = np.arange(2 * 5 * 4 * 3).reshape(2, 5, 4, 3)
    entry = Input((3, 5, 4), axes=(2, 0, 1))
    x, static, notes = fitted(values, entry, "data")
    assert (static, notes) == (True, [])
    np.testing.assert_array_equal(x, values.transpose(0, 3, 1, 2))
    flat, _, notes = fitted(values.reshape(2, -1), entry, "data")
    np.testing.assert_array_equal(flat, x)
    assert "(5, 4, 3)" in notes[0]
    steps, static, _ = fitted(np.stack([values, values + 1], axis=1), entry, "data")
    assert not static
    np.testing.assert_array_equal(steps[:, 1], x + 1)


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(3)), st.booleans())
def test_any_order_of_axes(axes, static):
    shape = (2, 3, 4)
    entry = Input(tuple(shape[axis] for axis in axes), axes=tuple(axes))
    leading = (5,) if static else (5, 6)
    values = np.arange(int(np.prod((*leading, *shape)))).reshape(*leading, *shape)
    x, found, notes = fitted(values, entry, "data")
    assert (found, notes) == (static, [])
    assert x.shape[len(leading) :] == entry.shape
    np.testing.assert_array_equal(x, values.transpose(*range(len(leading)), *(len(leading) + axis for axis in axes)))


@pytest.mark.parametrize("shape", [(5, 4, 3), (5, 3, 4, 2), (5, 13), (5,), (12,), (5, 2, 2, 3)])
def test_other_sizes_are_refused_by_both_shapes(shape):
    with pytest.raises(DataError) as caught:
        fitted(np.zeros(shape), Input((1, 3, 4)), "images.npz")
    message = str(caught.value)
    assert "images.npz" in message
    assert str(shape) in message
    assert "1, 3, 4" in message


def test_a_transposed_image_is_not_taken_for_one():
    """Height and width of another order are other elements."""
    with pytest.raises(DataError):
        fitted(np.zeros((5, 4, 3)), Input((3, 4)), "data")
    with pytest.raises(DataError):
        fitted(np.zeros((5, 3, 4, 2)), Input((2, 3, 4)), "data")


def test_what_could_be_steps_of_the_model_is_steps():
    """An image of 4 x 6 pixels for a model of 6 inputs is a recording of 4 steps."""
    x, static, notes = fitted(np.zeros((5, 4, 6)), Input((6,)), "data")
    assert (x.shape, static, notes) == ((5, 4, 6), False, [])


def test_shape_and_scale_are_said_in_one_go():
    entry = Input((1, 3, 4))
    config = Configuration(input_scale=1 / 255, input_offset=-0.5, steps=2)
    data = prepare_data(IMAGES, None, entry, config, "data")
    assert data.x.shape == (5, 2, 12)
    np.testing.assert_allclose(data.x[:, 0], IMAGES.reshape(5, 12) / 255 - 0.5, atol=1e-7)
    assert any("(3, 4)" in note for note in data.notes)
    assert any("--input-scale" in note for note in data.notes)
