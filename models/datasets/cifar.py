"""CIFAR-10, from the binary version that its authors offer.

A file is a row of images of 3,073 bytes: the label, then 1,024 bytes each of red, green and blue
(https://www.cs.toronto.edu/~kriz/cifar.html). The Python version is made of pickles, which can run any program, and is
not read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ..errors import DataError
from .dataset import Dataset, Split
from .local_files import content_of, folder_with
from .stratified import wanted_part

SOURCE = (
    "CIFAR-10 (Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009, "
    "https://www.cs.toronto.edu/~kriz/cifar.html, which names no licence)"
)
CLASSES: Final = 10
SHAPE: Final = (3, 32, 32)

_NAME: Final = "cifar-10"
_TRAIN: Final = tuple(f"data_batch_{batch}.bin" for batch in range(1, 6))
_TEST: Final = "test_batch.bin"
_IMAGE_BYTES: Final = 1 + 3 * 32 * 32
_LARGEST_PIXEL: Final = 255


def load(folder: Path, *, train_samples: int | None = None, test_samples: int | None = None, seed: int = 0) -> Dataset:
    """Read data_batch_1.bin to data_batch_5.bin and test_batch.bin.

    Parameters
    ----------
    folder : that holds them, or a folder cifar-10-batches-bin that does.
    train_samples, test_samples : how many images, every class in its share; None for all.
    seed : decides which.

    Returns
    -------
    x float32 (samples, 3, 32, 32) in [0, 1], every value a multiple of 1/255.

    Raises
    ------
    DataError : files are missing, truncated or no such images.
    UsageError : more samples than there are.
    """
    for python in (folder / "data_batch_1", folder / "cifar-10-batches-py"):
        if python.exists():
            raise DataError(
                f"{_NAME}: {folder} holds the Python version, whose pickles are not read; bring the binary version "
                "(cifar-10-binary.tar.gz)."
            )
    inside = folder_with(folder, _NAME, ("cifar-10-batches-bin",), *_TRAIN, _TEST)
    train = _part([inside / name for name in _TRAIN], train_samples, seed, "train_samples")
    test = _part([inside / _TEST], test_samples, seed, "test_samples")
    return Dataset(_NAME, SOURCE, train, test, CLASSES)


def _part(paths: list[Path], wanted: int | None, seed: int, option: str) -> Split:
    batches = []
    for path in paths:
        content = content_of(path, _NAME)
        if not content or len(content) % _IMAGE_BYTES:
            raise DataError(
                f"{_NAME}: {path} is truncated: {len(content)} bytes are no whole number of images of {_IMAGE_BYTES}."
            )
        batches.append(np.frombuffer(content, dtype=np.uint8).reshape(-1, _IMAGE_BYTES))
    table = np.concatenate(batches)
    labels = table[:, 0].astype(np.int64)
    chosen = wanted_part(labels, wanted, seed, _NAME, option)
    images = table[chosen, 1:].reshape(-1, *SHAPE) / np.float32(_LARGEST_PIXEL)
    return Split(images, labels[chosen])
