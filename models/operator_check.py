"""Whether the fields of an operator or of neurons can be, whoever made them; readers of files ask before they build.

What shapes suit one another is `Graph.verify`'s to say; here it is what every operator takes for granted.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from .neurons.neuron_model import FloatNeuron
from .operators import Convolution, Delay, Input, Linear, Neurons, Operator, Scale, Select, Shape, TransposedConvolution

FROM_ONE = ("stride", "dilation", "kernel", "groups", "shape", "input_shape")
FROM_ZERO = ("padding", "longer")
LARGEST = 2**31
LONGEST_DELAY = 1_000_000  # steps
NUMBERS = "biuf"


def require_possible(thing: Operator | FloatNeuron) -> None:
    """Look at the fields of an operator or a model of neurons.

    Raises
    ------
    ValueError : one is of another type than it is declared with, holds no numbers, or is out of range.
    """
    kind = type(thing)
    hints = _hints(kind)
    for field in fields(thing):  # type: ignore[arg-type]  # all of them are dataclasses
        value = getattr(thing, field.name)
        if field.init and not _fits(value, hints[field.name]):
            raise ValueError(f"{field.name} of {kind.__name__} is a {type(value).__name__}, which it cannot be")
        if isinstance(value, np.ndarray):
            _require_numbers(value, f"{field.name} of {kind.__name__}")
        elif field.name in FROM_ONE + FROM_ZERO and value is not None:
            _require_range(value, int(field.name in FROM_ONE), f"{field.name} of {kind.__name__}")
    _require_own_rules(thing)


def require_parameters(neurons: Neurons, shape: Shape) -> None:
    """Raise ValueError where a layer of a shape has neither one value for all neurons nor one for each."""
    for field in fields(neurons.model):  # type: ignore[arg-type]
        value = getattr(neurons.model, field.name)
        if isinstance(value, np.ndarray) and value.shape not in ((), (int(np.prod(shape)),)):
            raise ValueError(f"{field.name} has shape {value.shape} for neurons of shape {shape}")


def _require_numbers(values: np.ndarray[Any, Any], what: str) -> None:
    if values.dtype.kind not in NUMBERS or not values.size:
        raise ValueError(f"{what} holds no numbers")
    if values.dtype.kind == "f" and np.isnan(np.sum(values, dtype=np.float64)) and np.isnan(values).any():
        raise ValueError(f"{what} holds what is no number")


def _require_range(value: Any, least: int, what: str) -> None:
    numbers = np.asarray(value, dtype=object).reshape(-1).tolist()
    if not numbers or any(not least <= number <= LARGEST for number in numbers):
        raise ValueError(f"{what} is {value}; numbers from {least} on are possible")


def _require_own_rules(thing: Operator | FloatNeuron) -> None:
    """What single operators take for granted."""
    right = True
    if isinstance(thing, Linear):
        right = thing.weight.ndim >= 2
    elif isinstance(thing, Convolution | TransposedConvolution):
        axes = thing.weight.ndim - 2
        right = axes in (1, 2) and not thing.weight.shape[0] % thing.groups
        right = right and axes == len(thing.stride) == len(thing.padding) == len(thing.dilation)
        outputs = thing.weight.shape[0] if isinstance(thing, Convolution) else thing.weight.shape[1] * thing.groups
        right = right and (thing.bias is None or thing.bias.shape == (outputs,))
    elif isinstance(thing, Select):
        right = thing.elements.dtype.kind in "iu" and bool(
            thing.elements.min() >= -1 and thing.elements.max() < np.prod(thing.input_shape, dtype=np.float64)
        )
    elif isinstance(thing, Delay):
        right = thing.steps.dtype.kind in "iu" and bool(thing.steps.min() >= 0 and thing.steps.max() <= LONGEST_DELAY)
    elif isinstance(thing, Input):
        right = thing.axes is None or sorted(thing.axes) == list(range(len(thing.shape)))
    elif isinstance(thing, Scale):
        right = bool(np.all(np.isfinite(thing.scale)))
    if not right:
        raise ValueError(f"the fields of a {type(thing).__name__} contradict one another")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
        return len(kinds) == len(value) and all(map(_fits, value, kinds))
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, origin or hint)
