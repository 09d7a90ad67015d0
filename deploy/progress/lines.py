"""Progress where nobody watches a terminal: a line for each stage, and nothing but letters in it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable


class ProgressLines:
    """Plain lines on standard error."""

    def stage(self, name: str, total: int | None) -> Callable[[float], None]:
        """Write the line of a stage that begins."""
        with contextlib.suppress(OSError):  # nobody reads it any longer, which is no reason to stop
            print(name, file=sys.stderr, flush=True)
        return lambda done: None

    def detail(self, what: str) -> None:
        """Too much for lines."""

    def end(self, done: bool) -> None:
        """There is nothing to put away."""
