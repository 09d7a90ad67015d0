"""Which data a report is of, so that two reports can be told to be of the same."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from .data import Data


def data_section(data: Data) -> dict[str, Any]:
    """Name, size and fingerprint of data, as JSON can hold it.

    The fingerprint is of the values as the network gets them, with steps and encoded, and of the labels.
    """
    fingerprint = hashlib.sha256()
    for array in (data.x, data.y):
        if array is None:
            continue
        fingerprint.update(f"{array.dtype.str} {array.shape} ".encode())
        for sample in array:  # one by one, for repeated samples take no memory of their own
            fingerprint.update(np.ascontiguousarray(sample).tobytes())
    return {"name": data.name, "samples": data.samples, "steps": data.steps, "sha256": fingerprint.hexdigest()}
