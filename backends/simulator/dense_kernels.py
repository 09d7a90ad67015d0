"""The compiled loops between lists of spikes and matrices of activity."""

from __future__ import annotations

import numpy as np

from .compiled_loops import compiled_loop, keep_loops
from .event_buffers import Place

keep_loops()

_SIZE = int(Place.SIZE)
_ROWS = int(Place.ROWS)
_PIECE = int(Place.PIECE)
_PIECES = int(Place.PIECES)
_FIRED = int(Place.FIRED)
_VALUES = int(Place.VALUES)
_COUNTS = int(Place.COUNTS)


@compiled_loop(cache=True)
def count_events(place, values, counts, samples, first, stop):
    """Spikes sent in some steps of all samples, and the largest magnitude among the numbers that they carry."""
    sent = 0
    largest = np.int64(1)
    for sample in range(samples):
        for step in range(max(first, 0), stop):
            at = sample * place[_ROWS] + step % place[_ROWS]
            for piece in range(place[_PIECES]):
                count = counts[place[_COUNTS] + at * place[_PIECES] + piece]
                sent += count
                if place[_VALUES] >= 0:
                    start = place[_VALUES] + at * place[_SIZE] + piece * place[_PIECE]
                    for event in range(count):
                        largest = max(largest, abs(np.int64(values[start + event])))
    return sent, largest


@compiled_loop(cache=True)
def fill(activity, place, fired, values, counts, first):
    """Write spikes into a matrix of zeros, (samples, steps, sources)."""
    for sample in range(activity.shape[0]):
        for now in range(activity.shape[1]):
            step = first + now
            if step < 0:
                continue
            at = sample * place[_ROWS] + step % place[_ROWS]
            for piece in range(place[_PIECES]):
                offset = at * place[_SIZE] + piece * place[_PIECE]
                for event in range(counts[place[_COUNTS] + at * place[_PIECES] + piece]):
                    neuron = fired[place[_FIRED] + offset + event]
                    activity[sample, now, neuron] = (
                        values[place[_VALUES] + offset + event] if place[_VALUES] >= 0 else 1
                    )
