"""What a user can decide about a deployment: one model-wide section, and overrides by layer."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ..backends.system_costs import SystemCosts
from ..mapping.search import Effort, Search
from ..models.decision import Decision
from ..models.errors import UsageError
from ..models.neurons.leaky_dynamics import Reset
from ..models.readers.netx import NetxOptions
from ..models.readers.nir import NirOptions
from ..models.readers.onnx import OnnxOptions
from ..models.readers.torch import TorchOptions
from .conversion.thresholds import ThresholdRule
from .learning_choices import RULES, Learning, TraceChoice
from .quantization.weights import MOST_BITS
from .quantization.wish import Wish
from .quantization_choices import Bits, Share, Split

GuardName = Literal["silent", "saturated", "loss", "overflow"]
"""Guards that can be waived; see `guards`."""

LONGEST_VALUE = 60  # characters of a wrong value that an error shows
REASONS = {  # what pydantic says of types, in a user's words
    "bool_parsing": "it must be yes or no",
    "bool_type": "it must be yes or no",
    "int_parsing": "it must be a whole number",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "float_parsing": "it must be a number",
    "float_type": "it must be a number",
    "dict_type": "it must be a mapping of keys to values",
    "model_type": "it must be a mapping of keys to values",
    "tuple_type": "it must be a list",
    "string_type": "it must be a text (quote it)",
    "model_attributes_type": "it must be a mapping of keys to values",
    "union_tag_not_found": f"its rule is missing, one of {', '.join(RULES)}",
    "union_tag_invalid": f"its rule is one of {', '.join(RULES)}",
}


class LayerConfiguration(BaseModel):
    """Overrides for one layer; bits, split and prune are those of the synapses that reach it.

    Attributes
    ----------
    ternary : weights are -1, 0 or 1 times a step; leaves no bits to choose.
    learning : how the dense synapses that reach it learn while the program runs; see `learning_choices`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reset: Reset | None = None
    bits: Bits | None = None
    split: Split | None = None
    ternary: bool = False
    prune: Share | None = None
    learning: Learning | None = None

    @model_validator(mode="after")
    def _one_width(self) -> LayerConfiguration:
        if self.ternary and self.bits is not None:
            raise ValueError("ternary weights have no other bits: keep one of ternary and bits")
        return self


class Configuration(BaseModel):
    """Everything that a model file and its data leave open; unknown keys are refused.

    Attributes
    ----------
    reset, dt, threshold_inclusive, integration : see `NirOptions`.
    steps : steps of a sample; None takes those of the data, or 32 for static data.
    encoder : how static data is presented, one of `..models.encoders.ENCODERS`.
    decision : how the output becomes a class; None takes what suits the output population.
    samples : evaluate only the first so many samples; None for all.
    lava_samples : run Lava on the first so many of them; 0 for none. Where it is not given, 20, or as many as Lava
        runs in a minute or two.
    calibration_samples : samples that the quantizer looks at, drawn with the seed.
    mapping : partitioning strategy, or "auto" for the best.
    effort : how long the mapper searches.
    mapping_seconds : after which it stops with the best that it has; None for no such limit. What it then finds depends
        on the machine.
    real_time : on a chip whose steps keep to a clock, use as many cores as it takes to keep up with it.
    min_accuracy : end with an error where the simulator stays below, in [0, 1].
    max_loss : accuracy that may be lost from the first stage to the simulator, in [0, 1].
    allow : guards that only warn.
    bits : of a weight with its sign, 1..8, or "auto" for the fewest that keep `max_loss` on the calibration samples.
    split : whether each weight matrix becomes the sum of two with exponents of their own, or "auto" where `max_loss`
        asks for it.
    prune : share of the weights that become zero, in [0, 1), or "auto" for the largest that keeps `max_loss`.
    fine_tune : epochs of training with the integer forward pass; 0 for none.
    seed : of everything drawn at random.
    costs : name of the target's account of what operations cost; its default where None.
    host_power : W that the host draws while a sample runs, for the account of the system.
    transfer_energy : pJ that a message from off the chip takes, for the same account.
    operating_point : before anything else, time constants and thresholds are moved to this point of the operating
        space, without training: "knee", "fastest" or "most-accurate".
    convert : how an ordinary network becomes a spiking one, "rate" or "sigma-delta".
    max_pool : pools of maxima are done "exact", by rectifiers, or as "average", an approximation.
    threshold_rule : how the thresholds of a rate code are chosen; see `ThresholdRule`.
    input_scale, input_offset : data is multiplied by the one, then the other is added; for models that were trained on
        normalised data.
    input_whole : then fractions are cut off.
    input_shape : of a step of a sample, where a model file leaves it open.
    layout : of the data's axes, where a model file leaves it open; "width-first" is that of lava-dl's netx.
    spike_exponent, pipelined : see `NetxOptions`.
    time_axis, single_spike, ignore_lower_limit : see `TorchOptions`.
    output_name : the output to read of a model with several; of a module of PyTorch, its number, from 0.
    architecture : "file.py:name" or "package.module:name" of what makes the module of a PyTorch checkpoint.
    layers : overrides by layer name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reset: Reset | None = None
    dt: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    threshold_inclusive: bool = False
    integration: Literal["euler", "exponential"] = "euler"
    steps: int | None = Field(default=None, ge=1)
    encoder: Literal[
        "constant", "rate", "integrate", "first-spike", "rank-order", "interval", "phase", "burst", "population"
    ] = "constant"
    decision: Decision | None = None
    samples: int | None = Field(default=None, ge=1)
    lava_samples: int = Field(default=20, ge=0)
    calibration_samples: int = Field(default=512, ge=1)
    mapping: str = "auto"
    effort: Effort = "normal"
    mapping_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    real_time: bool = True
    min_accuracy: float | None = Field(default=None, ge=0, le=1)
    max_loss: float = Field(default=0.02, ge=0, le=1)
    allow: tuple[GuardName, ...] = ()
    bits: Bits = 8
    split: Split = False
    prune: Share = 0.0
    fine_tune: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0)
    operating_point: Literal["knee", "fastest", "most-accurate"] | None = None
    costs: str | None = None
    host_power: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    transfer_energy: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    convert: Literal["rate", "sigma-delta"] | None = None
    max_pool: Literal["exact", "average"] = "exact"
    threshold_rule: ThresholdRule = ThresholdRule.PERCENTILE
    input_scale: float = Field(default=1.0, allow_inf_nan=False)
    input_offset: float = Field(default=0.0, allow_inf_nan=False)
    input_whole: bool = False
    input_shape: tuple[int, ...] | None = None
    layout: Literal["channels-first", "channels-last", "width-first"] | None = None
    spike_exponent: int = Field(default=6, ge=0, le=6)
    pipelined: bool | None = None
    time_axis: int | None = None
    single_spike: bool = False
    ignore_lower_limit: bool = False
    output_name: str | None = None
    architecture: str | None = None
    layers: dict[str, LayerConfiguration] = Field(default_factory=dict)

    @field_validator("mapping")
    @classmethod
    def _strategy_exists(cls, name: str) -> str:
        if name != "auto":
            from ..mapping.partition.portfolio import strategies

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


def configuration(file: Path | None = None, **options: Any) -> Configuration:
    """Read a YAML file, if one is given, and let options that are not None win over it.

    Raises
    ------
    UsageError : the file cannot be read, or a key or value is not known; names it.
    """
    values: dict[str, Any] = {} if file is None else _read(file)
    given = {key: value for key, value in options.items() if value is not None}
    try:
        return Configuration(**(values | given))
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"] if part != "[key]"]
        known = _known_keys(place)
        if len(place) > 3 and place[2] == "learning":  # after it stands the name of the rule, which no file has there
            del place[3]
        key = ".".join(place)
        if first["type"] == "extra_forbidden":
            raise UsageError(f"There is no configuration key {key!r}; the keys are {', '.join(known)}.") from None
        if place[0] in given:  # of a tuple, an option has no entries with names of their own
            key, first["input"] = place[0], given[place[0]]
        source = "The option" if place[0] in given else f"The configuration {file}:"
        name = f"--{key.replace('_', '-')}" if place[0] in given else key
        reason = REASONS.get(first["type"], first["msg"].removeprefix("Value error, "))
        reason = reason[0].lower() + reason[1:]
        raise UsageError(f"{source} {name} cannot be {_shown(first['input'])}: {reason}.") from None


def _known_keys(place: list[str]) -> list[str]:
    """The keys that there are where one of them is wrong; `place` as pydantic has it."""
    if len(place) == 1:
        return list(Configuration.model_fields)
    if len(place) < 5:
        return list(LayerConfiguration.model_fields)
    return list((RULES[place[3]] if len(place) == 5 else TraceChoice).model_fields)


def _read(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The configuration {file} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"The configuration {file} is not YAML: {' '.join(str(error).split())}.") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise UsageError(f"The configuration {file} must be a mapping of keys to values.")
    for key in document:
        if not isinstance(key, str):
            raise UsageError(f"The configuration {file} has the key {key!r}; keys are words.")
    return document


def _shown(value: Any) -> str:
    text = repr(value.value) if isinstance(value, Enum) else repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
