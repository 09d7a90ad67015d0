"""Values as the order in which they spike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .encoder import Array, Encoder
from .first_spike import single_spikes


@dataclass(frozen=True)
class RankOrder(Encoder):
    """Rank order code: the values of a sample spike once each, from the largest to the smallest.

        t = floor(T r / n)          r the number of larger values in the sample, n of all its values, T of steps

    Equal values spike together, so that nothing depends on how neurons are numbered; with fewer steps than values so do
    neighbours in the order. Values of 0 and below are silent: they are last in the order, and say nothing that the
    others have not said. Only the order is kept, whatever the unit and the contrast of the data; so there is no
    inverse. (S. Thorpe, A. Delorme and R. VanRullen, "Spike-based strategies for rapid processing", Neural Networks
    14:715-725, 2001, doi:10.1016/s0893-6080(01)00083-1.)
    """

    @property
    def note(self) -> str:
        return (
            "encoder: rank order, a spike for each value above 0, the largest of a sample first, equal ones together."
        )

    def encode(self, data: Array, steps: int) -> Array:
        values = data.reshape(data.shape[0], -1).astype(np.float64)
        ranks = _larger_values(values)
        times = np.where(values > 0, ranks * steps // max(values.shape[1], 1), steps)
        return single_spikes(times.reshape(data.shape), steps)


def _larger_values(values: Array) -> Array:
    """How many of the values of a row are larger than each, int64; (rows, values) both."""
    order = np.argsort(-values, axis=1, kind="stable")
    falling = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    begins = np.ones(values.shape, dtype=bool)
    begins[:, 1:] = falling[:, 1:] < falling[:, :-1]
    ranks = np.empty(values.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, np.maximum.accumulate(np.where(begins, place, 0), axis=1), axis=1)
    return ranks
