"""The command line of studies: the commands are made from the studies' own options."""

from __future__ import annotations

import functools
import inspect
import json as json_format
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .cli_options import ConfigOption, CostsOption, DataOption, JsonOption, QuietOption, reads_model

if TYPE_CHECKING:
    from .deploy.progress import TerminalProgress
    from .deploy.studies.study import Study
    from .deploy.studies.subject import Subject

INTERRUPTED_EXIT_CODE = 130


def run_study_command(words: Sequence[str]) -> None:
    """Run `spikeloom study` with these words; only the study that is asked for is imported."""
    from .deploy.studies.catalogue import STUDIES, study_named

    asked = next((word for word in words if not word.startswith("-")), None)
    # Several commands, or a callback, so that the name of the one that is asked for stays a word of its own.
    commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    commands.callback()(_studies)
    for name in STUDIES if asked is None else (asked,):
        command = _listed if asked is None else _study_command(study_named(name))
        commands.command(name, help=STUDIES[name].summary)(command)
    typer.main.get_command(commands).main(list(words), prog_name="spikeloom study")


def _studies() -> None:
    """Ask what changes with one thing, many times over."""


def _listed() -> None:
    """Stands for a study that is only to be named."""


def _study_command(kind: type[Study]) -> Callable[..., None]:
    """The command of a study: its own options before those that all have."""
    run_it = reads_model(_study_of_model) if kind.needs_model else _study_alone
    common = inspect.signature(run_it, eval_str=True)
    own = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default if isinstance(field.default, int | float | str) else None,
            annotation=Annotated[_typed(field.annotation), typer.Option(help=field.description)],
        )
        for name, field in kind.model_fields.items()
    ]

    def command(**given: Any) -> None:
        options = {name: given.pop(name) for name in kind.model_fields}
        run_it(kind=kind, options=options, **given)

    shared = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in common.parameters.values()
        if parameter.name not in ("kind", "options")
    ]
    first = [parameter for parameter in shared if parameter.name == "model"]
    rest = [parameter for parameter in shared if parameter.name != "model"]
    command.__signature__ = inspect.Signature([*first, *own, *rest])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*first, *own, *rest)}
    return command


def _typed(annotation: Any) -> Any:
    """What Typer can read; anything else is a text, which the study takes apart."""
    choices = getattr(annotation, "__origin__", None) is Literal
    return annotation if choices or annotation in (int, float, bool, str) else str | None


StudyFolder = Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the study; build/study-NAME.")]
StudyModel = Annotated[
    str, typer.Argument(help="A model file, the name of a built-in model, or a folder that `spikeloom deploy` wrote.")
]
WorkersOption = Annotated[int | None, typer.Option(min=1, help="Local processes; as many as processors.")]
SchedulerOption = Annotated[str | None, typer.Option(help="A Dask scheduler, tcp://host:8786, or its scheduler file.")]


def _study_of_model(
    kind: Any,
    options: dict[str, Any],
    model: StudyModel,
    reading: dict[str, Any],
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="A chip (spikeloom targets), or a YAML file; loihi2.")
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Only the first so many samples.")] = None,
    costs: CostsOption = None,
    out: StudyFolder = None,
    processes: WorkersOption = None,
    scheduler: SchedulerOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    from .deploy.configuration import configuration
    from .deploy.progress import TerminalProgress
    from .deploy.studies.subject import open_subject

    settings = configuration(config, samples=samples, costs=costs, seed=options["seed"], **reading)
    with TerminalProgress(hidden=json or quiet) as progress:
        subject = functools.partial(open_subject, model, target, data, settings, progress)
        _run_study(kind, options, subject, out, processes, scheduler, progress, json, quiet)


def _study_alone(
    kind: Any,
    options: dict[str, Any],
    out: StudyFolder = None,
    processes: WorkersOption = None,
    scheduler: SchedulerOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    from .deploy.progress import TerminalProgress

    with TerminalProgress(hidden=json or quiet) as progress:
        _run_study(kind, options, lambda: None, out, processes, scheduler, progress, json, quiet)


def _run_study(
    kind: type[Study],
    options: dict[str, Any],
    subject: Callable[[], Subject | None],
    out: Path | None,
    processes: int | None,
    scheduler: str | None,
    progress: TerminalProgress,
    json: bool,
    quiet: bool,
) -> None:
    """Run a study and print what it came to."""
    from .deploy.studies.options import make_study
    from .deploy.studies.study_run import PAGE_NAME, StudyInterrupted, run_study
    from .deploy.studies.workers import workers_for

    asked = make_study(kind, options)
    folder = out or Path("build") / f"study-{kind.name}"
    workers = workers_for(processes, scheduler)  # a cluster that is not there is told at once
    try:
        result = run_study(asked, subject(), folder, workers, progress, shlex.join(["spikeloom", *sys.argv[1:]]))
    except StudyInterrupted as interruption:
        typer.echo(
            f"Error: Interrupted: {interruption.done} of {interruption.total} tasks are done and stay in {folder}; the "
            "same command goes on from there.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from None
    if json:
        typer.echo(json_format.dumps(dict(result.document), indent=1))
    elif not quiet:
        for sentence in result.conclusion.sentences:
            typer.echo(sentence)
        typer.echo(f"{folder / PAGE_NAME} shows it.")
