"""DVS128 Gesture: gestures before an event camera.

Two forms are read. Its authors offer recordings of a person's gestures one after the other, `user01_led.aedat`, with
`user01_led_labels.csv` (class from 1, begin and end in microseconds) and the lists `trials_to_train.txt` and
`trials_to_test.txt` (https://research.ibm.com/interactive/dvsgesture/). Tonic offers them cut already, one array a
gesture: `ibmGestureTrain/user01_led/0.npy`, whose name is the class from 0 and whose columns are x, y, polarity and
milliseconds (https://tonic.readthedocs.io, tonic.datasets.DVSGesture).
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..array_file import read_array
from ..errors import DataError, UsageError
from .aedat_file import polarity_events
from .local_files import content_of, folder_with, start_of
from .recordings import EventDataset, Recordings, joined_recordings
from .stratified import wanted_part
from .task_options import require_at_least

SOURCE = "DVS128 Gesture (Amir et al., CVPR 2017, https://research.ibm.com/interactive/dvsgesture/, CC BY 4.0)"
CLASSES: Final = 11
SIDE: Final = 128

_NAME: Final = "dvs128-gesture"
_WRAPPERS: Final = ("DvsGesture", "DVSGesture")
_PARTS: Final = (("trials_to_train.txt", "ibmGestureTrain"), ("trials_to_test.txt", "ibmGestureTest"))
_COLUMNS: Final = 4
_MICROSECONDS: Final = 1000  # in a millisecond

Integers = NDArray[np.int64]
Events = tuple[Integers, Integers, Integers, Integers]  # times, x, y, polarity


class _Gesture(NamedTuple):
    """Where one gesture lies: its file, its class, and from when to before when if the file holds others too."""

    path: Path
    label: int
    span: tuple[int, int] | None = None


def load(
    folder: Path,
    *,
    downsampling: int = 4,
    train_samples: int | None = None,
    test_samples: int | None = None,
    seed: int = 0,
) -> EventDataset:
    """Read the gestures in either form. Each begins with its first event.

    Parameters
    ----------
    folder : that holds the files, or a folder DvsGesture or DVSGesture that does.
    downsampling : so many pixels of the camera become one, across and down; a divisor of 128. The published networks
        take 4 (2 x 32 x 32 inputs).
    train_samples, test_samples : how many gestures, every class in its share; None for all.
    seed : decides which.

    Raises
    ------
    DataError : folders or files are missing, truncated or no such gestures.
    UsageError : a value out of its range.
    """
    require_at_least(1, _NAME, downsampling=downsampling)
    if SIDE % downsampling:
        raise UsageError(f"{_NAME}: downsampling {downsampling} does not divide the {SIDE} pixels of a row.")
    original = any(
        (candidate / _PARTS[0][0]).exists() for candidate in (folder, *(folder / name for name in _WRAPPERS))
    )
    names = tuple(part[0 if original else 1] for part in _PARTS)
    inside = folder_with(folder, _NAME, _WRAPPERS, *names)
    parts = []
    for name, wanted, option in zip(
        names, (train_samples, test_samples), ("train_samples", "test_samples"), strict=True
    ):
        gestures = _listed(inside / name) if original else _cut_already(inside / name)
        labels = np.array([gesture.label for gesture in gestures], dtype=np.int64)
        chosen = np.flatnonzero(wanted_part(labels, wanted, seed, _NAME, option))
        parts.append(_recordings([gestures[index] for index in chosen], downsampling))
    return EventDataset(_NAME, SOURCE, parts[0], parts[1], CLASSES, max(parts[0].end, parts[1].end))


def _cut_already(folder: Path) -> list[_Gesture]:
    labels = {str(label): label for label in range(CLASSES)}
    found = [_Gesture(path, labels[path.stem]) for path in sorted(folder.glob("*/*.npy")) if path.stem in labels]
    if not found:
        raise DataError(f"{_NAME}: {folder} has no gestures; they are called user01_fluorescent/0.npy and so on.")
    return found


def _listed(trials: Path) -> list[_Gesture]:
    found = []
    for name in content_of(trials, _NAME).decode("utf-8", "replace").split():
        path = trials.parent / name
        table = path.with_name(f"{path.stem}_labels.csv")
        for row in content_of(table, _NAME).decode("utf-8", "replace").split()[1:]:
            try:
                label, begin, end = (int(number) for number in row.split(","))
            except ValueError:
                raise DataError(f"{_NAME}: {table} has a row {row!r}; class, begin and end are needed.") from None
            if not 1 <= label <= CLASSES:
                raise DataError(f"{_NAME}: {table} has the class {label}, but they are 1 to {CLASSES}.")
            found.append(_Gesture(path, label - 1, (begin, end)))
    if not found:
        raise DataError(f"{_NAME}: {trials} names no gestures.")
    return found


def _recordings(gestures: list[_Gesture], downsampling: int) -> Recordings:
    side = SIDE // downsampling
    read = []
    for path, those in groupby(gestures, lambda gesture: gesture.path):
        times, x, y, polarity = polarity_events(path, _NAME) if path.suffix == ".aedat" else _array_events(path)
        if times.size and (
            min(x.min(), y.min(), polarity.min()) < 0 or max(x.max(), y.max()) >= SIDE or polarity.max() > 1
        ):
            raise DataError(f"{_NAME}: {path} has events beyond {SIDE} x {SIDE} pixels of 2 polarities.")
        addresses = ((polarity * side + y // downsampling) * side + x // downsampling).astype(np.int32)
        for gesture in those:
            begin, end = gesture.span or (times.min(initial=0), times.max(initial=0) + 1)
            inside = (begin <= times) & (times < end)
            its = times[inside]
            read.append((its - (its.min() if its.size else 0), addresses[inside]))
    return joined_recordings(read, [gesture.label for gesture in gestures], (2, side, side))


def _array_events(path: Path) -> Events:
    start_of(path, _NAME)
    try:
        table = read_array(path)
    except (OSError, ValueError):
        raise DataError(f"{_NAME}: {path} is truncated or no NumPy array of numbers.") from None
    if table.ndim != 2 or table.shape[1] != _COLUMNS or table.dtype.kind not in "iuf":
        raise DataError(f"{_NAME}: {path} is no array of numbers with columns for x, y, polarity and milliseconds.")
    if not np.all(np.isfinite(table)):
        raise DataError(f"{_NAME}: {path} holds values that are not finite.")
    x, y, polarity, milliseconds = table.astype(np.float64).T
    times = np.rint(milliseconds * _MICROSECONDS).astype(np.int64)
    return times, x.astype(np.int64), y.astype(np.int64), polarity.astype(np.int64)
