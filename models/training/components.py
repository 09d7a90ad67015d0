"""What a leaky integrate-and-fire layer is made of: its leakage, its reset, its recurrence.

In discrete time, one step for every t, with a[t] the sum of what arrives from outside the layer:

    v_i[t] = retention * v'_i[t-1] + input_gain * (a_i[t] + sum_j w_ij s_j[t-1])
    s_i[t] = 1 where v_i[t] > threshold, else 0
    v'_i[t] = v_i[t] (1 - s_i[t]) | v_i[t] - threshold * s_i[t] | v_i[t]

The sum over j is there with recurrence only. These are equations 3 to 11 of "Understanding the functional roles of
modelling components in spiking neural networks" (Neuromorphic Computing and Engineering 2024, arXiv 2403.16674), whose
k_tau is the retention; there a neuron also spikes at the threshold itself, here above it, as Loihi's do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from ..errors import UsageError
from ..neurons import Reset


class Leakage(StrEnum):
    """What becomes of the membrane potential between two steps."""

    NORMAL = "normal"  # a fixed share of it is kept
    NONE = "none"  # all of it is kept
    COMPLETE = "complete"  # nothing of it is kept
    LEARNABLE = "learnable"  # training finds the share, one for a layer


@dataclass(frozen=True)
class Components:
    """The components of a layer of leaky integrate-and-fire neurons.

    Attributes
    ----------
    leakage : see `Leakage`.
    retention : share of the membrane potential that normal leakage keeps, in [0, 1], and that learnable leakage begins
        with, in (0, 1); the others do not look at it.
    reset : see `Reset`; to zero, by subtraction of the threshold, or none.
    recurrent : whether the spikes of a step reach all neurons of the layer at the next one, by weights of their own.
    threshold : membrane potential above which a neuron spikes, above 0.
    input_gain : membrane potential per unit of what arrives.
    detached_reset : whether training takes what a spike does to the potential by the reset for constant. Through it,
        the error of one spike would run back over all spikes before it.

    Raises
    ------
    UsageError : a value leaves its range.
    """

    leakage: Leakage = Leakage.NORMAL
    retention: float = 0.3
    reset: Reset = Reset.VALUE
    recurrent: bool = False
    threshold: float = 1.0
    input_gain: float = 1.0
    detached_reset: bool = True

    def __post_init__(self) -> None:
        # Names from a command line or a file are as good as the members.
        object.__setattr__(self, "leakage", _member(Leakage, self.leakage, "leakage"))
        object.__setattr__(self, "reset", _member(Reset, self.reset, "reset"))
        if not 0 <= self.retention <= 1:
            raise UsageError(f"A retention of {self.retention:g} cannot be: a share of the potential is in 0..1.")
        if self.leakage is Leakage.LEARNABLE and not 0 < self.retention < 1:
            raise UsageError(
                f"Learnable leakage cannot begin with a retention of {self.retention:g}, from where a sigmoid never "
                "leaves: begin between 0 and 1."
            )
        if not 0 < self.threshold < math.inf:
            raise UsageError(f"A threshold of {self.threshold:g} cannot be trained: it needs a number above 0.")
        if not 0 < self.input_gain < math.inf:
            raise UsageError(f"An input gain of {self.input_gain:g} cannot be trained: it needs a number above 0.")

    @classmethod
    def from_time_constant(cls, tau: float, **rest: Any) -> Self:
        """The neurons of a membrane time constant of `tau` steps: v + (x - v) / tau.

        The share kept is 1 - 1/tau and the input gain 1/tau, as in SpikingJelly's `LIFNode` with decaying input (Fang
        et al., Science Advances 2023, https://doi.org/10.1126/sciadv.adi1480).

        Parameters
        ----------
        tau : in steps, at least 1.
        rest : other fields.
        """
        if not 1 <= tau < math.inf:
            raise UsageError(f"A membrane time constant of {tau:g} steps cannot be: it is at least 1.")
        return cls(leakage=Leakage.NORMAL, retention=1 - 1 / tau, input_gain=1 / tau, **rest)

    @property
    def first_retention(self) -> float:
        """Share of the potential that is kept before any training."""
        return {Leakage.NONE: 1.0, Leakage.COMPLETE: 0.0}.get(self.leakage, self.retention)

    @property
    def description(self) -> str:
        """In a few words, for tables."""
        leakage = {
            Leakage.NORMAL: f"leakage (retention {self.retention:g})",
            Leakage.NONE: "no leakage",
            Leakage.COMPLETE: "complete leakage",
            Leakage.LEARNABLE: "learnable leakage",
        }[self.leakage]
        reset = {
            Reset.VALUE: "reset to zero",
            Reset.SUBTRACT: "reset by subtraction",
            Reset.NONE: "no reset",
        }[self.reset]
        return f"{leakage}, {reset}, {'recurrence' if self.recurrent else 'no recurrence'}"


def variants_of(baseline: Components) -> Mapping[str, Components]:
    """The baseline and the variants that differ from it in one component each, as the publication compares them."""
    return {
        "baseline": baseline,
        "without leakage": replace(baseline, leakage=Leakage.NONE),
        "complete leakage": replace(baseline, leakage=Leakage.COMPLETE),
        "without reset": replace(baseline, reset=Reset.NONE),
        "with recurrence": replace(baseline, recurrent=True),
    }


def _member(kind: type[StrEnum], value: str, what: str) -> StrEnum:
    try:
        return kind(value)
    except ValueError:
        names = ", ".join(repr(str(member)) for member in kind)
        raise UsageError(f"There is no {what} {value!r}; there are {names}.") from None
