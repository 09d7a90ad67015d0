"""SEW-ResNet18: residual blocks whose spikes, and not their potentials, are added to their input (needs PyTorch).

Fang, Yu, Chen, Huang, Masquelier and Tian, "Deep residual learning in spiking neural networks", NeurIPS 2021, arXiv
2102.04159, with the sum (ADD) as their spike-element-wise function. As usual for small images, the first convolution is
one of 3 x 3 without a stride, and there is no pool behind it. What the blocks put out are sums of spikes, small whole
numbers; the last are added up over each channel's pixels.
"""

from __future__ import annotations

from torch import nn

from ..errors import UsageError
from ..training.components import Components
from ..training.deterministic import seeded
from ..training.layers import Integrator, LeakyLayer
from ..training.spiking_network import SpikingNetwork
from ..training.staged_network import INPUT, Stage, SumPool
from .small_networks import Shape, image_shape
from .width import widened

CHANNELS = (64, 128, 256, 512)
"""Of the four groups; all but the first begin with a stride of 2."""

BLOCKS = 2
"""In a group."""

SHRINKING = 8  # of height and width, by all strides


def sew_resnet18(shape: Shape, classes: int, components: Components, seed: int, width: float) -> SpikingNetwork:
    """A convolution and eight blocks of two convolutions, each with leaky neurons; a linear layer that adds up.

    Raises
    ------
    UsageError : images whose sides are no equal multiples of 8, or components with recurrence.
    """
    before, height, wide = image_shape(shape)
    if height != wide or height % SHRINKING:
        raise UsageError(f"SEW-ResNet18 takes square images whose sides are multiples of {SHRINKING}, not {shape}.")
    if components.recurrent:
        raise UsageError("Convolutions have no recurrent synapses here: leave recurrence out of the components.")
    stages: dict[str, nn.Module | Stage] = {}
    with seeded(seed):
        first, *_ = channels = widened(CHANNELS, width)
        source = _convolved(stages, "first", INPUT, (before, first), components, kernel=3, stride=1)
        before = first
        for group, after in enumerate(channels, start=1):
            for block in range(1, BLOCKS + 1):
                stride = 2 if group > 1 and block == 1 else 1
                source = _block(stages, f"block{group}_{block}", source, (before, after), components, stride)
                before = after
        stages["pool"] = Stage(SumPool(height // SHRINKING), (source,))
        stages["flatten"] = nn.Flatten()
        stages["linear_out"] = nn.Linear(before, classes)
        stages["neurons_out"] = Integrator()
        return SpikingNetwork(shape, stages)


def _block(
    stages: dict[str, nn.Module | Stage],
    name: str,
    source: str,
    channels: tuple[int, int],
    components: Components,
    stride: int,
) -> str:
    """Two convolutions, and a shortcut that has one where size or channels change; the name of their sum."""
    before, after = channels
    middle = _convolved(stages, f"{name}_a", source, channels, components, kernel=3, stride=stride)
    last = _convolved(stages, f"{name}_b", middle, (after, after), components, kernel=3, stride=1)
    if stride > 1 or before != after:
        source = _convolved(stages, f"{name}_shortcut", source, channels, components, kernel=1, stride=stride)
    stages[f"{name}_sum"] = Stage(nn.Identity(), (last, source))
    return f"{name}_sum"


def _convolved(
    stages: dict[str, nn.Module | Stage],
    name: str,
    source: str,
    channels: tuple[int, int],
    components: Components,
    *,
    kernel: int,
    stride: int,
) -> str:
    """A convolution with its normalization and neurons; the name of the latter."""
    before, after = channels
    convolution = nn.Conv2d(before, after, kernel, stride, padding=kernel // 2, bias=False)
    stages[f"{name}_convolution"] = Stage(convolution, (source,))
    stages[f"{name}_normalization"] = nn.BatchNorm2d(after)
    stages[f"{name}_neurons"] = LeakyLayer(components)
    return f"{name}_neurons"
