"""Scikit-learn's handwritten digits, 8 x 8 pixels."""

from __future__ import annotations

from ..zoo import digits_data
from .dataset import Dataset, Split

SOURCE = (
    "test part of Optical Recognition of Handwritten Digits (Alpaydin and Kaynak, UCI, "
    "https://doi.org/10.24432/C50P49, CC BY 4.0), as scikit-learn ships it"
)


def load() -> Dataset:
    """1,347 images to train with and 450 to test with, the split that the built-in network was trained on.

    Returns
    -------
    x float32 (samples, 1, 8, 8) in [0, 1], every value a multiple of 1/16.
    """
    return Dataset(
        "digits",
        SOURCE,
        Split(*digits_data.load("train")),
        Split(*digits_data.load("test")),
        digits_data.CLASSES,
    )
