"""What a deployment tells of itself while it works, and who listens."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .bars import ProgressBars
    from .lines import ProgressLines

MAPPING_TOTAL = 1000  # steps of the bar of the mapper, which counts in shares
LOG = logging.getLogger(__name__)


class Progress(Protocol):
    """Told of what goes on; a terminal shows it."""

    def expect(self, stages: int) -> None:
        """So many stages more are to come than was known; a negative number takes back what will not come."""

    def stage(self, name: str, total: int | None = None) -> Callable[[float], None]:
        """A stage begins; the returned function takes how much more of `total` is done."""

    def detail(self, what: str) -> None:
        """What the stage does at the moment."""


def share_of(progress: Progress, name: str, total: int) -> Callable[[str, float], None]:
    """Begin a stage of `total` steps that hears of shares that are done, and of what is done; it never goes back."""
    advance = progress.stage(name, total)
    done = 0

    def report(what: str, share: float) -> None:
        nonlocal done
        reached = max(done, min(total, int(share * total)))
        progress.detail(what)
        advance(reached - done)
        done = reached

    return report


class Quiet:
    """Says nothing."""

    def expect(self, stages: int) -> None:
        """See `Progress`."""

    def stage(self, name: str, total: int | None = None) -> Callable[[float], None]:
        """See `Progress`."""
        return lambda done: None

    def detail(self, what: str) -> None:
        """See `Progress`."""


class Within:
    """The progress of a part of the work: its stages are named after it, and what it leaves out is taken back.

    Parameters
    ----------
    progress : of the whole.
    name : of the part.
    stages : that were announced for the part.
    """

    def __init__(self, progress: Progress, name: str, stages: int) -> None:
        self._progress, self._name, self._to_come = progress, name, stages

    def expect(self, stages: int) -> None:
        """See `Progress`."""
        self._to_come += stages
        self._progress.expect(stages)

    def stage(self, name: str, total: int | None = None) -> Callable[[float], None]:
        """See `Progress`."""
        self._to_come -= 1
        return self._progress.stage(f"{self._name}: {name}", total)

    def detail(self, what: str) -> None:
        """See `Progress`."""
        self._progress.detail(what)

    def leave_out_the_rest(self) -> None:
        """The part has ended early."""
        self._progress.expect(-self._to_come)


class TerminalProgress:
    """Shows on standard error, while a command works, which of how many stages it is at.

    On a terminal these are bars with the time that is gone and left; elsewhere a line for each stage. The log hears
    of each stage and its duration, whether or not anything is shown.

    Parameters
    ----------
    hidden : show nothing.
    plain : show lines on a terminal too, as where a log would tear bars apart.
    """

    def __init__(self, hidden: bool, plain: bool = False) -> None:
        self.begun = self.expected = 0
        self._name, self._since = "", 0.0
        self._display: ProgressBars | ProgressLines | None = None
        if not hidden and sys.stderr is not None:
            if sys.stderr.isatty() and not plain:
                from .bars import ProgressBars

                self._display = ProgressBars()
            else:
                from .lines import ProgressLines

                self._display = ProgressLines()

    def __enter__(self) -> TerminalProgress:
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        self._log_duration(kind)
        if self._display is not None:
            self._display.end(done=kind is None)

    def expect(self, stages: int) -> None:
        """See `Progress`."""
        self.expected += stages

    def stage(self, name: str, total: int | None = None) -> Callable[[float], None]:
        """See `Progress`."""
        self._log_duration(None)
        self.begun += 1
        self._name, self._since = name, time.monotonic()
        numbered = f"[{self.begun}/{max(self.begun, self.expected)}] {name}"
        LOG.info("%s begins", numbered)
        return (lambda done: None) if self._display is None else self._display.stage(numbered, total)

    def detail(self, what: str) -> None:
        """See `Progress`."""
        LOG.debug("%s: %s", self._name, what)
        if self._display is not None:
            self._display.detail(what)

    def _log_duration(self, kind: type[BaseException] | None) -> None:
        if self._name:
            ended = "is done" if kind is None else f"ends with {kind.__name__}"
            LOG.info("%s %s after %.3f s", self._name, ended, time.monotonic() - self._since)
        self._name = ""
