"""What a user can decide about a deployment: one model-wide section, and overrides by layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..models.decision import Decision
from ..models.errors import UsageError
from ..models.neurons.leaky_integrate_and_fire import Reset
from ..models.readers.nir import NirOptions


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
    lava_samples : run Lava on the first so many of them; 0 for none.
    calibration_samples : samples that the quantizer looks at, drawn with the seed.
    mapping : partitioning strategy, or "auto" for the best.
    min_accuracy : end with an error where the simulator stays below, in [0, 1].
    seed : of everything drawn at random.
    layers : overrides by layer name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reset: Reset | None = None
    dt: float | None = Field(default=None, gt=0)
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
    seed: int = 0
    layers: dict[str, LayerConfiguration] = Field(default_factory=dict)

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
    values: dict[str, Any] = {}
    if file is not None:
        try:
            document = yaml.safe_load(file.read_text())
        except OSError as error:
            raise UsageError(f"The configuration {file} cannot be read: {error.strerror}.") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageError(f"The configuration {file} is not YAML: {error}.") from None
        if document is not None and not isinstance(document, dict):
            raise UsageError(f"The configuration {file} must be a mapping of keys to values.")
        values = document or {}
    values |= {key: value for key, value in options.items() if value is not None}
    try:
        return Configuration(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(Configuration.model_fields)
        hint = f" The keys are {known}." if first["type"] == "extra_forbidden" else ""
        raise UsageError(f"The configuration key {key!r} cannot be used: {first['msg']}.{hint}") from None
    except TypeError as error:
        raise UsageError(f"The configuration {file} has a key that is no word: {error}.") from None
