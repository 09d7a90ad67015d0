"""What a study is: options, independent tasks, and what they come to together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ..figures.figure import Figure
from ..progress.progress import Progress
from . import sent_types  # noqa: F401 - what is prepared goes to other processes
from .subject import Subject

Array = NDArray[Any]
Row = Mapping[str, Any]
"""Of a tidy table: one observation, a value (str, int, float, bool or None) by the name of its column."""


@dataclass(frozen=True)
class Task:
    """One part of a study that needs no other part.

    Attributes
    ----------
    name : unique in its study, of letters, digits, ".", "-" and "_"; results are kept under it.
    parameters : what is to be done, as JSON can hold it.
    """

    name: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a task found.

    Attributes
    ----------
    rows : observations.
    arrays : what does not fit into rows, numbers only.
    """

    rows: tuple[Row, ...]
    arrays: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Conclusion:
    """What all tasks of a study come to.

    Attributes
    ----------
    sentences : the verdict, the most important first.
    tables : by name, tidy; each becomes a CSV file of that name.
    figures : for the page.
    facts : further figures, as JSON can hold them.
    assumptions : what was taken for granted, a sentence each.
    """

    sentences: tuple[str, ...]
    tables: Mapping[str, tuple[Row, ...]]
    figures: tuple[Figure, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()


class Study(BaseModel, ABC):
    """Options, which are the fields, and what is done with them.

    Everything that `perform` does follows from `prepared`, the task and the seed, so that a study can be interrupted,
    spread over machines and repeated.

    Attributes
    ----------
    seed : of everything drawn at random.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str]
    """As the command line knows it."""
    needs_model: ClassVar[bool] = True
    """Whether it is of a deployed network; others train their own."""

    preparing_stages: ClassVar[int] = 0
    """How many stages `prepare` tells of."""

    seed: int = Field(default=0, ge=0, description="Of everything drawn at random.")

    @abstractmethod
    def prepare(self, subject: Subject | None, progress: Progress) -> Any:
        """What every task needs, made once: it is pickled, and sent to each worker once.

        Parameters
        ----------
        subject : the deployed network; None where the study needs none.

        Raises
        ------
        SpikeloomError : the subject or the options do not suit the study.
        """

    def depends_on(self, prepared: Any) -> Mapping[str, Any]:
        """What the results depend on beside options and subject, as JSON can hold it: files that options name."""
        return {}

    @abstractmethod
    def tasks(self, prepared: Any) -> tuple[Task, ...]:
        """The tasks, in any order."""

    @abstractmethod
    def perform(self, prepared: Any, task: Task) -> Outcome:
        """Do one task; the same on every machine."""

    @abstractmethod
    def conclude(self, prepared: Any, outcomes: Mapping[str, Outcome]) -> Conclusion:
        """Put together what the tasks found, by their names."""
