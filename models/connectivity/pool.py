"""Sums over windows, each channel by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .connectivity import Array, Connectivity
from .convolution import Convolution, Padding


@dataclass(frozen=True, eq=False)
class Pool(Connectivity):
    """Every channel's sum over a window, times the channel's weight; outside is zero.

    Sum pooling has weight 1; average pooling 1 / window size, padding counted (`count_include_pad` in PyTorch).

    Attributes
    ----------
    weights : (channels,).
    input_shape : (channels, *size).
    kernel, stride : one int an axis.
    padding : (before, after) an axis.
    """

    weights: Array
    input_shape: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Padding

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(channels, *size)."""
        return self.as_convolution().output_shape

    @property
    def sources(self) -> int:
        return int(np.prod(self.input_shape))

    @property
    def targets(self) -> int:
        return int(np.prod(self.output_shape))

    @property
    def products(self) -> int:
        return self.targets * int(np.prod(self.kernel))

    def as_convolution(self) -> Convolution:
        """The same map as a depthwise convolution, every channel a group."""
        channels = self.input_shape[0]
        axes = [1] * len(self.kernel)
        weights = np.broadcast_to(self.weights.reshape(-1, 1, *axes), (channels, 1, *self.kernel)).copy()
        return Convolution(weights, self.input_shape, self.stride, self.padding, tuple(axes), channels)

    def apply(self, activity: Array) -> Array:
        return self.as_convolution().apply(activity)

    def to_sparse(self) -> sparse.csr_array:
        return self.as_convolution().to_sparse()

    def with_weights(self, weights: Array) -> Pool:
        return replace(self, weights=weights)

    def scaled_by_target(self, gain: Array) -> Connectivity:
        scaled = self.as_convolution().scaled_by_target(gain)
        return self._if_still_pooling(scaled)

    def scaled_by_source(self, gain: Array) -> Connectivity:
        scaled = self.as_convolution().scaled_by_source(gain)
        return self._if_still_pooling(scaled)

    def _if_still_pooling(self, scaled: Connectivity) -> Connectivity:
        if isinstance(scaled, Convolution):
            return self.with_weights(scaled.weights.reshape(scaled.weights.shape[0], -1)[:, 0].copy())
        return scaled
