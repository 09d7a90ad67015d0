"""What a `.net` file leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class NetxOptions:
    """What a `.net` file leaves open.

    Attributes
    ----------
    input_shape : (channels, height, width) or (neurons,) of the data, for files without an input layer; None takes it
        from the first layer, which a convolution with a stride does not tell.
    layout : axes of the data: "channels-first" (channels, height, width), as lava-dl trains, "width-first" (width,
        height, channels), as its netx runs, or "channels-last" (height, width, channels), as images come.
    spike_exponent : 0..6, the binary places of a graded spike (netx's `spike_exp`).
    pipelined : every layer of weights sees what was sent at the step before, as in netx, so that a bias acts before
        the first data arrives; None takes this for sigma-delta networks, which cannot be reset. Otherwise layers see
        one another within a step, and every sample begins anew in all of them, as netx resets them one by one.
    """

    input_shape: tuple[int, ...] | None = None
    layout: Literal["channels-first", "channels-last", "width-first"] = "channels-first"
    spike_exponent: int = 6
    pipelined: bool | None = None
