"""A sensor whose pixels each send an event when their brightness has changed by some contrast.

A pixel remembers the logarithm of the intensity at its last event. When the logarithm has moved from there by the
threshold, it sends an event, ON upwards and OFF downwards, and remembers the level it crossed (Lichtsteiner, Posch and
Delbruck, IEEE Journal of Solid-State Circuits 43, 566 (2008), https://doi.org/10.1109/JSSC.2007.914337). Between two
given moments the logarithm is taken as linear, which gives every event its time.

All arithmetic is on integers, so a recording is the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

INTENSITIES = 4081
"""Intensities are whole numbers below this one: 255 in steps of 1/16, and 0."""

UNIT = 1 << 16
"""A logarithm of 1 in the units of `log_intensity`."""

_DARK = 1 / 16  # what a black pixel still receives, as a share of a white one

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ContrastSensor:
    """A sensor of so many pixels.

    Attributes
    ----------
    thresholds : (height, width) int32, change of the logarithm that makes an event, at least 1, in 1/65,536.
    """

    thresholds: NDArray[np.int32]

    def events(
        self, logarithms: Iterable[NDArray[np.int32]], moments: NDArray[np.int64]
    ) -> tuple[Integers, Integers, Integers]:
        """Events of a number of recordings, all with frames at the same moments.

        Parameters
        ----------
        logarithms : for each moment (recordings, height, width), in 1/65,536; nothing is sent at the first.
        moments : (frames,) microseconds, rising.

        Returns
        -------
        recordings, times, addresses : (events,) each, the address being that of a sensor of (OFF and ON, height,
        width); sorted by recording, then by time.
        """
        shown = iter(logarithms)
        before = next(shown)
        size = self.thresholds.size
        remembered = before.copy()
        parts: list[tuple[Integers, Integers, Integers]] = []
        for moment, now in enumerate(shown, 1):
            change = now - remembered
            places = np.flatnonzero(np.abs(change) >= self.thresholds)
            threshold = self.thresholds.reshape(-1)[places % size]
            changed = change.reshape(-1)[places]
            sign, number = np.sign(changed), np.abs(changed) // threshold
            each = np.repeat(np.arange(places.size), number)
            nth = np.arange(each.size) - np.repeat(np.cumsum(number) - number, number) + 1
            level = remembered.reshape(-1)[places][each] + nth * (sign * threshold)[each]
            start, end = before.reshape(-1)[places][each], now.reshape(-1)[places][each]
            # Before the next moment, so that a recording's last event lies within it.
            span = int(moments[moment] - moments[moment - 1]) - 1
            times = moments[moment - 1] + (level - start) * span // (end - start)
            parts.append(((places // size)[each], times, (places % size)[each] + np.where(sign > 0, size, 0)[each]))
            remembered.reshape(-1)[places] += sign * number * threshold
            before = now
        recordings, times, addresses = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(recordings * (int(moments[-1]) + 1) + times, kind="stable")
        return recordings[order], times[order], addresses[order]


def log_intensity() -> NDArray[np.int32]:
    """(4081,) logarithm of each intensity plus that of the dark, in 1/65,536."""
    bright = INTENSITIES - 1
    return np.array(
        [round(UNIT * math.log(_DARK + intensity / bright)) for intensity in range(INTENSITIES)], dtype=np.int32
    )
