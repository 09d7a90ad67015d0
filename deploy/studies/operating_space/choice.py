"""The operating point that a deployment is moved to before it is finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....models.errors import GuardError
from ....models.graph import Graph
from ...compilation import Compiled
from ...configuration.configuration import Configuration
from ...data import Data
from ...progress.progress import Progress
from ..study import Row
from ..subject import Subject
from ..workers import ThisProcess
from .operating_space import AS_DEPLOYED, OperatingSpace, Prepared
from .points import EQUAL, operating_points
from .retuning import retuned_graph


@dataclass(frozen=True, eq=False)
class ChosenPoint:
    """An operating point.

    Attributes
    ----------
    graph : the network as trained, with the time constant and thresholds of the point.
    note : which point, and how it was chosen, a sentence for the report.
    section : the space that was looked through, for the report, as JSON can hold it.
    """

    graph: Graph
    note: str
    section: Mapping[str, Any]


def choose_operating_point(
    compiled: Compiled, name: str, data: Data, config: Configuration, progress: Progress
) -> ChosenPoint:
    """Look through the operating space of a compiled network, and move the graph to one of its points.

    Points are measured on every second sample, so that the others tell how well the choice holds.

    Parameters
    ----------
    compiled : the network as trained.
    name : of the model.
    config : `operating_point` is the choice, see `points.CHOICES`.

    Raises
    ------
    UnsupportedModelError : it has no neurons with time constants and thresholds.
    GuardError : no point of the grid is within the chip's registers.
    """
    assert config.operating_point is not None
    study = OperatingSpace(seed=config.seed)
    half = data.every_second()
    subject = Subject(name, compiled.program, half, compiled.graph, config, config.costs, ())
    prepared = study.prepare(subject, progress)
    tasks = study.tasks(prepared)
    advance = progress.stage("looking for an operating point", len(tasks))
    outcomes = {}
    # In this process: others would begin a script that calls `deploy` once more.
    for done, outcome in ThisProcess().outcomes(study, prepared, tasks):
        outcomes[done] = outcome
        advance(1)
    rows = [row for task in tasks if task.name != AS_DEPLOYED for row in outcomes[task.name].rows]
    points = operating_points(
        rows,
        tolerance=study.tolerance, chance=study.chance(prepared), share=study.working_share,
        reference=outcomes[AS_DEPLOYED].rows[0]["accuracy"],
    )  # fmt: skip
    if points is None:
        raise GuardError(
            "No point of the operating space is within the chip's registers: deploy without --operating-point, or "
            "look with `spikeloom study operating-space`."
        )
    reference = outcomes[AS_DEPLOYED].rows[0]["accuracy"]
    point = points.named(config.operating_point)
    if reference - points.most_accurate["accuracy"] > study.tolerance + EQUAL:
        best = points.most_accurate["accuracy"]
        raise GuardError(
            f"No point of the operating space comes within {100 * study.tolerance:g} points of the network as it is, "
            f"with {reference:.1%} on {half.samples} samples; the best has {best:.1%}: deploy without "
            "--operating-point, or look at other grids with `spikeloom study operating-space`."
        )
    graph = retuned_graph(compiled.graph, prepared.moves(point["time_constant"], point["threshold"]))
    section = {
        "choice": config.operating_point,
        "samples": half.samples,
        "chosen": dict(point),
        "as_it_was": dict(outcomes[AS_DEPLOYED].rows[0]),
        **_grid(study, prepared, rows),
    }
    return ChosenPoint(graph, _note(config.operating_point, point, reference, prepared, half.samples), section)


def _grid(study: OperatingSpace, prepared: Prepared, rows: Sequence[Row]) -> dict[str, Any]:
    """The points, and what `points.operating_points` needs to look through them again."""
    return {
        "accuracy_is": "accuracy" if prepared.labelled else "agreement",
        "relative_time_constants": prepared.relative_constants,
        "relative_thresholds": prepared.relative_thresholds,
        "time_constants": list(study.time_constants),
        "thresholds": list(study.thresholds),
        "tolerance": study.tolerance,
        "working_share": study.working_share,
        "chance": study.chance(prepared),
        "points": [dict(row) for row in rows],
    }


def _note(choice: str, point: Row, reference: float, prepared: Prepared, samples: int) -> str:
    what = "accuracy" if prepared.labelled else "agreement"
    unit = " times the trained one" if prepared.relative_thresholds else ""
    return (
        f"operating point: the {choice}, membrane time constant {point['time_constant']:.4g} steps and threshold "
        f"{point['threshold']:.4g}{unit} in {', '.join(prepared.units)}, with {point['accuracy']:.1%} {what} and "
        f"{point['spikes']:,.0f} spikes on the {samples} samples that it was chosen on, where the "
        f"network as it was has {reference:.1%} (--operating-point)."
    )
