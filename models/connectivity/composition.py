"""Two linear maps in a row as one, symbolic where it can be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .connectivity import Connectivity
from .convolution import Convolution, window_count
from .dense import Dense
from .one_to_one import OneToOne
from .pool import Pool
from .selection import Selection
from .sparse_matrix import Sparse

DENSE_SHARE = 0.5  # a product with more synapses than this share of all pairs is kept as a matrix


def compose(first: Connectivity, second: Connectivity) -> Connectivity:
    """The map x -> second(first(x)), exactly.

    A one-to-one map scales its neighbour; pooling before a convolution becomes a larger convolution where the borders
    agree; a selection picks rows, columns or channels of its neighbour's weights; everything else becomes the product
    of the two matrices.
    """
    if isinstance(first, Selection) or isinstance(second, Selection):
        picked = _selected(first, second)
        if picked is not None:
            return picked
    if isinstance(first, OneToOne):
        return second.scaled_by_source(first.weights)
    if isinstance(second, OneToOne):
        return first.scaled_by_target(second.weights)
    if isinstance(first, Pool) and isinstance(second, Convolution) and _borders_agree(first, second):
        return _convolution_over_pool(first, second)
    if isinstance(first, Dense) and isinstance(second, Dense):
        return Dense(second.weights @ first.weights)
    product = Sparse.from_matrix(second.to_sparse() @ first.to_sparse())
    if product.weights.size > DENSE_SHARE * product.sources * product.targets:
        return Dense(product.to_sparse().toarray())
    return product


def _selected(first: Connectivity, second: Connectivity) -> Connectivity | None:
    """A selection and its neighbour as one symbolic map, or None where there is none."""
    if isinstance(first, Selection) and isinstance(second, Selection):
        flat = second.elements
        through = np.where(flat >= 0, first.elements.reshape(-1)[np.maximum(flat, 0)], -1)
        gain = np.broadcast_to(first.weights, (first.targets,))[np.maximum(flat.reshape(-1), 0)]
        return Selection(through, first.input_shape, second.weights * gain)
    if isinstance(first, Selection):
        return _of_selected(first, second)
    assert isinstance(second, Selection)
    return _selected_of(first, second)


def _of_selected(first: Selection, second: Connectivity) -> Connectivity | None:
    """A map of selected elements."""
    if np.any(first.weights != 1):
        second = second.scaled_by_source(first.weights)
    if first.moves_nothing():
        return second
    if isinstance(second, Dense) and second.sources > DENSE_SHARE * first.sources:
        columns = np.zeros((second.targets, first.sources), dtype=second.weights.dtype)
        present = np.flatnonzero(first.elements.reshape(-1) >= 0)
        np.add.at(columns.T, first.elements.reshape(-1)[present], second.weights.T[present])
        return Dense(columns)
    if not isinstance(second, Convolution) or second.input_shape != first.elements.shape:
        return None
    channels = first.channels()
    if second.groups == 1 and channels is not None:
        weights = np.zeros((second.weights.shape[0], first.input_shape[0], *second.kernel), second.weights.dtype)
        present = np.flatnonzero(channels >= 0)
        np.add.at(weights.swapaxes(0, 1), channels[present], second.weights.swapaxes(0, 1)[present])
        return replace(second, weights=weights, input_shape=first.input_shape)
    return _convolution_over_grid(first, second)


def _selected_of(first: Connectivity, second: Selection) -> Connectivity | None:
    """Selected elements of what a map gives."""
    if isinstance(first, OneToOne):
        return second.scaled_by_source(first.weights)
    if second.moves_nothing():
        return first if np.all(second.weights == 1) else first.scaled_by_target(second.weights)
    if np.any(second.weights != 1):
        return None
    if isinstance(first, Dense):
        rows = first.weights[np.maximum(second.elements.reshape(-1), 0)]
        return Dense(np.where((second.elements.reshape(-1) >= 0)[:, np.newaxis], rows, 0).astype(first.weights.dtype))
    channels = second.channels()
    if isinstance(first, Convolution) and first.groups == 1 and channels is not None:
        if first.output_shape != second.input_shape:
            return None
        kept = (channels >= 0).reshape(-1, *[1] * (first.weights.ndim - 1))
        return first.with_weights(np.where(kept, first.weights[np.maximum(channels, 0)], 0).astype(first.weights.dtype))
    return None


def _convolution_over_grid(grid: Selection, convolution: Convolution) -> Convolution | None:
    """A convolution of every so-manieth position as one of all, with larger steps between the weights and windows."""
    steps = grid.steps()
    if steps is None:
        return None
    stride = tuple(s * step for s, (_, step) in zip(convolution.stride, steps, strict=True))
    dilation = tuple(d * step for d, (_, step) in zip(convolution.dilation, steps, strict=True))
    padding = []
    for axis, (first, step) in enumerate(steps):
        size, seen = grid.input_shape[1 + axis], grid.elements.shape[1 + axis]
        count, kernel = convolution.output_shape[1 + axis], convolution.kernel[axis]
        reach = (count - 1) * convolution.stride[axis] + convolution.dilation[axis] * (kernel - 1)
        before = step * convolution.padding[axis][0] - first
        near = convolution.padding[axis][0] > 0 and first >= step
        far = reach - convolution.padding[axis][0] >= seen and first + step * seen < size
        if before < 0 or near or far:
            return None  # a window would look at pixels where the grid has its border
        after = max(0, (count - 1) * stride[axis] + dilation[axis] * (kernel - 1) + 1 - size - before)
        if window_count(size, kernel, stride[axis], (before, after), dilation[axis]) != count:
            return None
        padding.append((before, after))
    return replace(convolution, input_shape=grid.input_shape, stride=stride, dilation=dilation, padding=tuple(padding))


def _borders_agree(pool: Pool, convolution: Convolution) -> bool:
    """Whether a convolution's padding around the pooled image equals padding around the image itself.

    It does for windows that neither overlap nor leave pixels out, on images that they fill to the last pixel or beyond
    whose pooled border the convolution does not look.
    """
    if pool.kernel != pool.stride or any(side for axis in pool.padding for side in axis):
        return False
    pooled = pool.output_shape[1:]
    for axis, size in enumerate(pool.input_shape[1:]):
        reach = (convolution.output_shape[1 + axis] - 1) * convolution.stride[axis]
        last = reach + convolution.dilation[axis] * (convolution.kernel[axis] - 1) - convolution.padding[axis][0]
        if size % pool.kernel[axis] and last >= pooled[axis]:
            return False
        if convolution.dilation[axis] != 1:
            return False
    return True


def _convolution_over_pool(pool: Pool, convolution: Convolution) -> Convolution:
    """Each weight of the kernel repeated over the window that it looked at through the pooling."""
    weights = convolution.scaled_by_source(np.repeat(pool.weights, int(np.prod(pool.output_shape[1:])))).weights
    for axis, size in enumerate(pool.kernel):
        weights = np.repeat(weights, size, axis=2 + axis)
    stride = tuple(step * size for step, size in zip(convolution.stride, pool.stride, strict=True))
    padding = []
    for axis, size in enumerate(pool.kernel):
        before = convolution.padding[axis][0] * size
        # The far side pads as far as the last window reaches, so that the number of windows stays.
        count = convolution.output_shape[1 + axis]
        span = (count - 1) * stride[axis] + weights.shape[2 + axis]
        padding.append((before, span - before - pool.input_shape[1 + axis]))
    far_enough = tuple((before, max(after, 0)) for before, after in padding)
    return Convolution(weights, pool.input_shape, stride, far_enough, tuple(1 for _ in pool.kernel), convolution.groups)
