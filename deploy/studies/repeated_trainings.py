"""Studies that compare trainings: each of several networks, a few times, with seeds of their own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

from pydantic import Field

from ...mapping.target import Target
from .study import Outcome, Row, Study, Task


class OnTarget(Protocol):
    """What is prepared, as far as it is the same for all of these studies."""

    @property
    def target(self) -> Target:
        """The chip that networks are deployed on."""


class RepeatedTrainings(Study):
    """A training for each of the compared and each repetition, independent of the others."""

    needs_model: ClassVar[bool] = False
    compared: ClassVar[str]
    """What differs from training to training, as tables call it, such as variant."""

    repeats: int = Field(2, ge=1, le=99, description="Trainings of each, with seeds of their own.")
    target: str = Field("loihi2", description="A target by its name, or a YAML file.")

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Of all that are compared."""

    def depends_on(self, prepared: OnTarget) -> Mapping[str, Any]:
        return {"target": prepared.target.model_dump(mode="json")}

    def tasks(self, prepared: OnTarget) -> tuple[Task, ...]:
        return tuple(
            Task(f"{name.replace('+', '_')}.{repeat:03d}", {self.compared: name, "repeat": repeat})
            for repeat in range(self.repeats)
            for name in self.names
        )

    def rows(self, prepared: OnTarget, outcomes: Mapping[str, Outcome]) -> Iterator[Row]:
        """Of all trainings, in the order of the tasks: that in which they end differs from run to run."""
        for task in self.tasks(prepared):
            yield from outcomes[task.name].rows
