"""The command line as a whole: its commands in their order, and what all of them have in common."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import checking, chips, configuring, deployed, deploying, exporting, machine, studies, training
from .interruption import INTERRUPTED
from .output import INTERRUPTED_EXIT_CODE
from .panels import examples


class Commands(TyperGroup):
    """The commands; a Ctrl-C ends any of them with a sentence."""

    def make_context(self, *given: Any, **named: Any) -> Any:
        """Read the words of the command line."""
        with _told():
            return super().make_context(*given, **named)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is asked for."""
        with _told():
            return super().invoke(ctx)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Say that a Ctrl-C was heard, which Typer would end with a number alone."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(INTERRUPTED, err=True)
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from None


app = typer.Typer(name="spikeloom", cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("spikeloom"))
        raise typer.Exit


@app.callback(
    epilog=examples(
        "spikeloom deploy digits --out build/digits", "spikeloom report build/digits", "spikeloom deploy --help"
    )
)
def spikeloom(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Puts trained networks on neuromorphic chips, or says exactly why they do not fit."""


for group in (configuring, checking, chips, deploying, deployed, exporting, training, studies, machine):
    app.add_typer(group.app)
