"""What a network would answer if it were stopped at each step, and from when on that answer is right, or stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....models.decision import Decision

Array = NDArray[Any]
NEVER = 0  # in the place of a step, which count from 1


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers at every step.

    Attributes
    ----------
    classes : (samples, steps) int64, what `decide` makes of the steps so far; the first of equals.
    gaps : (samples, steps) float64 of at least 0, by how much the best class is ahead of the second in the units of
        the output: spikes, or values of graded ones. Where it is 0, two classes are level and there is no decision yet.
    """

    classes: Array
    gaps: Array

    @classmethod
    def of(cls, activity: Array, decision: Decision) -> Answers:
        """Look at the output step by step.

        Parameters
        ----------
        activity : (samples, steps, classes) integers of the output population, two classes at least.
        decision : how they become a class.
        """
        scores = running_scores(activity, decision)
        best = np.partition(scores, -2, axis=2)[:, :, -2:]
        return cls(scores.argmax(axis=2).astype(np.int64), (best[:, :, 1] - best[:, :, 0]).astype(np.float64))

    def first_right(self, right: Array) -> Array:
        """(samples,) int64, the first step, counted from 1, with a decision for the class in `right`; or `NEVER`."""
        hit = (self.classes == right[:, np.newaxis]) & (self.gaps > 0)
        return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, NEVER)

    def stable_from(self) -> Array:
        """(samples,) int64, the step from which on the decision is the last one without a break; or `NEVER`.

        A step at which the best two are level breaks it. Samples without a decision at the last step have none.
        """
        same = (self.classes == self.classes[:, -1:]) & (self.gaps > 0)
        # From the end: how many steps in a row.
        lasting = np.logical_and.accumulate(same[:, ::-1], axis=1).sum(axis=1)
        return np.where(lasting > 0, same.shape[1] - lasting + 1, NEVER)


def running_scores(activity: Array, decision: Decision) -> Array:
    """(samples, steps, classes): what `decide` compares, were each step the last."""
    if decision is Decision.SUM:
        return np.asarray(activity.cumsum(axis=1, dtype=np.float64))
    # Wide enough for the difference of any two values.
    wide = activity.astype(np.int64)
    return np.asarray(np.maximum.accumulate(wide, axis=1)) if decision is Decision.MAXIMUM else wide
