"""Operations that only move elements: PyTorch does them on the codes."""

from __future__ import annotations

from typing import Any

from .elements import Traced, merged
from .neuron_layer import Refusal

MOVING = {
    "alias", "cat", "channel_shuffle", "chunk", "clone", "concat", "constant_pad_nd", "contiguous",
    "detach", "diagonal", "expand", "expand_as", "flatten", "flip", "index", "index_select", "lift_fresh_copy",
    "movedim", "narrow", "numpy_T", "pad", "permute", "pixel_shuffle", "pixel_unshuffle", "reflection_pad1d",
    "reflection_pad2d", "repeat", "repeat_interleave", "replication_pad1d", "replication_pad2d", "reshape",
    "reshape_as", "roll", "select", "select_scatter", "slice", "slice_scatter", "split", "split_with_sizes", "squeeze",
    "stack", "swapaxes", "t", "tile", "transpose", "unbind", "unflatten", "unfold", "unsafe_split", "unsqueeze",
    "upsample_nearest1d", "upsample_nearest2d", "view", "view_as", "_unsafe_view",
}  # fmt: skip
CASTING = {"to", "_to_copy", "type_as", "float", "double"}
FILLING = {"fill", "copy"}
PADDING = {"constant_pad_nd", "pad"}


def moved(kind: str, target: Any, arguments: dict[str, Any]) -> Any:
    """The result of an operation that moves elements: a traced tensor or a tuple of them.

    Raises
    ------
    Refusal : it brings in other numbers than zero.
    """
    import torch

    if kind in PADDING and (arguments.get("value") or 0) != 0:
        raise Refusal(f"pads with {arguments['value']:g}; only zeros can be padded")
    ending = next((value.ending for value in _tensors(arguments) if value.ending), "")
    common = merged(_tensors(arguments))
    sources = common[0].sources
    codes = iter([value.codes for value in common])

    def coded(value: Any, *, index: bool) -> Any:
        if isinstance(value, Traced):
            return next(codes)
        if isinstance(value, list | tuple):
            return [coded(part, index=index) for part in value]
        if isinstance(value, torch.Tensor) and value.is_floating_point() and not index:
            if bool(value.any()):
                raise Refusal("puts constants among the data; only zeros can be")
            return value.double()
        return value

    result = target(**{name: coded(value, index=name == "indices") for name, value in arguments.items()})
    if isinstance(result, torch.Tensor):
        return Traced(sources, result.contiguous(), ending)
    return tuple(Traced(sources, part.contiguous(), ending) for part in result)


def cast(arguments: dict[str, Any]) -> Traced:
    """The tensor itself, in other floats.

    Raises
    ------
    Refusal : not to floats.
    """
    wanted = arguments.get("dtype")
    if wanted is not None and not wanted.is_floating_point:
        raise Refusal(f"rounds its input to {str(wanted).removeprefix('torch.')}; leave rounding to quantization")
    value: Traced = arguments["self"]
    return value


def filled(kind: str, arguments: dict[str, Any]) -> Any:
    """What a part of a tensor holds after it was written to: another tensor, or zeros.

    Raises
    ------
    Refusal : it was filled with another number.
    """
    import torch

    shape = arguments["self"].shape
    if kind == "copy":
        source = arguments["src"]
        if isinstance(source, Traced):
            return Traced(source.sources, source.codes.expand(shape).contiguous(), source.ending)
        return source.expand(shape)
    if isinstance(arguments["value"], Traced) or float(arguments["value"]) != 0:
        raise Refusal("writes numbers other than zero into a tensor; add them to it instead")
    return torch.zeros(shape)


def _tensors(arguments: dict[str, Any]) -> list[Traced]:
    found: list[Traced] = []
    for value in arguments.values():
        if isinstance(value, Traced):
            found.append(value)
        elif isinstance(value, list | tuple):
            found += [part for part in value if isinstance(part, Traced)]
    return found
