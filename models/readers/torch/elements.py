"""What a tensor of the program holds, element by element: of which signal, which step and which sample.

Programs move the axes of time and samples about: they join and split them, loop over them, stack what comes of it. So a
tensor is a tensor of codes, on which PyTorch itself does all that only moves elements. A code is 0 for a zero, or

    1 + frame * (elements of all sources) + element,   frame = (step + 1) * samples + sample

where the step is -1 for data that is the same at every step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...operators import Shape
from ..dataflow import Signal
from .neuron_layer import Refusal

if TYPE_CHECKING:
    import torch

Array = NDArray[Any]
NOTHING = -1


@dataclass(frozen=True, eq=False)
class Traced:
    """A tensor that depends on the data.

    Attributes
    ----------
    sources : the signals that its elements are taken from.
    codes : float64 tensor, exact below 2**53.
    ending : what was done that only the end of a network can do, such as a softmax; else "".
    """

    sources: tuple[Signal, ...]
    codes: torch.Tensor
    ending: str = ""

    @property
    def size(self) -> int:
        """Elements of all sources."""
        return sum(int(np.prod(source.shape)) for source in self.sources)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor."""
        return tuple(self.codes.shape)

    def frames_and_elements(self) -> tuple[Array, Array]:
        """Frame and element of each entry, -1 both for a zero."""
        codes = self.codes.numpy().astype(np.int64) - 1
        frames, elements = np.divmod(codes, max(self.size, 1))
        return np.where(codes < 0, NOTHING, frames), np.where(codes < 0, NOTHING, elements)


@dataclass(frozen=True, eq=False)
class Rows:
    """A tensor as one signal, seen in several frames.

    Attributes
    ----------
    frames : of each row, in the shape of the outer axes.
    pattern : elements of one row, in the shape of the inner axes; -1 for zeros.
    outer, inner : which axes of the tensor these are.
    """

    frames: Array
    pattern: Array
    outer: tuple[int, ...]
    inner: tuple[int, ...]


class MixedError(Refusal):
    """Elements of different steps or samples meet in one operation."""


def merged(values: list[Traced]) -> list[Traced]:
    """The same tensors with common sources."""
    sources = tuple(dict.fromkeys(source for value in values for source in value.sources))
    return [_recoded(value, sources) for value in values]


def _recoded(value: Traced, sources: tuple[Signal, ...]) -> Traced:
    if value.sources == sources:
        return value
    import torch

    frames, elements = value.frames_and_elements()
    starts = np.cumsum([0, *(int(np.prod(source.shape)) for source in sources)])
    old = np.cumsum([0, *(int(np.prod(source.shape)) for source in value.sources)])
    moved = np.concatenate(
        [
            np.arange(high - low) + starts[sources.index(source)]
            for source, low, high in zip(value.sources, old[:-1], old[1:], strict=True)
        ]
    )
    codes = np.where(elements < 0, 0, 1 + frames * starts[-1] + moved[np.maximum(elements, 0)])
    return replace(value, sources=sources, codes=torch.from_numpy(codes.astype(np.float64)))


def rows(value: Traced, samples: int, inner: set[int] | int | None = None) -> Rows:
    """Tell the axes of time and samples from those of the signal.

    Parameters
    ----------
    inner : the number of last axes that are the signal's, or a set of axes that are, with others to be found out.

    Raises
    ------
    MixedError : an operation over the inner axes would mix steps or samples.
    """
    frames, elements = value.frames_and_elements()
    dimensions = elements.ndim
    if isinstance(inner, int):
        inside = set(range(dimensions - inner, dimensions))
    else:
        inside = _inner_axes(value, elements, inner or set())
    outer = tuple(axis for axis in range(dimensions) if axis not in inside)
    order = (*outer, *sorted(inside))
    outer_shape = tuple(elements.shape[axis] for axis in outer)
    inner_shape = tuple(elements.shape[axis] for axis in sorted(inside))
    by_row = (int(np.prod(outer_shape)), int(np.prod(inner_shape)))
    elements = elements.transpose(order).reshape(by_row)
    frames = frames.transpose(order).reshape(by_row)
    pattern = elements[0]
    if not (elements == pattern).all():
        raise MixedError("treats its steps or samples differently, or mixes them; each must be treated alike")
    present = pattern >= 0
    if not present.any():
        raise Refusal("gets nothing but zeros")
    steps, sample = np.divmod(frames[:, present], samples)
    if not (sample == sample[:, :1]).all():
        raise MixedError("mixes samples of a batch")
    latest = steps.max(axis=1, keepdims=True)
    if not ((steps == latest) | (steps == 0)).all():
        raise MixedError(
            "mixes steps of time; a recurrence or delay written by hand cannot be read, use a recurrent layer of the "
            "library"
        )
    row_frames = latest[:, 0] * samples + sample[:, 0]
    return Rows(row_frames.reshape(outer_shape), pattern.reshape(inner_shape), outer, tuple(sorted(inside)))


def _inner_axes(value: Traced, elements: Array, inner: set[int]) -> set[int]:
    """The axes along which elements differ, those that are said to be inner, and those of length 1 that belong there.

    Of an axis of length 1 nothing can be told; those that the source's own shape has are inner, and those behind the
    first inner one.
    """
    dimensions = elements.ndim
    differing = {
        axis
        for axis in range(dimensions)
        if elements.shape[axis] > 1 and not (elements == np.take(elements, [0], axis)).all()
    }
    found = inner | differing
    own = value.sources[0].shape
    first = min(found, default=dimensions)
    if len(value.sources) == 1 and elements.shape[dimensions - len(own) :] == own:
        first = min(first, dimensions - len(own))
    return found | {axis for axis in range(first, dimensions) if elements.shape[axis] == 1}


def spread(signal: Signal, found: Rows, *, keep_axes: bool) -> Traced:
    """A signal made from `found`, seen in the same frames.

    Parameters
    ----------
    keep_axes : the signal has the pattern's shape, and its axes go back to where they were; else they come last.
    """
    import torch

    size = int(np.prod(signal.shape))
    frames = found.frames.reshape(*found.frames.shape, *[1] * len(signal.shape))
    codes = 1 + frames * size + np.arange(size).reshape(signal.shape)
    if keep_axes:
        codes = codes.transpose(np.argsort((*found.outer, *found.inner)))
    return Traced((signal,), torch.from_numpy(codes.astype(np.float64)))


def data(shape: Shape, signal: Signal, time_axis: int | None) -> tuple[Traced, int]:
    """The tensor that enters a program, and how many samples it has.

    Parameters
    ----------
    shape : of the tensor: samples, and steps where there is a time axis, which may come first, then the signal's.
    """
    import torch

    if time_axis is None:
        samples = shape[0]
        frames = np.arange(samples)
    else:
        samples = shape[1 - time_axis]
        by_time = (1 + np.arange(shape[time_axis]))[:, np.newaxis] * samples + np.arange(samples)
        frames = by_time if time_axis == 0 else by_time.T
    size = int(np.prod(signal.shape))
    codes = 1 + frames.reshape(*frames.shape, *[1] * len(signal.shape)) * size
    codes = codes + np.arange(size).reshape(signal.shape)
    return Traced((signal,), torch.from_numpy(codes.astype(np.float64))), samples
