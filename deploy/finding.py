"""What was looked for in Spikeloom's surroundings, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How things stand with one finding."""

    OK = "ok"
    MISSING = "missing"  # and Spikeloom does not work without it
    OPTIONAL = "optional"  # missing, and only some of Spikeloom needs it
    SCARCE = "scarce"  # there, but so little of it that something may be slow or not go


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    Attributes
    ----------
    name : what it is.
    state : see `State`.
    version : its version, its place or how much there is; empty where it is absent.
    remedy : how to get it, or more of it; empty where all is well.
    """

    name: str
    state: State
    version: str = ""
    remedy: str = ""
