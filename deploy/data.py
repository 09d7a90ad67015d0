"""Data files: `x` with steps or static, and labels `y`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..models.array_file import ArrayFile, NoArrayError, open_arrays
from ..models.encoders import Encoder, encoder_named
from ..models.errors import DataError
from ..models.operators import Input
from ..models.size_limits import machine_memory
from .configuration.configuration import Configuration
from .data_shape import arranged, fitted, neurons_a_value

Array = NDArray[Any]

DEFAULT_STEPS = 32  # for static data, where nobody says how long to look at it
CHANGES_STEPS = 1  # the same for sigma-delta, which says everything about static data in the first step
NUMPY_MARK = b"\x93NUMPY"
ZIP_MARK = b"PK"
LFS_MARK = b"version https://git-lfs"
NAMED = 20  # arrays of a file that has no x


@dataclass(frozen=True, eq=False)
class Data:
    """Recordings ready for a model.

    Attributes
    ----------
    x : (samples, steps, input neurons), any real dtype.
    y : (samples,) int64 labels, or None.
    notes : what was assumed to make them ready.
    name : for messages.
    encoder : that gave static data its steps; None where they had some.
    """

    x: Array
    y: Array | None
    notes: tuple[str, ...]
    name: str
    encoder: Encoder | None = None

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
        return self.part(0, samples)

    def every_second(self, first: int = 0) -> Data:
        """The sample of a number, the next but one and so on."""
        return replace(self, x=self.x[first::2], y=None if self.y is None else self.y[first::2])

    def part(self, start: int, end: int) -> Data:
        """Samples from one number to before another."""
        return replace(self, x=self.x[start:end], y=None if self.y is None else self.y[start:end])


def load_data(path: Path) -> tuple[Array, Array | None]:
    """`x` and, where present, `y` of an `.npz` file.

    Raises
    ------
    DataError : no such file, not an `.npz`, truncated, no `x`, or labels that are none.
    """
    try:
        with path.open("rb") as start:
            mark = start.read(len(LFS_MARK))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    if mark == LFS_MARK:
        raise DataError(f"{path} is a git-LFS pointer, not the data: run `git lfs pull` where it came from.")
    if mark.startswith(NUMPY_MARK):
        raise DataError(f"{path} holds a single array; an .npz with x (and y for the labels) is needed.")
    if not mark.startswith(ZIP_MARK):
        raise DataError(f"{path} is no .npz file: save x (and y for the labels) with numpy.savez.")
    try:
        with open_arrays(path) as file:
            if "x" not in file.names:
                held = ", ".join(file.names[:NAMED]) or "nothing"
                raise DataError(f"{path} has no array x: it holds {held}. Save it as x, labels as y.")
            x = _array(file, "x", path)
            return x, _array(file, "y", path) if "y" in file.names else None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is truncated or damaged: {_sentence(error)}.") from None
    except MemoryError:
        raise DataError(f"{path} does not fit into the memory of this machine: save fewer samples.") from None


def _array(file: ArrayFile, name: str, path: Path) -> Array:
    try:
        return file.read(name, machine_memory())
    except NoArrayError as error:
        raise DataError(f"{path}: {name} {error}: save an array of numbers with numpy.savez.") from None


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def prepare_data(
    x: Array,
    y: Array | None,
    entry: Input,
    config: Configuration,
    name: str,
    classes: int | None = None,
    largest: float | None = None,
) -> Data:
    """Check data against the input shape of a model, encode what is static, cut or fill to the steps asked for.

    Parameters
    ----------
    x : (samples, steps, *shape) or (samples, *shape), the shape being that of `entry` before its axes are put in order;
        or with as many elements in other axes. With the encoder "population", static data may be smaller: the input
        then has several neurons for each value, beside each other.
    y : (samples,) or None.
    entry : input of the model.
    classes : outputs of the model, which labels number from 0; None leaves labels unchecked.
    largest : for the encoder; None takes that of all of `x`.

    Raises
    ------
    DataError : shapes, types or labels do not suit; names both shapes.
    """
    if x.dtype.kind not in "iufb":
        raise DataError(f"{name}: x has the type {x.dtype}, numbers are needed.")
    neurons = neurons_a_value(x, entry, name) if config.encoder == "population" else None
    static, notes = True, list[str]()
    if neurons is None:
        x, static, notes = fitted(x, entry, name)
    if x.shape[0] == 0 or (not static and x.shape[1] == 0):
        raise DataError(f"{name}: x has the shape {tuple(x.shape)}, so there is nothing to run.")
    if x.dtype.kind == "f" and not np.all(np.isfinite(x)):
        raise DataError(f"{name}: x holds values that are not finite (NaN or infinity).")
    labels = _labels(y, x.shape[0], name, classes)
    if config.min_accuracy is not None and labels is None:
        raise DataError(f"{name} has no labels: a minimum accuracy needs an array y of shape ({x.shape[0]},).")
    x = _scaled(x, config, name, notes)
    # Before any sample is left out, so that a sample is encoded the same however many run.
    encoder = encoder_named(config.encoder, x, config.seed, largest, neurons) if static else None
    if config.samples is not None:
        x, labels = x[: config.samples], None if labels is None else labels[: config.samples]
    _check_memory(x, config.steps or (default_steps(config) if static else x.shape[1]), static, name, neurons or 1)
    if encoder is not None:
        steps = config.steps or default_steps(config)
        x = encoder.encode(x, steps)
        x = x if neurons is None else arranged(x, entry)
        notes.append(f"{encoder.note} {steps} step{'s' if steps > 1 else ''} (--encoder, --steps).")
    elif config.steps is not None and config.steps != x.shape[1]:
        if config.convert == "sigma-delta" and config.steps > x.shape[1]:
            raise DataError(
                f"{name}: x has {x.shape[1]} steps; filled up to {config.steps} it would end with silence, which "
                f"sigma-delta neurons take for an image, and answer: bring {config.steps} steps, or ask for fewer "
                "(--steps)."
            )
        notes.append(f"steps: the data has {x.shape[1]}, cut or filled with silence to {config.steps} (--steps).")
        x = _resized(x, config.steps)
    if encoder is None and config.encoder != "constant":
        notes.append(f"encoder: {config.encoder!r} is not used, for the data has steps of its own (--encoder).")
    return Data(x.reshape(x.shape[0], x.shape[1], -1), labels, tuple(notes), name, encoder)


def _scaled(x: Array, config: Configuration, name: str, notes: list[str]) -> Array:
    if config.input_scale != 1 or config.input_offset != 0:
        # In double precision where fractions are cut off, lest a whole number end just below itself.
        kind: Any = np.float64 if config.input_whole else np.float32
        with np.errstate(over="ignore", invalid="ignore"):
            x = x.astype(kind) * kind(config.input_scale) + kind(config.input_offset)
        if not np.all(np.isfinite(x)):
            raise DataError(
                f"{name}: x times {config.input_scale:g} plus {config.input_offset:g} is beyond all numbers."
            )
        note = f"input: data times {config.input_scale:g} plus {config.input_offset:g} (--input-scale, --input-offset)."
        notes.append(note)
    if config.input_whole:
        limit = np.iinfo(np.int32).max
        x = np.clip(np.trunc(x), -limit, limit).astype(np.int32)
        notes.append("input: fractions are cut off (--input-whole).")
    return x


def default_steps(config: Configuration) -> int:
    """Steps for static data, where nobody says how many."""
    return CHANGES_STEPS if config.convert == "sigma-delta" else DEFAULT_STEPS


def _labels(y: Array | None, samples: int, name: str, classes: int | None) -> Array | None:
    if y is None:
        return None
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.shape != (samples,):
        hint = " (of one-hot labels, y.argmax(1))" if y.ndim == 2 and y.shape[0] == samples else ""
        raise DataError(
            f"{name}: y has the shape {tuple(y.shape)}; a label for each of {samples} samples is needed{hint}."
        )
    if y.dtype.kind not in "iufb":
        raise DataError(f"{name}: y has the type {y.dtype}, class numbers are needed.")
    wrong = ~np.isfinite(y) | (y != np.rint(y)) if y.dtype.kind == "f" else np.zeros(samples, dtype=bool)
    if wrong.any():
        raise DataError(f"{name}: y holds {y[wrong][0]}, which is no class number.")
    low, high = int(y.min()), int(y.max())
    if low < 0 or (classes is not None and high >= classes):
        known = "class numbers begin at 0" if classes is None else f"the classes of the model are 0 to {classes - 1}"
        raise DataError(f"{name}: y holds class {low if low < 0 else high}, but {known}.")
    return y.astype(np.int64)


def _check_memory(x: Array, steps: int, static: bool, name: str, neurons: int) -> None:
    inputs = x.size // x.shape[0] // (1 if static else x.shape[1]) * neurons
    needed = x.shape[0] * steps * inputs * x.dtype.itemsize
    present = machine_memory()
    if needed > present:
        raise DataError(
            f"{name}: {x.shape[0]} samples of {steps} steps take {needed / 2**30:.3g} GiB, this machine has "
            f"{present / 2**30:.3g} GiB: use fewer steps (--steps) or samples (--samples)."
        )


def _resized(x: Array, steps: int) -> Array:
    if steps <= x.shape[1]:
        return x[:, :steps]
    return np.concatenate([x, np.zeros((x.shape[0], steps - x.shape[1], *x.shape[2:]), dtype=x.dtype)], axis=1)
