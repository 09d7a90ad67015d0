"""Two linear maps in a row as one, symbolic where it can be."""

from __future__ import annotations

import numpy as np

from .connectivity import Connectivity
from .convolution import Convolution
from .dense import Dense
from .one_to_one import OneToOne
from .pool import Pool
from .sparse_matrix import Sparse

DENSE_SHARE = 0.5  # a product with more synapses than this share of all pairs is kept as a matrix


def compose(first: Connectivity, second: Connectivity) -> Connectivity:
    """The map x -> second(first(x)), exactly.

    A one-to-one map scales its neighbour; pooling before a convolution becomes a larger convolution where the borders
    agree; everything else becomes the product of the two matrices.
    """
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
