"""Virtual ports: how numbers are rearranged on the way from one Lava process to another, without a process for it."""

from __future__ import annotations

import functools

import lava_import  # noqa: F401  (repairs Lava, so it comes first)
import numpy as np
from lava.magma.core.process.ports.ports import AbstractPort, AbstractVirtualPort, InPort, OutPort


class RearrangingPort(AbstractVirtualPort):
    """Applies a function to everything that passes.

    Lava's own `port.reshape()` calls `numpy.reshape(newshape=...)`, a name that NumPy 2.4 no longer knows; and what
    Lava cannot do at all is to place a small population inside a larger vector.
    """

    def __init__(self, new_shape: tuple[int, ...], function: functools.partial) -> None:
        super().__init__(new_shape)
        self._function = function

    def get_transform_func_fwd(self) -> functools.partial:
        """The function, from source to destination."""
        return self._function

    def get_transform_func_bwd(self) -> functools.partial:
        """The way back, which Lava asks for but uses for variables only."""
        return functools.partial(_no_way_back)


def connect(source: OutPort, target: InPort, function: functools.partial | None = None) -> None:
    """Connect two ports, through a function where the target wants another arrangement."""
    if function is None:
        source.connect(target)
        return
    between = RearrangingPort(target.shape, function)
    source._connect_forward([between], AbstractPort, [None], assert_same_shape=False)
    between.connect(target)


def to_lava_image(shape: tuple[int, int, int]) -> functools.partial:
    """From our flat (channels, height, width) to Lava's (width, height, channels)."""
    return functools.partial(_to_lava_image, shape)


def from_lava_image() -> functools.partial:
    """From Lava's (width, height, channels) to our flat (channels, height, width)."""
    return functools.partial(_from_lava_image)


def placed_at(place: slice | np.ndarray, size: int) -> functools.partial:
    """Place a vector inside a larger one, zeros around it.

    An InPort sums what it receives, so that vectors placed side by side are put together in one InPort.
    """
    return functools.partial(_placed_at, place, size)


def _to_lava_image(shape: tuple[int, int, int], data: np.ndarray) -> np.ndarray:
    return data.reshape(shape).transpose(2, 1, 0)


def _from_lava_image(data: np.ndarray) -> np.ndarray:
    return data.transpose(2, 1, 0).reshape(-1)


def _placed_at(place: slice | np.ndarray, size: int, data: np.ndarray) -> np.ndarray:
    whole = np.zeros(size, dtype=data.dtype)
    whole[place] = data
    return whole


def _no_way_back(data: np.ndarray) -> np.ndarray:
    raise RuntimeError("data passes a RearrangingPort forwards only")
