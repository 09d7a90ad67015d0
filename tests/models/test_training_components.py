"""What a network is made of and how it is trained, as said without PyTorch."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.models.errors import UsageError
from spikeloom.models.neurons import Reset
from spikeloom.models.training.components import Components, Leakage, variants_of
from spikeloom.models.training.recipe import Constant, Cosine, Recipe, Step


@pytest.mark.parametrize(
    ("leakage", "retention"), [("normal", 0.3), ("none", 1.0), ("complete", 0.0), ("learnable", 0.3)]
)
def test_leakage_says_what_is_kept(leakage: str, retention: float) -> None:
    assert Components(leakage=Leakage(leakage)).first_retention == retention


@given(st.floats(1, 1e3))
def test_a_time_constant_keeps_all_but_its_inverse_and_takes_that_of_the_input(tau: float) -> None:
    made = Components.from_time_constant(tau, threshold=0.5)
    voltage, arriving = 0.7, 0.4
    assert made.first_retention * voltage + made.input_gain * arriving == pytest.approx(
        voltage + (arriving - voltage) / tau
    )
    assert made.threshold == 0.5


def test_variants_differ_from_the_baseline_in_one_component_each() -> None:
    baseline = Components(leakage=Leakage.LEARNABLE, threshold=0.5)
    variants = variants_of(baseline)
    assert variants["baseline"] == baseline
    for name, variant in variants.items():
        changed = [key for key in vars(baseline) if getattr(variant, key) != getattr(baseline, key)]
        assert len(changed) == (name != "baseline")
    assert variants["with recurrence"].description == "learnable leakage, reset to zero, recurrence"
    assert len({variant.description for variant in variants.values()}) == 5


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"leakage": "some"}, "'complete'"),
        ({"reset": "half"}, "'subtract'"),
        ({"retention": 1.5}, "1.5"),
        ({"retention": float("nan")}, "nan"),
        ({"leakage": "learnable", "retention": 1.0}, "sigmoid"),
        ({"threshold": 0.0}, "threshold of 0"),
        ({"input_gain": -1.0}, "input gain of -1"),
    ],
)
def test_components_that_cannot_be_are_refused_by_name(options: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Components(**options)  # type: ignore[arg-type]


def test_names_are_as_good_as_members() -> None:
    assert Components(leakage="none", reset="none").reset is Reset.NONE  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="at least 1"):
        Components.from_time_constant(0.5)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"surrogate": "tanh"}, "'fast-sigmoid'"),
        ({"loss": "hinge"}, "'squared-error'"),
        ({"epochs": 0}, "epochs = 0"),
        ({"learning_rate": float("nan")}, "learning_rate = nan"),
        ({"label_smoothing": 1.0}, "smoothing of 1"),
        ({"rate_penalty": -1.0}, "rate_penalty = -1"),
        ({"encoder": None}, "both an encoder and steps"),
        ({"steps": None}, "both an encoder and steps"),
    ],
)
def test_recipes_that_cannot_be_are_refused_by_name(options: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Recipe(**options)  # type: ignore[arg-type]


def test_schedules_give_shares_of_the_first_rate() -> None:
    assert [Constant().share(epoch, 4) for epoch in range(4)] == [1.0] * 4
    assert [Cosine().share(epoch, 4) for epoch in (0, 2)] == [1.0, pytest.approx(0.5)]
    assert [Step(2, 0.5).share(epoch, 6) for epoch in range(6)] == [1, 1, 0.5, 0.5, 0.25, 0.25]
    with pytest.raises(UsageError, match="every 0 epochs"):
        Step(0, 0.5)


def test_neither_needs_pytorch() -> None:
    names = "spikeloom.models.training.components", "spikeloom.models.training.recipe"
    code = f"import sys, {', '.join(names)}; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "False"
