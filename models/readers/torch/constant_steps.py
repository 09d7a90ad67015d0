"""Which constants of a program are multiples of a step, as the weights that training with quantizers leaves.

PyTorch itself computes with constants; beside every one that a quantizer made goes a tensor of its steps, which takes
part in whatever moves or scales it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layout_operations import CASTING, MOVING

Array = NDArray[Any]

BY_TENSOR = {"fake_quantize_per_tensor_affine", "fake_quantize_per_tensor_affine_cachemask",
             "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams", "dequantize_per_tensor"}  # fmt: skip
BY_CHANNEL = {"fake_quantize_per_channel_affine", "fake_quantize_per_channel_affine_cachemask",
              "dequantize_per_channel"}  # fmt: skip
WHOLE = {"round", "sign"}  # what makes whole numbers
NEAR = 1e-6  # by which a number may miss a multiple of a step


class ConstantSteps:
    """Steps of constants, by the tensor."""

    def __init__(self) -> None:
        self._steps: dict[int, tuple[Any, Any]] = {}  # with the tensor itself, so that its id stays its own

    def of_outputs(self, constant: Any) -> Array | None:
        """The step of weights, () or one for each index of their first axis; None where they have none."""
        step = self._of(constant)
        if step is None or constant.ndim == 0:
            return None
        rows = step.reshape(step.shape[0], -1)
        first = rows[:, :1]
        if not bool((rows == first).all()):
            return None
        steps = np.asarray(first[:, 0].numpy(), dtype=np.float64)
        return steps[0].reshape(()) if np.ptp(steps) == 0 else steps.copy()

    def moved(self, constant: Any, move: Callable[[Any], Any]) -> Any:
        """A constant with its elements moved, and its steps with them."""
        result, step = move(constant), self._of(constant)
        if step is not None:
            self._remember(result, move(step))
        return result

    def computed(self, kind: str, target: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """The result of an operation on constants; arguments by the names of its schema."""
        result = target(**arguments)
        made = result[0] if isinstance(result, list | tuple) and result else result
        if hasattr(made, "is_floating_point") and made.is_floating_point():
            step = self._after(kind, target, arguments, made)
            if step is not None and bool((step > 0).all()):
                self._remember(made, step)
        return result

    def _after(self, kind: str, target: Callable[..., Any], arguments: dict[str, Any], made: Any) -> Any:
        """Step of what an operation made, or None."""
        import torch

        if kind in BY_TENSOR:
            return torch.as_tensor(arguments["scale"]).double().reshape(()).expand(made.shape)
        if kind in BY_CHANNEL:
            axis = arguments["axis"] % made.ndim
            scales = arguments["scales"] if "scales" in arguments else arguments["scale"]
            return scales.double().reshape(-1, *[1] * (made.ndim - 1 - axis)).expand(made.shape)
        if kind in WHOLE:
            return torch.ones((), dtype=torch.float64).expand(made.shape)
        first, second = arguments.get("self"), arguments.get("other")
        step = self._of(first)
        if kind == "mul" and step is None:
            first, second, step = second, first, self._of(second)
        if step is None:
            return None
        if kind in MOVING:
            moved = target(**{**arguments, "self": step})
            return moved if isinstance(moved, torch.Tensor) else None
        if kind in CASTING or kind == "neg":
            return step
        if kind in ("mul", "div"):
            factor = torch.as_tensor(second).double().abs()
            return (step * factor if kind == "mul" else step / factor).expand(made.shape)
        if kind in ("add", "sub", "clamp", "clamp_min", "clamp_max"):
            added = [arguments.get(name) for name in ("other", "min", "max")]
            whole = all(number is None or _multiple(torch.as_tensor(number), step) for number in added)
            return step.expand(made.shape) if whole and arguments.get("alpha", 1) == 1 else None
        return None

    def _of(self, constant: Any) -> Any:
        return self._steps.get(id(constant), (None, None))[1]

    def _remember(self, constant: Any, step: Any) -> None:
        self._steps[id(constant)] = (constant, step)


def _multiple(number: Any, step: Any) -> bool:
    times = number.double() / step
    return bool(((times - times.round()).abs() <= NEAR).all())
