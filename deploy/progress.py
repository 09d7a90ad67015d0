"""What a deployment tells of itself while it works, and who listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

MAPPING_TOTAL = 1000  # steps of the bar of the mapper, which counts in shares


class Progress(Protocol):
    """Told of what goes on; a terminal shows it."""

    def stage(self, name: str, total: int | None = None) -> Callable[[float], None]:
        """A stage begins; the returned function takes how much more of `total` is done."""


def share_of(advance: Callable[[float], None], total: int) -> Callable[[str, float], None]:
    """From shares that are done, which never go back, to the steps of a stage of `total`."""
    done = 0

    def report(what: str, share: float) -> None:
        nonlocal done
        reached = max(done, min(total, int(share * total)))
        advance(reached - done)
        done = reached

    return report


class Quiet:
    """Says nothing."""

    def stage(self, name: str, total: int | None = None) -> Callable[[float], None]:
        return lambda done: None


class TerminalProgress:
    """Bars on standard error while a command works; nothing where that is no terminal."""

    def __init__(self, hidden: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars
        from rich.text import Text

        class BarWhereCounted(BarColumn):
            """A bar for stages that know how much there is to do."""

            def render(self, task: Task) -> Any:
                return super().render(task) if task.total and task.total > 1 else Text("")

        console = Console(stderr=True)
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarWhereCounted(bar_width=20),
            TimeElapsedColumn(),
        )
        self._bars = Bars(*columns, console=console, disable=hidden or not console.is_terminal)
        self._last: Any = None

    def __enter__(self) -> TerminalProgress:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is None:
            self._finish()
        self._bars.stop()

    def _finish(self) -> None:
        if self._last is not None:
            total = self._bars.tasks[self._last].total or 1
            self._bars.update(self._last, total=total, completed=total)

    def stage(self, name: str, total: int | None = None) -> Callable[[float], None]:
        """Begin the next line."""
        self._finish()
        task = self._last = self._bars.add_task(name, total=total)
        return lambda done: self._bars.advance(task, done)
