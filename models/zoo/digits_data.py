"""The handwritten digits data set, and where the network trained on it lies.

No PyTorch here: whoever deploys the committed network needs only its file and the
images.
"""

import importlib.util
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.stratified import stratified_choice

NIR_FILE: Final = Path(__file__).with_name("digits.nir")
"""The trained network."""

CARD_FILE: Final = Path(__file__).with_name("digits.json")
"""What is known about it: accuracy, spikes, seed, versions."""

STEPS: Final = 16
"""Steps for which an image is shown to the network."""

INPUT_SHAPE: Final = (1, 8, 8)
"""Shape of one image: channels, height, width."""

CLASSES: Final = 10

TEST_SAMPLES: Final = 450

_LARGEST_PIXEL: Final = 16
_SPLIT_SEED: Final = 0


def load(split: Literal["train", "test"]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Load one part of the fixed, stratified split of scikit-learn's digits.

    The data set is the test part of "Optical Recognition of Handwritten Digits" (UCI,
    https://doi.org/10.24432/C50P49), as scikit-learn ships it: 1797 images, nothing is
    downloaded.

    Parameters
    ----------
    split
        ``"train"`` (1347 images) or ``"test"`` (450 images).

    Returns
    -------
    images
        float32, shape (samples, 1, 8, 8), in [0, 1], every value a multiple of 1/16.
    labels
        int64, shape (samples,), the digit 0 to 9.

    Raises
    ------
    ValueError
        If ``split`` is neither ``"train"`` nor ``"test"``.
    """
    if split not in ("train", "test"):
        raise ValueError(f'split must be "train" or "test", not {split!r}')

    table = _table()
    images = (table[:, :-1] / _LARGEST_PIXEL).astype(np.float32).reshape(-1, *INPUT_SHAPE)
    labels = table[:, -1].astype(np.int64)
    chosen = stratified_choice(labels, TEST_SAMPLES, _SPLIT_SEED)
    if split == "train":
        chosen = ~chosen
    return images[chosen], labels[chosen]


def _table() -> NDArray[np.float64]:
    """Read the file that `sklearn.datasets.load_digits` reads: 64 pixels and the digit.

    To import scikit-learn would take longer than to run the network.

    Raises
    ------
    ModuleNotFoundError
        If scikit-learn is not installed.
    """
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")
    return np.loadtxt(Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
