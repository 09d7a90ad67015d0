"""A selection dissolves in its neighbour, and what comes out is the one applied after the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Selection, Sparse, compose

seeds = st.integers(0, 2**32 - 1)
WAYS = ("anything", "channels", "grid", "axes", "nothing")
PARTNERS = ("dense", "one_to_one", "sparse", "convolution", "pool", "selection")


def matrix(thing):
    dense = thing.to_sparse().toarray()
    assert dense.shape == (thing.targets, thing.sources)
    return dense


def some_shape(random, spatial=None):
    spatial = int(random.integers(1, 3)) if spatial is None else spatial
    return (int(random.integers(1, 5)), *(int(size) for size in random.integers(2, 8, spatial)))


def selection(random, way, shape):
    """A selection from a shape, of the kind that slices, transpositions or concatenations make."""
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    if way == "nothing":
        return Selection.of(numbers, shape)
    if way == "channels":
        chosen = random.integers(-1, shape[0], int(random.integers(1, 6)))
        parts = [numbers[channel] if channel >= 0 else np.full(shape[1:], -1) for channel in chosen]
        return Selection.of(np.stack(parts), shape)
    if way == "grid":
        steps = [
            slice(
                int(random.integers(0, size)), int(random.integers(size // 2 + 1, size + 1)), int(random.integers(1, 4))
            )
            for size in shape[1:]
        ]
        steps = [step if step.start < step.stop else slice(0, step.stop, step.step) for step in steps]
        return Selection.of(numbers[(slice(None), *steps)], shape)
    if way == "axes":
        return Selection.of(numbers.transpose(random.permutation(len(shape))), shape)
    return Selection.of(random.integers(-1, numbers.size, some_shape(random, int(random.integers(0, 3)))), shape)


def neighbour(random, kind, shape):
    """Something that takes a shape."""
    size = int(np.prod(shape))
    if kind == "dense":
        return Dense(random.normal(0, 1, (int(random.integers(1, 7)), size)))
    if kind == "one_to_one":
        return OneToOne(random.normal(0, 1, size))
    if kind == "sparse":
        values = random.normal(0, 1, (int(random.integers(1, 7)), size)) * (random.random((1, size)) < 0.5)
        return Sparse.from_matrix(sparse.csr_array(values))
    if kind == "selection":
        return selection(random, random.choice(WAYS), shape) if len(shape) > 1 else selection(random, "anything", shape)
    kernel = tuple(int(random.integers(1, min(3, size) + 1)) for size in shape[1:])
    stride = tuple(int(step) for step in random.integers(1, 3, len(kernel)))
    padding = tuple((int(before), int(after)) for before, after in random.integers(0, 3, (len(kernel), 2)))
    if kind == "pool":
        return Pool(random.normal(0, 1, shape[0]), shape, kernel, stride, padding)
    dilation = tuple(
        int(random.integers(1, 3)) if size > 2 * (width - 1) else 1
        for size, width in zip(shape[1:], kernel, strict=True)
    )
    groups = int(random.choice([group for group in range(1, shape[0] + 1) if shape[0] % group == 0]))
    weights = random.normal(0, 1, (groups * int(random.integers(1, 3)), shape[0] // groups, *kernel))
    return Convolution(weights, shape, stride, padding, dilation, groups)


def assert_one_after_the_other(first, second):
    whole = compose(first, second)
    np.testing.assert_allclose(matrix(whole), matrix(second) @ matrix(first), atol=1e-12)
    activity = np.random.default_rng(0).normal(0, 1, (2, first.sources))
    np.testing.assert_allclose(whole.apply(activity), second.apply(first.apply(activity)), atol=1e-9)
    return whole


def spatial_shape_of(thing):
    return getattr(thing, "output_shape", None) or (
        tuple(thing.elements.shape) if isinstance(thing, Selection) else (thing.targets,)
    )


@given(seeds, st.sampled_from(WAYS))
def test_apply_is_the_matrix(seed, way):
    random = np.random.default_rng(seed)
    thing = selection(random, way, some_shape(random))
    activity = random.integers(-5, 6, (3, thing.sources))
    np.testing.assert_array_equal(thing.apply(activity), activity @ matrix(thing).T)
    assert thing.products == thing.synapses() == np.count_nonzero(thing.elements >= 0)
    gain, other = random.normal(0, 1, thing.targets), random.normal(0, 1, thing.sources)
    np.testing.assert_allclose(matrix(thing.scaled_by_target(gain)), matrix(thing) * gain[:, np.newaxis])
    np.testing.assert_allclose(matrix(thing.scaled_by_source(other)), matrix(thing) * other)
    np.testing.assert_allclose(matrix(thing.as_sparse()), matrix(thing))


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from(WAYS), st.sampled_from(PARTNERS))
def test_a_selection_and_then_anything(seed, way, kind):
    random = np.random.default_rng(seed)
    first = selection(random, way, some_shape(random))
    shape = tuple(first.elements.shape)
    kind = kind if len(shape) in (2, 3) else random.choice(["dense", "one_to_one", "sparse"])
    assert_one_after_the_other(first, neighbour(random, kind, shape))


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from(PARTNERS), st.sampled_from(WAYS))
def test_anything_and_then_a_selection(seed, kind, way):
    random = np.random.default_rng(seed)
    first = neighbour(random, kind, some_shape(random))
    shape = spatial_shape_of(first)
    assert_one_after_the_other(first, selection(random, way if len(shape) > 1 else "anything", shape))


@given(seeds, st.sampled_from(("channels", "grid", "nothing")), st.sampled_from(("convolution", "pool", "selection")))
def test_axes_may_be_renamed_between_the_two(seed, way, kind):
    """A reshape stands between them: the elements are the same, in other axes."""
    random = np.random.default_rng(seed)
    first = selection(random, way, some_shape(random))
    rows, *sizes = first.elements.shape
    columns = first.targets // rows
    others = [
        (first.targets, 1),
        (1, first.targets),
        (rows, columns, 1),
        (1, rows, columns),
        (columns, *sizes[:-1], rows),
    ]
    shape = others[int(random.integers(0, 4 + (len(sizes) == 1)))]
    assert_one_after_the_other(first, neighbour(random, kind, shape))
    last = neighbour(random, "convolution", some_shape(random))
    size = last.targets
    split = next(part for part in (3, 2, 1) if size % part == 0)
    assert_one_after_the_other(last, selection(random, way, (split, size // split)))


# What stays symbolic


def test_channels_before_a_convolution_are_picked_in_its_kernel():
    random = np.random.default_rng(0)
    shape = (5, 6, 4)
    numbers = np.arange(120).reshape(shape)
    convolution = Convolution(random.normal(0, 1, (2, 3, 3, 3)), (3, 6, 4), (1, 1), ((1, 1), (1, 1)), (1, 1))
    for chosen in (numbers[1:4], numbers[[3, 3, 0]], np.concatenate([numbers[:2], np.full((1, 6, 4), -1)])):
        whole = assert_one_after_the_other(Selection.of(chosen, shape), convolution)
        assert isinstance(whole, Convolution)
        assert whole.input_shape == shape


def test_channels_behind_a_convolution_are_picked_in_its_kernel():
    random = np.random.default_rng(0)
    convolution = Convolution(random.normal(0, 1, (3, 2, 3, 3)), (2, 6, 5), (1, 2), ((1, 1), (1, 1)), (1, 1))
    shape = convolution.output_shape
    numbers = np.arange(convolution.targets).reshape(shape)
    outside = np.full((2, *shape[1:]), -1)
    for chosen in (numbers[1:], numbers[[2, 0, 2]], np.concatenate([outside, numbers])):
        assert isinstance(assert_one_after_the_other(convolution, Selection.of(chosen, shape)), Convolution)


def test_rows_and_columns_of_a_matrix_are_picked():
    random = np.random.default_rng(0)
    dense = Dense(random.normal(0, 1, (4, 6)))
    assert isinstance(assert_one_after_the_other(Selection.of(np.array([3, -1, 0, 0, 8, 2]), (9,)), dense), Dense)
    assert isinstance(assert_one_after_the_other(dense, Selection.of(np.array([3, -1, 0, 0, 2]), (4,))), Dense)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("padding", [0, 1])
def test_a_grid_before_a_convolution_becomes_its_steps(first, padding):
    """Every second pixel of an even image: what the first of a window of two maxima leaves."""
    random = np.random.default_rng(0)
    shape = (2, 8, 10)
    grid = Selection.of(np.arange(160).reshape(shape)[:, first::2, first::2], shape)
    sides = ((padding, 0), (padding, 0))
    convolution = Convolution(random.normal(0, 1, (3, 2, 3, 2)), (2, 4, 5), (1, 2), sides, (1, 1))
    whole = assert_one_after_the_other(grid, convolution)
    if padding * 2 >= first:
        assert isinstance(whole, Convolution)
        assert (whole.stride, whole.dilation, whole.input_shape) == ((2, 4), (2, 2), shape)


def test_selections_in_a_row_are_one_and_none_is_the_neighbour_itself():
    random = np.random.default_rng(0)
    first = Selection.of(random.integers(-1, 12, (4, 5)), (3, 4))
    second = Selection.of(random.integers(-1, 20, (7,)), (4, 5))
    whole = assert_one_after_the_other(first, second)
    assert isinstance(whole, Selection)
    nothing = Selection.of(np.arange(20).reshape(4, 5), (4, 5))
    assert nothing.moves_nothing()
    dense = Dense(random.normal(0, 1, (20, 20)))
    assert compose(nothing, dense) is dense
    assert compose(dense, nothing) is dense


@settings(max_examples=150, deadline=None)
@given(seeds, st.sampled_from(WAYS), st.sampled_from(PARTNERS), st.booleans(), st.booleans())
def test_weights_of_a_selection_are_kept(seed, way, kind, one_for_all, selection_first):
    random = np.random.default_rng(seed)

    def weighted(thing):
        return thing.with_weights(random.normal(0, 1, 1 if one_for_all else thing.targets))

    if selection_first:
        first = weighted(selection(random, way, some_shape(random)))
        shape = tuple(first.elements.shape)
        kind = kind if len(shape) in (2, 3) else "dense"
        second = neighbour(random, kind, shape)
    else:
        first = neighbour(random, kind, some_shape(random))
        shape = spatial_shape_of(first)
        second = weighted(selection(random, way if len(shape) > 1 else "anything", shape))
    if isinstance(first, Selection) and isinstance(second, Selection):
        first, second = weighted(first), weighted(second)
    assert_one_after_the_other(first, second)


def test_integers_stay_integers():
    """The weights of an integer network are picked, and not turned into fractions."""
    random = np.random.default_rng(0)
    numbers = np.arange(24).reshape(2, 12)
    channel = Selection.of(numbers[1:], (2, 12))
    convolution = Convolution(random.integers(-9, 9, (3, 1, 3)).astype(np.int16), (1, 12), (1,), ((1, 1),), (1,))
    dense = Dense(random.integers(-9, 9, (4, 24)).astype(np.int16))
    assert compose(channel, convolution).weights.dtype == np.int16
    assert compose(Selection.of(numbers[::-1], (2, 12)), dense).weights.dtype == np.int16
    assert compose(convolution, Selection.of(np.arange(24).reshape(2, 12), (3, 12))).weights.dtype == np.int16
