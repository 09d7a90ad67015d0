"""`spikeloom study`: one command for each study, made from the study's own options when it is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup

from .completion import targets
from .gathered_options import with_signature
from .options import ConfigOption, CostsOption, DataOption, Model
from .output import INTERRUPTED_EXIT_CODE, Output, print_json, speaks, typed_command
from .panels import TRAINING, examples
from .reading_options import reads_model

if TYPE_CHECKING:
    from ..deploy.progress.progress import TerminalProgress
    from ..deploy.studies.study import Study
    from ..deploy.studies.subject import Subject

OF_A_MODEL = ("model", "target", "data", "config", "samples", "costs")
"""Parameters of `_study` that a study without a model does not have."""


class StudyCommand(TyperCommand):
    """A study that is only named, and becomes a command as soon as somebody wants more than its name."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Begin the command proper: only now is the study imported."""
        from ..deploy.studies.catalogue import study_named

        assert self.name is not None
        commands = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        command = _study_command(study_named(self.name))
        commands.command(self.name, help=self.help, epilog=self.epilog)(command)
        return typer.main.get_command(commands).make_context(info_name, args, parent=parent, **extra)


class Studies(TyperGroup):
    """All studies by their names."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, none of the studies imported."""
        from ..deploy.studies.catalogue import STUDIES

        return list(STUDIES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The study of a name; that there is none is an error, except while a shell only asks what there is."""
        from ..deploy.studies.catalogue import STUDIES, study_named

        if cmd_name not in STUDIES:
            return None if ctx.resilient_parsing or cmd_name.startswith("-") else study_named(cmd_name)
        entry = STUDIES[cmd_name]
        return StudyCommand(cmd_name, help=entry.summary, epilog=examples(*entry.examples))


app = typer.Typer()
study_app = typer.Typer(cls=Studies, no_args_is_help=True)
app.add_typer(study_app, name="study", rich_help_panel=TRAINING)


@study_app.callback(
    epilog=examples("spikeloom study --help", "spikeloom study operating-space --help", "spikeloom study noise digits")
)
def study() -> None:
    """Change one thing many times over, and say what follows."""


def _study_command(kind: type[Study]) -> Callable[..., None]:
    """The command of a study: its own options before those that all have."""
    run_it = (reads_model if kind.needs_model else _without_model)(speaks(_study))
    own = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default if isinstance(field.default, int | float | str) else None,
            annotation=Annotated[
                _typed(field.annotation),
                typer.Option(help=field.description, rich_help_panel=f"The study {kind.name}"),
            ],
        )
        for name, field in kind.model_fields.items()
    ]

    def command(**given: Any) -> None:
        options = {name: given.pop(name) for name in kind.model_fields}
        run_it(kind=kind, options=options, **given)

    shared = [part for part in inspect.signature(run_it).parameters.values() if part.name not in ("kind", "options")]
    return with_signature(command, [*own, *shared])


def _without_model(command: Callable[..., None]) -> Callable[..., None]:
    """Take the options away that are about a model."""

    def alone(**given: Any) -> None:
        command(**given, model=None, reading={})

    own = inspect.signature(command).parameters.values()
    return with_signature(alone, [part for part in own if part.name not in (*OF_A_MODEL, "reading")])


def _typed(annotation: Any) -> Any:
    """What Typer can read; anything else is a text, which the study takes apart."""
    choices = getattr(annotation, "__origin__", None) is Literal
    return annotation if choices or annotation in (int, float, bool, str, float | None) else str | None


def _study(
    kind: Any,
    options: dict[str, Any],
    model: Model,
    reading: dict[str, Any],
    output: Output,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", help="A chip (spikeloom targets), or a YAML file; loihi2.", autocompletion=targets
        ),
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Only the first so many samples.")] = None,
    costs: CostsOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the study; build/study-NAME, or NAME-2 and so on.")
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Local processes; as many as processors.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler, tcp://host:8786, or its scheduler file.")
    ] = None,
) -> None:
    """Run a study, of a model or of what the study trains itself, and print what it came to."""
    from ..deploy.configuration.configuration import configuration
    from ..deploy.studies.options import make_study
    from ..deploy.studies.study_run import study_stages
    from ..deploy.studies.subject import open_subject, subject_stages
    from ..deploy.studies.workers import workers_for

    settings = configuration(config, samples=samples, costs=costs, seed=options["seed"], **reading)
    asked = make_study(kind, options)
    workers = workers_for(processes, scheduler)  # a cluster that is not there is told at once
    with output.progress() as progress:
        progress.expect(study_stages(asked) + (subject_stages(model, settings) if kind.needs_model else 0))
        subject = open_subject(model, target, data, settings, progress) if kind.needs_model else None
        _run(asked, subject, out, workers, progress, output)


def _run(
    asked: Study, subject: Subject | None, out: Path | None, workers: Any, progress: TerminalProgress, output: Output
) -> None:
    from ..deploy.studies.study_run import PAGE_NAME, StudyInterrupted, run_study

    try:
        result = run_study(asked, subject, out, workers, progress, typed_command())
    except StudyInterrupted as interruption:
        typer.echo(
            f"Error: Interrupted: {interruption.done} of {interruption.total} tasks are done and stay in "
            f"{interruption.out}; the same command goes on from there.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from None
    if output.as_json:
        print_json(dict(result.document))
    output.lines([*result.conclusion.sentences, f"{result.out / PAGE_NAME} shows it."])
