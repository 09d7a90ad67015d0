"""`spikeloom train`: the models of the zoo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .completion import datasets, zoo_models
from .output import Output, print_json, speaks, typed_command
from .panels import TRAINING, examples

app = typer.Typer()


@app.command(
    rich_help_panel=TRAINING,
    epilog=examples(
        "spikeloom train digits --out build/digits.nir",
        "spikeloom train cnn-snn --epochs 2 --samples 500 --out build/cnn.nir",
    ),
)
@speaks
def train(
    name: Annotated[
        str,
        typer.Argument(
            help="A model of the zoo: digits, mlp-snn, cnn-snn, adlif ...; a wrong name lists all.",
            autocompletion=zoo_models,
        ),
    ],
    output: Output,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write, .nir or .graph; build/NAME if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, batches and augmentation.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Times to go through the training data.")] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Data to train on, instead of the model's own.", autocompletion=datasets),
    ] = None,
    data_folder: Annotated[Path | None, typer.Option(help="Files of a data set that is not part of spikeloom.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Train, and test, with at most so many.")] = None,
    width: Annotated[float, typer.Option(help="Factor to the numbers of hidden neurons or channels.")] = 1.0,
) -> None:
    """Train a model of the zoo with surrogate gradients, deploy it and write its card (needs spikeloom\\[torch])."""
    from ..deploy.training.summary import training_lines
    from ..deploy.training.training import TrainingChoices, train_model

    choices = TrainingChoices(seed, epochs, dataset, data_folder, samples, width, typed_command())
    with output.progress() as progress:
        path, card = train_model(name, out, choices, progress)
    if output.as_json:
        print_json(card)
    output.lines(training_lines(path, card))
