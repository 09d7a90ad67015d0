"""`spikeloom init`: a configuration file to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .panels import BEFORE, examples

app = typer.Typer()


@app.command(
    rich_help_panel=BEFORE,
    epilog=examples(
        "spikeloom init", "spikeloom init build/network.yaml", "spikeloom deploy digits --config spikeloom.yaml"
    ),
)
def init(
    file: Annotated[Path, typer.Argument(help="The file to write; one that is there stays as it is.")] = Path(
        "spikeloom.yaml"
    ),
) -> None:
    """Write a configuration with every key, its default, its allowed values and what it means."""
    from ..deploy.configuration.template import write_template

    write_template(file)
    typer.echo(f"{file} written; name it with --config, and change what you need.")
