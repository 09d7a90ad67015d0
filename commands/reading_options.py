"""Options of every command that reads a model: what a model file or its data leave open."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from .gathered_options import gathered

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


def _used(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None and value is not False}


reads_model = gathered(
    "reading",
    {
        name: (
            Annotated[kind, typer.Option(f"--{name.replace('_', '-')}", help=help_, rich_help_panel=READING_PANEL)],
            False if kind is bool else None,
        )
        for name, (kind, help_) in READING.items()
    },
    _used,
)
"""Gives a command the options of `READING` in place of its parameter `reading`, which gets those that were used."""
