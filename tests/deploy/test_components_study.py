"""The study of components: names of variants, trainings that repeat, statistics and the verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from spikeloom.backends.program import Program
from spikeloom.deploy.confidence import wilson_interval
from spikeloom.deploy.progress.progress import Quiet
from spikeloom.deploy.studies.components.components import Components as ComponentsStudy
from spikeloom.deploy.studies.components.findings import (
    TaskFacts,
    conclude_components,
    published_checks,
    summarized,
)
from spikeloom.deploy.studies.components.tasks import TASKS
from spikeloom.deploy.studies.components.training import (
    deployed_classes,
    entered,
    trained_variant,
    training_seed,
)
from spikeloom.deploy.studies.components.variants import CHANGES, PUBLISHED, components_of
from spikeloom.deploy.studies.options import make_study
from spikeloom.deploy.studies.study_run import run_study
from spikeloom.deploy.studies.workers import ThisProcess
from spikeloom.mapping.target_files import load_target
from spikeloom.models.errors import UsageError
from spikeloom.models.neurons import Reset
from spikeloom.models.training.build import fully_connected
from spikeloom.models.training.components import Components, Leakage, variants_of

PUBLISHED_XOR = TASKS["xor"].published


def facts(**changes: Any) -> TaskFacts:
    plain: dict[str, Any] = {
        "name": "xor", "source": "generated", "training_samples": 10, "test_samples": 1000, "steps": 100,
        "answer_from": 90, "chance": 0.5, "hidden": (32,), "epochs": 1, "learning_rates": (0.01,), "baseline": "leaky",
        "published": PUBLISHED_XOR,
    }  # fmt: skip
    return TaskFacts(**(plain | changes))


def training(variant: str, accuracy: float, *, repeat: int = 0, samples: int = 1000, **changes: Any) -> dict[str, Any]:
    return {
        "variant": variant, "repeat": repeat, "samples": samples, "float_accuracy": accuracy, "accuracy": accuracy,
        "spikes": 100.0, "energy": 1e-6, "latency": 1e-5, "retention": 0.5, "parameters": 10,
    } | changes  # fmt: skip


def small(**options: Any) -> ComponentsStudy:
    study = make_study(
        ComponentsStudy,
        {"task": "digits", "variants": "baseline,no-reset+recurrence", "repeats": 1, "epochs": 3,
         "training_samples": 200, "test_samples": 60} | options,
    )  # fmt: skip
    assert isinstance(study, ComponentsStudy)
    return study


def test_the_published_variants_are_those_of_the_components() -> None:
    baseline = Components()
    known = variants_of(baseline)
    for name, twin in zip(PUBLISHED, ("baseline", "without leakage", "complete leakage", "without reset",
                                      "with recurrence"), strict=True):  # fmt: skip
        assert components_of(name, baseline) == known[twin]


def test_combinations_change_each_component_they_name() -> None:
    made = components_of("no-leakage+subtraction+recurrence", Components())
    assert (made.leakage, made.reset, made.recurrent) == (Leakage.NONE, Reset.SUBTRACT, True)
    assert components_of("normal-leakage", TASKS["xor"].baseline).first_retention == 0.3
    assert components_of("learnable-leakage", Components()).leakage is Leakage.LEARNABLE


@given(st.sets(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=3))
def test_parts_that_contradict_each_other_are_refused_and_others_are_not(parts: set[str]) -> None:
    fields = [next(iter(CHANGES[part])) for part in parts]
    name = "+".join(sorted(parts))
    if len(set(fields)) == len(fields):
        made = components_of(name, Components())
        assert all(getattr(made, field) == value for part in parts for field, value in CHANGES[part].items())
    else:
        with pytest.raises(ValueError, match="cannot both be"):
            components_of(name, Components())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"variants": "baseline,no-memory"}, "there is no variant 'no-memory'"),
        ({"variants": "no-reset+hard-reset"}, "cannot both be"),
        ({"variants": ""}, "at least one variant"),
        ({"delay": 10}, "--delay is of the task xor"),
        ({"repeats": 0}, "--repeats"),
        ({"learning_rates": "0.01,fast"}, "'fast' is no number"),
        ({"learning_rates": "0.01,0"}, "0 is not above 0"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        small(**options)


def test_repeats_have_seeds_of_their_own_and_tasks_names_of_their_own() -> None:
    seeds = {training_seed(seed, repeat) for seed in range(5) for repeat in range(5)}
    assert len(seeds) == 25
    study = small(variants=",".join((*PUBLISHED, "no-leakage+recurrence")), repeats=3)
    names = [task.name for task in study.tasks(study.prepare(None, Quiet()))]
    assert len(set(names)) == len(names) == 3 * (len(PUBLISHED) + 1)


def test_a_study_trains_deploys_and_measures_the_same_again(tmp_path: Path) -> None:
    study = small()
    result = run_study(study, None, tmp_path / "study", ThisProcess(), Quiet())
    baseline, combined = result.conclusion.tables["trainings"]
    prepared = study.prepare(None, Quiet())
    assert dict(study.perform(prepared, study.tasks(prepared)[0]).rows[0]) == dict(baseline)
    assert baseline["accuracy"] > 0.3 and abs(baseline["accuracy"] - baseline["float_accuracy"]) < 0.1
    # 64 inputs, 64 hidden, 10 classes with biases; recurrence adds 64 x 64.
    assert baseline["parameters"] == 64 * 65 + 10 * 65 and combined["parameters"] == baseline["parameters"] + 64 * 64
    assert (combined["reset"], combined["recurrence"], baseline["retention"]) == ("none", True, 0.3)
    assert baseline["energy_low"] <= baseline["energy"] <= baseline["energy_high"]
    page = (tmp_path / "study" / "study.html").read_text(encoding="utf-8")
    assert "no-reset+recurrence" in page
    assert {"accuracy", "spikes", "energy"} == {figure.name for figure in result.conclusion.figures}
    other = small(variants="baseline", seed=1)
    assert other.perform(prepared, other.tasks(prepared)[0]).rows[0]["loss"] != baseline["loss"]


def test_of_several_learning_rates_the_one_is_taken_that_is_best_on_samples_held_out() -> None:
    study = small(variants="baseline", learning_rates="0.00001, 0.01")
    prepared = study.prepare(None, Quiet())
    (task,) = study.tasks(prepared)
    (row,) = study.perform(prepared, task).rows
    assert row["learning_rate"] == 0.01 and row["held_out_accuracy"] > 0.3
    # Which is what a training by it alone comes to on the samples that are left.
    (alone,) = small(variants="baseline", learning_rates="0.01", training_samples=180).perform(prepared, task).rows
    assert alone["held_out_accuracy"] is None
    assert (alone["loss"], alone["accuracy"]) == (row["loss"], row["accuracy"])
    assert prepared.facts.learning_rates == (1e-5, 0.01)


def test_a_tenth_of_too_few_samples_cannot_choose() -> None:
    with pytest.raises(UsageError, match="of 9 samples no tenth can be held out"):
        small(training_samples=9, learning_rates="0.1,0.2").prepare(None, Quiet())
    assert small(training_samples=9, learning_rates="0.1").prepare(None, Quiet()).facts.training_samples == 9


@pytest.fixture(scope="module")
def answered_late() -> tuple[Program, Any, int]:
    """A network of the exclusive or, whose answer counts from a step on."""
    task = TASKS["xor"]
    data = task.data(3, 200, 60)
    recipe = replace(task.recipe, epochs=1, answer_from=data.answer_from)
    trained = trained_variant(data, task, task.baseline, (recipe,), load_target("loihi2"))
    return trained.program, entered(data.test.x, data, recipe), data.answer_from


def test_the_chip_is_asked_only_from_the_step_on_that_training_asked_from(
    answered_late: tuple[Program, Any, int],
) -> None:
    from spikeloom.backends.simulator.simulate import Simulator
    from spikeloom.deploy.studies.measurement import Instrument

    program, x, answer_from = answered_late
    assert answer_from == 90 and program.steps == 100
    output = Simulator(program.network).run(program.code.encode(x)).activity[program.network.output]
    direct = output[:, answer_from:].sum(axis=1, dtype=np.int64).argmax(axis=1)
    assert np.array_equal(deployed_classes(program, x, answer_from), direct)
    assert np.array_equal(Instrument(program, x, None).measure(answer_from=answer_from).classes, direct)


def test_summaries_pool_the_samples_of_all_trainings() -> None:
    rows = [training("baseline", 0.7, spikes=10.0), training("baseline", 0.8, repeat=1, samples=500, spikes=30.0)]
    (found,) = summarized(rows, {"baseline": 0.775})
    assert found["accuracy"] == pytest.approx((700 + 400) / 1500)
    assert (found["accuracy_low"], found["accuracy_high"]) == pytest.approx(wilson_interval(1100, 1500))
    assert (found["worst_training"], found["best_training"], found["spikes"]) == (0.7, 0.8, 20.0)
    assert found["published"] == 0.775


def test_the_verdict_says_whether_the_published_order_comes_out() -> None:
    as_published = [training(variant, accuracy) for variant, accuracy in PUBLISHED_XOR.items()]
    checks = published_checks(summarized(as_published, PUBLISHED_XOR), facts())
    assert all(checks.values()) and len(checks) == 4
    found = conclude_components(as_published, facts())
    assert found.sentences[0].startswith(
        "On loihi2, from the most accurate to the least: recurrence 98.9%, no-reset 96.1%"
    )
    assert found.sentences[1].startswith("The published order comes out: no-leakage at chance")

    learned = {**PUBLISHED_XOR, "no-leakage": 0.7, "no-reset": 0.8}
    other = [training(variant, accuracy) for variant, accuracy in learned.items()]
    checks = published_checks(summarized(other, PUBLISHED_XOR), facts())
    assert [what for what, holds in checks.items() if not holds] == [
        "no-leakage at chance", "no-reset far above the baseline",
    ]  # fmt: skip
    assert "does not come out in full" in conclude_components(other, facts()).sentences[1]


def test_a_baseline_that_learns_nothing_is_owned_up_to() -> None:
    learned = {**PUBLISHED_XOR, "baseline": 0.5}
    told = conclude_components(
        [training(variant, accuracy) for variant, accuracy in learned.items()], facts()
    ).sentences
    assert any("the baseline itself is at chance: 50.0%" in sentence for sentence in told)
    as_published = conclude_components([training(name, value) for name, value in PUBLISHED_XOR.items()], facts())
    assert not any("the baseline itself" in sentence for sentence in as_published.sentences)


def test_nothing_is_said_of_what_was_not_published() -> None:
    found = conclude_components([training("baseline", 0.9)], facts(published={}))
    assert not any("ublished" in sentence for sentence in found.sentences)


def test_weights_begin_as_a_task_wants_them() -> None:
    shape, hidden, classes = (4,), (5,), 3
    plain = fully_connected(shape, hidden, classes, Components(), first_gain=1.0)
    begun = fully_connected(shape, hidden, classes, Components(), first_gain=0.3, output_gain=0.2, first_biases=False)
    for name, gain in (("linear1", 0.3), ("linear_out", 0.2)):
        of_plain, of_begun = plain.modules_by_name[name], begun.modules_by_name[name]
        assert np.allclose(of_begun.weight.detach(), gain * of_plain.weight.detach())
        assert not of_begun.bias.detach().any() and of_plain.bias.detach().all()


@pytest.mark.slow
def test_what_was_published_comes_out_on_another_seed(tmp_path: Path) -> None:
    study = make_study(ComponentsStudy, {"repeats": 1, "seed": 5, "variants": "baseline,complete-leakage,no-reset"})
    result = run_study(study, None, tmp_path / "study", ThisProcess(), Quiet())
    checks = result.conclusion.facts["published_checks"]
    assert checks == {"complete-leakage at chance": True, "no-reset far above the baseline": True}
