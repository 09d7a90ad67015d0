"""Windows over an image as ONNX describes them: explicit and automatic padding, and the ceiling mode of pooling."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..nir.values import NotSupportedError
from .call import Call
from .values import Shape

Padding = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Windows:
    """Where a window stands on an image.

    Attributes
    ----------
    kernel, stride, dilation : one int an axis.
    padding : (before, after) an axis.
    """

    kernel: Shape
    stride: Shape
    padding: Padding
    dilation: Shape

    @property
    def extent(self) -> Shape:
        """Pixels from the first to the last that a window sees, an axis."""
        return tuple(step * (size - 1) + 1 for size, step in zip(self.kernel, self.dilation, strict=True))


def windows(call: Call, kernel: Shape, image: Shape) -> Windows:
    """The windows of a node on an image of a size.

    Raises
    ------
    NotSupportedError : attributes of another number of axes, negative padding, or a word that ONNX does not have.
    """
    axes = len(kernel)
    if axes not in (1, 2):
        raise NotSupportedError(f"has {axes} spatial axes; one or two become a spiking network")
    if len(image) != axes:
        raise NotSupportedError(f"is given {len(image)} spatial axes for a kernel of {axes}")
    stride, dilation, pads = (
        call.integers(name) or (default,) * count
        for name, default, count in (("strides", 1, axes), ("dilations", 1, axes), ("pads", 0, 2 * axes))
    )
    if len(stride) != axes or len(dilation) != axes or len(pads) != 2 * axes:
        raise NotSupportedError(f"its strides, dilations or pads are not those of {axes} spatial axes")
    if min(pads) < 0 or min(*stride, *dilation, *kernel) < 1:
        raise NotSupportedError("its pads are negative, or its strides, dilations or kernel are below 1")
    mode = call.attribute("auto_pad", "NOTSET")
    result = Windows(kernel, stride, tuple(zip(pads[:axes], pads[axes:], strict=True)), dilation)
    if mode == "NOTSET":
        return result
    if mode == "VALID":
        return replace(result, padding=((0, 0),) * axes)
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise NotSupportedError(f"its auto_pad is {mode!r}")
    padding = []
    for size, step, extent in zip(image, stride, result.extent, strict=True):
        total = max((-(-size // step) - 1) * step + extent - size, 0)
        less, more = total // 2, total - total // 2
        padding.append((less, more) if mode == "SAME_UPPER" else (more, less))
    return replace(result, padding=tuple(padding))


def with_ceiling(windows: Windows, image: Shape) -> Windows:
    """Windows that also stand where they hang over the far border, as long as they begin before it."""
    padding = []
    for size, step, extent, (before, after) in zip(image, windows.stride, windows.extent, windows.padding, strict=True):
        count = -(-(size + before + after - extent) // step) + 1
        if (count - 1) * step >= size + before:
            count -= 1
        padding.append((before, max(after, (count - 1) * step + extent - size - before)))
    return replace(windows, padding=tuple(padding))
