"""How hard the mapper searches, from which random numbers, and until when."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

Effort = Literal["fast", "normal", "best"]
EFFORTS: tuple[Effort, ...] = ("fast", "normal", "best")


def _silent(what: str, share: float) -> None:
    pass


@dataclass(frozen=True)
class Search:
    """What a partitioner or the placement may spend.

    Every step of the search is counted in moves and not in seconds, so that the same seed gives the same bytes on any
    machine; only where a deadline is given and passes does the search stop early, with the best that it has.

    Attributes
    ----------
    effort : "fast" for a first look, "best" where minutes do not matter.
    seed : of all random numbers.
    deadline : `time.monotonic()` at which to stop; None for no such time.
    progress : called with what is done at the moment and which share of it is done, 0 to 1.
    """

    effort: Effort = "normal"
    seed: int = 0
    deadline: float | None = None
    progress: Callable[[str, float], None] = field(default=_silent, compare=False)

    @property
    def late(self) -> bool:
        """Whether the time is up."""
        return self.deadline is not None and time.monotonic() >= self.deadline


DEFAULT_SEARCH = Search()


def part_of(search: Search, first: float, last: float, name: str = "") -> Search:
    """A search that is a part of another.

    Parameters
    ----------
    first, last : share of the whole that is done when the part begins and ends.
    name : what its progress is called.
    """

    def progress(what: str, share: float) -> None:
        search.progress(f"{name}: {what}" if name else what, first + (last - first) * min(max(share, 0.0), 1.0))

    return replace(search, progress=progress)
