"""What every neuron model can do, in float and in integers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
State = tuple[Array, ...]


@dataclass(frozen=True)
class IntegerRule:
    """The integer step of a family of neuron models; see `leaky_rule` for what its functions take.

    Attributes
    ----------
    name : of the family, in files.
    file : the module that holds all of it, which needs NumPy alone.
    states : names of the state variables.
    parameters : names of what `step` wants besides the states and the activation, in its order.
    step : advances by one step.
    start : initial states, from the fields of an integer model.
    start_of_sample : the initial states of samples, from those of `start` and the numbers of the samples; None where
        all samples begin alike.
    parameters_of : the parameters, from the fields of an integer model.
    overflow_names : of what `overflows` tells.
    overflows : which neurons leave their widths in a step, from what `step` takes and the limits of the states: a bool
        array for each name.
    state_bits : of each state by its name, with the sign; a module gives one number for all, or one for each.
    largest_output : the largest absolute number that a neuron can send in one step, 1 for spikes, from the fields of an
        integer model.
    """

    name: str
    file: Path
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    step: Callable[..., tuple[Array, ...]]
    start: Callable[[dict[str, Any]], tuple[Array, ...]]
    start_of_sample: Callable[[tuple[Array, ...], Array], tuple[Array, ...]] | None
    parameters_of: Callable[[dict[str, Any]], dict[str, Array]]
    overflow_names: tuple[str, ...]
    overflows: Callable[..., tuple[Array, ...]]
    state_bits: Mapping[str, int]
    largest_output: Callable[[dict[str, Any]], int]

    @classmethod
    def of(cls, module: ModuleType) -> IntegerRule:
        """The rule that a module holds."""
        bits = module.STATE_BITS if isinstance(module.STATE_BITS, tuple) else (module.STATE_BITS,) * len(module.STATES)
        return cls(
            module.NAME,
            Path(str(module.__file__)),
            module.STATES,
            module.PARAMETERS,
            module.step,
            module.start,
            getattr(module, "start_of_sample", None),
            module.parameters_of,
            module.OVERFLOWS,
            module.overflows,
            MappingProxyType(dict(zip(module.STATES, bits, strict=True))),
            module.largest_output,
        )


class FloatNeuron(ABC):
    """Float parameters; each a scalar array () or one value a neuron, (neurons,); immutable."""

    @property
    def graded(self) -> bool:
        """Whether its output is a number instead of a spike; not unless a model says so."""
        return False

    @property
    def eventful(self) -> bool:
        """Whether its output is zero at most steps: spikes and graded spikes, but no potential."""
        return True

    @property
    def whole(self) -> bool:
        """Whether its output is the same number in integers: spikes, with a sign or not, or how many there are."""
        return not self.graded

    @property
    def gain(self) -> Array:
        """What a step makes of each unit that arrives: () or (neurons,)."""
        return np.ones(())

    def with_unit_gain(self) -> FloatNeuron:
        """The same neurons with a gain of 1, for weights that have been multiplied by the gain."""
        return self

    def with_drive(self, drive: Array) -> FloatNeuron | None:
        """The same neurons to which `drive` arrives at every step, behind the gain; None where no bias can say it."""
        return None

    @abstractmethod
    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        """State before the first step of samples first, first + 1 ...: arrays (batch, size)."""

    @abstractmethod
    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        """Advance by one step.

        Parameters
        ----------
        state : after the last step, arrays (batch, neurons).
        activation : (batch, neurons), the sum of what arrives.

        Returns
        -------
        The state after this step, and the output (batch, neurons) float64: spikes are 1.0.
        """


class IntegerNeuron(ABC):
    """Integer parameters, each a scalar array () or one value a neuron, (neurons,); immutable."""

    rule: ClassVar[IntegerRule]
    ranges: ClassVar[dict[str, tuple[int, int]]]

    @property
    def graded(self) -> bool:
        """As in `FloatNeuron`."""
        return False

    @property
    def eventful(self) -> bool:
        """As in `FloatNeuron`."""
        return True

    @property
    def whole(self) -> bool:
        """As in `FloatNeuron`."""
        return not self.graded

    @property
    def output_bits(self) -> int:
        """Bits of a graded output, with the sign; 1 for spikes."""
        return 1

    @cached_property
    def rule_parameters(self) -> dict[str, Array]:
        """What the rule wants: int64 arrays, () or (neurons,)."""
        return self.rule.parameters_of(vars(self))

    def initial_state(self, batch: int, size: int, first: int = 0) -> State:
        """State before the first step of samples first, first + 1 ...: int64 arrays (batch, size)."""
        start = self.rule.start(vars(self))
        if self.rule.start_of_sample is not None:
            start = self.rule.start_of_sample(start, np.arange(first, first + batch)[:, np.newaxis])
        return tuple(np.broadcast_to(values, (batch, size)).astype(np.int64) for values in start)

    def step(self, state: State, activation: Array) -> tuple[State, Array]:
        """Advance by one step; as in `FloatNeuron`, in int64, for any real `activation` that holds integers."""
        *after, output = self.rule.step(*state, _arriving(activation), **self.rule_parameters)
        return tuple(after), output

    def overflows(
        self, state: State, activation: Array, bits: Mapping[str, int] = MappingProxyType({})
    ) -> dict[str, Array]:
        """Where this step leaves the widths of the chip: bool (batch, neurons) by what does.

        Parameters
        ----------
        state, activation : as `step` gets them.
        bits : per name of a state, its width with the sign, where it is narrower than the rule's.

        Returns
        -------
        "input" : the sum of what arrives wraps at 32 bits; the other names are the rule's.
        """
        arriving = _arriving(activation)
        limits = {f"{name}_limit": 1 << (bits.get(name, self.rule.state_bits[name]) - 1) for name in self.rule.states}
        of_rule = self.rule.overflows(*state, arriving, **self.rule_parameters, **limits)
        return {"input": arriving != activation, **dict(zip(self.rule.overflow_names, of_rule, strict=True))}

    def verify(self) -> None:
        """Raise ValueError where a parameter leaves its register."""
        for name, (low, high) in self.ranges.items():
            value = np.asarray(getattr(self, name))
            if value.size and (value.min() < low or value.max() > high):
                raise ValueError(f"{name} leaves {low}..{high}")


def _arriving(activation: Array) -> Array:
    """Sums of synapses have 32 bits and wrap, as in Lava; only runaway graded loops ever get there."""
    return activation.astype(np.int64).astype(np.int32).astype(np.int64)


def make_arrays(neuron: Any, dtype: type) -> None:
    """NumPy turns arrays without axes into numbers wherever it can; parameters are arrays nonetheless."""
    for parameter in fields(neuron):
        value = getattr(neuron, parameter.name)
        if isinstance(value, np.ndarray | np.generic):
            object.__setattr__(neuron, parameter.name, np.asarray(value, dtype=dtype))
