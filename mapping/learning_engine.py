"""What a chip's synapses can learn by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from ..models.learning import LearningRule
from .constant import Kind, Strict
from .problem import Problem

MOST_FACTORS = 3


class LearningEngine(Strict):
    """Learning on the chip.

    Attributes
    ----------
    factors : of its rules: 0 where nothing learns; 2 with traces of sources and targets; 3 with a reward besides.
    reason : why there are no more, as a clause; empty where there are three.
    advice : what helps a network that wants more, as a clause; empty where there are three.
    kind, source : as in `Constant`.
    """

    factors: Literal[0, 2, 3]
    reason: str = ""
    advice: str = ""
    kind: Kind
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if self.factors < MOST_FACTORS and not (self.reason and self.advice):
            raise ValueError("a chip with fewer than 3 factors says why (reason) and what helps (advice)")
        return self


NO_LEARNING = LearningEngine(
    factors=0,
    reason="its description names no learning engine",
    advice="say in the target file what it learns by (learning), choose a target that learns, such as loihi2, or leave "
    "learning out of the configuration",
    kind="assumed",
    source="not given: none",
)


def check_learning(rules: Mapping[str, LearningRule], engine: LearningEngine, target: str) -> list[Problem]:
    """Projections that are to learn by more factors than the chip has.

    Parameters
    ----------
    rules : per name of a projection.
    target : name of the chip.
    """
    problems = []
    for name, rule in rules.items():
        wanted = MOST_FACTORS if rule.third_factor else MOST_FACTORS - 1
        if wanted > engine.factors:
            limit = f"{target} learns by {engine.factors}" if engine.factors else f"{target} does not learn"
            advice = f"{limit}, for {engine.reason}; {engine.advice}"
            problems.append(Problem(name, "learning_factors", wanted, engine.factors, advice))
    return problems
