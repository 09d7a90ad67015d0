"""What a user can decide about a deployment: one model-wide section, and overrides by layer."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ..models.decision import Decision
from ..models.errors import UsageError
from ..models.neurons.leaky_integrate_and_fire import Reset
from ..models.readers.nir import NirOptions

LONGEST_VALUE = 60  # characters of a wrong value that an error shows


class LayerConfiguration(BaseModel):
    """Overrides for one layer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reset: Reset | None = None


class Configuration(BaseModel):
    """Everything that a model file and its data leave open; unknown keys are refused.

    Attributes
    ----------
    reset, dt, threshold_inclusive, integration : see `NirOptions`.
    steps : steps of a sample; None takes those of the data, or 32 for static data.
    encoder : how static data is presented: "constant" or "rate".
    decision : how the output becomes a class; None takes what suits the output population.
    samples : evaluate only the first so many samples; None for all.
    lava_samples : run Lava on the first so many of them; 0 for none. Where it is not given, 20, or as many as Lava
        runs in a minute or two.
    calibration_samples : samples that the quantizer looks at, drawn with the seed.
    mapping : partitioning strategy, or "auto" for the best.
    min_accuracy : end with an error where the simulator stays below, in [0, 1].
    seed : of everything drawn at random.
    layers : overrides by layer name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reset: Reset | None = None
    dt: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    threshold_inclusive: bool = False
    integration: Literal["euler", "exponential"] = "euler"
    steps: int | None = Field(default=None, ge=1)
    encoder: Literal["constant", "rate"] = "constant"
    decision: Decision | None = None
    samples: int | None = Field(default=None, ge=1)
    lava_samples: int = Field(default=20, ge=0)
    calibration_samples: int = Field(default=64, ge=1)
    mapping: str = "auto"
    min_accuracy: float | None = Field(default=None, ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    layers: dict[str, LayerConfiguration] = Field(default_factory=dict)

    @field_validator("mapping")
    @classmethod
    def _strategy_exists(cls, name: str) -> str:
        if name != "auto":
            from ..mapping.mapper import strategies

            if name not in strategies():
                raise ValueError(f"there is no strategy {name!r}, only {', '.join(strategies())}")
        return name

    def nir_options(self) -> NirOptions:
        """The part that the NIR reader needs."""
        resets = {name: layer.reset for name, layer in self.layers.items() if layer.reset is not None}
        return NirOptions(self.dt, self.reset, self.threshold_inclusive, self.integration, resets)


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
        place = [str(part) for part in first["loc"]]
        key = ".".join(place)
        if first["type"] == "extra_forbidden":
            known = Configuration.model_fields if len(place) == 1 else LayerConfiguration.model_fields
            raise UsageError(f"There is no configuration key {key!r}; the keys are {', '.join(known)}.") from None
        source = "The option" if place[0] in given else f"The configuration {file}:"
        name = f"--{key.replace('_', '-')}" if place[0] in given else key
        reason = first["msg"].removeprefix("Value error, ")
        reason = reason[0].lower() + reason[1:]
        raise UsageError(f"{source} {name} cannot be {_shown(first['input'])}: {reason}.") from None


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
