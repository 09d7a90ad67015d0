"""The comparison of encoders trains, deploys and counts what it says, and chooses as it says it does."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from spikeloom.deploy.progress.progress import Quiet
from spikeloom.deploy.studies.encodings.codes import COMPARED, PopulationRates, code_named
from spikeloom.deploy.studies.encodings.encodings import Encodings
from spikeloom.deploy.studies.encodings.findings import CLOSE, conclude_encodings
from spikeloom.deploy.studies.options import make_study
from spikeloom.models.datasets.catalogue import load_dataset
from spikeloom.models.encoders import GaussianCurves
from spikeloom.models.errors import UsageError
from spikeloom.models.training.presentation import drawn_anew

SMALL = {
    "encoders": "constant,sigma-delta", "steps": 10, "epochs": 15, "hidden": 24, "repeats": 1,
    "samples": 250, "fault_rates": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def small() -> Any:
    """The study, what it prepared and what its tasks found."""
    study = make_study(Encodings, SMALL)
    assert isinstance(study, Encodings)
    prepared = pickle.loads(pickle.dumps(study.prepare(None, Quiet())))  # as it goes to workers
    return study, prepared, {task.name: study.perform(prepared, task) for task in study.tasks(prepared)}


def test_every_encoder_is_learned_and_counted(small: Any) -> None:
    study, prepared, outcomes = small
    assert len(outcomes) == 2
    for name, outcome in outcomes.items():
        row, *faults = outcome.rows
        by_step = outcome.arrays["right_by_step"]
        assert row["float_accuracy"] > 0.4 and row["accuracy"] > 0.4, name  # chance is a tenth
        assert by_step.shape == (10,)
        # What is level may still be guessed right.
        assert row["accuracy"] - row["undecided"] - 1e-9 <= by_step[-1] <= row["accuracy"]
        assert 1 <= row["steps_to_first_right"] <= 10 and row["never_right"] <= 1 - by_step[-1] + 1e-9
        encoder = code_named(row["encoder"], prepared.train_x, study.steps, study.neurons, 0)
        entered = encoder.encode(prepared.test_x, study.steps)
        assert row["input_spikes"] == pytest.approx(np.count_nonzero(entered) / len(entered))
        # Where every neuron is dead the first class is answered; where no packet arrives only biases are left.
        left = {one["fault"]: one["accuracy"] for one in faults}
        assert left["dead-neurons"] == np.mean(prepared.test_y == 0)
        assert left["dropped-packets"] < 0.25


@pytest.mark.slow
def test_a_task_says_the_same_again(small: Any) -> None:
    study, prepared, outcomes = small
    task = study.tasks(prepared)[1]
    again = study.perform(prepared, task)
    assert again.rows == outcomes[task.name].rows
    np.testing.assert_array_equal(again.arrays["right_by_step"], outcomes[task.name].arrays["right_by_step"])


def test_the_conclusion_names_every_encoder(small: Any) -> None:
    study, prepared, outcomes = small
    conclusion = study.conclude(prepared, outcomes)
    table = conclusion.tables["encoders"]
    assert [row["encoder"] for row in table] == ["constant", "sigma-delta"]
    best = max(table, key=lambda row: row["accuracy"])
    assert conclusion.sentences[0].startswith(f"The most accurate encoder is {best['encoder']}, {best['accuracy']:.1%}")
    assert {figure.name for figure in conclusion.figures} >= {"accuracy", "energy", "all-spikes", "decision", "steps"}
    assert len(conclusion.tables["accuracy-by-step"]) == 2 * 10
    assert len(conclusion.tables["faults"]) == 2 * 3


def run(encoder: str, accuracy: float, spikes: float, **rest: Any) -> dict[str, Any]:
    others = ("steps_to_decision", "steps_to_first_right", "undecided", "never_right", "input_spikes", "energy",
              "energy_low", "energy_high", "latency", "latency_low", "latency_high", "cores", "inputs")  # fmt: skip
    return {"encoder": encoder, "float_accuracy": accuracy, "accuracy": accuracy, "spikes": spikes,
            **dict.fromkeys(others, 1.0), **rest}  # fmt: skip


def test_the_best_are_chosen_among_those_that_are_close() -> None:
    runs = [
        run("a", 0.97, 500), run("a", 0.95, 300),
        run("b", 0.96 - CLOSE, 100, steps_to_decision=None), run("b", 0.96 - CLOSE, 200, steps_to_decision=3.0),
        run("c", 0.96 - CLOSE - 0.01, 1, energy=0.1),
        run("d", 0.95, 900, energy=0.5),
    ]  # fmt: skip
    trainings = {name: [np.linspace(0, 0.9, 4)] for name in "abcd"}
    conclusion = conclude_encodings(runs, [], trainings, samples=1000, assumptions=())
    a, b, _, _ = conclusion.tables["encoders"]
    assert (a["accuracy"], a["accuracy_lowest"], a["accuracy_highest"]) == (pytest.approx(0.96), 0.95, 0.97)
    assert a["all_spikes"] == 401 and a["trainings"] == 2
    assert b["steps_to_decision"] == 3.0  # of the training that has one
    assert conclusion.facts["best"] == {
        "most_accurate": "a", "sparsest": "b", "cheapest": "d", "shortest_latency": "a", "fastest_to_decide": "a",
    }  # fmt: skip
    assert "The fewest spikes of all has c, 2 a sample" in " ".join(conclusion.sentences)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20), st.integers(1, 40))
@settings(deadline=None, max_examples=50)
def test_what_appears_is_told_unit_by_unit_until_all_is_said(values: list[float], steps: int) -> None:
    data = np.array([[*values, 1.0]])
    contrast, sigma = (code_named(name, data, steps, 5, 0).encode(data, steps) for name in COMPARED[-2:])
    assert contrast.shape == (1, steps, 2, data.shape[1]) and sigma.shape == (1, steps, data.shape[1])
    assert not contrast[:, :, 1].any()  # nothing falls
    for units, within in ((contrast[:, :, 0], 1.0), (sigma, 0.5)):
        assert set(np.unique(units).tolist()) <= {0, 1}
        assert np.all(np.abs(units.sum(axis=1) - data * steps) <= within + 1e-6)
        assert np.all(np.diff(units, axis=1) <= 0)  # no pause before the last unit


def test_populations_are_drawn_anew_and_spike_as_their_curves_say() -> None:
    code = PopulationRates(GaussianCurves(0, 1, 5), seed=3)
    values = np.array([[0.0, 0.4, 1.0]])
    spikes = code.encode(values, 4000)
    assert spikes.shape == (1, 4000, 3, 5)
    np.testing.assert_allclose(spikes.mean(axis=1), code.curves.responses(values), atol=0.05)
    other = drawn_anew(code, 1, 2)
    assert (other.encode(values, 4000) != spikes).any()


@pytest.mark.parametrize("name", COMPARED)
def test_every_encoder_takes_the_images_of_the_data_sets(name: str) -> None:
    images = load_dataset("digits").train.x[:2]
    encoded = code_named(name, images, 16, 4, 0).encode(images, 16)
    assert encoded.shape[:2] == (2, 16)
    assert encoded.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoders": "morse"}, "there are constant"),
        ({"encoders": ""}, "there are constant"),
        ({"fault_rates": "2"}, "above 0 and at most 1"),
        ({"steps": 0}, "--steps cannot be 0"),
        ({"dataset": "faces"}, "'digits' or 'mnist'"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_study(Encodings, options)


def test_too_few_steps_are_refused_before_anything_is_trained() -> None:
    with pytest.raises(UsageError, match="'burst' needs 9 steps or more"):
        make_study(Encodings, {"steps": 8}).prepare(None, Quiet())
