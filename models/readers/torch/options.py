"""What a PyTorch module leaves open."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TorchOptions:
    """What a PyTorch module leaves open.

    Attributes
    ----------
    time_axis : axis of the example input that counts time steps; None finds it out where the module makes it plain,
        and else takes the input for a single step.
    output : which of the tensors that the module returns is the answer, counted from 0; None takes what no other
        returned tensor is made of.
    single_spike : read neurons that may emit several spikes in a step (Sinabs' `MultiSpike`) as if they emitted one.
    ignore_lower_limit : leave out a lower limit of the membrane potential (Sinabs' `min_v_mem`).
    """

    time_axis: int | None = None
    output: int | None = None
    single_spike: bool = False
    ignore_lower_limit: bool = False
