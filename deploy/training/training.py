"""Training a model of the zoo: its file and, beside it, its card."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...models.datasets import Dataset, load_dataset
from ...models.datasets.dataset import Split
from ...models.datasets.stratified import stratified_choice
from ...models.errors import UsageError
from ...models.training.requirement import require_torch
from ...models.zoo.brought_files import FILES, require_folder
from ...models.zoo.catalogue import ZooModel, zoo_model
from ...models.zoo.model_files import suffixes_of
from ..progress.progress import Progress
from .card import deployed_section, deployed_stages, digits_card, model_card

WIDTH = 1.0


@dataclass(frozen=True)
class TrainingChoices:
    """What a user can decide about a training.

    Attributes
    ----------
    seed : of everything drawn at random, at least 0.
    epochs : instead of those of the model's recipe.
    dataset : instead of the model's own.
    data_folder : with the files of a data set that the user brings.
    samples : to train with at most so many, and to test with at most as many, every class in its share.
    width : factor to the numbers of hidden neurons or channels, above 0.
    command : what the user typed, for the card.
    """

    seed: int = 0
    epochs: int | None = None
    dataset: str | None = None
    data_folder: Path | None = None
    samples: int | None = None
    width: float = WIDTH
    command: str = ""


def train_model(
    name: str, out: Path | None, choices: TrainingChoices, progress: Progress
) -> tuple[Path, dict[str, Any]]:
    """Train a model, write it and, beside it, its card.

    Parameters
    ----------
    name : of a model of the zoo.
    out : the `.nir` or `.graph` file to write; None for one in build/ that is called as the model.

    Returns
    -------
    The file, and the card: accuracy in float and deployed, spikes, energy, seed, recipe, data, versions.

    Raises
    ------
    UsageError : the zoo has no such model, it cannot be trained so, or `out` cannot be written to.
    BackendMissingError : PyTorch, or a package that the data comes with, is not installed.
    DataError : the data is not there, or not what it should be.
    """
    model = zoo_model(name)
    path = _checked(model, out)
    card_path = path.with_suffix(".json")
    require_torch()
    deploying = deployed_stages(model, path)
    progress.expect(1 + deploying)
    # The committed network has a program of its own, for it must come out again to the last bit.
    if name == "digits" and choices == replace(
        TrainingChoices(), seed=choices.seed, epochs=choices.epochs, command=choices.command
    ):
        from ...models.zoo import digits

        epochs = choices.epochs or digits.EPOCHS
        advance = progress.stage(f"training {name}", epochs)
        card_path.unlink(missing_ok=True)
        card = digits_card(digits.train(choices.seed, epochs, out=path, progress=lambda *done: advance(1)))
        data = load_dataset("digits")
    else:
        progress.expect(1)
        data = _data(model, choices, progress)
        from ...models.zoo.trained_model import train_zoo_model

        advance = progress.stage(f"training {name}", choices.epochs or model.recipe.epochs)
        trained = train_zoo_model(
            model, data, seed=choices.seed, epochs=choices.epochs, width=choices.width, watch=lambda *done: advance(1)
        )
        card_path.unlink(missing_ok=True)  # one that is there is of the file before
        trained.write(path)
        card = model_card(model, trained, data, choices.seed, choices.width, choices.command)
    progress.expect(-deploying)  # which tells them once more
    card["deployed"] = deployed_section(model, path, data, card["deployment_options"], progress)
    card["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    _write_whole(card_path, json.dumps(card, indent=2) + "\n")
    return path, card


def _checked(model: ZooModel, out: Path | None) -> Path:
    """Where the model is to be written, before the hours of training, lest they be for nothing."""
    suffixes = suffixes_of(model)
    path = Path("build", model.name + suffixes[0]) if out is None else out
    if path.suffix not in suffixes:
        raise UsageError(
            f"{model.name} cannot be written to {path}: name a {' or '.join(suffixes)} file by --out"
            + (", for NIR has no such network." if len(suffixes) == 1 else ".")
        )
    if path.is_dir():
        raise UsageError(f"{path} is a folder; --out needs the name of a file.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path.with_name(f".{path.name}.probe"), "").unlink()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from None
    return path


def _data(model: ZooModel, choices: TrainingChoices, progress: Progress) -> Dataset:
    name = choices.dataset or model.dataset
    require_folder(model.name, name, choices.data_folder)
    options: dict[str, Any] = dict(model.dataset_options) if name == model.dataset else {}
    if choices.samples is not None and name in FILES:
        options["train_samples"] = choices.samples  # so that no more are read than are wanted
    progress.stage(f"reading {name}")
    data = load_dataset(name, choices.data_folder, **options)
    if choices.samples is None:
        return data
    return replace(data, train=_part(data.train, choices.samples), test=_part(data.test, choices.samples))


def _part(split: Split, samples: int) -> Split:
    chosen = stratified_choice(split.y, min(samples, split.samples), seed=0)
    return Split(split.x[chosen], split.y[chosen])


def _write_whole(path: Path, text: str) -> Path:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        return temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
