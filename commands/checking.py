"""`spikeloom check`: does a model fit a chip?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .options import (
    ConfigOption,
    DataOption,
    EffortOption,
    MappingOption,
    MappingSecondsOption,
    Model,
    SeedOption,
    TargetOption,
)
from .output import Output, print_json, speaks
from .panels import BEFORE, examples
from .reading_options import reads_model

if TYPE_CHECKING:
    from ..deploy.check import Check
    from ..deploy.configuration.configuration import Configuration

app = typer.Typer()


@app.command(
    rich_help_panel=BEFORE,
    epilog=examples(
        "spikeloom check digits",
        "spikeloom check network.nir --target loihi1 --data recordings.npz",
        "spikeloom check network.onnx --convert rate --target spinnaker2 --json",
    ),
)
@reads_model
@speaks
def check(
    model: Model,
    reading: dict[str, Any],
    output: Output,
    target: TargetOption = "loihi2",
    data: DataOption = None,
    config: ConfigOption = None,
    mapping: MappingOption = None,
    effort: EffortOption = None,
    mapping_seconds: MappingSecondsOption = None,
    seed: SeedOption = None,
) -> None:
    """Say whether a model fits a chip, and how well; if not, which layer, which resource, and what would help."""
    from ..deploy.configuration.configuration import configuration

    settings = configuration(
        config, mapping=mapping, effort=effort, mapping_seconds=mapping_seconds, seed=seed, **reading
    )
    check_on(model, [target], data, settings, output)


def check_on(model: str, targets: list[str], data: Path | None, settings: Configuration, output: Output) -> None:
    """Check a model on each target, and print the answers; that it fits none of them is an error."""
    from ..deploy.check import check as check_model
    from ..deploy.progress.stage_plan import check_stages
    from ..mapping.problem import describe
    from ..models.errors import DoesNotFitError

    with output.progress() as progress:
        progress.expect(len(targets) * check_stages(model, settings))
        results = {target: check_model(model, target, settings, data, progress) for target in targets}
    refused = [
        f"{model} does not fit {target}:\n{describe(result.problems)}"
        for target, result in results.items()
        if not result.fits
    ]
    fits_none = len(refused) == len(results)
    if output.as_json:
        documents = {target: result.as_dict() for target, result in results.items()}
        print_json(documents if len(targets) > 1 else documents[targets[0]])
        if fits_none:
            raise typer.Exit(DoesNotFitError.exit_code)
        return
    if fits_none:
        raise DoesNotFitError("\n".join(refused))
    if output.wants_text:
        for target, result in results.items():
            if result.fits:
                _print_fit(model, target, result)
        for reason in refused:
            typer.echo(reason)


def _print_fit(model: str, target: str, result: Check) -> None:
    from rich.console import Console

    from ..deploy.mapping_summary import print_mapping

    cores = "1 core" if result.cores == 1 else f"{result.cores} cores"
    typer.echo(f"{model} fits {target}: {cores}.")
    if result.explanation is not None:
        print_mapping(result.explanation.as_dict(), Console())
    for assumption in result.assumptions:
        typer.echo(f"  assumed: {assumption}")
