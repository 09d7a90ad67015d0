"""Event streams with time stamps, and their integration to frames over any time."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .dataset import Array, Dataset, Split, read_only, require_classes
from .task_options import require_at_least


@dataclass(frozen=True, eq=False)
class Recordings:
    """Recordings one after the other; the arrays are read-only.

    Attributes
    ----------
    times : (events,) int64 microseconds since the beginning of the recording, at least 0.
    addresses : (events,) int32 where an event came from: index into a sensor of `shape`, counted row by row.
    starts : (recordings + 1,) int64; recording i holds the events from starts[i] to before starts[i + 1].
    labels : (recordings,) int64 class of each.
    shape : of the sensor: (polarities, height, width), or (channels,).
    """

    times: NDArray[np.int64]
    addresses: NDArray[np.int32]
    starts: NDArray[np.int64]
    labels: NDArray[np.int64]
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        for name in ("times", "addresses", "starts", "labels"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def samples(self) -> int:
        """Number of recordings."""
        return int(self.labels.shape[0])

    @property
    def end(self) -> int:
        """Microseconds up to behind the last event of all recordings; 0 where there is none."""
        return int(self.times.max()) + 1 if self.times.size else 0

    def events(self, recording: int) -> tuple[NDArray[np.int64], tuple[NDArray[np.intp], ...]]:
        """Times of one recording's events, and where they came from: an array for each axis of `shape`."""
        held = slice(self.starts[recording], self.starts[recording + 1])
        return self.times[held], np.unravel_index(self.addresses[held], self.shape)

    def frames(self, integration: int, steps: int, binary: bool = True) -> Array:
        """Integrate events to frames: step k has those of `integration` k to before `integration` (k + 1).

        Later events are left out.

        Parameters
        ----------
        integration : microseconds of a step, at least 1.
        steps : at least 1.
        binary : 1 where there was any event; else their number.

        Returns
        -------
        (recordings, steps, *shape) int8, or for numbers int16 or, if a recording has more than 32,767 events, int32.

        Raises
        ------
        UsageError : a value out of its range.
        DataError : they do not fit into the memory of this machine.
        """
        require_at_least(1, "event streams", integration=integration, steps=steps)
        held = np.diff(self.starts)
        number: Any = np.int16 if held.max(initial=0) <= np.iinfo(np.int16).max else np.int32
        kind = np.dtype(np.int8 if binary else number)
        _check_memory(self.samples, steps, self.shape, kind)
        frames = np.zeros((self.samples, steps, *self.shape), dtype=kind)
        step = self.times // integration
        seen = np.flatnonzero(step < steps)
        recording = np.repeat(np.arange(self.samples), held)[seen]
        cells = (recording * steps + step[seen]) * math.prod(self.shape) + self.addresses[seen]
        if binary:
            frames.reshape(-1)[cells] = 1
        else:
            np.add.at(frames.reshape(-1), cells, 1)
        return frames


@dataclass(frozen=True, eq=False)
class EventDataset:
    """Event streams to train and to test with, which can be integrated at any time scale.

    Attributes
    ----------
    name : as in the catalogue.
    source : one sentence on where the data comes from, with its address and licence.
    train : the recordings to train with.
    test : the recordings that no training sees.
    classes : labels lie below it.
    duration : microseconds that hold all events of all recordings.

    Raises
    ------
    DataError : labels that are no class.
    """

    name: str
    source: str
    train: Recordings
    test: Recordings
    classes: int
    duration: int

    def __post_init__(self) -> None:
        for part in (self.train, self.test):
            require_classes(part.labels, self.classes, self.name)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all events and labels, by which other recordings under the same name can be told."""
        digest = hashlib.sha256()
        for part in (self.train, self.test):
            for array in (part.times, part.addresses, part.starts, part.labels):
                digest.update(f"{array.dtype.str} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def integrated(self, integration: int, steps: int | None = None, binary: bool = True) -> Dataset:
        """Frames of so many microseconds each.

        Parameters
        ----------
        integration : microseconds of a step, at least 1.
        steps : of a sample; None takes as many as the longest recording needs, the last of which may be shorter.
        binary : 1 where there was any event; else their number.

        Raises
        ------
        UsageError : a value out of its range.
        DataError : the frames do not fit into the memory of this machine.
        """
        require_at_least(1, self.name, integration=integration)
        if steps is None:
            steps = max(math.ceil(self.duration / integration), 1)
        parts = [Split(part.frames(integration, steps, binary), part.labels) for part in (self.train, self.test)]
        return Dataset(self.name, self.source, parts[0], parts[1], self.classes, steps)


def joined_recordings(
    events: Sequence[tuple[NDArray[np.int64], NDArray[np.int32]]],
    labels: Sequence[int] | NDArray[np.int64],
    shape: tuple[int, ...],
) -> Recordings:
    """Join recordings that were read one by one.

    Parameters
    ----------
    events : of each recording the times and the addresses.
    labels : class of each recording.
    shape : of the sensor.
    """
    starts = np.cumsum([0, *(times.size for times, _ in events)], dtype=np.int64)
    none = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32))
    times, addresses = zip(none, *events, strict=True)
    return Recordings(np.concatenate(times), np.concatenate(addresses), starts, np.array(labels, dtype=np.int64), shape)


def _check_memory(samples: int, steps: int, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
    needed = samples * steps * math.prod(shape) * kind.itemsize
    present = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > present:
        raise DataError(
            f"{samples} recordings of {steps} steps take {needed / 2**30:.3g} GiB, this machine has "
            f"{present / 2**30:.3g} GiB: take fewer recordings, fewer steps, or a longer integration."
        )
