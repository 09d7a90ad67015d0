"""Whether two accuracies differ by more than chance explains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.deploy.comparison.accuracy import accuracy_change, correlation
from spikeloom.deploy.confidence import wilson_interval

Json = dict[str, Any]


def measured(right: int, of: int) -> Json:
    return {"accuracy": right / of, "accuracy_interval": wilson_interval(right, of)}


def test_the_interval_of_a_difference_is_the_published_one() -> None:
    """Newcombe 1998, table II, method 10: 56/70 and 48/80 differ by 0.2 with 0.0524 to 0.3339."""
    change = accuracy_change(measured(48, 80), measured(56, 70))
    assert change is not None
    assert (change["difference"], *change["interval"]) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert change["outcome"] == "higher"
    assert accuracy_change(measured(48, 80), {"accuracy": None, "accuracy_interval": None}) is None


@pytest.mark.parametrize(
    ("both_right", "gained", "lost", "both_wrong", "low", "high"),
    [(36, 12, 2, 0, 0.0569, 0.3404), (20, 12, 2, 16, 0.0562, 0.3292), (36, 14, 0, 0, 0.1528, 0.4167)],
)
def test_the_interval_of_answers_to_the_same_samples_is_the_published_one(
    both_right: int, gained: int, lost: int, both_wrong: int, low: float, high: float
) -> None:
    """Newcombe 1998, paired data, method 10."""
    of = both_right + gained + lost + both_wrong
    wrong_before = range(both_right, both_right + gained), range(of - both_wrong, of)
    before = [number for part in wrong_before for number in part]
    after = list(range(both_right + gained, of))
    change = accuracy_change(
        measured(of - len(before), of), measured(of - len(after), of), correlation(before, after, samples=of)
    )
    assert change is not None
    assert (*change["interval"], change["paired"]) == (
        pytest.approx(low, abs=1e-4),
        pytest.approx(high, abs=1e-4),
        True,
    )


def test_answers_that_go_together_tell_a_difference_that_others_do_not() -> None:
    before, after = measured(850, 1000), measured(870, 1000)
    alone = accuracy_change(before, after)
    together = accuracy_change(before, after, correlation(range(150), range(130), samples=1000))
    assert alone is not None and together is not None
    assert (alone["outcome"], alone["paired"]) == ("within chance", False)
    assert (together["outcome"], together["paired"]) == ("higher", True)


@given(of=st.integers(1, 60), data=st.data())
def test_pairs_are_the_same_whichever_comes_first(of: int, data: Any) -> None:
    answers = [data.draw(st.lists(st.integers(0, of - 1), unique=True)) for _ in range(2)]
    before, after = (measured(of - len(wrong), of) for wrong in answers)
    phi = correlation(*answers, samples=of)
    assert -1 <= phi <= 1
    assert correlation(*answers[::-1], samples=of) == phi
    there, back = accuracy_change(before, after, phi), accuracy_change(after, before, phi)
    assert there is not None and back is not None
    low, high = there["interval"]
    assert low <= there["difference"] <= high
    assert back["interval"] == pytest.approx([-high, -low])


@given(of=st.integers(1, 500), data=st.data())
def test_what_is_higher_one_way_is_lower_the_other(of: int, data: Any) -> None:
    before, after = (measured(data.draw(st.integers(0, of)), of) for _ in range(2))
    there, back = accuracy_change(before, after), accuracy_change(after, before)
    assert there is not None and back is not None
    low, high = there["interval"]
    assert low <= there["difference"] <= high
    assert back["interval"] == pytest.approx([-high, -low])
    outcomes = {"higher": "lower", "lower": "higher", "within chance": "within chance"}
    assert back["outcome"] == outcomes[there["outcome"]]
    assert (there["outcome"] == "within chance") == (low <= 0 <= high)


def test_chance_rarely_explains_what_is_no_chance_and_often_what_is() -> None:
    """Of equal networks at most one in twenty is told apart, of unequal ones nearly all."""
    random = np.random.default_rng(0)

    def told_apart(first: float, second: float) -> float:
        found = 0
        for _ in range(400):
            change = accuracy_change(
                measured(random.binomial(500, first), 500), measured(random.binomial(500, second), 500)
            )
            found += change is not None and change["outcome"] != "within chance"
        return found / 400

    assert told_apart(0.9, 0.9) < 0.08
    assert told_apart(0.9, 0.8) > 0.95
