"""Attacks: perturbations that the chip can take, the gradient against differences, and what is said of success."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from spikeloom.deploy.progress.progress import Quiet  # noqa: E402
from spikeloom.deploy.studies.adversarial.adversarial import Adversarial  # noqa: E402
from spikeloom.deploy.studies.adversarial.attack import Attack  # noqa: E402
from spikeloom.deploy.studies.adversarial.findings import AttackFacts, conclude_adversarial, summarized  # noqa: E402
from spikeloom.deploy.studies.adversarial.gradients import answer_gradient  # noqa: E402
from spikeloom.deploy.studies.options import make_study  # noqa: E402
from spikeloom.deploy.studies.study_run import run_study  # noqa: E402
from spikeloom.deploy.studies.workers import ThisProcess  # noqa: E402
from spikeloom.models.errors import UsageError  # noqa: E402
from spikeloom.models.training.ordinary_networks import RecurrentNetwork  # noqa: E402

Array = NDArray[Any]


def linear(weights: Array, offsets: Array | float = 0.0) -> Any:
    """Gradient and classes of a linear classifier: what the attack must find can be said in closed form."""

    def gradient(x: Array, y: Array) -> tuple[Array, Array]:
        scores = x @ weights.T + offsets
        held = scores.copy()
        held[np.arange(len(y)), y] = -np.inf
        return weights[held.argmax(axis=1)] - weights[y], scores.argmax(axis=1)

    return gradient


def classes_of(weights: Array, offsets: Array | float = 0.0) -> Any:
    return lambda x: (x @ weights.T + offsets).argmax(axis=1)


def test_an_attack_on_a_linear_classifier_is_the_smallest_that_there_is() -> None:
    # Class 0 leads by 3.5; flips gain 1, 2, 1 and 0.5, so that the three largest are needed, and do.
    weights, offsets = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 1.0, 0.5]]), np.array([3.5, 0.0])
    x, y = np.zeros((1, 4)), np.array([0])
    found, _ = Attack(1.0, 10).run(x, y, linear(weights, offsets), classes_of(weights, offsets))
    assert found.succeeded.all() and found.changes[0] == 3
    assert found.distance[0] == pytest.approx(np.sqrt(3)) and found.largest[0] == 1.0


@given(st.integers(0, 2**31), st.sampled_from([1.0, 1 / 16]), st.integers(1, 4))
def test_perturbed_inputs_stay_in_their_range_and_on_their_levels(seed: int, unit: float, at_once: int) -> None:
    random = np.random.default_rng(seed)
    weights, x = random.normal(size=(3, 12)), random.integers(0, round(1 / unit) + 1, (6, 12)) * unit
    gradient, seen = linear(weights), []

    def watched(values: Array, y: Array) -> tuple[Array, Array]:
        seen.append(values.copy())
        return gradient(values, y)

    y = (x @ weights.T).argmax(axis=1)
    attack = Attack(unit, 40, at_once)
    found, on_chip = attack.run(x, y, watched, classes_of(weights))
    for values in seen:
        assert values.min() >= 0 and values.max() <= 1
        assert np.array_equal(np.rint(values / unit), values / unit)
    assert np.array_equal(found.changes, on_chip.changes)  # the same network twice
    assert (found.changes[found.succeeded] <= 40).all() and (found.changes[found.succeeded] >= 1).all()
    assert (found.changes[~found.succeeded] == -1).all() and np.isnan(found.distance[~found.succeeded]).all()
    # At least as far as the largest change of one input, at most as far as if all changes were of one.
    known = found.succeeded
    assert (found.largest[known] <= found.distance[known] + 1e-9).all()
    assert (found.distance[known] <= found.changes[known] * unit + 1e-9).all()


def test_the_integer_network_is_attacked_until_it_breaks_itself() -> None:
    weights = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    x, y = np.zeros((1, 4)), np.array([0])
    ahead, firmer = np.array([1.5, 0.0]), np.array([3.5, 0.0])
    in_float, on_chip = Attack(1.0, 4).run(x, y, linear(weights, ahead), classes_of(weights, firmer))
    assert (in_float.changes[0], on_chip.changes[0]) == (2, 4)
    in_float, on_chip = Attack(1.0, 3).run(x, y, linear(weights, ahead), classes_of(weights, firmer))
    assert in_float.succeeded[0] and on_chip.right[0] and not on_chip.succeeded[0]


def test_samples_that_were_wrong_before_are_not_counted() -> None:
    weights = np.array([[1.0, 0.0], [0.0, 1.0]])
    found, _ = Attack(1.0, 4).run(np.eye(2), np.array([0, 0]), linear(weights), classes_of(weights))
    assert found.right.tolist() == [True, False] and found.succeeded.tolist() == [True, False]


def test_the_gradient_is_that_of_the_margin() -> None:
    """A network without spikes is smooth, so differences of its margin tell the gradient."""
    network = RecurrentNetwork("gru", (3,), (4,), 3).double()
    random = np.random.default_rng(0)
    x, y = random.random((2, 5, 3)), np.array([0, 2])
    gradient, classes = answer_gradient(network, x, y, None)

    def margins(values: Array) -> Array:
        with torch.no_grad():
            scores = network.scores(network(torch.from_numpy(values).transpose(0, 1))).numpy()
        wrong = scores.copy()
        wrong[np.arange(2), y] = -np.inf
        return np.asarray(wrong.max(axis=1) - scores[np.arange(2), y])

    step = 1e-6
    for sample, time, channel in ((0, 0, 0), (1, 4, 2), (0, 3, 1)):
        raised, lowered = x.copy(), x.copy()
        raised[sample, time, channel] += step
        lowered[sample, time, channel] -= step
        difference = (margins(raised)[sample] - margins(lowered)[sample]) / (2 * step)
        assert gradient[sample, time, channel] == pytest.approx(difference, rel=1e-4, abs=1e-9)
    with torch.no_grad():
        assert np.array_equal(classes, network.scores(network(torch.from_numpy(x).transpose(0, 1))).argmax(1).numpy())
    # A constant current shows the same value at every step, so its gradient is the sum over the steps.
    still = random.random((2, 3))
    repeated = np.repeat(still[:, np.newaxis], 5, axis=1)
    assert answer_gradient(network, still, y, 5)[0] == pytest.approx(
        answer_gradient(network, repeated, y, None)[0].sum(1)
    )


def rows(changes: list[int | None], kind: str = "integer", variant: str = "baseline") -> list[dict[str, Any]]:
    return [
        {
            "variant": variant, "repeat": 0, "network": kind, "sample": number, "right": True,
            "broken": value is not None, "changes": value,
            "distance": None if value is None else float(value) / 2, "largest": value,
        }
        for number, value in enumerate(changes)
    ]  # fmt: skip


def test_statistics_are_those_of_all_samples() -> None:
    values = [3, 5, 9, 20]
    (found,) = summarized(rows([*values]))
    assert found["mean_changes"] == np.mean(values) and found["median_changes"] == 7 and found["largest_changes"] == 20
    error = 1.96 * np.std(values, ddof=1) / 2
    assert found["mean_changes_low"] == pytest.approx(np.mean(values) - error, rel=1e-3)
    assert found["mean_distance"] == np.mean(values) / 2 and found["success"] == 1


def test_what_needs_full_success_is_not_said_without_it() -> None:
    (found,) = summarized(rows([3, 5, 9, None]))
    assert found["mean_changes"] is None and found["largest_changes"] is None and found["success"] == 0.75
    assert found["median_changes"] == 7
    facts = AttackFacts("digits", "data", 4, 64, False, 1 / 16, 600, "loihi2")
    told = conclude_adversarial(rows([3, 5, 9, None]) + rows([3, 5, 9, 11], "float"), facts).sentences
    assert "75% broken only" in told[0] and any("1 of 4 samples hold against 600 units" in part for part in told)


def test_differences_from_the_baseline_are_held_against_what_was_published() -> None:
    facts = AttackFacts("digits", "data", 40, 64, False, 1 / 16, 600, "loihi2")
    spread = [10, 11, 12, 13] * 10
    both = rows([*spread]) + rows([value - 6 for value in spread], variant="recurrence")
    both += rows([value - 6 for value in spread], variant="complete-leakage")
    twin = [row | {"network": "float"} for row in both]
    told = " ".join(conclude_adversarial(both + twin, facts).sentences)
    assert "recurrence is less robust than the baseline, as published" in told
    assert "complete-leakage is less robust than the baseline, other than published" in told


@pytest.mark.parametrize("task", ["digits", pytest.param("sequences", marks=pytest.mark.slow)])
def test_a_study_attacks_both_networks(task: str, tmp_path: Path) -> None:
    options = {"task": task, "variants": "baseline", "repeats": 1, "epochs": 2, "training_samples": 300,
               "attacked": 12, "at_once": 8, "most": 400}  # fmt: skip
    study = make_study(Adversarial, options)
    result = run_study(study, None, tmp_path / "study", ThisProcess(), Quiet())
    summary = {row["network"]: row for row in result.conclusion.tables["variants"]}
    assert set(summary) == {"float", "integer"}
    assert len(result.conclusion.tables["samples"]) == 24
    assert summary["integer"]["attacked"] >= 3 and summary["integer"]["broken"] >= 1
    for row in result.conclusion.tables["samples"]:
        assert row["broken"] <= row["right"] and (row["changes"] is None) == (not row["broken"])


def test_wrong_options_are_named() -> None:
    with pytest.raises(UsageError, match="--variants"):
        make_study(Adversarial, {"variants": "no-memory"})
