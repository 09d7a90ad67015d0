"""Operators do what their equations say, on any shape, and refuse what does not suit them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spikeloom.models.connectivity import Convolution as SharedKernel
from spikeloom.models.connectivity import Sparse
from spikeloom.models.operators import (
    Flatten,
    Identity,
    MaxPool,
    Rectifier,
    Reshape,
    Scale,
    Select,
    ShapeError,
    TransposedConvolution,
)

seeds = st.integers(0, 2**32 - 1)
axes = st.integers(1, 2)


def shape_of(random, spatial):
    return (int(random.integers(1, 4)), *(int(size) for size in random.integers(2, 7, spatial)))


def pool_of(random, shape):
    """A pool whose windows all touch the image."""
    kernel = tuple(int(random.integers(1, min(4, size) + 1)) for size in shape[1:])
    dilation = tuple(
        int(random.integers(1, 3)) if 2 * (width - 1) < size else 1
        for width, size in zip(kernel, shape[1:], strict=True)
    )
    padding = tuple(tuple(int(side) for side in random.integers(0, (width + 1) // 2, 2)) for width in kernel)
    stride = tuple(int(step) for step in random.integers(1, 4, len(kernel)))
    return MaxPool(kernel, stride, padding, dilation)


def largest_in_windows(pool, image):
    """(channels, *size), pixel by pixel."""
    result = np.full(pool.output_shape(image.shape), -np.inf)
    for channel, *place in np.ndindex(result.shape):
        for offset in product(*map(range, pool.kernel)):
            at = tuple(
                p * stride - before + o * dilation
                for p, o, stride, (before, _), dilation in zip(
                    place, offset, pool.stride, pool.padding, pool.dilation, strict=True
                )
            )
            if all(0 <= position < size for position, size in zip(at, image.shape[1:], strict=True)):
                place_out = (channel, *place)
                result[place_out] = max(result[place_out], image[(channel, *at)])
    return result


# Elements


@settings(max_examples=100, deadline=None)
@given(seeds, axes)
def test_select_picks_or_leaves_zero(seed, spatial):
    random = np.random.default_rng(seed)
    shape, chosen = shape_of(random, spatial), shape_of(random, int(random.integers(0, 3)))
    elements = random.integers(-1, int(np.prod(shape)), chosen)
    operator = Select(elements, shape)
    values = random.normal(0, 1, (2, int(np.prod(shape))))
    assert operator.output_shape(shape) == chosen
    expected = [[row[element] if element >= 0 else 0.0 for element in elements.reshape(-1)] for row in values]
    np.testing.assert_array_equal(operator.connectivity(shape).apply(values), expected)
    with pytest.raises(ShapeError):
        operator.output_shape((shape[0] + 1, *shape[1:]))


@settings(max_examples=100, deadline=None)
@given(seeds, axes, st.sampled_from(("one", "channels", "elements", "with samples")), st.booleans())
def test_scale_and_offset_are_broadcast_as_numpy_does(seed, spatial, kind, has_offset):
    random = np.random.default_rng(seed)
    shape = shape_of(random, spatial)
    form = {"one": (), "channels": (shape[0], *[1] * spatial), "elements": shape, "with samples": (1, *shape)}[kind]
    scale = random.normal(0, 1, form)
    offset = random.normal(0, 1, shape if random.random() < 0.5 else ()) if has_offset else None
    operator = Scale(scale, offset)
    values = random.normal(0, 1, (3, *shape))
    flat = operator.connectivity(shape).apply(values.reshape(3, -1))
    constant = operator.constant(shape)
    assert operator.output_shape(shape) == shape
    assert (constant is None) == (offset is None)
    got = flat if constant is None else flat + constant
    expected = values * scale + (0 if offset is None else offset)
    np.testing.assert_allclose(got, expected.reshape(3, -1), atol=1e-12)


@pytest.mark.parametrize("operator", [Scale(np.ones(5)), Scale(np.ones(()), np.ones((2, 3)))])
def test_a_scale_of_another_size_is_refused(operator):
    with pytest.raises(ShapeError, match="shape"):
        operator.output_shape((2, 4))


def test_layout_keeps_the_elements():
    assert Reshape((3, 4)).output_shape((2, 6)) == (3, 4)
    assert Flatten(1).output_shape((2, 3, 4)) == (2, 12)
    assert Flatten().output_shape((2, 3, 4)) == (24,)
    assert Identity().output_shape((2, 3)) == (2, 3)
    with pytest.raises(ShapeError, match="12 elements"):
        Reshape((3, 4)).output_shape((2, 7))
    with pytest.raises(ShapeError):
        Flatten(2, 1).output_shape((2, 3, 4))


# Rectifiers


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(0, 2), st.sampled_from(("none", "one", "channels")))
def test_rectifiers_clip_each_channel_at_its_ceiling(seed, spatial, kind):
    random = np.random.default_rng(seed)
    shape = shape_of(random, spatial)
    ceiling = {"none": np.full((), np.inf), "one": np.full((), 0.7), "channels": random.uniform(0.1, 1, shape[0])}[kind]
    values = random.normal(0, 1, (4, *shape))
    limit = ceiling.reshape(-1, *[1] * spatial) if ceiling.ndim else ceiling
    expected = np.minimum(np.maximum(values, 0), limit).reshape(4, -1)
    operator = Rectifier(ceiling)
    assert operator.output_shape(shape) == shape
    np.testing.assert_array_equal(operator.apply(values.reshape(4, -1), shape), expected)


def test_ceilings_for_another_number_of_channels_are_refused():
    with pytest.raises(ShapeError, match="3 channels"):
        Rectifier(np.ones(3)).output_shape((2, 4))


# Maxima


@settings(max_examples=80, deadline=None)
@given(seeds, axes)
def test_max_pooling_is_the_largest_pixel_of_each_window(seed, spatial):
    random = np.random.default_rng(seed)
    shape = shape_of(random, spatial)
    pool = pool_of(random, shape)
    images = random.normal(-1, 1, (2, *shape))
    got = pool.apply(images.reshape(2, -1), shape)
    expected = np.stack([largest_in_windows(pool, image) for image in images])
    assert np.all(np.isfinite(expected))
    np.testing.assert_array_equal(got, expected.reshape(2, -1))
    windows = pool.windows(shape)
    assert windows.shape == (int(np.prod(pool.kernel)), *pool.output_shape(shape))


@settings(max_examples=40, deadline=None)
@given(seeds, axes)
def test_max_pooling_is_that_of_torch(seed, spatial):
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(seed)
    shape = shape_of(random, spatial)
    pool = pool_of(random, shape)
    sides = tuple(before for before, _ in pool.padding)
    pool = MaxPool(pool.kernel, pool.stride, tuple((side, side) for side in sides), pool.dilation)
    images = random.normal(0, 1, (2, *shape))
    function = (torch.nn.functional.max_pool1d, torch.nn.functional.max_pool2d)[spatial - 1]
    expected = function(torch.from_numpy(images), pool.kernel, pool.stride, sides, pool.dilation).numpy()
    assert expected.shape[1:] == pool.output_shape(shape)
    np.testing.assert_array_equal(pool.apply(images.reshape(2, -1), shape).reshape(expected.shape), expected)


def test_pools_refuse_other_axes_and_small_images():
    pool = MaxPool((3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1))
    with pytest.raises(ShapeError, match="2 spatial axes"):
        pool.output_shape((1, 8))
    with pytest.raises(ShapeError, match="larger than"):
        pool.output_shape((1, 8, 2))


# Transposed convolutions


def transposed_of(random, shape):
    channels, spatial = shape[0], len(shape) - 1
    groups = int(random.choice([group for group in range(1, channels + 1) if channels % group == 0]))
    kernel = tuple(int(size) for size in random.integers(1, 4, spatial))
    stride = tuple(int(step) for step in random.integers(1, 4, spatial))
    dilation = tuple(int(step) for step in random.integers(1, 3, spatial))
    # PyTorch wants the added pixels fewer than the stride or the dilation.
    longer = tuple(int(random.integers(0, max(pair))) for pair in zip(stride, dilation, strict=True))
    padding = tuple((int(before), int(after)) for before, after in random.integers(0, 3, (spatial, 2)))
    weight = random.normal(0, 1, (channels, int(random.integers(1, 3)), *kernel))
    bias = random.normal(0, 1, weight.shape[1] * groups) if random.random() < 0.5 else None
    return TransposedConvolution(weight, bias, stride, padding, dilation, groups, longer)


def spread(operator, image):
    """Every pixel adds its kernel to the output, pixel by pixel; the output is then cut."""
    channels, outputs, *kernel = operator.weight.shape
    sizes = [
        stride * (size - 1) + dilation * (width - 1) + 1 + more
        for stride, size, dilation, width, more in zip(
            operator.stride, image.shape[1:], operator.dilation, kernel, operator.longer, strict=True
        )
    ]
    result = np.zeros((outputs * operator.groups, *sizes))
    for channel, *place in np.ndindex(image.shape):
        group = channel // (channels // operator.groups)
        for output, *offset in np.ndindex(outputs, *kernel):
            steps = zip(place, operator.stride, offset, operator.dilation, strict=True)
            at = tuple(p * stride + o * dilation for p, stride, o, dilation in steps)
            result[(group * outputs + output, *at)] += (
                image[(channel, *place)] * operator.weight[(channel, output, *offset)]
            )
    cut = tuple(
        slice(before, size - after) for (before, after), size in zip(operator.padding, result.shape[1:], strict=True)
    )
    result = result[(slice(None), *cut)]
    return result if operator.bias is None else result + operator.bias.reshape(-1, *[1] * len(kernel))


@settings(max_examples=80, deadline=None)
@given(seeds, axes)
def test_transposed_convolutions_spread_every_pixel(seed, spatial):
    random = np.random.default_rng(seed)
    shape = shape_of(random, spatial)
    operator = transposed_of(random, shape)
    image = random.normal(0, 1, shape)
    try:
        result = operator.output_shape(shape)
    except ShapeError:
        assume(False)
    expected = spread(operator, image)
    assert result == expected.shape
    connectivity, constant = operator.connectivity(shape), operator.constant(shape)
    got = connectivity.apply(image.reshape(1, -1))[0] + (0 if constant is None else constant)
    np.testing.assert_allclose(got, expected.reshape(-1), atol=1e-12)
    assert isinstance(connectivity, SharedKernel | Sparse)


@settings(max_examples=40, deadline=None)
@given(seeds, axes)
def test_transposed_convolutions_are_those_of_torch(seed, spatial):
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(seed)
    shape = shape_of(random, spatial)
    drawn = transposed_of(random, shape)
    sides = tuple(before for before, _ in drawn.padding)
    operator = TransposedConvolution(
        drawn.weight, drawn.bias, drawn.stride, tuple((side, side) for side in sides), drawn.dilation, drawn.groups,
        drawn.longer,
    )  # fmt: skip
    try:
        result = operator.output_shape(shape)
    except ShapeError:
        assume(False)
    images = random.normal(0, 1, (2, *shape))
    function = (torch.nn.functional.conv_transpose1d, torch.nn.functional.conv_transpose2d)[spatial - 1]
    bias = None if operator.bias is None else torch.from_numpy(operator.bias)
    expected = function(
        torch.from_numpy(images), torch.from_numpy(operator.weight), bias, operator.stride, sides, operator.longer,
        operator.groups, operator.dilation,
    ).numpy()  # fmt: skip
    assert expected.shape[1:] == result
    constant = operator.constant(shape)
    got = operator.connectivity(shape).apply(images.reshape(2, -1)) + (0 if constant is None else constant)
    np.testing.assert_allclose(got, expected.reshape(2, -1), atol=1e-9)


def test_a_transposed_convolution_without_strides_stays_symbolic():
    random = np.random.default_rng(0)
    weight = random.normal(0, 1, (4, 3, 3, 3))
    operator = TransposedConvolution(weight, None, (1, 1), ((1, 1), (2, 0)), (1, 2), 2, (0, 0))
    assert isinstance(operator.connectivity((4, 5, 6)), SharedKernel)


def test_a_transposed_convolution_refuses_other_channels_and_too_much_padding():
    operator = TransposedConvolution(np.ones((2, 1, 2)), None, (1,), ((3, 3),), (1,), 1, (0,))
    with pytest.raises(ShapeError, match="2 channels"):
        operator.output_shape((3, 8))
    with pytest.raises(ShapeError, match="leaves nothing"):
        operator.output_shape((2, 4))
