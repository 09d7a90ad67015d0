"""Training anew at a point of the operating space: with what, towards how many spikes, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest

from spikeloom.deploy.configuration.configuration import configuration
from spikeloom.deploy.progress.progress import Quiet
from spikeloom.deploy.studies.operating_space.operating_space import OperatingSpace
from spikeloom.deploy.studies.operating_space.retraining import GENERAL, RATE_PENALTY, retrained, retraining_of
from spikeloom.deploy.studies.options import make_study
from spikeloom.deploy.studies.subject import Subject, open_subject
from spikeloom.models.errors import DataError, UsageError
from spikeloom.models.zoo.catalogue import recipe

pytest.importorskip("torch")
INPUTS, HIDDEN, CLASSES, STEPS, SAMPLES = 12, 24, 3, 10, 90


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of `small.nir` and `data.npz`, where the class is the number of the third of the inputs that is busier."""
    folder, random = tmp_path_factory.mktemp("retraining"), np.random.default_rng(5)
    hidden, out = np.ones(HIDDEN), np.ones(CLASSES)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([INPUTS])}),
        "fc1": nir.Affine(weight=random.normal(0, 0.5, (HIDDEN, INPUTS)), bias=0 * hidden),
        "lif1": nir.LIF(tau=2e-4 * hidden, r=hidden, v_leak=0 * hidden, v_threshold=hidden, v_reset=0 * hidden),
        "fc2": nir.Linear(weight=random.normal(0, 0.5, (CLASSES, HIDDEN))),
        "lif2": nir.LIF(tau=2e-4 * out, r=out, v_leak=0 * out, v_threshold=out, v_reset=0 * out),
        "output": nir.Output(output_type={"output": np.array([CLASSES])}),
    }
    nir.write(folder / "small.nir", nir.NIRGraph(nodes, list(pairwise(nodes))))
    y = np.arange(SAMPLES) // 2 % CLASSES  # so that every second sample has all classes
    rates = np.where(np.arange(INPUTS) // (INPUTS // CLASSES) == y[:, np.newaxis], 0.7, 0.1)
    x = (random.random((SAMPLES, STEPS, INPUTS)) < rates[:, np.newaxis]).astype(np.uint8)
    np.savez(folder / "data.npz", x=x, y=y)
    np.savez(folder / "unlabelled.npz", x=x)
    return folder


def opened(files: Path, data: str = "data.npz") -> Subject:
    return open_subject(str(files / "small.nir"), "loihi2", files / data, configuration(None), Quiet())


def test_fewer_spikes_are_asked_for_and_come(files: Path) -> None:
    subject = opened(files)
    measured = [retrained(retraining_of(subject, (), 120, rate), 2.0, 0.3, seed=0) for rate in (0.3, 0.02)]
    busy, sparse = measured
    assert busy is not None
    assert sparse is not None
    assert busy.accuracy == 1.0
    assert sparse.accuracy is not None
    assert sparse.accuracy >= 0.9
    assert sparse.spikes < busy.spikes / 2


def test_samples_to_train_with_are_none_of_those_to_measure_with(files: Path) -> None:
    subject = opened(files)
    retraining = retraining_of(subject, (), 3, None)
    assert retraining.x.shape == (SAMPLES // 2, STEPS, INPUTS)
    np.testing.assert_array_equal(retraining.x, subject.data.x[1::2])
    np.testing.assert_array_equal(retraining.test.x, subject.data.x[::2])
    assert (retraining.recipe.epochs, retraining.recipe.batch) == (3, GENERAL.batch)
    assert retraining.recipe.rate_penalty == 0
    assert "spikes cost nothing" in retraining.notes[0]


@pytest.mark.slow
def test_built_in_models_are_trained_by_their_own_recipe() -> None:
    subject = open_subject("digits", "loihi2", None, configuration(None, samples=20), Quiet())
    retraining = retraining_of(subject, (), 40, 0.05)
    own, asked = recipe("digits"), retraining.recipe
    assert own.distortion is not None
    assert (asked.distortion, asked.learning_rate, asked.batch) == (own.distortion, own.learning_rate, own.batch)
    assert (asked.epochs, asked.target_rate, asked.rate_penalty) == (40, 0.05, max(own.rate_penalty, RATE_PENALTY))
    short = retraining_of(subject, (), 10, None)
    assert short.recipe == replace(own, distortion=None, epochs=10, encoder=subject.data.encoder, steps=own.steps)
    assert "but for its distortions, which are for its 80 epochs" in short.notes[1]
    assert asked.steps == subject.data.steps
    assert retraining.x.shape[1:] == (1, 8, 8)
    assert len(retraining.x) > 1000  # not the 20 that are measured
    assert "0.05 spikes a neuron and step" in retraining.notes[0]
    assert retraining_of(subject, (), 4, None).recipe.target_rate == own.target_rate


def test_what_cannot_be_trained_anew_says_why(files: Path) -> None:
    with pytest.raises(DataError, match="no labels"):
        retraining_of(opened(files, "unlabelled.npz"), (), 3, None)
    with pytest.raises(UsageError, match="leave out --target-rate, or add --mode retrain"):
        make_study(OperatingSpace, {"target_rate": 0.1})
