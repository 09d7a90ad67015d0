"""Time to decide: accuracy at every step, when answers are right and stay so, and what stopping early saves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ....backends.counting import CoreCounting
from ....backends.program import Program
from ....backends.simulator.simulate import Simulator
from ....models.errors import DataError
from ...progress.progress import Progress
from ..sample_subsets import check_samples_independent
from ..study import Conclusion, Outcome, Study, Task
from ..subject import Subject
from .answers import Answers
from .costs import SpikePrices, StoppedRuns
from .findings import Timeline, conclude_decision_time

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What every task needs.

    Attributes
    ----------
    x : (samples, steps, input neurons), as in the data.
    y : (samples,) labels, or None: then the answer at the last step counts as right.
    """

    program: Program
    x: Array
    y: Array | None
    costs: str | None
    prices: SpikePrices


class DecisionTime(Study):
    """Every sample is looked at step by step: its answer, and what the chip has spent by then."""

    name: ClassVar[str] = "decision-time"
    preparing_stages: ClassVar[int] = 1

    tolerance: float = Field(
        0.005, ge=0, le=1, description="Accuracy that the cut-off may lose on the samples that it is chosen on."
    )
    beta: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Stop where the best class is ahead by more than this, in spikes (or values) of the output; chosen "
        "on one half of the samples if left out.",
    )
    block: int = Field(50, ge=1, description="Samples of a task; the results do not depend on it.")

    def prepare(self, subject: Subject | None, progress: Progress) -> Prepared:
        assert subject is not None
        program, data = subject.program, subject.data
        check_samples_independent(program.network, self.name)
        subject.require_classes()
        if data.steps < 2:
            raise DataError(
                f"{data.name}: a sample has 1 step, so that there is no earlier one to decide at: ask for more "
                "(--steps), or bring recordings that have them."
            )
        progress.stage("what a spike costs")
        prices = SpikePrices.of(program, CoreCounting(program), subject.costs)
        return Prepared(program, data.x, data.y, subject.costs, prices)

    def tasks(self, prepared: Prepared) -> tuple[Task, ...]:
        return tuple(Task(f"samples-{first:06d}", {"first": first}) for first in range(0, len(prepared.x), self.block))

    def perform(self, prepared: Prepared, task: Task) -> Outcome:
        program, first = prepared.program, task.parameters["first"]
        counting = CoreCounting(program)
        priced = StoppedRuns(program, counting, prepared.prices, prepared.costs)
        simulator = Simulator(program.network)
        simulator.workers = 1  # a study's tasks run side by side
        classes, gaps, energies, times = [], [], [], []
        for number in range(first, min(first + self.block, len(prepared.x))):
            given = program.code.encode(prepared.x[number : number + 1])
            run = simulator.run(given, "output", groups=counting.groups, first_sample=number)
            answers = Answers.of(run.activity[program.network.output], program.decision)
            classes.append(answers.classes[0])
            gaps.append(answers.gaps[0])
            energies.append(priced.energy(run.group_spikes))
            times.append(priced.times(run.group_spikes))
        return Outcome(
            (),
            {
                "classes": np.stack(classes),
                "gaps": np.stack(gaps),
                "energy": np.stack(energies),
                "time": np.stack(times),
            },
        )

    def conclude(self, prepared: Prepared, outcomes: Mapping[str, Outcome]) -> Conclusion:
        parts = [outcomes[task.name].arrays for task in self.tasks(prepared)]
        classes, gaps, energy, time = (
            np.concatenate([part[name] for part in parts]) for name in ("classes", "gaps", "energy", "time")
        )
        right = classes[:, -1] if prepared.y is None else prepared.y
        timeline = Timeline(Answers(classes, gaps), right, energy, time)
        return conclude_decision_time(
            timeline,
            tolerance=self.tolerance,
            beta=self.beta,
            labelled=prepared.y is not None,
            assumptions=_assumptions(prepared),
        )


def _assumptions(prepared: Prepared) -> tuple[str, ...]:
    program = prepared.program
    depth = program.network.by_name[program.network.output].depth
    notes = [
        (
            f"steps: those of the output, {program.steps} a sample. The chip does {depth} more before the output has "
            "done its first; they count in energy and time, and so does what layers before the output have done by "
            "then for steps that are not waited for."
        ),
        (
            "energy: dynamic energy of the neurocores, of exactly the spikes and steps up to the stop; it is not taken "
            "to be proportional to the steps."
        ),
        (
            "time: each sample passes alone. To compare scores on the chip, to tell the host and to clear what is on "
            "its way takes nothing here."
        ),
        (
            "decision: a class counts as decided where it is strictly ahead of all others; accuracy at a step is of "
            "what the network would answer there, of classes that are level the first."
        ),
    ]
    if program.target.backend != "simulator":
        notes.append(
            f"chip: as if {program.target.name} took every spike one by one, in the simulator's arithmetic; what it "
            "does otherwise is in the report of a deployment (spikeloom deploy)."
        )
    if prepared.y is None:
        notes.append("labels: the data has none; the answer at the last step counts as right.")
    return tuple(notes)
