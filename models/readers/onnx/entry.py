"""The model's input: which axis counts samples, which sizes are open, and in which order the data's axes come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ..dataflow import Dataflow
from ..nir.values import NotSupportedError
from .nodes import Node, TensorType
from .options import OnnxOptions
from .program import Program
from .qonnx import DOMAINS
from .values import Activation, Shape

PASSING = {
    "Add", "BatchNormalization", "Cast", "Clip", "DequantizeLinear", "Div", "Dropout", "Identity", "Mul", "Neg", "Pad",
    "Quant", "QuantizeLinear", "Relu", "Sub",
}  # fmt: skip


CHANNELS_FIRST = {
    "AveragePool", "Conv", "ConvTranspose", "GlobalAveragePool", "GlobalMaxPool", "MaxPool",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One way to understand the model's input.

    Attributes
    ----------
    name : of the input.
    shape : of the tensor, samples counted.
    batch : axis of the samples, 0; None where the whole tensor is one sample.
    note : what was assumed.
    """

    name: str
    shape: Shape
    batch: int | None
    note: str

    @property
    def samples(self) -> int:
        """Size of the axis of samples; 1 where there is none."""
        return 1 if self.batch is None else self.shape[0]

    @property
    def own(self) -> Shape:
        """Shape without the axis of samples."""
        return self.shape if self.batch is None else self.shape[1:]


def entries(path: Path, name: str, type_: TensorType, options: OnnxOptions) -> Iterator[Entry]:
    """The ways to understand an input, the likeliest first.

    Raises
    ------
    NotSupportedError : a size is open.
    UsageError : `options.input_shape` contradicts the file.
    """
    sizes = _with_option(path, name, type_, options)
    if len(sizes) == 0:
        raise NotSupportedError("is a single number; a network needs a tensor")
    first, *rest = sizes
    whole = options.input_shape is not None and len(options.input_shape) == len(sizes)
    if (len(sizes) == 1 and not isinstance(first, int)) or any(not isinstance(size, int) for size in rest):
        open_sizes = ", ".join(
            str(size or f"axis {axis}")
            for axis, size in enumerate(sizes)
            if not isinstance(size, int) and (axis or len(sizes) == 1)
        )
        raise NotSupportedError(f"leaves sizes open ({open_sizes}); give the shape of one sample (--input-shape)")
    shape = tuple(size for size in rest if isinstance(size, int))
    if not isinstance(first, int):
        label = f"{first!r}" if first else "without a name"
        yield Entry(name, (1, *shape), 0, f"input: the open first axis of {name!r}, {label}, is that of samples.")
        return
    alone = f"input: {name!r} has no axis of samples; the whole is one sample (--input-shape)."
    if shape and first == 1:
        note = f"input: the first axis of {name!r}, of size 1, is taken for that of samples (--input-shape)."
        yield Entry(name, (1, *shape), 0, note)
        return
    if shape and not whole:
        note = f"input: the first axis of {name!r}, of size {first}, is taken for that of samples (--input-shape)."
        yield Entry(name, (first, *shape), 0, note)
    yield Entry(name, (first, *shape), None, alone)


def _with_option(path: Path, name: str, type_: TensorType, options: OnnxOptions) -> tuple[int | str | None, ...]:
    """Sizes of the axes as the file says them, or else the option."""
    given = options.input_shape
    if type_.sizes is None:
        if given is None:
            raise NotSupportedError("has no shape in the file; give the shape of one sample (--input-shape)")
        return (None, *given)
    if given is None:
        return type_.sizes
    missing = len(type_.sizes) - len(given)
    declared = type_.sizes[missing:] if missing in (0, 1) else ()
    fits = all(not isinstance(size, int) or size == wanted for size, wanted in zip(declared, given, strict=False))
    if missing not in (0, 1) or not fits or min(given, default=0) < 1:
        raise UsageError(
            f"--input-shape {','.join(map(str, given))} does not suit the input {name!r} of {path}, whose shape is "
            f"({', '.join(str(size or '?') for size in type_.sizes)}), the first axis being that of samples."
        )
    return (*type_.sizes[:missing], *given)


def enter(flow: Dataflow, program: Program, entry: Entry, options: OnnxOptions, integer: bool) -> Activation:
    """Add the input node.

    A file whose input is transposed at once declares channels last; then the graph's input is channels first, and its
    `axes` say how to bring the data into that order.
    """
    own = entry.own
    order = _transposed_at_once(program, entry)
    axes: tuple[int, ...] | None = order if order != tuple(range(len(own))) else None
    shape = tuple(own[axis] for axis in order)
    count = len(own)
    if options.layout is not None and count not in (2, 3):
        raise UsageError(f"--layout has no meaning for samples of shape {own}, which have no channels.")
    if axes is not None and options.layout is None:
        flow.assumptions.append(
            f"layout: the file transposes its input {entry.name!r} at once; data come in its order, {own} (--layout)."
        )
    if options.layout == "channels-first":
        axes = None
    elif options.layout == "channels-last" and axes is None:
        axes = (count - 1, *range(count - 1))
    signal = flow.input(entry.name, shape, axes)
    positions = tuple(order.index(axis) for axis in range(count))
    return Activation(signal, positions, entry.batch, entry.samples, integer)


def _transposed_at_once(program: Program, entry: Entry) -> Shape:
    """Channels first, where all that read the input bring its last axis there; or else the file's order."""
    unchanged = tuple(range(len(entry.own)))
    channels_first = (*unchanged[-1:], *unchanged[:-1])
    found: set[Shape] = set()
    start: tuple[int | None, ...] = tuple(range(len(entry.own)))
    start = start if entry.batch is None else (None, *start)
    waiting: list[tuple[str, tuple[int | None, ...]]] = [(entry.name, start)]
    while waiting:
        tensor, order = waiting.pop()
        for node in program.readers.get(tensor, ()):
            behind = _behind(program, node, order)
            if behind is None:
                wanted = tuple(axis for axis in order if axis is not None)
                found.add(wanted if node.kind in CHANNELS_FIRST else unchanged)
            else:
                waiting += [(output, behind) for output in node.outputs]
    return channels_first if found == {channels_first} else unchanged


def _behind(program: Program, node: Node, order: tuple[int | None, ...]) -> tuple[int | None, ...] | None:
    """The sample's axes in what leaves a node, None for a new one; None where the node does more than order them."""
    if node.kind in PASSING and (not node.domain or node.domain in DOMAINS):
        return order
    if node.domain:
        return None
    if node.kind == "Transpose":
        axes = _listed_integers(node.attributes.get("perm", list(range(len(order)))[::-1]))
        if axes is None or sorted(axes) != list(range(len(order))):
            return None
        return tuple(order[axis] for axis in axes)
    axes = _listed_integers(node.attributes.get("axes"))
    if axes is None and len(node.inputs) > 1 and node.inputs[1] in program.constants:
        axes = _listed_integers(program.constants[node.inputs[1]].reshape(-1).tolist())
    if axes is None or node.kind not in ("Squeeze", "Unsqueeze"):
        return None
    rank = len(order) + (len(axes) if node.kind == "Unsqueeze" else 0)
    chosen = {axis % rank for axis in axes}
    if len(chosen) < len(axes):  # an axis twice, which the node's own reader complains of
        return None
    if node.kind == "Squeeze":
        return tuple(axis for place, axis in enumerate(order) if place not in chosen)
    rest = iter(order)
    return tuple(None if place in chosen else next(rest) for place in range(rank))


def _listed_integers(value: Any) -> list[int] | None:
    """What an attribute holds if that is a list of integers; of anything else the node's own reader complains."""
    listed = isinstance(value, list | tuple) and all(isinstance(one, int) for one in value)
    return list(value) if listed else None
