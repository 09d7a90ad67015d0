"""Progress on a terminal: a line for each stage, with a bar, the time that is gone and an estimate of what is left."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

BAR_WIDTH = 20
MINUTE, HOUR = 60, 3600


class ProgressBars:
    """Bars on standard error; they are drawn from the first stage on."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", table_column=Column(overflow="ellipsis", no_wrap=True)),
            _BarWhereCounted(bar_width=BAR_WIDTH),
            _Times(),
            console=Console(stderr=True),
        )
        self._name = ""
        self._last: TaskID | None = None

    def stage(self, name: str, total: int | None) -> Callable[[float], None]:
        """Finish the stage before, and begin the next line."""
        self._finish()
        self._bars.start()
        self._name = escape(name)
        task = self._last = self._bars.add_task(self._name, total=total)
        return lambda done: self._bars.advance(task, done)

    def detail(self, what: str) -> None:
        """Show it behind the name of the stage."""
        if self._last is not None:
            self._bars.update(self._last, description=f"{self._name}: {escape(what)}")

    def end(self, done: bool) -> None:
        """Stop drawing, and give the terminal back as it was.

        Parameters
        ----------
        done : whether the last stage came to its end.
        """
        if done:
            self._finish()
        self._bars.stop()

    def _finish(self) -> None:
        if self._last is not None:
            total = self._bars.tasks[self._last].total or 1
            self._bars.update(self._last, total=total, completed=total)


class _BarWhereCounted(BarColumn):
    """A bar for stages that know how much there is to do."""

    def render(self, task: Task) -> Text:  # type: ignore[override]
        return super().render(task) if task.total and task.total > 1 else Text("")  # type: ignore[return-value]


class _Times(TextColumn):
    """The time that is gone and, while a stage that counts goes on, about how much is left."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        gone = duration(task.finished_time if task.finished else task.elapsed)
        left = None if task.finished or not task.completed else task.time_remaining
        return Text(gone if left is None else f"{gone}, about {duration(left)} left")


def duration(seconds: float | None) -> str:
    """A duration as people say it, such as "3 s", "2 min 05 s" or "1 h 10 min"."""
    whole = int(seconds or 0)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"
