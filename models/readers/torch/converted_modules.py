"""Layers that `torch.ao.quantization.convert` has made integer ones, as layers of floats between quantizers.

Their weights are packed in a form that only PyTorch's integer kernels read, which `torch.export` cannot follow.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .neuron_layer import Refusal
from .quantizer_modules import frozen_quantizer

if TYPE_CHECKING:
    from torch import nn

PLACE = ("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized")
LAYERS = ("Linear", "Conv1d", "Conv2d")
LEAST = {"quint8": 0, "qint8": -128}
CODES = 256


def replacing_converted(part: nn.Module) -> dict[int, Any]:
    """A stand-in for a module of PyTorch's integer kernels, by its identity; nothing for any other module.

    Raises
    ------
    Refusal : it is one that is not read.
    """
    from torch import nn

    kind = type(part)
    if not kind.__module__.startswith(PLACE) or kind.__name__ == "LinearPackedParams":
        return {}
    names = {base.__name__ for base in kind.__mro__}
    if kind.__name__ == "DeQuantize":
        return {id(part): nn.Identity()}
    if kind.__name__ == "Quantize":
        return {id(part): _output_quantizer(part, str(part.dtype).rpartition(".")[2])}
    if "dynamic" in kind.__module__ or not names & set(LAYERS):
        raise Refusal(
            "computes with integers in PyTorch's own way; Linear, Conv1d and Conv2d are read, or quantize by torchao's "
            "export (pt2e)"
        )
    return {id(part): _class()(part, kind.__name__)}


def _output_quantizer(part: Any, kind: str) -> Any:
    import torch

    low = LEAST[kind]
    scale, zero_point = torch.as_tensor(part.scale), torch.as_tensor(part.zero_point)
    return frozen_quantizer(scale, zero_point, low, low + CODES - 1)


def _weight_quantizer(weight: Any) -> Any:
    import torch

    numbers = weight.dequantize()
    if weight.qscheme() == torch.per_tensor_affine:
        scale, zero_point, axis = torch.tensor(weight.q_scale()), torch.tensor(weight.q_zero_point()), None
    else:
        scale, zero_point = weight.q_per_channel_scales(), weight.q_per_channel_zero_points()
        axis = weight.q_per_channel_axis()
    low = LEAST["qint8"]
    return frozen_quantizer(scale, zero_point, low, low + CODES - 1, axis, numbers=numbers)


@cache
def _class() -> Any:
    import torch
    from torch import nn

    class Converted(nn.Module):  # type: ignore[misc,unused-ignore]
        """A layer of quantized weights in floats, a rectifier where there is one, and the quantizer behind."""

        def __init__(self, part: Any, kind: str) -> None:
            super().__init__()
            self.weight = _weight_quantizer(part.weight())
            self.bias: Any
            self.register_buffer("bias", None if part.bias() is None else part.bias().detach().clone())
            self.kind, self.rectifies = kind, "ReLU" in kind
            self.after = _output_quantizer(part, "quint8")
            if "Linear" not in kind:
                if part.padding_mode != "zeros":
                    raise Refusal(f"pads with {part.padding_mode!r}; only zeros can be padded")
                self.geometry = part.stride, part.padding, part.dilation, part.groups

        def forward(self, x: Any) -> Any:
            weight = self.weight(x)
            if "Linear" in self.kind:
                y = torch.nn.functional.linear(x, weight, self.bias)
            else:
                convolve = torch.nn.functional.conv1d if "1d" in self.kind else torch.nn.functional.conv2d
                y = convolve(x, weight, self.bias, *self.geometry)
            return self.after(torch.relu(y) if self.rectifies else y)

    return Converted
