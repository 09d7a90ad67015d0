"""Spiking Heidelberg Digits and Spiking Speech Commands, from the HDF5 files that their authors offer.

A file has, for each sample, the seconds `spikes/times`, the channels `spikes/units` (0 to 699) and a label in `labels`
(https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .local_files import folder_with, start_of
from .recordings import EventDataset, Recordings, joined_recordings
from .stratified import wanted_part

CHANNELS: Final = 700
DIGITS_CLASSES: Final = 20
COMMANDS_CLASSES: Final = 35

_SOURCE: Final = (
    "(Cramer et al., IEEE Transactions on Neural Networks and Learning Systems 33, 2744 (2022), "
    "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/, CC BY 4.0)"
)
_MICROSECONDS: Final = 1e6  # in a second
_FIELDS: Final = ("spikes/times", "spikes/units", "labels")


def load_digits(
    folder: Path, *, train_samples: int | None = None, test_samples: int | None = None, seed: int = 0
) -> EventDataset:
    """Read shd_train.h5 and shd_test.h5: the digits 0 to 9 in German and in English.

    Parameters
    ----------
    folder : that holds the two, or a folder SHD that does.
    train_samples, test_samples : how many samples, every class in its share; None for all.
    seed : decides which.

    Raises
    ------
    DataError : files are missing, truncated or no such samples.
    UsageError : more samples than there are.
    """
    wanted = (train_samples, test_samples)
    return _loaded(folder, "shd", f"Spiking Heidelberg Digits {_SOURCE}", DIGITS_CLASSES, wanted, seed)


def load_commands(
    folder: Path, *, train_samples: int | None = None, test_samples: int | None = None, seed: int = 0
) -> EventDataset:
    """Read ssc_train.h5 and ssc_test.h5; the part for validation is not used.

    Parameters
    ----------
    folder : that holds the two, or a folder SSC that does.
    train_samples, test_samples : how many samples, every class in its share; None for all.
    seed : decides which.

    Raises
    ------
    DataError : files are missing, truncated or no such samples.
    UsageError : more samples than there are.
    """
    wanted = (train_samples, test_samples)
    return _loaded(folder, "ssc", f"Spiking Speech Commands {_SOURCE}", COMMANDS_CLASSES, wanted, seed)


def _loaded(
    folder: Path, name: str, source: str, classes: int, wanted: tuple[int | None, int | None], seed: int
) -> EventDataset:
    files = (f"{name}_train.h5", f"{name}_test.h5")
    inside = folder_with(folder, name, (name.upper(),), *files)
    train = _part(inside / files[0], name, wanted[0], seed, "train_samples")
    test = _part(inside / files[1], name, wanted[1], seed, "test_samples")
    return EventDataset(name, source, train, test, classes, max(train.end, test.end))


def _part(path: Path, name: str, wanted: int | None, seed: int, option: str) -> Recordings:
    import h5py

    start_of(path, name)
    try:
        with h5py.File(path, "r") as file:
            missing = [field for field in _FIELDS if field not in file]
            if missing:
                raise DataError(f"{name}: {path} has no {missing[0]}; it is no file of these spikes.")
            times, units, labels = (file[field] for field in _FIELDS)
            if not times.shape == units.shape == labels.shape or len(labels.shape) != 1:
                raise DataError(f"{name}: {path} has not as many labels as samples.")
            classes = labels[:].astype(np.int64)
            chosen = np.flatnonzero(wanted_part(classes, wanted, seed, name, option))
            events = [_events(times[index], units[index], path, name) for index in chosen]
    except (OSError, RuntimeError):
        raise DataError(f"{name}: {path} is truncated or no HDF5 file; unpack it if it is packed.") from None
    return joined_recordings(events, classes[chosen], (CHANNELS,))


def _events(times: Any, units: Any, path: Path, name: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    seconds, channels = np.asarray(times, dtype=np.float64), np.asarray(units, dtype=np.int64)
    if seconds.shape != channels.shape:
        raise DataError(f"{name}: {path} has a sample of {seconds.size} times and {channels.size} channels.")
    if seconds.size and (
        not np.all(np.isfinite(seconds)) or seconds.min() < 0 or channels.min() < 0 or channels.max() >= CHANNELS
    ):
        raise DataError(f"{name}: {path} has spikes before 0 s or outside of {CHANNELS} channels.")
    return np.rint(seconds * _MICROSECONDS).astype(np.int64), channels.astype(np.int32)
