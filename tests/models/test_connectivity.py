"""All kinds of connectivity mean one matrix each, whatever is done to them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse, compose

KINDS = ("dense", "one_to_one", "sparse", "conv1d", "conv2d", "pool1d", "pool2d")
seeds = st.integers(0, 2**32 - 1)
kinds = st.sampled_from(KINDS)


def weights(random, shape, integer=False):
    """Some of them zero."""
    values = random.integers(-256, 255, shape) if integer else random.normal(0, 1, shape)
    return values * (random.random(shape) < 0.8)


def spatial(random, axes, sources=None):
    """Input shape, kernel, stride, padding and dilation that suit one another."""
    shape = tuple(sources[1:]) if sources else tuple(int(size) for size in random.integers(3, 8, axes))
    kernel = tuple(int(random.integers(1, min(3, size) + 1)) for size in shape)
    stride = tuple(int(step) for step in random.integers(1, 4, axes))
    padding = tuple((int(before), int(after)) for before, after in random.integers(0, 3, (axes, 2)))
    dilation = tuple(
        int(random.integers(1, 3)) if size + sum(pad) > 2 * (width - 1) else 1
        for size, width, pad in zip(shape, kernel, padding, strict=True)
    )
    return shape, kernel, stride, padding, dilation


def connectivity(random, kind, sources=None, integer=False):
    """One of a kind; `sources` is the shape of what it must take, or None."""
    size = int(np.prod(sources)) if sources else int(random.integers(1, 9))
    if kind == "dense":
        return Dense(weights(random, (int(random.integers(1, 9)), size), integer))
    if kind == "one_to_one":
        return OneToOne(weights(random, (size,), integer))
    if kind == "sparse":
        from scipy import sparse

        matrix = weights(random, (int(random.integers(1, 9)), size), integer) * (random.random((1, size)) < 0.6)
        return Sparse.from_matrix(sparse.csr_array(matrix))
    axes = len(sources) - 1 if sources else int(kind[-2])
    shape, kernel, stride, padding, dilation = spatial(random, axes, sources)
    channels = sources[0] if sources else int(random.integers(1, 5))
    if kind.startswith("pool"):
        return Pool(weights(random, (channels,), integer), (channels, *shape), kernel, stride, padding)
    groups = int(random.choice([group for group in range(1, channels + 1) if channels % group == 0]))
    outputs = groups * int(random.integers(1, 4))
    kernels = weights(random, (outputs, channels // groups, *kernel), integer)
    return Convolution(kernels, (channels, *shape), stride, padding, dilation, groups)


def matrix(thing):
    dense = thing.to_sparse().toarray()
    assert dense.shape == (thing.targets, thing.sources)
    return dense


@settings(max_examples=200, deadline=None)
@given(seeds, kinds, st.booleans())
def test_apply_is_the_matrix(seed, kind, integer):
    random = np.random.default_rng(seed)
    thing = connectivity(random, kind, integer=integer)
    for dtype in (np.float64, np.int8):
        activity = random.integers(-3, 4, (3, thing.sources)).astype(dtype)
        np.testing.assert_allclose(thing.apply(activity), activity @ matrix(thing).T, atol=1e-9)
    assert thing.synapses() == np.count_nonzero(matrix(thing))
    assert thing.products >= thing.synapses()
    assert thing.to_sparse().dtype == thing.weights.dtype


@settings(max_examples=150, deadline=None)
@given(seeds, kinds)
def test_integers_stay_exact(seed, kind):
    random = np.random.default_rng(seed)
    thing = connectivity(random, kind, integer=True)
    activity = random.integers(-(2**20), 2**20, (2, thing.sources))
    np.testing.assert_array_equal(thing.apply(activity), (activity @ matrix(thing).astype(np.int64).T).astype(float))


@settings(max_examples=200, deadline=None)
@given(seeds, kinds, st.sampled_from(("scalar", "channels", "neurons")))
def test_scaling(seed, kind, which):
    random = np.random.default_rng(seed)
    thing = connectivity(random, kind)

    def gain(size, channels):
        if which == "scalar":
            return np.asarray(random.normal())
        if which == "channels" and size % channels == 0:
            return np.repeat(random.normal(0, 1, channels), size // channels)
        return random.normal(0, 1, size)

    shape_out = getattr(thing, "output_shape", (thing.targets,))
    shape_in = getattr(thing, "input_shape", (thing.sources,))
    before = matrix(thing).copy()
    outer, inner = gain(thing.targets, shape_out[0]), gain(thing.sources, shape_in[0])
    np.testing.assert_allclose(matrix(thing.scaled_by_target(outer)), before * np.reshape(outer, (-1, 1)), atol=1e-12)
    np.testing.assert_allclose(matrix(thing.scaled_by_source(inner)), before * np.reshape(inner, (1, -1)), atol=1e-12)
    np.testing.assert_array_equal(matrix(thing), before)
    if which != "neurons" and not isinstance(thing, Sparse):
        assert type(thing.scaled_by_source(inner)) is type(thing)


@settings(max_examples=300, deadline=None)
@given(seeds, kinds, kinds)
def test_composition(seed, first_kind, second_kind):
    random = np.random.default_rng(seed)
    first = connectivity(random, first_kind)
    between = getattr(first, "output_shape", None)
    spatially = second_kind[:4] in ("conv", "pool")
    if spatially and between is None:
        second_kind = "dense"
    second = connectivity(random, second_kind, between or (first.targets,))
    whole = compose(first, second)
    np.testing.assert_allclose(matrix(whole), matrix(second) @ matrix(first), atol=1e-9)
    activity = random.normal(0, 1, (2, first.sources))
    np.testing.assert_allclose(whole.apply(activity), second.apply(first.apply(activity)), atol=1e-9)


def test_a_convolution_over_pooling_stays_a_convolution():
    random = np.random.default_rng(0)
    for size, stride, padding in ((8, 1, 1), (8, 2, 0), (9, 1, 0), (8, 3, 1)):
        pool = Pool(np.full(3, 0.25), (3, size, size), (2, 2), (2, 2), ((0, 0), (0, 0)))
        convolution = Convolution(
            random.normal(0, 1, (4, 3, 3, 3)), pool.output_shape, (stride,) * 2, ((padding, padding),) * 2, (1, 1)
        )
        whole = compose(pool, convolution)
        assert isinstance(whole, Convolution)
        assert whole.output_shape == convolution.output_shape
        np.testing.assert_allclose(matrix(whole), matrix(convolution) @ matrix(pool), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_other_weights_in_the_same_places(kind):
    random = np.random.default_rng(1)
    thing = connectivity(random, kind)
    doubled = thing.with_weights(thing.weights * 2)
    assert type(doubled) is type(thing)
    np.testing.assert_allclose(matrix(doubled), 2 * matrix(thing))
