"""Running a study from options to its page: what was done before is taken as it is, and the rest is shared out."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...models.errors import UsageError
from ..progress.progress import Progress
from ..report.package_versions import package_versions
from .catalogue import STUDIES
from .page import render_study
from .study import Conclusion, Outcome, Row, Study, Task
from .subject import Subject
from .task_results import TaskResults, folder_for
from .workers import Workers

DOCUMENT_NAME = "study.json"
PAGE_NAME = "study.html"


class StudyInterrupted(Exception):
    """A Ctrl-C, after so many tasks.

    Attributes
    ----------
    done, total : tasks.
    out : folder of the study.
    """

    def __init__(self, done: int, total: int, out: Path) -> None:
        super().__init__(f"interrupted after {done} of {total} tasks")
        self.done, self.total, self.out = done, total, out


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A study that is complete.

    Attributes
    ----------
    conclusion : what it came to.
    document : all but figures and tables, as in `study.json`.
    out : folder of the study.
    """

    conclusion: Conclusion
    document: Mapping[str, Any]
    out: Path


def study_stages(study: Study) -> int:
    """How many stages `run_study` tells of: those of preparing, all tasks, and conclusions."""
    return study.preparing_stages + 2


def run_study(
    study: Study,
    subject: Subject | None,
    out: Path | None,
    workers: Workers,
    progress: Progress,
    command: str = "",
) -> StudyResult:
    """Do what is left to do of a study, and write its tables, its page and its document.

    Parameters
    ----------
    out : folder of the study; results of tasks that are there already are not computed again. None for
        build/study-NAME, or one beside it where that holds something else.
    command : what the user typed, for the page.

    Raises
    ------
    StudyInterrupted : by a Ctrl-C; what is done stays in its folder.
    SpikeloomError : the study does not suit the subject, or cannot be done.
    """
    prepared = study.prepare(subject, progress)
    tasks = study.tasks(prepared)
    plan = _plan(study, subject, prepared)
    out = folder_for(Path("build") / f"study-{study.name}", plan) if out is None else out
    results = TaskResults(out, plan)  # what was refused until now leaves no trace
    if len({task.name for task in tasks}) < len(tasks):
        raise ValueError("two tasks have the same name")
    outcomes = _perform(study, prepared, tasks, results, workers, progress)
    progress.stage("drawing conclusions")
    conclusion = study.conclude(prepared, outcomes)
    document = _document(study, subject, conclusion, len(tasks), command)
    _write(out, conclusion, document)
    return StudyResult(conclusion, document, out)


def _plan(study: Study, subject: Subject | None, prepared: Any) -> dict[str, Any]:
    """All that the results depend on."""
    return {
        "study": study.name,
        "version": version("spikeloom"),
        "options": study.model_dump(mode="json"),
        "subject": None if subject is None else subject.identity,
        "depends_on": dict(study.depends_on(prepared)),
    }


def _perform(
    study: Study,
    prepared: Any,
    tasks: Sequence[Task],
    results: TaskResults,
    workers: Workers,
    progress: Progress,
) -> dict[str, Outcome]:
    found = {task.name: results.read(task.name) for task in tasks}
    outcomes = {name: outcome for name, outcome in found.items() if outcome is not None}
    left = [task for task in tasks if task.name not in outcomes]
    advance = progress.stage(f"{study.name}: {len(tasks)} tasks", len(tasks))
    advance(len(outcomes))
    try:
        for name, outcome in workers.outcomes(study, prepared, left):
            results.write(name, outcome)
            outcomes[name] = outcome
            advance(1)
    except KeyboardInterrupt:
        raise StudyInterrupted(len(outcomes), len(tasks), results.out) from None
    return {task.name: outcomes[task.name] for task in tasks}


def _document(
    study: Study, subject: Subject | None, conclusion: Conclusion, tasks: int, command: str
) -> dict[str, Any]:
    notes = () if subject is None else subject.notes
    return {
        "study": study.name,
        "title": study.name.replace("-", " ").capitalize() + (f" of {subject.name}" if subject else ""),
        "summary": STUDIES[study.name].summary,
        "sentences": list(conclusion.sentences),
        "settings": study.model_dump(mode="json"),
        "subject": None if subject is None else subject.identity,
        "facts": dict(conclusion.facts),
        "tables": {name: f"{name}.csv" for name in conclusion.tables},
        "figures": [figure.name for figure in conclusion.figures],
        "assumptions": [*conclusion.assumptions, *notes],
        "tasks": tasks,
        "seed": study.seed,
        "versions": package_versions(training=not study.needs_model),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": command,
    }


def _write(out: Path, conclusion: Conclusion, document: Mapping[str, Any]) -> None:
    texts = {f"{name}.csv": _csv(rows) for name, rows in conclusion.tables.items()}
    texts[DOCUMENT_NAME] = json.dumps(document, indent=1, allow_nan=False) + "\n"
    texts[PAGE_NAME] = render_study(document, conclusion.figures, conclusion.tables)
    try:
        for name, text in texts.items():
            partial = out / f".{name}.partial"
            partial.write_text(text, encoding="utf-8")
            partial.replace(out / name)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}; the results of all tasks stay.") from None


def _csv(rows: Sequence[Row]) -> str:
    """A table as text; columns in the order in which rows name them first, nothing where a row has none."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(dict(row) for row in rows)
    return text.getvalue()
