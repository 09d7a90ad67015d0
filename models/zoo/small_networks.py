"""The small networks of the zoo: fully connected, convolutional and recurrent (needs PyTorch).

Every builder takes the shape of a step of a sample, the number of classes, the components of the leaky layers, the seed
of the first weights, and what to multiply the numbers of hidden neurons or channels by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import UsageError
from ..training.build import adaptive, convolutional, fully_connected
from ..training.components import Components
from ..training.spiking_network import SpikingNetwork
from .width import widened

Shape = tuple[int, ...]

MLP_HIDDEN = (128, 64)
CNN_CHANNELS = (12, 24, 32)
CNN_HIDDEN = (64,)
DIGITS_CHANNELS = (16, 32)
RECURRENT_HIDDEN = (64,)
ADAPTIVE_HIDDEN = (128,)
ADAPTIVE_GAIN = 20.0  # of the first weights: the neurons let in a tenth of what arrives, and would be silent
INPUT_AXES = 3  # of an image: channels, height, width


def mlp(shape: Shape, classes: int, components: Components, seed: int, width: float) -> SpikingNetwork:
    """Three fully connected layers of leaky neurons, the output among them."""
    return fully_connected(shape, widened(MLP_HIDDEN, width), classes, components, seed=seed)


def cnn(shape: Shape, classes: int, components: Components, seed: int, width: float) -> SpikingNetwork:
    """Three convolutions, each followed by leaky neurons and a sum of 2 x 2, and two linear layers with neurons."""
    return _convolutional(shape, CNN_CHANNELS, CNN_HIDDEN, classes, components, seed, width)


def digits(shape: Shape, classes: int, components: Components, seed: int, width: float) -> SpikingNetwork:
    """Two convolutions and a linear layer: what `zoo.digits` trains, of the same stages as the other networks here."""
    return _convolutional(shape, DIGITS_CHANNELS, (), classes, components, seed, width)


def recurrent(shape: Shape, classes: int, components: Components, seed: int, width: float) -> SpikingNetwork:
    """A hidden layer of leaky neurons that reach each other, and an output that adds up."""
    components = replace(components, recurrent=True)
    return fully_connected(shape, widened(RECURRENT_HIDDEN, width), classes, components, seed=seed, readout="potential")


def adaptive_recurrent(shape: Shape, classes: int, components: None, seed: int, width: float) -> SpikingNetwork:
    """A hidden layer of adaptive neurons that reach each other, and a leaky integrator that reads them out."""
    return adaptive(shape, widened(ADAPTIVE_HIDDEN, width), classes, seed=seed, first_gain=ADAPTIVE_GAIN)


def _convolutional(
    shape: Shape,
    channels: Sequence[int],
    hidden: Sequence[int],
    classes: int,
    components: Components,
    seed: int,
    width: float,
) -> SpikingNetwork:
    return convolutional(
        image_shape(shape), widened(channels, width), widened(hidden, width), classes, components, seed=seed
    )


def image_shape(shape: Shape) -> tuple[int, int, int]:
    """The shape of an image.

    Raises
    ------
    UsageError : it has not three axes.
    """
    if len(shape) != INPUT_AXES:
        raise UsageError(
            f"A network of convolutions takes images of channels, height and width; the data has shape {shape}."
        )
    channels, height, wide = shape
    return channels, height, wide
