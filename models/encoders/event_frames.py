"""Streams of events as frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from .encoder import Array, positive_number, whole_number


@dataclass(frozen=True, eq=False)
class Events:
    """A recording of an event camera, or of any sensor that says what happened where and when.

    Attributes
    ----------
    x, y : (events,) columns and rows, from 0; all 0 in the one that a sensor does not have.
    polarity : (events,) 1 where it got brighter, 0 where darker; all 0 where a sensor does not say.
    time : (events,) in any unit and order.

    Raises
    ------
    DataError : the arrays differ in length or hold what is no such number.
    """

    x: Array
    y: Array
    polarity: Array
    time: Array

    def __post_init__(self) -> None:
        shapes = {np.shape(array) for array in (self.x, self.y, self.polarity, self.time)}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            raise DataError(f"Events have x, y, polarity and time each in a row of the same length, not {shapes}.")
        if any(np.asarray(array).dtype.kind not in "iub" for array in (self.x, self.y, self.polarity)):
            raise DataError("Events have whole numbers for x, y and polarity.")
        if not np.all(np.isfinite(self.time)):
            raise DataError("Events have finite times.")


@dataclass(frozen=True)
class EventFrames:
    """Events of each polarity and pixel, counted over one integration time after the other.

        frame(e) = floor((time(e) - start) / integration_time)

    The same two methods as an `Encoder` has, on recordings instead of an array. There is no inverse: a frame does not
    say when within it an event was.

    Attributes
    ----------
    width, height : of the sensor.
    integration_time : of a frame, which becomes a step; in the unit of the events' times, above 0.
    polarities : 2, or 1 to count all alike.
    binary : whether there was an event, in place of how many.
    start : time at which the first frame begins; what is earlier is left out. None for that of the first event.
    """

    width: int
    height: int
    integration_time: float
    polarities: int = 2
    binary: bool = False
    start: float | None = None

    def __post_init__(self) -> None:
        whole_number("The width", self.width, 1)
        whole_number("The height", self.height, 1)
        whole_number("The number of polarities", self.polarities, 1)
        positive_number("The integration time", self.integration_time)

    @property
    def note(self) -> str:
        what = "whether there were events" if self.binary else "counts of events"
        return f"encoder: frames, {what} over {self.integration_time:g} units of their time each."

    def encode(self, recordings: Sequence[Events], steps: int) -> Array:
        """Frames of recordings, (recordings, steps, polarities, height, width) int32, or int8 where binary.

        Parameters
        ----------
        steps : frames of each; what is later is left out, what is missing is silence.

        Raises
        ------
        DataError : an event is outside the sensor.
        """
        shape = (steps, self.polarities, self.height, self.width)
        frames = np.empty((len(recordings), *shape), dtype=np.int8 if self.binary else np.int32)
        for index, events in enumerate(recordings):
            self._check(events, index)
            frame = self._frame(events)
            kept = (frame >= 0) & (frame < steps)
            polarity = np.zeros_like(frame) if self.polarities == 1 else np.asarray(events.polarity, dtype=np.int64)
            places = np.ravel_multi_index(
                tuple(np.asarray(axis)[kept].astype(np.int64) for axis in (frame, polarity, events.y, events.x)), shape
            )
            counts = np.bincount(places, minlength=math.prod(shape)).reshape(shape)
            frames[index] = counts > 0 if self.binary else counts
        return frames

    def steps_of(self, events: Events) -> int:
        """Frames that a recording takes to its last event; 0 without events."""
        frame = self._frame(events)
        return max(int(frame.max()) + 1, 0) if frame.size else 0

    def _frame(self, events: Events) -> Array:
        time = np.asarray(events.time)
        if time.size == 0:
            return np.zeros(0, dtype=np.int64)
        start = time.min() if self.start is None else self.start
        frame: Array = np.floor((time.astype(np.float64) - start) / self.integration_time).astype(np.int64)
        return frame

    def _check(self, events: Events, index: int) -> None:
        limits = [("x", events.x, self.width), ("y", events.y, self.height)]
        if self.polarities > 1:
            limits.append(("polarity", events.polarity, self.polarities))
        for name, values, limit in limits:
            if np.size(values) and (np.min(values) < 0 or np.max(values) >= limit):
                found = np.min(values) if np.min(values) < 0 else np.max(values)
                raise DataError(f"Recording {index} has an event at {name} {found}, the sensor 0 to {limit - 1}.")
