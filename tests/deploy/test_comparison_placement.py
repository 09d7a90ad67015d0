"""How many neurons have to change core to make one partition of another."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.deploy.comparison.placement import regrouped_neurons


def fewest_by_trying(before: Any, after: Any) -> int:
    """Over all ways to name the cores of one after those of the other."""
    cores = 1 + max(before.max(), after.max())
    return min(
        int(np.count_nonzero(before != np.asarray(names)[after])) for names in itertools.permutations(range(cores))
    )


@given(data=st.data(), size=st.integers(1, 12))
def test_the_fewest_neurons_to_regroup_are_found(data: Any, size: int) -> None:
    numbers = st.lists(st.integers(0, 3), min_size=size, max_size=size)
    before, after = (np.asarray(data.draw(numbers)) for _ in range(2))
    assert regrouped_neurons(before, after) == fewest_by_trying(before, after)


def test_many_cores_are_compared_in_no_time() -> None:
    """5,000 cores of 100 neurons each, a few of which changed places; as one matrix it would be 200 MB."""
    random = np.random.default_rng(0)
    before = np.repeat(np.arange(5000), 100)
    after = random.permutation(5000)[before]
    moved = random.choice(before.size, 50, replace=False)
    after[moved] = (after[moved] + 1) % 5000
    assert regrouped_neurons(before, after) == 50
