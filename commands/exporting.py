"""`spikeloom export`: models and deployments in the formats of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .options import ConfigOption, DataOption
from .output import Output, speaks_text
from .panels import AFTER, examples
from .reading_options import reads_model

app = typer.Typer()


@app.command(
    rich_help_panel=AFTER,
    epilog=examples(
        "spikeloom export digits --to nir --out build/digits.nir",
        "spikeloom export build/digits --to pynn --samples 5 --out build/pynn",
    ),
)
@reads_model
@speaks_text
def export(
    model: Annotated[str, typer.Argument(help="To nir: a model, as for deploy. To pynn: a folder that deploy wrote.")],
    reading: dict[str, Any],
    output: Output,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; the folder for pynn.")],
    to: Annotated[Literal["nir", "pynn"], typer.Option(help="The format.")] = "nir",
    data: DataOption = None,
    samples: Annotated[int | None, typer.Option(min=1, help="To pynn, samples that go along; 50 if not given.")] = None,
    config: ConfigOption = None,
) -> None:
    """Write a model or a deployment in the format of other tools, and list what that format cannot say."""
    if to == "pynn":
        from ..deploy.export_program import DEFAULT_SAMPLES, export_program, export_summary

        given = ", ".join([f"--{name.replace('_', '-')}" for name in reading] + ["--config"] * (config is not None))
        _refuse(f"--to pynn writes a deployment, whose model was read before: leave out {given}.", bool(given))
        lines = export_summary(out, export_program(Path(model), out, data, samples or DEFAULT_SAMPLES))
    else:
        from ..deploy.configuration.configuration import configuration
        from ..deploy.export import export_model

        _refuse("--samples is for --to pynn; a model file holds no data.", samples is not None)
        lines = (f"{out} written.", *export_model(model, to, out, configuration(config, **reading), data))
    output.lines(line if line is lines[0] else f"  {line}" for line in lines)


def _refuse(why: str, refused: bool) -> None:
    """Raise UsageError for options that do not go together."""
    from ..models.errors import UsageError

    if refused:
        raise UsageError(why)
