"""What an ONNX file leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class OnnxOptions:
    """What an ONNX file leaves open.

    Attributes
    ----------
    input_shape : of one sample, in the order of the file's axes, without the axis of samples; where it has as many axes
        as the file's input, the whole input is one sample. Needed where the file has dynamic sizes.
    layout : order of the axes of the data that will be given; None takes that of the file's input.
    output : name of the output to read; None reads all.
    """

    input_shape: tuple[int, ...] | None = None
    layout: Literal["channels-first", "channels-last"] | None = None
    output: str | None = None
