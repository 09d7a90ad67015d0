"""VGG networks: convolutions of 3 x 3 in groups that a sum of 2 x 2 ends, then linear layers (needs PyTorch).

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, arXiv
1409.1556. VGG-11 has its eight convolutions and three linear layers, the latter of 512 neurons as small images need no
more. VGG-7, six convolutions and a linear layer, is the form for images of 32 x 32.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from ..errors import UsageError
from ..training.components import Components
from ..training.deterministic import seeded
from ..training.layers import Integrator, LeakyLayer
from ..training.spiking_network import SpikingNetwork
from ..training.staged_network import SumPool
from .small_networks import Shape, image_shape
from .width import widened

POOL = 2
VGG11_GROUPS = ((64,), (128,), (256, 256), (512, 512), (512, 512))
VGG11_HIDDEN = (512, 512)
VGG7_GROUPS = ((64, 64), (128, 128), (256, 256))


def vgg11(shape: Shape, classes: int, components: Components, seed: int, width: float) -> SpikingNetwork:
    """Eight convolutions and three linear layers, each with leaky neurons; the output adds up and does not spike."""
    return _vgg(shape, VGG11_GROUPS, VGG11_HIDDEN, classes, components, seed, width)


def vgg7(shape: Shape, classes: int, components: Components, seed: int, width: float) -> SpikingNetwork:
    """Six convolutions, each with leaky neurons, and a linear layer whose output adds up."""
    return _vgg(shape, VGG7_GROUPS, (), classes, components, seed, width)


def _vgg(
    shape: Shape,
    groups: Sequence[Sequence[int]],
    hidden: Sequence[int],
    classes: int,
    components: Components,
    seed: int,
    width: float,
) -> SpikingNetwork:
    before, height, wide = image_shape(shape)
    if components.recurrent:
        raise UsageError("Convolutions have no recurrent synapses here: leave recurrence out of the components.")
    stages: dict[str, nn.Module] = {}
    number = 0
    with seeded(seed):
        for group, channels in enumerate(groups, start=1):
            for after in widened(channels, width):
                number += 1
                stages[f"convolution{number}"] = nn.Conv2d(before, after, 3, padding=1, bias=False)
                stages[f"normalization{number}"] = nn.BatchNorm2d(after)
                stages[f"neurons{number}"] = LeakyLayer(components)
                before = after
            if min(height, wide) >= POOL:  # smaller images than usual run out of pixels
                stages[f"pool{group}"] = SumPool(POOL)
                height, wide = height // POOL, wide // POOL
        stages["flatten"] = nn.Flatten()
        size = before * height * wide
        for neurons in widened(hidden, width):
            number += 1
            stages[f"linear{number}"] = nn.Linear(size, neurons, bias=False)
            stages[f"normalization{number}"] = nn.BatchNorm1d(neurons)
            stages[f"neurons{number}"] = LeakyLayer(components)
            size = neurons
        stages["linear_out"] = nn.Linear(size, classes)
        stages["neurons_out"] = Integrator()
        return SpikingNetwork(shape, stages)
