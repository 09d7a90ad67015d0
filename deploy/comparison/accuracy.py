"""Whether two accuracies differ by more than chance explains.

Each is a share of right answers with its Wilson interval. Of the difference, the interval is Newcombe's, which is made
of both: with d = p1 - p2,

    low  = d - sqrt(a^2 - 2 phi a b + b^2),   a = p1 - low1,   b = high2 - p2
    high = d + sqrt(c^2 - 2 phi c e + e^2),   c = high1 - p1,  e = p2 - low2

Where both answered the same samples, phi is how their right answers go together (1998, Statistics in Medicine
17:2635-2650, method 10): most samples are hard for both or for none, so that a smaller difference can be told from
chance. Of other samples phi is 0 (1998, Statistics in Medicine 17:873-890, method 10).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import sqrt
from typing import Any

from ..report.verdict import final_stage

Report = Mapping[str, Any]


def accuracy_between(before: Report, after: Report) -> dict[str, Any] | None:
    """How much more is right on the chip after than before, with its 95 % interval; None where one has no labels."""
    one, other = (final_stage(report) or {"accuracy": None} for report in (before, after))
    together = None
    if before["data"]["sha256"] == after["data"]["sha256"] and one.get("samples") == other.get("samples"):
        wrong, others_wrong = one.get("wrong_samples"), other.get("wrong_samples")
        if wrong is not None and others_wrong is not None:
            together = correlation(wrong, others_wrong, samples=one["samples"])
    return accuracy_change(one, other, together)


def accuracy_change(
    before: Mapping[str, Any], after: Mapping[str, Any], together: float | None = None
) -> dict[str, Any] | None:
    """How much more is right after than before, with its 95 % interval; None where one has no labels.

    Parameters
    ----------
    before, after : with `accuracy` and `accuracy_interval`, shares.
    together : the `correlation` of their answers; None where they are of different samples, or not known one by one.
    """
    if before["accuracy"] is None or after["accuracy"] is None:
        return None
    share, (low, high) = after["accuracy"], after["accuracy_interval"]
    earlier, (earlier_low, earlier_high) = before["accuracy"], before["accuracy_interval"]
    difference = share - earlier
    phi = together or 0.0
    ends = (
        difference - _distance(share - low, earlier_high - earlier, phi),
        difference + _distance(high - share, earlier - earlier_low, phi),
    )
    outcome = "higher" if ends[0] > 0 else "lower" if ends[1] < 0 else "within chance"
    return {"difference": difference, "interval": list(ends), "outcome": outcome, "paired": together is not None}


def _distance(one: float, other: float, phi: float) -> float:
    # Both are as good as equal where phi is 1, and rounding may leave less than nothing.
    return sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))


def correlation(wrong: Collection[int], others_wrong: Collection[int], *, samples: int) -> float:
    """How two networks' right answers to the same samples go together, -1..1: phi, with Newcombe's correction.

    Parameters
    ----------
    wrong, others_wrong : numbers of the samples that each answers wrongly.
    samples : how many both answered.
    """
    mine, yours = set(wrong), set(others_wrong)
    both = len(mine & yours)
    neither = samples - len(mine | yours)
    product: float = both * neither - (len(mine) - both) * (len(yours) - both)
    if product > 0:
        product = max(product - samples / 2, 0.0)  # for continuity
    scale = len(mine) * len(yours) * (samples - len(mine)) * (samples - len(yours))
    return product / sqrt(scale) if scale else 0.0
