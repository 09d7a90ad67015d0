"""Perturbations that the chip's input can take: single units added to or taken from inputs until an answer breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Gradient = Callable[[Array, Array], tuple[Array, Array]]
"""From samples and right classes to the gradient by the input, and the classes that the float network decides."""
Classes = Callable[[Array], Array]
"""From samples to the classes that the integer network decides."""


@dataclass(frozen=True, eq=False)
class Broken:
    """How far samples had to be moved to break the answers of one network.

    Attributes
    ----------
    right : (samples,) bool: whether it was right before; the others need no attack.
    succeeded : (samples,) bool: whether an answer that was right became wrong.
    changes : (samples,) int64: units moved up to then, in all inputs; -1 where it was not right, or held out.
    distance : (samples,) float64: Euclidean norm of the perturbation, in the unit of the values; NaN likewise.
    largest : (samples,) float64: the largest change of a single input; NaN likewise.
    """

    right: Array
    succeeded: Array
    changes: Array
    distance: Array
    largest: Array


@dataclass(frozen=True)
class Attack:
    """Greedy steps along the gradient.

    Attributes
    ----------
    unit : by which an input is moved, above 0: 1 flips a spike, a smaller one is a level of a value.
    most : units that a sample is moved by at most.
    at_once : inputs that are moved between two looks at the gradient, at least 1; how fine perturbations are found.
    low, high : of an input's values.
    """

    unit: float
    most: int
    at_once: int = 1
    low: float = 0.0
    high: float = 1.0

    def run(self, x: Array, y: Array, gradient: Gradient, classes: Classes) -> tuple[Broken, Broken]:
        """Move all samples until both networks are wrong.

        The steps are those that the float network's gradient says, also for the integer network, and they go on where
        the float network is wrong already and the integer one still right.

        Parameters
        ----------
        x : (samples, ...) between `low` and `high`.
        y : (samples,) right classes.

        Returns
        -------
        Of the float network and of the integer network.
        """
        moved = x.astype(np.float64)
        original = moved.copy()
        slopes, in_float = gradient(moved, y)
        tallies = _Tally(in_float == y), _Tally(classes(moved) == y)
        used = 0
        while used < self.most:
            going = np.flatnonzero(tallies[0].holding | tallies[1].holding)
            if not going.size:
                break
            count = min(self.at_once, self.most - used)
            moved[going] = self._step(moved[going], original[going], slopes[going], count)
            used += count
            now, in_float = gradient(moved[going], y[going])
            slopes[going] = now
            perturbed = moved[going] - original[going]
            for tally, decided in zip(tallies, (in_float, classes(moved[going])), strict=True):
                tally.note(going[decided != y[going]], perturbed[decided != y[going]], self.unit)
        return tallies[0].broken(), tallies[1].broken()

    def _step(self, moved: Array, original: Array, slopes: Array, count: int) -> Array:
        """Move the inputs from which the wrong class gains most, of those that have not moved the other way before."""
        flat, begun, slope = (array.reshape(len(moved), -1) for array in (moved, original, slopes))
        target = flat + self.unit * np.sign(slope)
        slack = 1e-9 * self.unit
        possible = (target >= self.low - slack) & (target <= self.high + slack) & (slope != 0)
        # An input that was raised is not lowered again, lest two inputs be moved to and fro for ever.
        possible &= (flat - begun) * np.sign(slope) >= -slack
        gain = np.where(possible, np.abs(slope), -np.inf)
        count = min(count, gain.shape[1])
        chosen = np.argpartition(-gain, count - 1, axis=1)[:, :count]
        rows = np.arange(len(flat))[:, np.newaxis]
        result = flat.copy()
        result[rows, chosen] = np.where(possible[rows, chosen], target[rows, chosen], flat[rows, chosen])
        return np.clip(result, self.low, self.high).reshape(moved.shape)


class _Tally:
    """What is known of one network.

    Parameters
    ----------
    right : (samples,) bool, before the attack.
    """

    def __init__(self, right: Array) -> None:
        self.right, self.holding = right, right.copy()
        self._changes = np.full(right.shape, -1, dtype=np.int64)
        self._distance, self._largest = (np.full(right.shape, np.nan) for _ in range(2))

    def note(self, samples: Array, perturbed: Array, unit: float) -> None:
        """Samples that are wrong now, with what was added to them; only the first time counts."""
        first = self.holding[samples]
        if not first.any():
            return
        samples, flat = samples[first], perturbed[first].reshape(int(first.sum()), -1)
        self._changes[samples] = np.rint(np.abs(flat).sum(axis=1) / unit)
        self._distance[samples] = np.sqrt((flat**2).sum(axis=1))
        self._largest[samples] = np.abs(flat).max(axis=1)
        self.holding[samples] = False

    def broken(self) -> Broken:
        return Broken(self.right, self.right & ~self.holding, self._changes, self._distance, self._largest)
