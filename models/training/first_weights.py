"""The weights that training begins with (needs PyTorch)."""

from __future__ import annotations

import torch
from torch import nn

FIRST_GAIN = 2.0
"""PyTorch's own first weights, drawn for rectifiers, are too small to make many neurons spike."""


def enlarged(layer: nn.Linear | nn.Conv2d, gain: float) -> nn.Module:
    """A layer as PyTorch begins it, its weights multiplied in place."""
    with torch.no_grad():
        layer.weight.mul_(gain)
    return layer
