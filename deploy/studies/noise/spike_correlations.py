"""How alike the spike trains of a layer are: Pearson correlations of all pairs, and the shape of their distribution.

A train that is the same at every step, because its neuron is silent or always fires, has no correlation with anything.
Such pairs have no value here: they are left out of statistics and means, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

HIGH = 0.9  # from where on, exclusive, two trains count as highly correlated
PERCENTILE = 99.0
# Sums over samples are kept as multiples of 2**-40, so that they do not depend on the order of the samples: exact for
# 2**22 samples, and finer than any digit that is shown.
PLACES = 40
LEAST_SPREAD = 1e-7  # of values, as a share of their mean: below that all are equal but for rounding


@dataclass(frozen=True, eq=False)
class TrainCorrelations:
    """Correlations of one sample.

    Attributes
    ----------
    values : (neurons, neurons) float64 in [-1, 1], symmetric; NaN wherever one of the trains is constant.
    varying : (neurons,) bool, whose trains are not constant.
    silent : how many neurons never fire.
    stuck : how many fire at every step, and always the same.
    """

    values: Array
    varying: Array
    silent: int
    stuck: int

    @classmethod
    def of(cls, trains: Array) -> TrainCorrelations:
        """Correlate all trains of a layer.

        Parameters
        ----------
        trains : (steps, neurons) integers: spikes, or the values of graded ones.
        """
        low, high = trains.min(axis=0), trains.max(axis=0)
        varying = np.asarray(low != high)
        silent = int(np.count_nonzero(~varying & (low == 0)))
        values = np.full((trains.shape[1],) * 2, np.nan)
        if varying.any():
            values[np.ix_(varying, varying)] = _pearson(trains[:, varying])
        return cls(values, varying, silent, int(np.count_nonzero(~varying)) - silent)


def _pearson(trains: Array) -> Array:
    """(neurons, neurons) of trains none of which is constant.

    r = (T Σxy - Σx Σy) / sqrt((T Σx² - (Σx)²) (T Σy² - (Σy)²)), for integers without rounding up to the root, so that
    every machine gets the same.
    """
    steps = trains.shape[0]
    # Moved near zero by whole numbers, so that large graded values with little spread stay exact too.
    centred = trains.astype(np.float64)
    centred -= np.rint(centred.mean(axis=0))
    sums = centred.sum(axis=0)
    covariance = steps * (centred.T @ centred) - np.outer(sums, sums)
    variances = covariance.diagonal()
    covariance /= np.sqrt(np.outer(variances, variances))
    return np.asarray(np.clip(covariance, -1.0, 1.0, out=covariance))


def pair_values(values: Array) -> Array:
    """Each pair once and none with itself: (pairs,) of a matrix (neurons, neurons), NaN where a pair has no value."""
    return np.take(values, _pair_places(len(values)))


@lru_cache(maxsize=4)
def _pair_places(neurons: int) -> Array:
    """Where the pairs are in a flat matrix: above its diagonal, row by row."""
    rows, columns = np.triu_indices(neurons, 1)
    return np.asarray(rows * neurons + columns)


@dataclass(frozen=True)
class Distribution:
    """The shape of a distribution of correlations; None where there are too few values to say.

    Attributes
    ----------
    pairs : number of values.
    mean : of them.
    skewness : m3 / m2**(3/2), of central moments over all values.
    kurtosis_fisher : m4 / m2**2 - 3, the excess: 0 for a normal distribution.
    kurtosis_pearson : m4 / m2**2: 3 for a normal distribution.
    high_percentile : the 99th, linear between values.
    pairs_above : how many are above `HIGH`.
    """

    pairs: int
    mean: float | None
    skewness: float | None
    kurtosis_fisher: float | None
    kurtosis_pearson: float | None
    high_percentile: float | None
    pairs_above: int

    @classmethod
    def of(cls, values: Array) -> Distribution:
        """Describe values, (pairs,); those that are NaN are left out."""
        values = values[np.isfinite(values)]
        if not values.size:
            return cls(0, None, None, None, None, None, 0)
        mean = float(values.mean())
        apart = values - mean
        squares = apart * apart
        variance = float(squares.mean())
        skewness = kurtosis = None
        if variance > (LEAST_SPREAD * max(abs(mean), LEAST_SPREAD)) ** 2:
            skewness = float((squares * apart).mean()) / variance**1.5
            kurtosis = float((squares * squares).mean()) / variance**2
        return cls(
            int(values.size),
            mean,
            skewness,
            None if kurtosis is None else kurtosis - 3,
            kurtosis,
            float(np.percentile(values, PERCENTILE)),
            int(np.count_nonzero(values > HIGH)),
        )

    def as_row(self) -> dict[str, float | int | None]:
        """Columns of a table."""
        return {
            "pairs": self.pairs,
            "mean": self.mean,
            "skewness": self.skewness,
            "kurtosis_fisher": self.kurtosis_fisher,
            "kurtosis_pearson": self.kurtosis_pearson,
            "percentile_99": self.high_percentile,
            "pairs_above_0.9": self.pairs_above,
        }


class CorrelationSums:
    """Correlations added up over samples, exactly: in any order and any grouping the sums are the same.

    Parameters
    ----------
    neurons : of the layer.

    Attributes
    ----------
    sums : (pairs,) int64 in units of 2**-40, above the diagonal row by row.
    counts : (pairs,) int32, samples in which a pair has a value.
    """

    def __init__(self, neurons: int) -> None:
        self.neurons = neurons
        pairs = neurons * (neurons - 1) // 2
        self.sums: Array = np.zeros(pairs, dtype=np.int64)
        self.counts: Array = np.zeros(pairs, dtype=np.int32)

    def add(self, pairs: Array) -> None:
        """Add a sample, (pairs,) as `pair_values` has them."""
        known = np.isfinite(pairs)
        self.sums[known] += np.rint(np.ldexp(pairs[known], PLACES)).astype(np.int64)
        self.counts += known

    def merge(self, sums: Array, counts: Array) -> None:
        """Add the sums and counts of other samples."""
        self.sums += sums
        self.counts += counts

    def typical_samples(self, fewest: int = 1) -> tuple[float | None, float | None]:
        """How many samples the mean of a pair rests on: the median of all pairs, and of those with a mean above `HIGH`.

        A mean of few samples is far from zero more often than one of many, so that a few pairs that seldom have a value
        may make up most of those above 0.9. None where there are no such pairs.
        """
        known = self.counts >= fewest
        high = known & (self._means(fewest) > HIGH)
        all_of_them, highest = (float(np.median(self.counts[of])) if of.any() else None for of in (known, high))
        return all_of_them, highest

    def _means(self, fewest: int) -> Array:
        means = np.full(self.sums.size, np.nan)
        np.divide(np.ldexp(self.sums.astype(np.float64), -PLACES), self.counts, out=means, where=self.counts >= fewest)
        return means

    def mean(self, fewest: int = 1) -> Array:
        """(neurons, neurons) float64, over the samples in which a pair has a value; NaN where there are fewer.

        Parameters
        ----------
        fewest : samples that a pair needs, at least 1.
        """
        values = np.full((self.neurons,) * 2, np.nan)
        np.put(values, _pair_places(self.neurons), self._means(fewest))
        # Transposed before the lower half is filled: the diagonal stays without a value.
        return np.where(np.isnan(values), values.T, values)
