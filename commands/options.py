"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .completion import built_in_models, target_list, targets

Model = Annotated[
    str,
    typer.Argument(
        help="A .nir, .onnx, .net, .pt2 or checkpoint (.pt) file, or a built-in model: digits, mlp-snn, cnn-snn.",
        autocompletion=built_in_models,
    ),
]
Folder = Annotated[Path, typer.Argument(help="A folder that `spikeloom deploy` wrote.")]
TargetOption = Annotated[
    str, typer.Option("--target", "-t", help="A chip (spikeloom targets), or a YAML file.", autocompletion=targets)
]
TargetsOption = Annotated[
    str,
    typer.Option("--target", "-t", help="As for check; or several, with commas between.", autocompletion=target_list),
]
DataOption = Annotated[Path | None, typer.Option("--data", "-d", help="An .npz with x, and y for the labels.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A YAML file of these options and more (spikeloom init).")
]
SeedOption = Annotated[int | None, typer.Option(help="Of everything drawn at random.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
ProcessesOption = Annotated[Literal["layer", "core"], typer.Option(help="In Lava, a process per layer or per core.")]
MappingOption = Annotated[
    str | None, typer.Option(help="How to divide the network among cores: auto (the best), or a strategy's name.")
]
EffortOption = Annotated[
    Literal["fast", "normal", "best"] | None, typer.Option(help="How long to search for a good mapping.")
]
MappingSecondsOption = Annotated[
    float | None, typer.Option(help="Seconds after which the search for a mapping stops with the best so far.")
]
CostsOption = Annotated[str | None, typer.Option(help="One of the chip's accounts of what operations cost.")]
HostOption = Annotated[float | None, typer.Option(min=0, help="W that the host draws, for the account of the system.")]
TransferOption = Annotated[
    float | None, typer.Option(min=0, help="pJ that a message from off the chip takes, for the account of the system.")
]
