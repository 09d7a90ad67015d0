"""Whether two accuracies differ by more than chance explains.

Each is a share of right answers with its Wilson interval. Of the difference, the interval is Newcombe's (1998,
Statistics in Medicine 17:873-890, method 10), which is made of both:

    low  = d - sqrt((p1 - low1)^2 + (high2 - p2)^2),   high = d + sqrt((high1 - p1)^2 + (p2 - low2)^2)

with d = p1 - p2. It takes the samples of both for independent. Where both answered the same samples, as is usual, the
answers go together, so that the interval is wider than it had to be: a difference that is told from chance is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any


def accuracy_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any] | None:
    """How much more is right after than before, with its 95 % interval; None where one has no labels.

    Parameters
    ----------
    before, after : with `accuracy` and `accuracy_interval`, shares.
    """
    if before["accuracy"] is None or after["accuracy"] is None:
        return None
    share, (low, high) = after["accuracy"], after["accuracy_interval"]
    earlier, (earlier_low, earlier_high) = before["accuracy"], before["accuracy_interval"]
    difference = share - earlier
    ends = (
        difference - sqrt((share - low) ** 2 + (earlier_high - earlier) ** 2),
        difference + sqrt((high - share) ** 2 + (earlier - earlier_low) ** 2),
    )
    outcome = "higher" if ends[0] > 0 else "lower" if ends[1] < 0 else "within chance"
    return {"difference": difference, "interval": list(ends), "outcome": outcome}
