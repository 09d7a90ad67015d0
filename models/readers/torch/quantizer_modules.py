"""Modules that quantize during training, of torch.ao, torchao and Brevitas, frozen at the scales they have learned.

While it is trained such a module measures ranges, decides by flags and rounds in its own way, which `torch.export`
cannot follow or takes apart. What stands in for it calls one operator of PyTorch, `fake_quantize_per_tensor_affine` or
`fake_quantize_per_channel_affine`, from which the step of weights and the range of activations are read.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

TORCH = ("torch.ao.", "torchao.")
BREVITAS_RESULTS = (4, 6)  # of its quantizers of integers: numbers, scale, zero point, bit width, and two of some


def replacing_quantizers(part: nn.Module) -> dict[int, Any]:
    """Stand-ins for the quantizers that a module is or has, by the identity of what they replace."""
    from torch import nn

    kinds = [kind for kind in type(part).__mro__ if kind.__module__.startswith((*TORCH, "brevitas."))]
    names = {kind.__name__ for kind in kinds}
    if hasattr(part, "weight_fake_quant"):
        return {id(part.weight_fake_quant): _frozen(part.weight_fake_quant, _weight_before(part))}
    if "FakeQuantizeBase" in names:
        return {id(part): _frozen(part)}
    if "ObserverBase" in names:
        return {id(part): nn.Identity()}
    if "WeightQuantProxyFromInjectorBase" in names:
        return _brevitas_weight(part)
    if "ActQuantProxyFromInjectorBase" in names and "DynamicActQuantProxyFromInjector" not in names:
        return _brevitas_activation(part)
    return {}


def with_plain_tensors(module: nn.Module) -> list[str]:
    """Have Brevitas' layers in a copy pass on numbers alone, without the scales that it carries along with them.

    Returns
    -------
    Paths of layers whose biases are left as they are, because their quantizers want the scale of what enters.
    """
    unquantized = []
    for path, part in module.named_modules():
        if not any(kind.__module__.startswith("brevitas.") for kind in type(part).__mro__):
            continue
        for name, value in (("return_quant_tensor", False), ("skip_create_quant_tensor", True)):
            if hasattr(part, name):
                setattr(part, name, value)
        if getattr(part, "requires_input_scale", False) is True and getattr(part, "is_quant_enabled", False):
            part.disable_quant = True  # type: ignore[assignment,unused-ignore]
            unquantized.append(path.rpartition(".")[0])
    return unquantized


def _frozen(quantizer: Any, weight: Any = None) -> Any:
    """A `FakeQuantize` with the scale that it has, or that it would measure on a weight."""
    import torch
    from torch import nn

    if not bool(quantizer.fake_quant_enabled[0]):
        return nn.Identity()
    own = copy.deepcopy(quantizer)
    if weight is not None and bool(own.observer_enabled[0]):
        with torch.no_grad():
            own(weight.detach())
    scale, zero_point = own.scale.detach(), own.zero_point.detach()
    low, high = int(own.quant_min), int(own.quant_max)
    axis = int(own.ch_axis) if scale.numel() > 1 else None
    return frozen_quantizer(scale, zero_point, low, high, axis)


def _weight_before(part: Any) -> Any:
    """What a layer gives its quantizer: its weight, scaled where a normalisation is to be folded into it."""
    normalisation = getattr(part, "bn", None)
    if normalisation is None:
        return part.weight
    factor = normalisation.weight / (normalisation.running_var + normalisation.eps).sqrt()
    return part.weight * factor.reshape(-1, *[1] * (part.weight.ndim - 1))


def _brevitas_weight(proxy: Any) -> dict[int, Any]:
    """The weight that a quantizer makes, where it belongs to one layer."""
    import torch

    weights = list(proxy.tracked_parameter_list) if proxy.is_quant_enabled else []
    if len(weights) != 1:
        return {}
    result = _results(proxy.tensor_quant, weights[0].detach())
    if result is None:
        return {}
    numbers, scale, zero_point = result[:3]
    axes = [axis for axis, size in enumerate(scale.shape) if size > 1]
    if len(axes) > 1 or zero_point.numel() not in (1, scale.numel()):
        return {}
    codes = (numbers / scale + zero_point).round()
    axis = axes[0] + numbers.ndim - scale.ndim if axes else None
    low, high = int(codes.min()), int(codes.max())
    zeros = torch.broadcast_to(zero_point.round(), scale.shape)
    # A range must hold the zero point.
    low, high = min(low, int(zeros.min())), max(high, int(zeros.max()))
    return {id(proxy.tensor_quant): frozen_quantizer(scale, zeros, low, high, axis, result, numbers)}


def _brevitas_activation(proxy: Any) -> dict[int, Any]:
    """The range that a quantizer of activations has learned."""
    import torch

    if proxy.fused_activation_quant_proxy is None or not proxy.is_quant_enabled:
        return {}
    quantizer = proxy.fused_activation_quant_proxy.tensor_quant
    result = _results(quantizer, torch.zeros(()))
    if result is None or any(part.numel() != 1 for part in result[1:]):
        return {}
    scale, zero_point, bits = (part.reshape(()) for part in result[1:4])
    signed, narrow, width = bool(proxy.is_signed), bool(proxy.is_narrow_range), round(float(bits))
    if signed and width == 1:
        return {}  # signs: refused by what it does
    high = 2 ** (width - signed) - 1
    low = (-high if narrow else -high - 1) if signed else 0
    high = high - 1 if narrow and not signed else high
    return {id(quantizer): frozen_quantizer(scale, zero_point, low, high, returned=result)}


def frozen_quantizer(
    scale: Any, zero_point: Any, low: int, high: int, axis: int | None = None, returned: Any = None, numbers: Any = None
) -> Any:
    """The stand-in; for its parameters see `FrozenQuantizer`."""
    return _class()(scale, zero_point, low, high, axis, returned, numbers)


def _results(quantizer: Any, x: Any) -> list[Any] | None:
    """What a quantizer of integers makes of a tensor; None where it is another one, or has never run."""
    import torch

    try:
        with torch.no_grad():
            result = list(copy.deepcopy(quantizer).eval()(x))
    except Exception:  # it stays as it is, and what stands against it is said when the network is followed
        return None
    whole = len(result) in BREVITAS_RESULTS and all(isinstance(part, torch.Tensor) for part in result)
    return [part.detach() for part in result] if whole else None


@cache
def _class() -> Any:
    """The stand-in's class, which can only be made once PyTorch is there."""
    import torch
    from torch import nn

    class FrozenQuantizer(nn.Module):  # type: ignore[misc,unused-ignore]
        """Quantizes at a scale that is settled.

        Parameters
        ----------
        scale, zero_point : of one element, or one for each index of `axis`.
        low, high : least and largest integer.
        axis : of the tensor, along which the scale differs; None for one scale.
        returned : what Brevitas returns beside the numbers, as the last of a tuple; None for numbers alone.
        numbers : the weight as it was quantized, whatever enters; None to quantize what enters.
        """

        def __init__(
            self, scale: Any, zero_point: Any, low: int, high: int, axis: int | None, returned: Any, numbers: Any
        ) -> None:
            super().__init__()
            self.low, self.high, self.axis = low, high, axis
            self.scale, self.zero_point = float(scale.reshape(-1)[0]), round(float(zero_point.reshape(-1)[0]))
            self.scales: Any
            self.zero_points: Any
            self.register_buffer("scales", scale.reshape(-1).float().clone())
            self.register_buffer("zero_points", zero_point.reshape(-1).round().int().clone())
            self.register_buffer("numbers", numbers)
            self.beside = 0 if returned is None else len(returned) - 1
            for place, tensor in enumerate(returned[1:] if returned is not None else ()):
                self.register_buffer(f"beside_{place}", tensor.detach().clone())

        def forward(self, x: Any, *_: Any) -> Any:
            x = x if self.numbers is None else self.numbers
            if self.axis is None:
                y = torch.fake_quantize_per_tensor_affine(x, self.scale, self.zero_point, self.low, self.high)
            else:
                y = torch.fake_quantize_per_channel_affine(
                    x, self.scales, self.zero_points, self.axis, self.low, self.high
                )
            return (y, *(getattr(self, f"beside_{place}") for place in range(self.beside))) if self.beside else y

    return FrozenQuantizer
