"""`spikeloom deploy`: everything from a model and data to an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .options import (
    ConfigOption,
    CostsOption,
    DataOption,
    EffortOption,
    HostOption,
    MappingOption,
    MappingSecondsOption,
    Model,
    SeedOption,
    TargetsOption,
    TransferOption,
)
from .output import Output, print_json, speaks, typed_command
from .panels import DEPLOYING, examples
from .reading_options import reads_model

app = typer.Typer()

TRIED = "What is tried out"
SMALLER = "Numbers on the chip"
PLACED = "Where neurons go"
COSTS = "What it costs"


@app.command(
    rich_help_panel=DEPLOYING,
    epilog=examples(
        "spikeloom deploy digits --out build/digits",
        "spikeloom deploy network.nir --target loihi2 --data recordings.npz --out build/network",
        "spikeloom deploy network.nir --target loihi2,spinnaker1,spinnaker2 --data recordings.npz --out build/chips",
    ),
)
@reads_model
@speaks
def deploy(
    model: Model,
    reading: dict[str, Any],
    output: Output,
    target: TargetsOption = "loihi2",
    data: DataOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the artifact.")] = Path("build/deployment"),
    config: ConfigOption = None,
    seed: SeedOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say whether it fits; write nothing.")] = False,
    samples: Annotated[
        int | None, typer.Option(help="Evaluate only the first so many samples.", rich_help_panel=TRIED)
    ] = None,
    lava_samples: Annotated[
        int | None, typer.Option(help="Samples to run in Lava; 0 for none.", rich_help_panel=TRIED)
    ] = None,
    min_accuracy: Annotated[
        float | None, typer.Option(help="End with an error below this accuracy (0 to 1).", rich_help_panel=TRIED)
    ] = None,
    max_loss: Annotated[
        float | None, typer.Option(help="Accuracy that deployment may cost (0 to 1; 0.02).", rich_help_panel=TRIED)
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            help="A guard that shall only warn: silent, saturated, loss, overflow; may be repeated.",
            rich_help_panel=TRIED,
        ),
    ] = None,
    calibration_samples: Annotated[
        int | None, typer.Option(help="Samples that the quantizer looks at.", rich_help_panel=SMALLER)
    ] = None,
    bits: Annotated[str | None, typer.Option(help="Of a weight, 1 to 8, or auto.", rich_help_panel=SMALLER)] = None,
    split: Annotated[
        str | None,
        typer.Option(help="Two matrices for each: yes, no, or auto (where accuracy asks).", rich_help_panel=SMALLER),
    ] = None,
    prune: Annotated[
        str | None, typer.Option(help="Share of the weights to set to zero, or auto.", rich_help_panel=SMALLER)
    ] = None,
    fine_tune: Annotated[
        int | None, typer.Option(help="Epochs of training in integers (needs PyTorch).", rich_help_panel=SMALLER)
    ] = None,
    operating_point: Annotated[
        Literal["knee", "fastest", "most-accurate"] | None,
        typer.Option(
            help="Move time constants and thresholds, without training (spikeloom study operating-space).",
            rich_help_panel=SMALLER,
        ),
    ] = None,
    mapping: MappingOption = None,
    effort: EffortOption = None,
    mapping_seconds: MappingSecondsOption = None,
    costs: CostsOption = None,
    host_power: HostOption = None,
    transfer_energy: TransferOption = None,
) -> None:
    """Read, convert, lower, quantize, map and run a model, compare with Lava, estimate its cost, write it all down.

    Several targets, such as loihi2,spinnaker1,spinnaker2, are compared.
    """
    from ..deploy.configuration.configuration import configuration
    from ..deploy.target_list import split_targets
    from .reports import print_report

    settings = configuration(
        config, samples=samples, lava_samples=lava_samples, calibration_samples=calibration_samples,
        min_accuracy=min_accuracy, bits=bits, split=split, prune=prune,
        fine_tune=fine_tune, operating_point=operating_point, mapping=mapping, effort=effort,
        mapping_seconds=mapping_seconds, max_loss=max_loss, allow=allow or None, costs=costs, host_power=host_power,
        transfer_energy=transfer_energy, seed=seed, **reading,
    )  # fmt: skip
    targets = split_targets(target)
    if dry_run:
        from .checking import check_on

        check_on(model, targets, data, settings, output)
        return
    with output.progress() as progress:
        if len(targets) > 1:
            from ..deploy.several_targets import deploy_on_targets

            report = deploy_on_targets(model, targets, data, out, settings, progress, typed_command())
        else:
            from ..deploy.deployment import deploy as deploy_model

            report = deploy_model(model, target, data, out, settings, progress, typed_command())
    if output.as_json:
        print_json(report)
    elif output.wants_text:
        print_report(report, out)
