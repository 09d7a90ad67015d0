"""How many stages the parts of a deployment have, which is known before the first of them begins."""

from __future__ import annotations

from ...backends.lava.availability import lava_problem
from ...mapping.target import Target
from ..configuration.configuration import Configuration
from ..model_source import Model, with_built_in_options

WITH_AN_ARITHMETIC_OF_ITS_OWN = "spinnaker1"
"""The backend whose chip is a stage of a deployment, and not only an account of what the simulator counted."""


def check_stages(model: Model, config: Configuration) -> int:
    """Stages of `check`: reading, converting where it is asked for, mapping."""
    return 2 + (with_built_in_options(model, config).convert is not None)


def network_stages(model: Model, config: Configuration) -> int:
    """Stages from a model to a program: reading, converting where it is asked for, compiling."""
    config = with_built_in_options(model, config)
    return 1 + (config.convert is not None) + _compilation_stages(config)


def deployment_stages(model: Model, config: Configuration, chip: Target) -> int:
    """Stages of `make_artifact`; for a network of integers there are fewer, which shows only once it is read."""
    stages = network_stages(model, config) + 2  # running every stage, looking layer by layer
    config = with_built_in_options(model, config)
    if config.operating_point is not None:
        stages += 1 + _compilation_stages(config)
    stages += chip.backend == WITH_AN_ARITHMETIC_OF_ITS_OWN
    return stages + (config.lava_samples > 0 and lava_problem() is None)


def _compilation_stages(config: Configuration) -> int:
    """Stages of `compile_model`: quantizing, fine-tuning where it is asked for, mapping."""
    return 2 + bool(config.fine_tune)
