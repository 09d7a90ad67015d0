"""The errors a user can cause, each with the exit code that the command line ends with.

A message is one sentence (or one list) that names the thing, the limit and the way out. Anything that is not a
`SpikeloomError` is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_ROWS = 100
LONGEST_ROW = 1000  # characters


class SpikeloomError(Exception):
    """Base of every error that a user can cause and mend."""

    exit_code = 1

    def __str__(self) -> str:
        """The message, without what a terminal would obey: a file from a stranger may have put it there."""
        return "".join(letter if letter.isprintable() or letter == "\n" else "�" for letter in super().__str__())


class UsageError(SpikeloomError):
    """An option, a configuration key or a target name that does not exist or cannot be."""

    exit_code = 2


class UnsupportedModelError(SpikeloomError):
    """A model file that cannot be read, or that holds something no stage can express."""

    exit_code = 3


class DoesNotFitError(SpikeloomError):
    """A network that exceeds a limit of the chip."""

    exit_code = 4


class GuardError(SpikeloomError):
    """A deployment that fell silent or below the accuracy that was asked for."""

    exit_code = 5


class BackendMissingError(SpikeloomError):
    """A backend whose software is not installed."""

    exit_code = 6


class DataError(SpikeloomError):
    """Data whose file, shape, type or labels do not suit the model."""

    exit_code = 7


class BackendFailedError(SpikeloomError):
    """A backend that stopped, or was stopped by its watchdog, before it was done."""

    exit_code = 8


@dataclass(frozen=True)
class Unsupported:
    """One thing in a model that cannot be deployed.

    Attributes
    ----------
    node : name of the node in the model.
    what : its kind, such as "LSTM" or "Conv2d".
    reason : why it cannot be deployed, and what to do instead where there is something.
    """

    node: str
    what: str
    reason: str


def unsupported_model(
    model: str, problems: Iterable[Unsupported], verdict: str = "cannot be deployed"
) -> UnsupportedModelError:
    """Join all that stands against a model into one error, so that a user mends everything in one go."""
    rows = [_row(problem) for problem in problems]
    count = f"{len(rows)} node{'s' if len(rows) > 1 else ''}"
    more = len(rows) - MOST_ROWS
    shown = rows if more <= 0 else [*rows[:MOST_ROWS], f"  ... and {more} more"]
    return UnsupportedModelError("\n".join([f"{model}: {count} {verdict}:", *shown]))


def _row(problem: Unsupported) -> str:
    row = " ".join(f"{problem.node} ({problem.what}): {problem.reason}".split())
    return f"  {row}" if len(row) <= LONGEST_ROW else f"  {row[:LONGEST_ROW]} ..."
