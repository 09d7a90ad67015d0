"""`spikeloom doctor`: what this machine has and lacks."""

from __future__ import annotations

import typer

from .options import JsonOption
from .output import print_json
from .panels import HERE, examples

app = typer.Typer()


@app.command(rich_help_panel=HERE, epilog=examples("spikeloom doctor", "spikeloom doctor --json"))
def doctor(json: JsonOption = False) -> None:
    """Say what this machine has, what is missing or scarce, and how to get it."""
    from ..deploy.doctor import diagnose
    from ..deploy.finding import State

    findings = diagnose()
    if json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            remedy = f"  {finding.remedy}" if finding.remedy else ""
            typer.echo(f"{finding.state.value:10}{finding.name:17}{finding.version}{remedy}")
    if any(finding.state is State.MISSING for finding in findings):
        from ..models.errors import BackendMissingError

        raise typer.Exit(BackendMissingError.exit_code)
