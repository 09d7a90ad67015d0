"""Arguments and options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

Model = Annotated[
    str,
    typer.Argument(
        help="A .nir, .onnx, .net, .pt2 or checkpoint (.pt) file, or a built-in model: digits, mlp-snn, cnn-snn."
    ),
]
Folder = Annotated[Path, typer.Argument(help="A folder that `spikeloom deploy` wrote.")]
TargetOption = Annotated[str, typer.Option("--target", "-t", help="A chip (spikeloom targets), or a YAML file.")]
TargetsOption = Annotated[str, typer.Option("--target", "-t", help="As for check; or several, with commas between.")]
DataOption = Annotated[Path | None, typer.Option("--data", "-d", help="An .npz with x, and y for the labels.")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="A YAML file of these options and more.")]
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
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
CostsOption = Annotated[str | None, typer.Option(help="One of the chip's accounts of what operations cost.")]
HostOption = Annotated[float | None, typer.Option(min=0, help="W that the host draws, for the account of the system.")]
TransferOption = Annotated[
    float | None, typer.Option(min=0, help="pJ that a message from off the chip takes, for the account of the system.")
]


READING_PANEL = "What the model or its data leave open"
# What a model file or its data leave open: options of every command that reads a model, and keys of the configuration.
# Each is given by its type and what --help says of it.
READING: dict[str, tuple[Any, str]] = {
    "reset": (Literal["zero", "subtract", "none"] | None, "What becomes of the potential at a spike."),
    "dt": (float | None, "Seconds per step."),
    "threshold_inclusive": (bool, "Spike at the threshold itself too."),
    "integration": (Literal["euler", "exponential"] | None, "How time constants become decays."),
    "steps": (int | None, "Steps of a sample."),
    "encoder": (
        Literal[
            "constant", "rate", "integrate", "first-spike", "rank-order", "interval", "phase", "burst", "population"
        ]
        | None,
        "How static data is presented.",
    ),
    "convert": (Literal["rate", "sigma-delta"] | None, "How an ordinary network becomes a spiking one."),
    "max_pool": (Literal["exact", "average"] | None, "Converting, do max pooling exactly, or by averages."),
    "threshold_rule": (Literal["maximum", "percentile", "error"] | None, "Converting to a rate code, its thresholds."),
    "input_scale": (str | None, "Multiply the data by this, such as 1/255."),
    "input_offset": (str | None, "Then add this to the data."),
    "input_whole": (bool, "Then cut off the fractions of the data."),
    "input_shape": (str | None, "Of a sample, such as 3,32,32, where a model leaves it open."),
    "layout": (
        Literal["channels-first", "channels-last", "width-first"] | None,
        "Axes of the data, where a model leaves them open.",
    ),
    "output_name": (str | None, "Which output to read, of a model with several."),
    "time_axis": (int | None, "Axis of a PyTorch module's input that counts steps."),
    "single_spike": (bool, "Read neurons that may spike several times a step as if they spiked once."),
    "ignore_lower_limit": (bool, "Leave out a lower limit of the potential (Sinabs' min_v_mem)."),
    "architecture": (str | None, "FILE.py:NAME of what makes the PyTorch module of a checkpoint."),
}


def reads_model(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `READING` in place of its parameter `reading`, which gets those that were used."""
    own = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if kind is bool else None,
            annotation=Annotated[
                kind, typer.Option(f"--{name.replace('_', '-')}", help=help_, rich_help_panel=READING_PANEL)
            ],
        )
        for name, (kind, help_) in READING.items()
    ]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        used = {name: given.pop(name) for name in READING}
        reading = {name: value for name, value in used.items() if value is not None and value is not False}
        command(**given, reading=reading)

    parameters = [parameter for parameter in own.parameters.values() if parameter.name != "reading"]
    positional = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    with_options.__signature__ = own.replace(parameters=[*positional, *added])  # type: ignore[attr-defined]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in (*positional, *added)}
    return with_options
