"""N-MNIST: MNIST recorded by a moving sensor, from the files that its authors offer.

An event takes five bytes: x, y, then a bit for the polarity and 23 for the microseconds, the most significant first
(https://www.garrickorchard.com/datasets/n-mnist). An event in row 240, which the sensor does not have, says that the
clock ran over: 8,192 microseconds are to be added from there on (https://github.com/gorchard/event-Python,
eventvision.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .local_files import content_of, folder_with
from .recordings import EventDataset, Recordings, joined_recordings
from .stratified import wanted_part

SOURCE = (
    "N-MNIST (Orchard et al., Frontiers in Neuroscience 9, 437 (2015), "
    "https://www.garrickorchard.com/datasets/n-mnist, CC BY-SA 4.0)"
)
CLASSES: Final = 10
SIDE: Final = 34

_NAME: Final = "n-mnist"
_EVENT_BYTES: Final = 5
_OVERRUN_ROW: Final = 240
_OVERRUN: Final = 1 << 13


def load(
    folder: Path, *, train_samples: int | None = None, test_samples: int | None = None, seed: int = 0
) -> EventDataset:
    """Read the recordings in the folders Train/0 to Train/9 and Test/0 to Test/9.

    Parameters
    ----------
    folder : that holds Train and Test, or a folder NMNIST that does.
    train_samples, test_samples : how many recordings, every class in its share; None for all.
    seed : decides which.

    Raises
    ------
    DataError : folders or files are missing, truncated or no such recordings.
    UsageError : more samples than there are.
    """
    inside = folder_with(folder, _NAME, ("NMNIST",), "Train", "Test")
    train = _part(inside / "Train", train_samples, seed, "train_samples")
    test = _part(inside / "Test", test_samples, seed, "test_samples")
    return EventDataset(_NAME, SOURCE, train, test, CLASSES, max(train.end, test.end))


def _part(folder: Path, wanted: int | None, seed: int, option: str) -> Recordings:
    files = [(path, digit) for digit in range(CLASSES) for path in sorted((folder / str(digit)).glob("*.bin"))]
    if not files:
        raise DataError(f"{_NAME}: {folder} has no recordings; they are called 0/00002.bin, 1/00004.bin and so on.")
    labels = np.array([digit for _, digit in files], dtype=np.int64)
    chosen = np.flatnonzero(wanted_part(labels, wanted, seed, _NAME, option))
    events = [_events(files[index][0]) for index in chosen]
    return joined_recordings(events, labels[chosen], (2, SIDE, SIDE))


def _events(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    content = content_of(path, _NAME)
    if len(content) % _EVENT_BYTES:
        raise DataError(f"{_NAME}: {path} is truncated: {len(content)} bytes are no whole number of events of 5 bytes.")
    table = np.frombuffer(content, dtype=np.uint8).reshape(-1, _EVENT_BYTES).astype(np.int64)
    x, y, high, middle, low = table.T
    overrun = y == _OVERRUN_ROW
    times = ((high & 0x7F) << 16 | middle << 8 | low) + np.cumsum(overrun) * _OVERRUN
    seen = ~overrun
    if seen.any() and max(int(x[seen].max()), int(y[seen].max())) >= SIDE:
        raise DataError(f"{_NAME}: {path} is no such recording: it has events beyond {SIDE} x {SIDE} pixels.")
    addresses = ((high >> 7) * SIDE + y) * SIDE + x
    return times[seen], addresses[seen].astype(np.int32)
