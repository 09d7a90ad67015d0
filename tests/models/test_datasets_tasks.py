"""Generated tasks: delayed exclusive or, and sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.models.datasets import load_dataset
from spikeloom.models.datasets.delayed_xor import DelayedXor
from spikeloom.models.datasets.sequences import Sequences
from spikeloom.models.errors import UsageError

SEEDS = st.integers(0, 2**40)


def random(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def counts_differ_by_one_at_most(labels: Any, classes: int) -> bool:
    counts = np.bincount(labels, minlength=classes)
    return len(counts) == classes and int(counts.max() - counts.min()) <= 1


TASKS = st.builds(
    DelayedXor,
    channels=st.integers(1, 5),
    pattern_steps=st.integers(1, 4),
    delay_steps=st.integers(0, 9),
    low_rate=st.floats(0, 0.4),
    high_rate=st.floats(0.5, 1),
    noise_rate=st.floats(0, 1),
)


@given(TASKS, st.integers(0, 41), SEEDS)
def test_delayed_xor_has_its_shape_and_all_pairs_alike(task: DelayedXor, samples: int, seed: int) -> None:
    spikes, patterns = task.draw(samples, random(seed))
    assert spikes.shape == (samples, 2 * task.pattern_steps + task.delay_steps, task.channels)
    assert spikes.dtype == np.int8 and np.isin(spikes, (0, 1)).all()
    assert counts_differ_by_one_at_most(patterns[:, 0] ^ patterns[:, 1], 2)
    assert counts_differ_by_one_at_most(2 * patterns[:, 0] + patterns[:, 1], 4)
    again, same = task.draw(samples, random(seed))
    assert np.array_equal(spikes, again) and np.array_equal(patterns, same)


@given(st.integers(0, 6), SEEDS)
def test_the_class_is_the_exclusive_or_of_the_rates(delay: int, seed: int) -> None:
    options = {"low_rate": 0.0, "high_rate": 1.0, "noise_rate": 0.0, "delay_steps": delay, "pattern_steps": 3}
    data = load_dataset("delayed-xor", train_samples=20, test_samples=12, seed=seed, channels=2, **options)
    assert data.answer_from == 3 + delay and data.steps == 6 + delay and data.shape == (2,)
    for part in (data.train, data.test):
        first, second = part.x[:, :3], part.x[:, data.answer_from :]
        assert np.array_equal(first.all((1, 2)) ^ second.all((1, 2)), part.y == 1)
        assert np.array_equal(first.any((1, 2)), first.all((1, 2)))
        assert not part.x[:, 3 : data.answer_from].any()


def test_delayed_xor_spikes_at_the_rates_asked_for() -> None:
    task = DelayedXor(channels=10, pattern_steps=10, delay_steps=30)
    spikes, patterns = task.draw(2000, random(7))
    for which, steps in enumerate((slice(0, 10), slice(40, 50))):
        for kind, rate in enumerate((0.2, 0.6)):
            expected = 1 - (1 - rate) * (1 - 0.01)
            assert spikes[patterns[:, which] == kind, steps].mean() == pytest.approx(expected, abs=0.01)
    assert spikes[:, 10:40].mean() == pytest.approx(0.01, abs=0.001)


@pytest.mark.parametrize("name", ["delayed-xor", "sequences"])
def test_train_and_test_are_different_samples(name: str) -> None:
    data = load_dataset(name, train_samples=300, test_samples=200, seed=3)
    train, test = ({sample.tobytes() for sample in part.x} for part in (data.train, data.test))
    assert len(train) == 300 and len(test) == 200 and not train & test
    again = load_dataset(name, train_samples=300, test_samples=200, seed=3)
    assert np.array_equal(again.train.x, data.train.x) and np.array_equal(again.test.y, data.test.y)
    other = load_dataset(name, train_samples=300, test_samples=200, seed=4)
    assert not np.array_equal(other.train.x, data.train.x)


ORDERS = st.builds(
    Sequences,
    patterns=st.integers(3, 5),
    channels=st.integers(5, 11),
    pattern_steps=st.integers(1, 3),
    jitter=st.integers(0, 2),
    rate=st.floats(0, 1),
    noise_rate=st.floats(0, 1),
)


@given(ORDERS, st.integers(0, 50), SEEDS)
def test_sequences_have_their_shape_and_all_classes_alike(task: Sequences, samples: int, seed: int) -> None:
    groups = task.groups(random(seed))
    assert (groups.sum(0) <= 1).all() and (groups.sum(1) == task.channels // task.patterns).all()
    spikes, labels = task.draw(groups, samples, random(seed))
    assert spikes.shape == (samples, task.patterns * (task.pattern_steps + 2 * task.jitter), task.channels)
    assert np.isin(spikes, (0, 1)).all()
    assert counts_differ_by_one_at_most(labels, task.classes)
    again, same = task.draw(groups, samples, random(seed))
    assert np.array_equal(spikes, again) and np.array_equal(labels, same)


@given(st.integers(3, 5), st.integers(0, 2), SEEDS)
def test_only_the_order_tells_the_class(patterns: int, jitter: int, seed: int) -> None:
    task = Sequences(patterns, 2 * patterns, 2, jitter, rate=1, noise_rate=0)
    groups = task.groups(random(seed))
    spikes, labels = task.draw(groups, 2 * patterns * task.classes, random(seed))
    # Summed over time all samples are the same.
    assert np.array_equal(spikes.sum(1), np.full((len(labels), task.channels), 2))
    # In every window every class shows every pattern alike often.
    seen = spikes.reshape(len(labels), patterns, task.window, -1).any(2) @ groups.T.astype(int) > 0
    for label in range(task.classes):
        assert np.array_equal(seen[labels == label].sum(0), np.full((patterns, patterns), 2))
    # The cyclic order, turned to begin with pattern 0, is the class.
    order = seen.argmax(2)
    turned = [np.roll(row, -int(np.flatnonzero(row == 0)[0])) for row in order]
    assert np.array_equal(turned, task.orders()[labels])


def test_noise_and_jitter_leave_sums_over_time_alike() -> None:
    task = Sequences(patterns=4, channels=12, pattern_steps=4, jitter=2, rate=0.5, noise_rate=0.1)
    spikes, labels = task.draw(task.groups(random(1)), 6000, random(2))
    sums = spikes.sum(1, dtype=np.int64)
    # Means, and products of two channels, for what came before or after a pattern must not show in them either.
    features = np.concatenate([sums, (sums[:, :, None] * sums[:, None]).reshape(len(sums), -1)], axis=1)
    for label in range(task.classes):
        inside, outside = features[labels == label], features[labels != label]
        error = np.sqrt(inside.var(0) / len(inside) + outside.var(0) / len(outside))
        assert (np.abs(inside.mean(0) - outside.mean(0)) < 5 * error).all()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("delayed-xor", {"channels": 0}, "channels 0 is not a whole number from 1 up"),
        ("delayed-xor", {"pattern_steps": 2.5}, "pattern_steps 2.5 is not a whole number"),
        ("delayed-xor", {"delay_steps": -1}, "delay_steps -1 is not a whole number from 0 up"),
        ("delayed-xor", {"noise_rate": 1.5}, "noise_rate 1.5 is not a rate between 0 and 1"),
        ("delayed-xor", {"noise_rate": float("nan")}, "noise_rate nan is not a rate"),
        ("delayed-xor", {"low_rate": 0.6}, "low_rate 0.6 is not below high_rate 0.6"),
        ("delayed-xor", {"train_samples": True}, "train_samples True is not a whole number"),
        ("delayed-xor", {"seed": -1}, "seed -1 is not a whole number"),
        ("sequences", {"patterns": 2}, "patterns 2 is not a whole number from 3 up"),
        ("sequences", {"patterns": 7}, "7 patterns make 720 classes; ask for at most 6"),
        ("sequences", {"channels": 2}, "channels 2 is not a whole number from 3 up"),
        ("sequences", {"jitter": -1}, "jitter -1 is not a whole number"),
        ("sequences", {"rate": "high"}, "rate 'high' is not a rate"),
    ],
)
def test_what_tasks_refuse(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: {message}"):
        load_dataset(name, **options)
