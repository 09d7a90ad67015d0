"""What stands between a network and a chip, in a form that a person and a program can read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One limit of the chip that the network, or a mapping of it, exceeds.

    Attributes
    ----------
    layer : name of the population or projection; "the network" where no single one is to blame.
    resource : what runs out, by its name in the target's limits, such as "synaptic_memory_bits".
    used, limit : in the resource's unit; limit is None where there is no number to it.
    advice : what would help, as a clause that can follow a colon.
    """

    layer: str
    resource: str
    used: int
    limit: int | None
    advice: str

    def __str__(self) -> str:
        limit = "" if self.limit is None else f" of {self.limit}"
        return f"{self.layer}: {self.resource.replace('_', ' ')} {self.used}{limit}: {self.advice}"

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        return asdict(self)


def describe(problems: Iterable[Problem]) -> str:
    """All problems, one a line."""
    return "\n".join(f"  {problem}" for problem in problems)
