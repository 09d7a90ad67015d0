"""Layers whose weights are kernels over height and width: convolutions, pooling, and both the other way round."""

from __future__ import annotations

import numpy as np

from ...operators import Convolution, Shape, TransposedConvolution
from .fields import Array, NotReadableError, number, pair
from .file import LayerDict
from .synapses import weights

Kernel = Convolution | TransposedConvolution
Padding = tuple[tuple[int, int], tuple[int, int]]


def convolution(fields: LayerDict) -> Convolution:
    """A cross-correlation, with kernels (output channels, input channels / groups, height, width[, 1])."""
    weight, groups = _kernel(fields), _groups(fields)
    if weight.shape[0] % groups:
        raise NotReadableError(f"its {weight.shape[0]} output channels do not divide into {groups} groups")
    stride, dilation = pair(fields, "stride", 1, 1), pair(fields, "dilation", 1, 1)
    return Convolution(weight, None, stride, _padding(fields), dilation, groups)


def transposed_convolution(fields: LayerDict) -> TransposedConvolution:
    """The adjoint of a convolution, with kernels (input channels, output channels / groups, height, width[, 1])."""
    weight, groups = _kernel(fields), _groups(fields)
    if weight.shape[0] % groups:
        raise NotReadableError(f"its {weight.shape[0]} input channels do not divide into {groups} groups")
    stride, dilation = pair(fields, "stride", 1, 1), pair(fields, "dilation", 1, 1)
    return TransposedConvolution(weight, None, stride, _padding(fields), dilation, groups, (0, 0))


def pool(fields: LayerDict, layer: Shape) -> Convolution:
    """Sums over windows times a weight, each channel by itself.

    lava-dl stacks the channels along the height before it pools, and pads what the kernel does not divide with as many
    zeros as are left over, below and to the right.

    Parameters
    ----------
    layer : shape of the layer before.
    """
    channels, height, width = _image(layer)
    window, stride, dilation = _window(fields)
    (above, _), (beside, _) = _padding(fields)
    below, right = height % window.shape[0], width % window.shape[1]
    rows = dilation[0] * (window.shape[0] - 1) + 1
    if above or rows > stride[0] or (height + below) % stride[0]:
        raise _crossing(f"{rows} rows every {stride[0]}", height)
    padding = ((0, below), (beside, beside + right))
    return Convolution(_for_each(window, channels), None, stride, padding, dilation, channels)


def unpool(fields: LayerDict, layer: Shape) -> TransposedConvolution:
    """Every value spread over a window, times a weight, each channel by itself; channels are stacked as in `pool`."""
    channels, height, _ = _image(layer)
    window, stride, dilation = _window(fields)
    (above, _), beside = _padding(fields)
    rows = dilation[0] * (window.shape[0] - 1) + 1
    if above or rows != stride[0]:
        raise _crossing(f"{rows} rows every {stride[0]}", height)
    padding = ((0, 0), beside)
    return TransposedConvolution(_for_each(window, channels), None, stride, padding, dilation, channels, (0, 0))


def _kernel(fields: LayerDict) -> Array:
    weight = weights(fields, "weight")
    if weight.ndim == 5 and weight.shape[-1] == 1:  # the axis of time, which lava-dl's own kernels have
        weight = weight[..., 0]
    if weight.ndim != 4 or not weight.size:
        raise NotReadableError(f"its field 'weight' has shape {weight.shape}, which is no kernel over height and width")
    return weight


def _groups(fields: LayerDict) -> int:
    groups = number(fields, "groups", 1)
    if groups < 1:
        raise NotReadableError(f"it has {groups} groups of channels")
    return groups


def _padding(fields: LayerDict) -> Padding:
    height, width = pair(fields, "padding", 0, 0)
    return (height, height), (width, width)


def _image(layer: Shape) -> tuple[int, int, int]:
    if len(layer) != 3:
        raise NotReadableError(f"has windows over height and width, but the layer before has shape {layer}")
    return layer[0], layer[1], layer[2]


def _window(fields: LayerDict) -> tuple[Array, tuple[int, int], tuple[int, int]]:
    """Weights of a window, (height, width); its stride and dilation."""
    weight = _kernel(fields)
    if weight.shape[:2] != (1, 1):
        raise NotReadableError(f"its field 'weight' has shape {weight.shape}, which is no single window")
    window = weight[0, 0]
    stride = pair(fields, "stride", 1, 1) if "stride" in fields else (window.shape[0], window.shape[1])
    return window, stride, pair(fields, "dilation", 1, 1)


def _for_each(window: Array, channels: int) -> Array:
    return np.tile(window, (channels, 1, 1, 1))


def _crossing(windows: str, height: int) -> NotReadableError:
    return NotReadableError(
        f"its windows of {windows} do not divide a height of {height}, and lava-dl lets them reach into other channels"
    )
