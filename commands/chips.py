"""`spikeloom targets`: the chips that there are."""

from __future__ import annotations

from typing import Annotated

import typer

from .completion import targets as complete_targets
from .options import JsonOption
from .output import print_json
from .panels import BEFORE, examples

app = typer.Typer()


@app.command(
    rich_help_panel=BEFORE,
    epilog=examples("spikeloom targets", "spikeloom targets loihi2", "spikeloom targets spinnaker1 --json"),
)
def targets(
    name: Annotated[
        str | None,
        typer.Argument(help="A chip by name, or a YAML file; all names without it.", autocompletion=complete_targets),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the chips, or print one chip's constants with their ranges and sources."""
    from ..mapping.target_files import load_target, target_names

    if name is None:
        chips = {known: load_target(known).description for known in target_names()}
        if json:
            print_json(chips)
        else:
            for known, description in chips.items():
                typer.echo(f"{known:14}{description}")
        return
    document = load_target(name).model_dump(mode="json")
    if json:
        print_json(document)
    else:
        from ..deploy.target_page import print_target

        print_target(document)
