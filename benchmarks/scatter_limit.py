"""How fast this machine adds rows of int8 weights to int32 sums: the limit of a dense layer driven by events.

    python benchmarks/scatter_limit.py [--rows 784] [--fan-out 512] [--events 200000000] [--repeats 5]

An event is one weight added to one sum. Rows are drawn at random, as spikes come; every thread has sums of its own.
Prints JSON: events a second, the median over the repeats, by the number of threads.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

THREADS = (1, 2)


@numba.njit(nogil=True, boundscheck=False)
def _add_rows(rows: Array, weights: Array, sums: Array) -> None:
    for row in rows:
        for target in range(sums.size):
            sums[target] += weights[row, target]


@numba.njit(parallel=True, boundscheck=False)
def _add_in_threads(rows: Array, weights: Array, sums: Array) -> None:
    for part in numba.prange(rows.shape[0]):
        _add_rows(rows[part], weights, sums[part])


def scatter_limit(rows: int, fan_out: int, events: int, threads: int, repeats: int) -> float:
    """Events a second.

    Parameters
    ----------
    rows, fan_out : shape of the matrix of weights.
    events : of a run, over all threads.
    """
    random = np.random.default_rng(0)
    weights = random.integers(-60, 61, (rows, fan_out), dtype=np.int8)
    spikes = random.integers(0, rows, (threads, max(1, events // fan_out // threads)))
    sums = np.zeros((threads, fan_out), dtype=np.int32)
    before = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        _add_in_threads(spikes[:, :1], weights, sums)
        sums[:] = 0
        seconds = []
        for _ in range(repeats + 1):
            began = time.perf_counter()
            _add_in_threads(spikes, weights, sums)
            seconds.append(time.perf_counter() - began)
    finally:
        numba.set_num_threads(before)
    counted = np.stack([np.bincount(part, minlength=rows) for part in spikes])
    if not np.array_equal(sums, (repeats + 1) * (counted @ weights.astype(np.int64)).astype(np.int32)):
        raise RuntimeError("the sums are wrong")
    return spikes.size * fan_out / statistics.median(seconds[1:])


def limits(rows: int, fan_out: int, events: int, repeats: int) -> dict[str, float]:
    """Events a second by the number of threads, as far as the machine has processors."""
    found = [threads for threads in THREADS if threads <= numba.config.NUMBA_NUM_THREADS]
    return {str(threads): scatter_limit(rows, fan_out, events, threads, repeats) for threads in found}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The limit of adding int8 rows to int32 sums.")
    parser.add_argument("--rows", type=int, default=784)
    parser.add_argument("--fan-out", type=int, default=512)
    parser.add_argument("--events", type=int, default=200_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(limits(options.rows, options.fan_out, options.events, options.repeats)))


if __name__ == "__main__":
    main()
