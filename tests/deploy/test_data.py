"""Data files in every state, and what becomes of them."""

from __future__ import annotations

import pickle
import zipfile

import numpy as np
import pytest

from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.data import DEFAULT_STEPS, load_data, prepare_data
from spikeloom.models.errors import DataError
from spikeloom.models.operators import Input

X = (np.random.default_rng(0).random((6, 5, 2, 3)) < 0.4).astype(np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2])
SHAPE = (2, 3)


def prepare(x=X, y=Y, classes=3, largest=None, **options):
    return prepare_data(x, y, Input(SHAPE), Configuration(**options), "the file", classes, largest)


def save(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


# Files


def test_a_file(tmp_path):
    x, y = load_data(save(tmp_path / "a.npz", x=X, y=Y, other=np.array([None])))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert load_data(save(tmp_path / "b.npz", x=X))[1] is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no .npz file"),
        (b"hello", "no .npz file"),
        (pickle.dumps({"x": 1}), "no .npz file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git-LFS pointer"),
        (b"PK\3\4 and no more", "truncated or damaged"),
    ],
)
def test_files_that_are_no_archive(tmp_path, content, words):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=words):
        load_data(tmp_path / "a.npz")


def test_files_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "missing.npz", tmp_path, tmp_path / "a" / "b"):
        with pytest.raises(DataError, match="cannot be read"):
            load_data(path)


def test_a_single_array(tmp_path):
    np.save(tmp_path / "a.npy", X)
    with pytest.raises(DataError, match="single array"):
        load_data(tmp_path / "a.npy")


def test_truncated_and_corrupted_files(tmp_path):
    whole = save(tmp_path / "a.npz", x=np.random.default_rng(0).random((50, 50)), y=Y).read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        (tmp_path / "b.npz").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match="truncated or damaged"):
            load_data(tmp_path / "b.npz")
    random = np.random.default_rng(1)
    for _ in range(60):
        start = int(random.integers(0, len(whole) - 40))
        spoilt = whole[:start] + random.bytes(40) + whole[start + 40 :]
        (tmp_path / "b.npz").write_bytes(spoilt)
        try:
            load_data(tmp_path / "b.npz")
        except DataError as error:
            assert "\n" not in str(error)


def test_arrays_that_are_missing_or_none(tmp_path):
    with pytest.raises(DataError, match=r"no array x: it holds data, labels"):
        load_data(save(tmp_path / "a.npz", data=X, labels=Y))
    with pytest.raises(DataError, match="it holds nothing"):
        load_data(save(tmp_path / "a.npz"))
    with pytest.raises(DataError, match="x holds Python objects"):
        load_data(save(tmp_path / "a.npz", x=np.array([1, "a", None], dtype=object)))
    with pytest.raises(DataError, match="y holds Python objects"):
        load_data(save(tmp_path / "a.npz", x=X, y=np.array([None])))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", "no array")
    with pytest.raises(DataError, match="no NumPy array"):
        load_data(tmp_path / "a.npz")


# Contents


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (X[..., :2], r"\(6, 5, 2, 2\).*\(samples, steps, 2, 3\).*\(samples, 2, 3\)"),
        (X[0, 0], r"\(2, 3\)"),
        (np.float64(3), r"shape \(\)"),
        (X[None], r"\(1, 6, 5, 2, 3\)"),
        (X[:0], "nothing to run"),
        (X[:, :0], "nothing to run"),
        (X.astype(complex), "complex128"),
        (X.astype(str), "numbers are needed"),
        (np.where(X, np.nan, 0), "not finite"),
        (np.where(X, np.inf, 0), "not finite"),
    ],
)
def test_recordings_that_do_not_suit(x, words):
    with pytest.raises(DataError, match=words):
        prepare(np.asarray(x), None)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (Y[:4], r"\(4,\).*6 samples"),
        (np.eye(3)[Y], r"one-hot labels, y.argmax\(1\)"),
        (Y.astype(str), "class numbers"),
        (Y + 0.5, "0.5, which is no class number"),
        (np.full(6, np.nan), "nan, which is no class number"),
        (np.full(6, np.inf), "inf, which is no class number"),
        (Y + 1, "class 3, but the classes of the model are 0 to 2"),
        (Y - 1, "class -1"),
    ],
)
def test_labels_that_do_not_suit(y, words):
    with pytest.raises(DataError, match=words):
        prepare(y=y)


@pytest.mark.parametrize("y", [Y, Y[:, None], Y.astype(float), Y.astype(np.uint8), Y > 0, None])
def test_labels_that_do(y):
    labels = prepare(y=y).y
    if y is None:
        assert labels is None
    else:
        assert labels.dtype == np.int64
        np.testing.assert_array_equal(labels, np.reshape(y, -1).astype(int))


def test_labels_are_needed_for_a_minimum_accuracy():
    with pytest.raises(DataError, match="no labels"):
        prepare(y=None, min_accuracy=0.5)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, ">i2", np.float16, np.float32])
def test_recordings_with_steps(dtype):
    data = prepare(X.astype(dtype))
    assert (data.samples, data.steps, data.x.shape, data.notes) == (6, 5, (6, 5, 6), ())
    np.testing.assert_array_equal(data.x, X.reshape(6, 5, 6))


def test_steps_are_cut_or_filled():
    cut, filled = prepare(steps=3), prepare(steps=8)
    np.testing.assert_array_equal(cut.x, X.reshape(6, 5, 6)[:, :3])
    np.testing.assert_array_equal(filled.x[:, :5], X.reshape(6, 5, 6))
    assert not filled.x[:, 5:].any()
    assert all("steps: the data has 5" in data.notes[0] for data in (cut, filled))
    assert prepare(steps=5).notes == ()


def test_samples_are_the_first():
    data = prepare(samples=2)
    assert (data.samples, data.y.tolist()) == (2, [0, 1])
    assert prepare(samples=100).samples == 6
    np.testing.assert_array_equal(data.first(1).x, data.x[:1])


def test_static_data_gets_steps():
    constant = prepare(X[:, 0].astype(float))
    assert (constant.steps, constant.samples) == (DEFAULT_STEPS, 6)
    assert (constant.x == X[:, 0].reshape(6, 1, 6)).all()
    rate = prepare(X[:, 0] * 7, encoder="rate", steps=9, seed=2)
    assert rate.steps == 9
    assert set(np.unique(rate.x)) <= {0, 1}
    assert rate.encoder.largest == 7
    assert "seed 2" in rate.notes[0]


def test_the_same_sample_is_encoded_the_same_however_many_run():
    x = np.random.default_rng(5).random((6, 2, 3))
    x[5] *= 10
    whole, part = prepare(x, encoder="rate"), prepare(x, encoder="rate", samples=2)
    np.testing.assert_array_equal(whole.x[:2], part.x)
    np.testing.assert_array_equal(prepare(x[:2], Y[:2], encoder="rate", largest=whole.encoder.largest).x, part.x)


def test_an_encoder_that_is_not_used_is_told():
    assert "'rate' is not used" in prepare(encoder="rate").notes[0]


def test_steps_that_no_memory_holds():
    with pytest.raises(DataError, match=r"GiB.*--steps"):
        prepare(steps=10**12)
    with pytest.raises(DataError, match=r"GiB.*--steps"):
        prepare(X[:, 0], steps=10**12)
