"""Conv and ConvTranspose, and convolution between quantizers."""

from __future__ import annotations

from ..nir.values import NotSupportedError
from .call import Call, finite
from .layout import with_samples_first
from .quantization import as_numbers, dequantized, quantized, quantizer_of
from .values import Activation, Array, Constant, Value
from .windows import windows


def convolution(call: Call) -> list[Value]:
    """Conv: a cross-correlation; zeros that a Pad before it adds become padding."""
    weight = call.constant(1, "weight")
    bias = call.optional(2, "bias")
    return [_convolved(call, call.activation(0), weight, None if bias is None else bias.array)]


def quantized_convolution(call: Call) -> list[Value]:
    """QLinearConv: a convolution between two quantizers, its bias in steps of input and weight."""
    before, behind = quantizer_of(call, 1, 2, None), quantizer_of(call, 6, 7, None)
    weights = quantizer_of(call, 4, 5, 0)
    weight = as_numbers(call.constant(3, "weight"), weights)
    bias = call.optional(8, "bias")
    offset = None if bias is None else bias.array * (before.scale * weights.scale)
    x = dequantized(call, call.activation(0, integers=True), before)
    return [quantized(call, _convolved(call, x, weight, offset), behind)]


def _convolved(call: Call, x: Activation, weight: Constant, bias: Array | None) -> Activation:
    kernels = finite(weight.array, "weight")
    kernel = tuple(kernels.shape[2:])
    given = call.integers("kernel_shape")
    if given is not None and given != kernel:
        raise NotSupportedError(f"its kernel_shape {given} is not that of its weight, {kernel}")
    if x.rank != kernels.ndim:
        raise NotSupportedError(f"is given a tensor of {x.rank} axes; its weight wants {kernels.ndim}")
    x = with_samples_first(call.flow, call.name, x)
    stand = windows(call, kernel, x.signal.shape[1:])
    signal, padding = x.signal, stand.padding
    source, pads = call.reading.pads.get(signal.node, (signal, ()))
    if pads and pads[0] == (0, 0):
        signal = source
        padding = tuple((a + c, b + d) for (a, b), (c, d) in zip(padding, pads[1:], strict=True))
    groups = int(call.attribute("group", 1))
    if kernels.shape[0] % groups:
        raise NotSupportedError(f"has {kernels.shape[0]} output channels in {groups} groups")
    step = weight.step_along(0)
    bias = None if bias is None else finite(bias, "bias")
    signal = call.flow.convolution(
        call.name, signal, kernels, bias, stand.stride, padding, stand.dilation, groups, step
    )
    return Activation(signal, tuple(range(len(signal.shape))), 0, x.samples)


def transposed_convolution(call: Call) -> list[Value]:
    """ConvTranspose, the adjoint of a convolution."""
    weight = call.numbers(1, "weight")
    bias = None if call.value(2) is None else call.numbers(2, "bias")
    x = call.activation(0)
    if x.rank != weight.ndim:
        raise NotSupportedError(f"is given a tensor of {x.rank} axes; its weight wants {weight.ndim}")
    x = with_samples_first(call.flow, call.name, x)
    image, kernel = x.signal.shape[1:], tuple(weight.shape[2:])
    groups, axes = int(call.attribute("group", 1)), len(kernel)
    wanted, longer = call.integers("output_shape"), call.integers("output_padding") or (0,) * axes
    automatic = call.attribute("auto_pad", "NOTSET")
    # Automatic padding means another thing here than for a convolution, so it is left to what follows.
    stand = windows(call, kernel, image)
    whole = [
        step * (size - 1) + extent + more
        for size, step, extent, more in zip(image, stand.stride, stand.extent, longer, strict=True)
    ]
    padding = stand.padding
    if wanted is not None or automatic.startswith("SAME"):
        sizes = wanted[-axes:] if wanted else [size * step for size, step in zip(image, stand.stride, strict=True)]
        cuts = [size - target for size, target in zip(whole, sizes, strict=True)]
        if min(cuts) < 0 and wanted is None:
            raise NotSupportedError(
                "joins SAME with a stride above the kernel, which ONNX and ONNX Runtime do otherwise"
            )
        padding = tuple(
            (cut // 2, cut - cut // 2) if automatic == "SAME_UPPER" else (cut - cut // 2, cut // 2) for cut in cuts
        )
    signal = call.flow.transposed_convolution(
        call.name, x.signal, weight, bias, stand.stride, padding, stand.dilation, groups, longer
    )
    return [Activation(signal, tuple(range(len(signal.shape))), 0, x.samples)]
