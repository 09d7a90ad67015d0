"""The compiled loop that says how far integer neurons go astray, given what reaches them in the float network.

Two spike trains are compared by their distance after van Rossum (Neural Computation 13, 2001): each is smoothed by an
exponential, as a receiver's membrane does, and the squared difference is summed over the steps. Unlike a count of
spikes in common it forgives a spike that comes a step early, which is what receivers do, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ...backends.simulator.simulate import processors
from ...backends.simulator.worker_threads import WorkerThreads
from ...models.compiled_code import keep_compiled_code
from ...models.neurons import IntegerLeakyIntegrateAndFire
from ...models.neurons.rules import leaky_rule

Array = NDArray[Any]

keep_compiled_code(Path(__file__), Path(leaky_rule.__file__))

PARTS = 16  # that the replicates are dealt to; on any machine the sum is of the same parts, in the same order
WORTH_SHARING = 100_000  # steps of neurons, below which threads would take longer to begin than to compute

_step = numba.njit(inline="always")(leaky_rule.step)


@dataclass(frozen=True, eq=False)
class Score:
    """How integer neurons did, per row.

    Attributes
    ----------
    distance : (retentions, rows): squared difference of the smoothed spike trains, summed.
    common, either : (rows,): spikes of both, and spikes of either.
    """

    distance: Array
    common: Array
    either: Array


def score(neuron: IntegerLeakyIntegrateAndFire, sums: Array, wanted: Array, retentions: Array) -> Score:
    """Run integer neurons on what reaches them.

    Parameters
    ----------
    neuron : parameters () or (positions, rows).
    sums : (steps, replicates, rows), whole numbers of any dtype.
    wanted : the same shape, bool.
    retentions : (retentions,), share of a smoothed train kept from step to step.
    """
    shape = np.broadcast_shapes(*(value.shape for value in neuron.rule_parameters.values()), (1, sums.shape[2]))
    parameters = np.stack(
        [np.broadcast_to(neuron.rule_parameters[name], shape) for name in neuron.rule.parameters]
    ).astype(np.int64, order="C")
    start = np.broadcast_to(neuron.initial_voltage, shape).astype(np.int64, order="C")
    parts = np.zeros((min(sums.shape[1], PARTS), 2 + retentions.size, sums.shape[2]))
    _fill_all(parts, sums, wanted, parameters, start, np.asarray(retentions, dtype=np.float64))
    found = parts.sum(axis=0)
    return Score(found[2:], found[0], found[1])


def _fill_all(parts: Array, sums: Array, *others: Array) -> None:
    """Run the neurons of all parts, in as many threads as are worth it."""
    threads = 1 if sums.size < WORTH_SHARING else max(1, min(len(parts), processors()))

    def work(thread: int) -> None:
        for part in range(thread, len(parts), threads):
            _fill(parts, part, sums, *others)

    with WorkerThreads(threads) as workers:
        workers.share(threads, work)


# Not Numba's own way to loop in parallel, which takes seconds longer to compile.
@numba.njit(cache=True, nogil=True)
def _fill(parts, number, sums, wanted, p, start, retentions):  # type: ignore[no-untyped-def]
    steps, replicates, rows = sums.shape
    positions = start.shape[0]
    part = parts[number]
    current = np.zeros(rows, dtype=np.int64)
    voltage = np.zeros(rows, dtype=np.int64)
    smoothed = np.zeros((retentions.size, rows))
    for replicate in range(number, replicates, parts.shape[0]):
        place = replicate % positions
        current[:] = 0
        voltage[:] = start[place]
        smoothed[:] = 0.0
        for step in range(steps):
            for row in range(rows):
                current[row], voltage[row], output = _step(
                    current[row], voltage[row], np.int64(sums[step, replicate, row]),
                    p[0, place, row], p[1, place, row], p[2, place, row], p[3, place, row],
                    p[4, place, row], p[5, place, row], p[6, place, row], p[7, place, row],
                )  # fmt: skip
                spike = wanted[step, replicate, row]
                if output:
                    part[1, row] += 1
                    if spike:
                        part[0, row] += 1
                elif spike:
                    part[1, row] += 1
                difference = output - spike
                for kind in range(retentions.size):
                    smoothed[kind, row] = smoothed[kind, row] * retentions[kind] + difference
                    part[2 + kind, row] += smoothed[kind, row] ** 2
