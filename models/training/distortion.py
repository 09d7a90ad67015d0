"""Turning, scaling and shifting images a little (needs PyTorch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .recipe import Distortion

Array = NDArray[Any]


def distorted(images: Array, distortion: Distortion, random: torch.Generator | None = None) -> Array:
    """Images of shape (samples, channels, height, width), each distorted by itself; see `Distortion`."""
    return np.asarray(distorted_tensor(torch.from_numpy(images), distortion, random).numpy())


def distorted_tensor(images: Tensor, distortion: Distortion, random: torch.Generator | None = None) -> Tensor:
    """The same for a tensor, with PyTorch's global random numbers where there is no generator."""

    def between(limit: float) -> Tensor:
        return (torch.rand(len(images), generator=random) * 2 - 1) * limit

    angle, scale = between(distortion.turn), 1 + between(distortion.scale)  # radians, factor
    across, down = between(distortion.shift), between(distortion.shift)  # an image spans -1 to 1
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    rows = (torch.stack((cosine, -sine, across), 1), torch.stack((sine, cosine, down), 1))
    grid = functional.affine_grid(torch.stack(rows, 1).to(images.dtype), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)
