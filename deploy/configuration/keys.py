"""What a user can decide about a deployment: a model-wide section, and overrides by layer (see `layer_keys`).

The descriptions of the fields are the one place where it is written down what a key means: error messages,
`spikeloom init` and docs/configuration.md are made from them.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ...backends.system_costs import SystemCosts
from ...mapping.search import Effort, Search
from ...models.decision import Decision
from ...models.errors import UsageError
from ...models.neurons.leaky_dynamics import Reset
from ...models.readers.netx import NetxOptions
from ...models.readers.nir import NirOptions
from ...models.readers.onnx import OnnxOptions
from ...models.readers.torch import TorchOptions
from ..conversion.thresholds import ThresholdRule
from ..quantization.weights import MOST_BITS
from ..quantization.wish import Wish
from .allowed_values import Allowed
from .layer_keys import LayerConfiguration
from .quantization_choices import Bits, Share, Split

GuardName = Literal["silent", "saturated", "loss", "overflow"]
"""Guards that can be waived; see `guards`."""
EncoderName = Literal[
    "constant", "rate", "integrate", "first-spike", "rank-order", "interval", "phase", "burst", "population"
]
"""As in `..models.encoders.ENCODERS`."""
Factor = Annotated[float, Allowed("a number, or a fraction such as 1/255")]
Sizes = Annotated[tuple[int, ...], Allowed("sizes from 1 on, such as [3, 32, 32] or 3,32,32")]
Strategy = Annotated[str, Allowed("auto, or the name of a strategy of docs/mapping.md")]


class Configuration(BaseModel):
    """Everything that a model file and its data leave open; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reset: Reset | None = Field(
        default=None,
        description="What becomes of the potential at a spike; null takes what the file says, or else zero.",
    )
    dt: float | None = Field(
        default=None, gt=0, allow_inf_nan=False,
        description="Seconds per step; null takes what a NIR file hints at, or else 0.0001.",
    )  # fmt: skip
    threshold_inclusive: bool = Field(default=False, description="Spike at the threshold itself too.")
    integration: Literal["euler", "exponential"] = Field(
        default="euler", description="How time constants become decays: 1 - dt/tau, or exp(-dt/tau)."
    )
    steps: int | None = Field(
        default=None, ge=1, description="Steps of a sample; null takes those of the data, or 32 for static data."
    )
    encoder: EncoderName = Field(default="constant", description="How static data is presented (docs/encoders.md).")
    decision: Decision | None = Field(
        default=None,
        description="How the output becomes a class, over the steps of a sample; null takes what suits the output.",
    )
    samples: int | None = Field(default=None, ge=1, description="Evaluate only the first so many; null for all.")
    lava_samples: int = Field(
        default=20, ge=0,
        description="Samples to run in Lava, 0 for none; left out, 20, or fewer that take a minute, if Lava is there.",
    )  # fmt: skip
    calibration_samples: int = Field(
        default=512, ge=1, description="Samples that the quantizer looks at, drawn with the seed."
    )
    mapping: Strategy = Field(default="auto", description="How to divide the network among cores; auto for the best.")
    effort: Effort = Field(default="normal", description="How long to search for a good mapping.")
    mapping_seconds: float | None = Field(
        default=None, gt=0, allow_inf_nan=False,
        description="Seconds after which that search ends with the best so far, which then depends on the machine.",
    )  # fmt: skip
    real_time: bool = Field(
        default=True,
        description="On a chip whose steps keep to a clock, use as many cores as it takes to keep up with it.",
    )
    min_accuracy: float | None = Field(
        default=None, ge=0, le=1, description="End with an error where the simulator stays below."
    )
    max_loss: float = Field(
        default=0.02, ge=0, le=1, description="Accuracy that may be lost from the first stage to the simulator."
    )
    allow: tuple[GuardName, ...] = Field(default=(), description="Guards that only warn (docs/ledger.md).")
    bits: Bits = Field(
        default=8, description="Of a weight with its sign; auto for the fewest that keep max_loss when calibrating."
    )
    split: Split = Field(
        default=False,
        description="Whether each weight matrix becomes the sum of two with exponents of their own; auto where max_loss"
        " asks for it.",
    )
    prune: Share = Field(
        default=0.0, description="Share of the weights that become zero; auto for the largest that keeps max_loss."
    )
    fine_tune: int = Field(
        default=0,
        ge=0,
        description="Epochs of training with the integer forward pass (needs PyTorch); 0 for none.",
    )
    seed: int = Field(default=0, ge=0, description="Of everything drawn at random.")
    operating_point: Literal["knee", "fastest", "most-accurate"] | None = Field(
        default=None,
        description="Before anything else, move time constants and thresholds to this point of the operating space, "
        "without training.",
    )
    costs: str | None = Field(
        default=None, description="Name of the chip's account of what operations cost; null for its default."
    )
    host_power: float | None = Field(
        default=None, ge=0, allow_inf_nan=False,
        description="W that the host draws while a sample runs, for the account of the system.",
    )  # fmt: skip
    transfer_energy: float | None = Field(
        default=None, ge=0, allow_inf_nan=False,
        description="pJ that a message from off the chip takes, for the account of the system.",
    )  # fmt: skip
    convert: Literal["rate", "sigma-delta"] | None = Field(
        default=None, description="How an ordinary network becomes a spiking one; null for networks that spike already."
    )
    max_pool: Literal["exact", "average"] = Field(
        default="exact", description="Converting, pools of maxima are done by rectifiers, or approximated by averages."
    )
    threshold_rule: ThresholdRule = Field(
        default=ThresholdRule.PERCENTILE, description="Converting to a rate code, how its thresholds are chosen."
    )
    input_scale: Factor = Field(
        default=1.0, allow_inf_nan=False,
        description="The data is multiplied by this, for models that were trained on normalised data.",
    )  # fmt: skip
    input_offset: Factor = Field(default=0.0, allow_inf_nan=False, description="Then this is added to the data.")
    input_whole: bool = Field(default=False, description="Then fractions of the data are cut off.")
    input_shape: Sizes | None = Field(
        default=None, description="Of a step of a sample, where a model file leaves it open."
    )
    layout: Literal["channels-first", "channels-last", "width-first"] | None = Field(
        default=None,
        description="Axes of the data, where a model file leaves them open; width-first is that of lava-dl's netx.",
    )
    spike_exponent: int = Field(default=6, ge=0, le=6, description="Binary places of a graded spike of a .net file.")
    pipelined: bool | None = Field(
        default=None,
        description="Layers of a .net file see what was sent at the step before; null takes this for sigma-delta.",
    )
    time_axis: int | None = Field(
        default=None, description="Axis of a PyTorch module's input that counts steps; null finds it out."
    )
    single_spike: bool = Field(
        default=False, description="Read neurons that may spike several times a step as if they spiked once."
    )
    ignore_lower_limit: bool = Field(
        default=False, description="Leave out a lower limit of the potential (Sinabs' min_v_mem)."
    )
    output_name: str | None = Field(
        default=None, description="The output to read, of a model with several; of a PyTorch module its number, from 0."
    )
    architecture: str | None = Field(
        default=None,
        description="file.py:name or package.module:name of what makes the PyTorch module of a checkpoint.",
    )
    layers: dict[str, LayerConfiguration] = Field(
        default_factory=dict, description="Settings of single layers, by their names in the model."
    )

    @field_validator("mapping")
    @classmethod
    def _strategy_exists(cls, name: str) -> str:
        if name != "auto":
            from ...mapping.partition.portfolio import strategies

            if name not in strategies():
                raise ValueError(f"there is no strategy {name!r}, only {', '.join(strategies())}")
        return name

    @field_validator("allow", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        """Let people write a single guard without brackets."""
        return [value] if isinstance(value, str) else value

    @field_validator("input_scale", "input_offset", mode="before")
    @classmethod
    def _fraction(cls, value: Any) -> Any:
        """Let people write 1/255."""
        if not isinstance(value, str) or "/" not in value:
            return value
        try:
            return float(Fraction(value))
        except (ValueError, ZeroDivisionError, OverflowError):
            return value

    @field_validator("input_shape", mode="before")
    @classmethod
    def _sizes(cls, value: Any) -> Any:
        """Let people write 3,32,32."""
        return value.replace("x", ",").split(",") if isinstance(value, str) else value

    @field_validator("input_shape")
    @classmethod
    def _positive(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and (not value or min(value) < 1):
            raise ValueError("sizes begin at 1")
        return value

    def onnx_options(self) -> OnnxOptions:
        """The part that the ONNX reader needs."""
        if self.layout == "width-first":
            raise UsageError("ONNX knows no layout width-first: use channels-first or channels-last (--layout).")
        return OnnxOptions(self.input_shape, self.layout, self.output_name)

    def netx_options(self) -> NetxOptions:
        """The part that the reader of lava-dl's files needs."""
        layout = self.layout or "channels-first"
        return NetxOptions(self.input_shape, layout, self.spike_exponent, self.pipelined)

    def torch_options(self) -> TorchOptions:
        """The part that the PyTorch reader needs."""
        if self.output_name is not None and not self.output_name.isdigit():
            raise UsageError("What a PyTorch module returns is numbered: --output-name 0 is the first.")
        output = None if self.output_name is None else int(self.output_name)
        return TorchOptions(self.time_axis, output, self.single_spike, self.ignore_lower_limit)

    def nir_options(self) -> NirOptions:
        """The part that the NIR reader needs."""
        resets = {name: layer.reset for name, layer in self.layers.items() if layer.reset is not None}
        return NirOptions(self.dt, self.reset, self.threshold_inclusive, self.integration, resets)

    @property
    def system(self) -> SystemCosts:
        """What is known beyond the chip."""
        return SystemCosts(self.host_power, self.transfer_energy)

    def search(self, progress: Callable[[str, float], None] | None = None) -> Search:
        """What the mapper may spend, from now on.

        Parameters
        ----------
        progress : told what is done at the moment, and which share of it is done.
        """
        deadline = None if self.mapping_seconds is None else time.monotonic() + self.mapping_seconds
        search = Search(self.effort, self.seed, deadline)
        return search if progress is None else replace(search, progress=progress)

    def check_layers(self, layers: list[str]) -> None:
        """Refuse overrides of layers that do not exist; those of resets are checked by the reader.

        Raises
        ------
        UsageError : names the override, and the layer that it may have meant.
        """
        for name, layer in self.layers.items():
            if name not in layers and layer.model_fields_set != {"reset"}:
                near = difflib.get_close_matches(name, layers, 1)
                hint = f"; did you mean {near[0]!r}?" if near else "."
                raise UsageError(
                    f"The configuration has settings for a layer {name!r}, but the layers are "
                    f"{', '.join(map(repr, layers))}{hint}"
                )

    def wish(self, layer: str) -> Wish:
        """What is said of the synapses that reach a layer."""
        own = self.layers.get(layer, LayerConfiguration())
        bits = MOST_BITS if own.ternary else self.bits if own.bits is None else own.bits
        split = self.split if own.split is None else own.split
        prune = self.prune if own.prune is None else own.prune
        return Wish(
            None if bits == "auto" else bits,
            None if split == "auto" else split,
            own.ternary,
            None if prune == "auto" else prune,
        )
