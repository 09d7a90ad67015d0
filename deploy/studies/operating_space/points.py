"""Where a network works, and which points of its operating space are worth choosing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..study import Row

EQUAL = 1e-9  # shares that differ by less are the same
NEVER = 2.0  # an accuracy that no point reaches
CHOICES = ("knee", "fastest", "most-accurate")


@dataclass(frozen=True, eq=False)
class OperatingPoints:
    """The points among many that matter; each is a row with `accuracy`, `spikes`, `energy` and `latency`.

    Attributes
    ----------
    most_accurate : of the points of the highest accuracy the one with the fewest spikes.
    knee : the one with the fewest spikes among those that lose at most the tolerance against `aim`.
    fastest : the one with the lowest latency among them.
    aim : accuracy that the tolerance is counted from.
    front : points than which none is both more accurate and sparser, from the sparsest on.
    limit : accuracy from which on a point counts as working; beyond 1 where none is better than chance.
    """

    most_accurate: Row
    knee: Row
    fastest: Row
    aim: float
    front: tuple[Row, ...]
    limit: float

    def named(self, choice: str) -> Row:
        """One of `CHOICES`."""
        return {"knee": self.knee, "fastest": self.fastest, "most-accurate": self.most_accurate}[choice]

    def works(self, row: Row) -> bool:
        """Whether a point belongs to the operational manifold."""
        return row["accuracy"] is not None and row["accuracy"] >= self.limit - EQUAL


def operating_points(
    rows: Sequence[Row], *, tolerance: float, chance: float, share: float, reference: float | None = None
) -> OperatingPoints | None:
    """Look through the points of a grid.

    Parameters
    ----------
    rows : points; those without an accuracy were not to be had.
    tolerance : accuracy that sparser and faster points may lose, in [0, 1].
    chance : accuracy of an answer that is always the same, in [0, 1].
    reference : accuracy of the network as it was, from which the tolerance is counted; None counts from the best point,
        and so does a reference that no point comes near to.
    share : of the way from chance to the best accuracy that a point must go to count as working, in [0, 1].

    Returns
    -------
    None where no point was to be had.
    """
    known = [row for row in rows if row["accuracy"] is not None]
    if not known:
        return None
    best = min(known, key=lambda row: (-row["accuracy"], row["spikes"]))
    comes_near = reference is not None and best["accuracy"] >= reference - tolerance - EQUAL
    aim = reference if reference is not None and comes_near else best["accuracy"]
    near = [row for row in known if row["accuracy"] >= aim - tolerance - EQUAL]
    knee = min(near, key=lambda row: (row["spikes"], -row["accuracy"]))
    fastest = min(near, key=lambda row: (row["latency"], row["spikes"]))
    better = best["accuracy"] > chance + EQUAL
    limit = chance + share * (best["accuracy"] - chance) if better else NEVER
    return OperatingPoints(best, knee, fastest, aim, pareto_front(known), limit)


def pareto_front(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Points than which none is sparser and at least as accurate; accuracy rises with the spikes along it."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda row: (row["spikes"], -row["accuracy"])):
        if not front or row["accuracy"] > front[-1]["accuracy"]:
            front.append(row)
    return tuple(front)
