"""Where spikes wait for the populations that they reach: lists, for some steps and samples at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Place(IntEnum):
    """Columns of the table of populations."""

    SIZE = 0  # neurons
    ROWS = 1  # steps that are kept, in a ring
    PIECE = 2  # neurons of a piece, but for the last, which may have fewer
    PIECES = 3
    FIRED = 4  # where its lists begin: a row of all neurons a sample and step, each piece's list at the piece's place
    VALUES = 5  # the same for the numbers that spikes carry; -1 where they carry none
    COUNTS = 6  # where the lengths of its lists begin: sample by sample, step by step, piece by piece


@dataclass(frozen=True, eq=False)
class EventBuffers:
    """Lists of the neurons that spiked.

    The memory is reserved for the case that all neurons spike; the system gives it only where it is written to.

    Attributes
    ----------
    places : (populations, columns) int64, see `Place`.
    fired : int32, numbers of neurons, ascending in a list.
    values : int32, what these neurons sent.
    counts : int64, lengths of the lists.
    """

    places: Array
    fired: Array
    values: Array
    counts: Array


def build_buffers(
    sizes: tuple[int, ...],
    rows: tuple[int, ...],
    pieces: Mapping[int, Array],
    graded: tuple[bool, ...],
    samples: int,
) -> EventBuffers:
    """Make room.

    Parameters
    ----------
    sizes, rows, graded : per population, its neurons, the steps to keep, and whether its spikes carry numbers.
    pieces : per number of a population that is cut, (pieces + 1,): where its pieces begin.
    samples : that are under way at a time.
    """
    places = np.zeros((len(sizes), len(Place)), dtype=np.int64)
    fired = values = counts = 0
    for index, size in enumerate(sizes):
        cuts = pieces.get(index, np.array([0, size]))
        held = samples * rows[index]
        places[index] = (size, rows[index], cuts[1], cuts.size - 1, fired, values if graded[index] else -1, counts)
        fired += held * size
        values += held * size if graded[index] else 0
        counts += held * (cuts.size - 1)
    return EventBuffers(
        places,
        np.empty(fired, dtype=np.int32),
        np.empty(values, dtype=np.int32),
        np.zeros(counts, dtype=np.int64),
    )
