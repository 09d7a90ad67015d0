"""A data set in memory: samples and labels, for training and for testing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Split:
    """One part of a data set; its arrays are read-only.

    Attributes
    ----------
    x : (samples, *shape) where nothing changes over time, else (samples, steps, *shape); any real dtype.
    y : (samples,) int64, the class of each sample.

    Raises
    ------
    DataError : not as many labels as samples.
    """

    x: Array
    y: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.y.ndim != 1 or self.x.shape[:1] != self.y.shape:
            raise DataError(
                f"samples of the shape {self.x.shape} and labels of the shape {self.y.shape} are no data set: one "
                "label for each sample is needed."
            )
        object.__setattr__(self, "x", read_only(self.x))
        object.__setattr__(self, "y", read_only(self.y.astype(np.int64, copy=False)))

    @property
    def samples(self) -> int:
        """Number of samples."""
        return int(self.y.shape[0])

    def first(self, samples: int) -> Split:
        """The first so many samples."""
        return Split(self.x[:samples], self.y[:samples])


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples to train with and others to test with.

    Attributes
    ----------
    name : as in the catalogue.
    source : one sentence on where the data comes from, with its address and licence.
    train : the samples to train with.
    test : the samples that no training sees.
    classes : labels lie below it.
    steps : steps of a sample; None where samples are static and an encoder gives them time.
    answer_from : the first step whose output may be asked for the class. It is 0 unless the samples say it only at
        their end.

    Raises
    ------
    DataError : labels that are no class, or parts whose samples have different shapes.
    """

    name: str
    source: str
    train: Split
    test: Split
    classes: int
    steps: int | None = None
    answer_from: int = 0

    def __post_init__(self) -> None:
        if self.train.x.shape[1:] != self.test.x.shape[1:]:
            raise DataError(
                f"{self.name}: a sample to train with has the shape {self.train.x.shape[1:]}, one to test with "
                f"{self.test.x.shape[1:]}; they must be the same."
            )
        for part in (self.train, self.test):
            require_classes(part.y, self.classes, self.name)
        if self.steps is not None and self.train.x.shape[1] != self.steps:
            raise DataError(f"{self.name}: a sample has {self.train.x.shape[1]} steps, not {self.steps}.")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a sample at one step."""
        return tuple(self.train.x.shape[1 if self.steps is None else 2 :])


def read_only(array: Array) -> Array:
    """The same values, which nobody can change through it."""
    view = array.view()
    view.flags.writeable = False
    return view


def require_classes(labels: NDArray[np.int64], classes: int, name: str) -> None:
    """Refuse labels that are none of the classes.

    Parameters
    ----------
    labels : (samples,) to look at.
    classes : how many there are.
    name : of the data set.

    Raises
    ------
    DataError : names the first such label.
    """
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise DataError(f"{name}: label {wrong[0]} is none of the {classes} classes, 0 to {classes - 1}.")
