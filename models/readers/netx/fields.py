"""The fields of a layer as what they mean: texts, whole numbers, shapes; exporters write them in several ways."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...operators import Shape
from .file import LayerDict

Array = NDArray[Any]

ROUNDING = 1e-3  # by how much a whole number may be off after a layer's scale was multiplied in, in float32
LARGEST = 2**31 - 1


class NotReadableError(ValueError):
    """Something in a layer that has no meaning here; the message says what and why."""


def text(fields: LayerDict, name: str) -> str:
    """A text: bytes, a string, or an array of one of them."""
    value = np.asarray(_present(fields, name))
    if value.size != 1:
        raise NotReadableError(f"its field {name!r} is no text")
    single = value.reshape(-1)[0]
    return single.decode("utf8", "replace") if isinstance(single, bytes) else str(single)


def whole(fields: LayerDict, name: str) -> Array:
    """Whole numbers as int64, in the shape that they are stored in."""
    value = _present(fields, name)
    numbers = np.asarray(value)
    if isinstance(value, dict) or numbers.dtype.kind not in "iufb":
        raise NotReadableError(f"its field {name!r} holds no numbers")
    rounded = np.rint(np.nan_to_num(numbers.astype(np.float64), nan=np.inf))
    if not bool(np.all(np.abs(rounded - numbers) <= ROUNDING)):
        raise NotReadableError(
            f"its field {name!r} holds numbers that are not whole: export it with lava-dl's own quantization"
        )
    if np.abs(rounded).max(initial=0) > LARGEST:
        raise NotReadableError(f"its field {name!r} holds numbers beyond 32 bits")
    return rounded.astype(np.int64)


def number(fields: LayerDict, name: str, default: int | None = None) -> int:
    """A single whole number; `default` where the field is absent."""
    if default is not None and name not in fields:
        return default
    value = whole(fields, name)
    if value.size != 1:
        raise NotReadableError(f"its field {name!r} holds {value.size} numbers, where one is expected")
    return int(value.reshape(-1)[0])


def shape(fields: LayerDict, name: str = "shape") -> Shape:
    """A shape, channels first."""
    sizes = tuple(int(size) for size in whole(fields, name).reshape(-1))
    if not sizes or min(sizes) < 1:
        raise NotReadableError(f"its field {name!r} is {sizes}, which is no shape")
    return sizes


def pair(fields: LayerDict, name: str, default: int, lowest: int) -> tuple[int, int]:
    """Two whole numbers, for height and width; a single one stands for both."""
    values = whole(fields, name).reshape(-1) if name in fields else np.array([default])
    if values.size not in (1, 2) or values.min() < lowest:
        raise NotReadableError(f"its field {name!r} is {values.tolist()}, where numbers from {lowest} on are expected")
    return int(values[0]), int(values[-1])


def neuron_fields(fields: LayerDict) -> LayerDict | None:
    """The group that describes a layer's neurons; None where it has none."""
    neuron = fields.get("neuron")
    if neuron is not None and not isinstance(neuron, dict):
        raise NotReadableError("its field 'neuron' is no group of fields")
    return neuron


def per_neuron(values: Array, layer: Shape, name: str) -> Array:
    """A scalar array (), or one value a neuron, from one value for all, for each channel or for each neuron."""
    flat = values.reshape(-1)
    if flat.size == 1:
        return flat[0]  # type: ignore[no-any-return]
    neurons = int(np.prod(layer))
    if flat.size not in (layer[0], neurons):
        raise NotReadableError(
            f"its field {name!r} holds {flat.size} values for {neurons} neurons in {layer[0]} channels"
        )
    return flat if flat.size == neurons else np.repeat(flat, neurons // layer[0])


def _present(fields: LayerDict, name: str) -> Any:
    if name not in fields:
        raise NotReadableError(f"lacks the field {name!r}")
    return fields[name]
