"""Data files: `x` with steps or static, and labels `y`."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.encoders import encoder_named
from ..models.errors import DataError
from .configuration import Configuration

Array = NDArray[Any]

DEFAULT_STEPS = 32  # for static data, where nobody says how long to look at it


@dataclass(frozen=True, eq=False)
class Data:
    """Recordings ready for a model.

    Attributes
    ----------
    x : (samples, steps, input neurons), any real dtype.
    y : (samples,) int64 labels, or None.
    notes : what was assumed to make them ready.
    name : for messages.
    """

    x: Array
    y: Array | None
    notes: tuple[str, ...]
    name: str

    @property
    def samples(self) -> int:
        """Number of samples."""
        return int(self.x.shape[0])

    @property
    def steps(self) -> int:
        """Steps of a sample."""
        return int(self.x.shape[1])

    def first(self, samples: int) -> Data:
        """The first so many samples."""
        return replace(self, x=self.x[:samples], y=None if self.y is None else self.y[:samples])


def load_data(path: Path) -> tuple[Array, Array | None]:
    """`x` and, where present, `y` of an `.npz` file.

    Raises
    ------
    DataError : no such file, not an `.npz`, truncated, no `x`, or labels that are none.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise DataError(f"{path} holds a single array; an .npz with x (and y for the labels) is needed.")
            if "x" not in file.files:
                held = ", ".join(file.files) or "nothing"
                raise DataError(f"{path} has no array x: it holds {held}. Save it as x, labels as y.")
            x, y = file["x"], file["y"] if "y" in file.files else None
    except FileNotFoundError:
        raise DataError(f"{path} does not exist.") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise DataError(f"{path} is not a readable .npz file: {error}.") from None
    return x, y


def prepare_data(x: Array, y: Array | None, shape: tuple[int, ...], config: Configuration, name: str) -> Data:
    """Check data against the input shape of a model, encode what is static, cut or fill to the steps asked for.

    Parameters
    ----------
    x : (samples, steps, *shape) or (samples, *shape).
    y : (samples,) or None.
    shape : input shape of the model.

    Raises
    ------
    DataError : shapes, types or labels do not suit; names both shapes.
    """
    if not (np.issubdtype(x.dtype, np.number) or x.dtype == np.bool_) or np.iscomplexobj(x):
        raise DataError(f"{name}: x has the type {x.dtype}, numbers are needed.")
    if np.issubdtype(x.dtype, np.floating) and not np.all(np.isfinite(x)):
        raise DataError(f"{name}: x holds values that are not finite (NaN or infinity).")
    static = x.ndim == len(shape) + 1
    if x.ndim not in (len(shape) + 1, len(shape) + 2) or tuple(x.shape[-len(shape) :]) != shape:
        inside = ", ".join(map(str, shape))
        raise DataError(
            f"{name}: x has the shape {tuple(x.shape)}; the model takes (samples, steps, {inside}), or "
            f"(samples, {inside}) for static input."
        )
    if x.shape[0] == 0 or (not static and x.shape[1] == 0):
        raise DataError(f"{name}: x has the shape {tuple(x.shape)}, so there is nothing to run.")
    labels = _labels(y, x.shape[0], name)
    if config.min_accuracy is not None and labels is None:
        raise DataError(f"{name} has no labels: a minimum accuracy needs an array y of shape ({x.shape[0]},).")
    if config.samples is not None:
        x, labels = x[: config.samples], None if labels is None else labels[: config.samples]
    notes: tuple[str, ...] = ()
    if static:
        encoder = encoder_named(config.encoder, x, config.seed)
        steps = config.steps or DEFAULT_STEPS
        x = encoder.encode(x, steps)
        notes = (f"{encoder.note} {steps} steps (--encoder, --steps).",)
    elif config.steps is not None and config.steps != x.shape[1]:
        notes = (f"steps: the data has {x.shape[1]}, cut or filled with silence to {config.steps} (--steps).",)
        x = _resized(x, config.steps)
    return Data(x.reshape(x.shape[0], x.shape[1], -1), labels, notes, name)


def _labels(y: Array | None, samples: int, name: str) -> Array | None:
    if y is None:
        return None
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.shape != (samples,):
        raise DataError(f"{name}: y has the shape {tuple(y.shape)}; a label for each of {samples} samples is needed.")
    if not np.issubdtype(y.dtype, np.number) or not bool(np.all(y == np.rint(y))):
        raise DataError(f"{name}: y holds {y.dtype}, class numbers are needed.")
    return y.astype(np.int64)


def _resized(x: Array, steps: int) -> Array:
    if steps <= x.shape[1]:
        return x[:, :steps]
    return np.concatenate([x, np.zeros((x.shape[0], steps - x.shape[1], *x.shape[2:]), dtype=x.dtype)], axis=1)
