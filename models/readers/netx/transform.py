"""How data becomes the whole numbers that the first layer of a `.net` file takes: the file's own weight and bias."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsupportedModelError
from .fields import NotReadableError, neuron_fields, number, text
from .file import LayerDict, read_layers

Array = NDArray[Any]

DEFAULT_WEIGHT = 64  # one, in the units of lava-dl's weights


@dataclass(frozen=True)
class InputTransform:
    """The affine map that lava-dl trains in its input layer: the neurons get weight * x + bias.

    Attributes
    ----------
    weight, bias : whole numbers, 64 being one in the units of training.
    """

    weight: int = DEFAULT_WEIGHT
    bias: int = 0

    def apply(self, values: Array) -> Array:
        """Whole numbers for data x as in training, cut off towards zero."""
        return np.trunc(self.weight * np.asarray(values, dtype=np.float64) + self.bias).astype(np.int32)

    def apply_to_pixels(self, pixels: Array) -> Array:
        """Whole numbers for pixels p in 0..1, as netx makes them: x = 2 p - 1."""
        values = 2 * self.weight * np.asarray(pixels, dtype=np.float64) - self.weight + self.bias
        return np.trunc(values).astype(np.int32)


def read_input_transform(path: Path) -> InputTransform | None:
    """The transform of a `.net` file; None where its first layer has no neurons that encode data.

    Raises
    ------
    UnsupportedModelError : as `read_net`.
    """
    try:
        return input_transform(read_layers(path)[0])
    except NotReadableError as error:
        raise UnsupportedModelError(f"{path}: layer 0 {error}.") from None


def input_transform(layer: LayerDict) -> InputTransform | None:
    """The transform of a layer; None where it is no input layer, or has no neurons."""
    if text(layer, "type") != "input" or neuron_fields(layer) is None:
        return None
    return InputTransform(number(layer, "weight", DEFAULT_WEIGHT), number(layer, "bias", 0))
