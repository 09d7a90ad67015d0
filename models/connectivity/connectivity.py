"""What every kind of connectivity can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]


class Connectivity(ABC):
    """A linear map from the output of one population to the input of another, kept as symbolic as it is.

    Neurons are numbered in the C order of their population's shape, channels first. A connectivity with float weights
    belongs to a float network, one with integer weights to a quantized one.
    """

    weights: Array

    @property
    @abstractmethod
    def sources(self) -> int:
        """Number of source neurons."""

    @property
    @abstractmethod
    def targets(self) -> int:
        """Number of target neurons."""

    @abstractmethod
    def apply(self, activity: Array) -> Array:
        """Sum the weighted activity at every target.

        Parameters
        ----------
        activity : (batch, sources), any real dtype.

        Returns
        -------
        (batch, targets) float64; exact for integers below 2**53, which every sum of a chip is.
        """

    @abstractmethod
    def to_sparse(self) -> sparse.csr_array:
        """Every single synapse: (targets, sources), in the dtype of the weights, zeros left out."""

    @abstractmethod
    def with_weights(self, weights: Array) -> Self:
        """The same connectivity with other weights of the same shape."""

    @abstractmethod
    def scaled_by_target(self, gain: Array) -> Connectivity:
        """Multiply what arrives at each target by `gain`, (targets,) or a scalar."""

    @abstractmethod
    def scaled_by_source(self, gain: Array) -> Connectivity:
        """Multiply what leaves each source by `gain`, (sources,) or a scalar."""

    @property
    def products(self) -> int:
        """Multiplications that `apply` takes for one sample and step."""
        return int(self.weights.size)

    def synapses(self) -> int:
        """Number of synapses with a weight other than zero, each shared weight counted where it is used."""
        return int(self.to_sparse().count_nonzero())


def uniform(gain: Array, groups: int = 1) -> Array | None:
    """The one value of each of `groups` equal stretches of `gain`, or None where a stretch holds several.

    Parameters
    ----------
    gain : scalar or (n,), n a multiple of `groups`.

    Returns
    -------
    (groups,) or None.
    """
    gain = np.asarray(gain, dtype=float)
    if gain.size == 1:
        return np.full(groups, gain.reshape(-1)[0])
    rows = gain.reshape(groups, -1)
    return rows[:, 0].copy() if bool(np.all(rows == rows[:, :1])) else None
