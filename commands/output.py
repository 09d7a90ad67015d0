"""What a command says, where: results on standard output, all else on standard error."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .gathered_options import gathered

if TYPE_CHECKING:
    from ..deploy.progress.progress import TerminalProgress

INTERRUPTED_EXIT_CODE = 130
PANEL = "What is said"
LogLevel = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True)
class Output:
    """How much a command is to say.

    Attributes
    ----------
    as_json : results as JSON, and nothing else on standard output.
    quiet : no results and no progress; errors all the same.
    log_level : from which on messages are logged to standard error; None for none.
    """

    as_json: bool = False
    quiet: bool = False
    log_level: LogLevel | None = None

    def progress(self) -> TerminalProgress:
        """Shows on standard error what the command is at, unless it is to be quiet or to print JSON."""
        from ..deploy.progress.progress import TerminalProgress

        told_by_the_log = self.log_level in ("debug", "info")
        return TerminalProgress(hidden=self.quiet or self.as_json or told_by_the_log, plain=self.log_level is not None)

    @property
    def wants_text(self) -> bool:
        """Whether people are to read the result."""
        return not self.as_json and not self.quiet

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines for people."""
        if self.wants_text:
            for line in lines:
                typer.echo(line)


def print_json(document: Any) -> None:
    """Print a document as JSON."""
    typer.echo(json.dumps(document, indent=1))


def typed_command() -> str:
    """What the user typed, for reports."""
    return shlex.join(["spikeloom", *sys.argv[1:]])


def _output(given: dict[str, Any]) -> Output:
    output = Output(given.get("json", False), given["quiet"], given["log_level"])
    if output.log_level is not None:
        from .log import log_to_standard_error

        log_to_standard_error(output.log_level)
    return output


_QUIET_AND_LOG: dict[str, tuple[Any, Any]] = {
    "quiet": (
        Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.", rich_help_panel=PANEL)],
        False,
    ),
    "log_level": (
        Annotated[
            LogLevel | None,
            typer.Option("--log-level", help="Log to standard error what is done and decided.", rich_help_panel=PANEL),
        ],
        None,
    ),
}
_JSON: dict[str, tuple[Any, Any]] = {
    "json": (
        Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.", rich_help_panel=PANEL)],
        False,
    )
}

speaks = gathered("output", _JSON | _QUIET_AND_LOG, _output)
"""Gives a command --json, --quiet and --log-level in place of its parameter `output`, which gets an `Output`."""
speaks_text = gathered("output", _QUIET_AND_LOG, _output)
"""The same for a command whose result is a file, so that there is nothing to print as JSON."""
