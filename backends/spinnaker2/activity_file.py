"""What happened on each processing element, on disk, so that a program can be priced again without a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.array_file import read_arrays, write_arrays
from ...models.errors import UnsupportedModelError
from .layer_parts import Activity

Array = NDArray[Any]
ACTIVITY_NAME = "spinnaker2_activity.npz"


def write_activity(activity: Mapping[str, Activity], samples: int, path: Path) -> None:
    """Write an `.npz` file; `read_activity` reads back what is equal."""
    arrays: dict[str, Array] = {
        "samples": np.asarray(samples),
        "projections": np.asarray(list(activity), dtype=np.str_),
    }
    for index, part in enumerate(activity.values()):
        arrays[f"synapses/{index}"], arrays[f"rows/{index}"] = part.synapses, part.rows
    write_arrays(path, arrays)


def read_activity(path: Path) -> tuple[dict[str, Activity], int]:
    """Per projection what `write_activity` wrote, and the number of samples.

    Raises
    ------
    UnsupportedModelError : there is no such file, or it is damaged.
    """
    try:
        arrays = read_arrays(path)
        activity = {
            str(name): Activity(arrays[f"synapses/{index}"], arrays[f"rows/{index}"])
            for index, name in enumerate(arrays["projections"])
        }
        return activity, int(arrays["samples"])
    except (OSError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UnsupportedModelError(f"{path} holds no readable activity ({reason}): run the program again.") from error
