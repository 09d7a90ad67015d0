"""One model on several targets, and what they come to side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..mapping.target import Target
from ..mapping.target_files import load_target
from ..models.errors import DoesNotFitError, UsageError
from .artifact.artifact import PAGE_NAME, REPORT_NAME
from .artifact.manifest import MANIFEST_NAME
from .artifact.writing import Artifact, check_destination, write_comparison
from .comparison.comparison import comparison_of
from .comparison.page import render_comparison
from .configuration.configuration import Configuration
from .deployment import make_artifact, with_page
from .model_source import Model, Recordings
from .progress.progress import Progress, Quiet, Within
from .progress.stage_plan import deployment_stages

SIDE_BY_SIDE = ("verdict", "deployments", "least_energy", "notes", "refused")
"""Keys of a comparison that each target's own report takes over; see `report_schema.comparison.SideBySide`."""


def deploy_on_targets(
    model: Model,
    targets: Sequence[str],
    data: Recordings,
    out: Path | None,
    config: Configuration | None = None,
    progress: Progress | None = None,
    command: str = "",
) -> dict[str, Any]:
    """Deploy a model on each target, and compare.

    Parameters
    ----------
    targets : names of targets, or paths of YAML files.
    out : folder for all artifacts, each in a folder named after its target; None writes nothing.
    model, data, config, progress, command : see `deploy`.

    Returns
    -------
    The comparison, as in its `report.json`; see `comparison_of`. Targets that the network does not fit are among
    `refused`, with the reason.

    Raises
    ------
    DoesNotFitError : it fits none of them.
    SpikeloomError : see `models/errors.py`; nothing is written then.
    """
    progress, config = progress or Quiet(), config or Configuration()
    if out is not None:
        check_destination(out)
    chips = [load_target(name) for name in targets]
    _tell_apart(chips)
    for chip in chips:
        chip.cost_set(config.costs)  # refuses one that there is not, before hours of work
    artifacts: dict[str, Artifact] = {}
    refused: dict[str, str] = {}
    stages = [deployment_stages(model, config, chip) for chip in chips]
    progress.expect(sum(stages) + (out is not None))
    for chip, announced in zip(chips, stages, strict=True):
        part = Within(progress, chip.name, announced)
        try:
            artifacts[chip.name] = make_artifact(model, chip, data, config, part, command)
        except DoesNotFitError as error:
            refused[chip.name] = str(error)
            part.leave_out_the_rest()
    if not artifacts:
        reasons = "\n".join(refused.values())
        raise DoesNotFitError(f"the model fits none of {', '.join(refused)}:\n{reasons}")
    reports = [artifact.report for artifact in artifacts.values()]
    comparison = comparison_of(reports, labels=list(artifacts)) | {"refused": refused, "command": command}
    if out is not None:
        progress.stage("writing")
        section = {key: comparison[key] for key in SIDE_BY_SIDE}
        whole = {name: _beside_others(artifact, section) for name, artifact in artifacts.items()}
        write_comparison(out, whole, comparison, {PAGE_NAME: render_comparison(comparison, beside=True)})
    return comparison


def _beside_others(artifact: Artifact, section: Mapping[str, Any]) -> Artifact:
    """The same whose report also tells what the others came to."""
    return with_page(replace(artifact, report={**artifact.report, "side_by_side": section}))


def _tell_apart(chips: Sequence[Target]) -> None:
    """Refuse what could not have a folder of its own."""
    names = [chip.name for chip in chips]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--target: two of the targets are named {name}; give them names of their own (name).")
        if Path(name).name != name or name in (".", "..", MANIFEST_NAME, PAGE_NAME, REPORT_NAME):
            raise UsageError(f"--target: {name!r} cannot be the name of a folder; give the file another name (name).")
