"""What a library's module of neurons says, before the shape of the layer is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...neurons.adaptive_threshold import AdaptiveThreshold
from ...neurons.leaky_dynamics import LeakyDynamics, Reset
from ...neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire
from ...neurons.multiple_spikes import MultipleSpikes
from ...operators import Shape

if TYPE_CHECKING:
    import torch

Array = NDArray[Any]


class Refusal(Exception):
    """Why something in a module cannot be deployed, and what to do instead."""


@dataclass(frozen=True, eq=False)
class NeuronLayer:
    """A layer of neurons as its module describes it.

    Attributes
    ----------
    name : path of the module.
    parameters : of the family; arrays that can be broadcast to the layer's tensor by NumPy's rules, in which an axis
        for samples may stand in front. What is missing is 0, or 1 where it is a gain.
    reset, inclusive, spiking : as in `LeakyIntegrateAndFire`; other families always spike.
    keeps_state : the module itself keeps its state from call to call; else whoever calls it does.
    feedback : weight from each neuron to itself, one step later, or None.
    notes : assumptions.
    family : of the neurons.
    subtracts_baseline : as in `AdaptiveThreshold`, for which alone it means something.
    late : steps by which what arrives is late.
    most : as in `MultipleSpikes`, for which alone it means something.
    """

    name: str
    parameters: dict[str, Array]
    reset: Reset
    inclusive: bool
    spiking: bool = True
    keeps_state: bool = True
    feedback: Array | None = None
    notes: tuple[str, ...] = field(default=())
    family: type[LeakyDynamics] = LeakyIntegrateAndFire
    subtracts_baseline: bool = False
    late: int = 0
    most: int = 1

    def model(self, shape: Shape) -> LeakyDynamics:
        """The neurons of a layer of some shape.

        Raises
        ------
        Refusal : the parameters do not suit it.
        """
        fields = {"input_gain": np.ones(()), "current_gain": np.ones(())} | self.parameters
        for name in ("current_retention", "voltage_retention", "threshold", "bias"):
            fields.setdefault(name, np.zeros(()))
        flat = {name: fitted(value, shape) for name, value in fields.items()}
        for name in (name for name in flat if name.endswith("_retention")):
            if np.any(flat[name] < 0) or np.any(flat[name] > 1):
                raise Refusal(f"keeps {flat[name].min():g} to {flat[name].max():g} of a state per step, not 0 to 1")
        flags: dict[str, Any] = {"reset": self.reset, "inclusive": self.inclusive}
        if self.family is LeakyIntegrateAndFire:
            flags["spiking"] = self.spiking
        if self.family is AdaptiveThreshold:
            flags["subtracts_baseline"] = self.subtracts_baseline
        if self.family is MultipleSpikes:
            flags["most"] = self.most
        return self.family(**flat, **flags)

    def varying_axes(self, dimensions: int) -> set[int]:
        """Axes of a tensor of so many along which a parameter varies."""
        values = [*self.parameters.values(), *([] if self.feedback is None else [self.feedback])]
        return {
            dimensions - value.ndim + axis
            for value in values
            for axis, size in enumerate(value.shape)
            if size > 1 and dimensions - value.ndim + axis >= 0
        }

    def subtracting(self, amount: Array) -> NeuronLayer:
        """The same layer, whose spikes take `amount` from the potential, whatever the threshold.

        `LeakyIntegrateAndFire` subtracts the threshold. So potential and threshold are counted from another zero: with
        c = amount - threshold, v' = v + c spikes at `amount` where v spikes at the threshold, and the leak towards c
        instead of 0 is a bias.
        """
        threshold = self.parameters["threshold"]
        shift = amount - threshold
        if not np.any(shift):
            return replace(self, reset=Reset.SUBTRACT)
        zero = np.zeros(())
        shifted = {
            "threshold": amount + 0 * shift,
            "initial_voltage": self.parameters.get("initial_voltage", zero) + shift,
            "bias": self.parameters.get("bias", zero) + (1 - self.parameters["voltage_retention"]) * shift,
        }
        return replace(self, reset=Reset.SUBTRACT, parameters=self.parameters | shifted)


def fitted(value: Array, shape: Shape) -> Array:
    """A parameter for each neuron of a layer, (neurons,), or () where all share it.

    Raises
    ------
    Refusal : it does not suit the layer.
    """
    if value.size and np.all(value == value.reshape(-1)[0]):
        return np.asarray(value.reshape(-1)[0], dtype=np.float64)
    while value.ndim > len(shape) and value.shape[0] == 1:
        value = value[0]
    try:
        return np.broadcast_to(value, shape).reshape(-1).astype(np.float64)
    except ValueError:
        raise Refusal(f"has parameters of shape {value.shape}, but neurons of shape {shape}") from None


def array_of(value: Any) -> Array:
    """A number or tensor in float64, exactly."""
    if hasattr(value, "detach"):
        value = value.detach().to("cpu").double().numpy()
    return np.array(value, dtype=np.float64)


def fires_at_zero(fire: Callable[[torch.Tensor], torch.Tensor]) -> bool:
    """Whether a spike function of (potential - threshold) fires at 0 itself, found out by trying it.

    Raises
    ------
    Refusal : it is no step from 0 to 1.
    """
    import torch

    tried = torch.tensor([-2.0, -1.0, -1e-3, 0.0, 1e-3, 1.0, 2.0])
    try:
        with torch.no_grad():
            fired = [[float(value) for value in fire(tried)] for _ in range(2)]
    except Exception as error:
        raise Refusal(f"its spike function fails: {error}") from error
    if fired[0] != fired[1] or [*fired[0][:3], *fired[0][4:]] != [0, 0, 0, 1, 1, 1] or fired[0][3] not in (0, 1):
        raise Refusal("its spike function is no step from 0 to 1 at the threshold; use a surrogate that is")
    return fired[0][3] == 1
