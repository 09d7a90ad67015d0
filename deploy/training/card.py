"""What is known about a trained model of the zoo: how it was trained, and what it is worth in float and on a chip."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...mapping.target_files import load_target
from ...models.datasets import Dataset
from ...models.errors import SpikeloomError
from ...models.zoo.catalogue import MODELS, ZooModel, deployment_options
from ..configuration.configuration import Configuration
from ..progress.progress import Progress
from ..progress.stage_plan import deployment_stages
from ..report.package_versions import package_versions

if TYPE_CHECKING:
    from ...models.zoo.trained_model import TrainedModel

Card = dict[str, Any]
TARGET = "loihi2"
TEST_SAMPLES = 1000
"""So many of the test samples are deployed with at most; a simulated chip takes its time for a large network."""

READOUTS = {
    True: "largest output, the mean over the steps",
    False: "most output spikes, or the largest potential of an integrator; ties to the lower index",
}


def model_card(model: ZooModel, trained: TrainedModel, data: Dataset, seed: int, width: float, command: str) -> Card:
    """The card of a network as it was trained, still without what it is worth on a chip.

    Parameters
    ----------
    data : that it was trained and tested with.
    seed, width, command : of the training.
    """
    plan = trained.recipe
    return {
        "name": model.name,
        "summary": model.summary,
        "dataset": data.name,
        "data": data.source,
        "train_samples": data.train.samples,
        "test_samples": data.test.samples,
        "test_accuracy": trained.test_accuracy,
        "last_epoch": {"loss": trained.losses[-1], "train_accuracy": trained.accuracies[-1]},
        "spikes_per_sample": dict(trained.spikes_per_sample),
        "shape": list(data.shape),
        "classes": data.classes,
        "width": width,
        "parameters": trained.parameters,
        "neurons": _neurons(model),
        "steps": plan.steps if data.steps is None else data.steps,
        "encoder": plan.encoder,
        "readout": READOUTS[model.ordinary],
        "recipe": {**asdict(plan), "schedule": repr(plan.schedule)},
        "seed": seed,
        "epochs": plan.epochs,
        "deployment_options": deployment_options(plan, model),
        "command": command,
        **_circumstances(),
    }


def digits_card(card: Mapping[str, Any]) -> Card:
    """What `zoo.digits` says of its network, with what all cards have."""
    circumstances = _circumstances()
    circumstances["versions"] |= card["versions"]
    return {**card, "deployment_options": MODELS["digits"].deployment_options, **circumstances}


def deployed_stages(model: ZooModel, path: Path) -> int:
    """How many stages `deployed_section` tells of."""
    config = Configuration(**model.deployment_options, lava_samples=0)
    return deployment_stages(str(path), config, load_target(TARGET))


def deployed_section(
    model: ZooModel, path: Path, data: Dataset, options: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """What a model is worth in integers on the simulated chip, and what a sample costs there by estimate.

    Parameters
    ----------
    path : of its file.
    data : whose first test samples it is deployed with.
    options : of the configuration, beside the guards, which only warn here.

    Returns
    -------
    Accuracy (0 to 1), spikes, energy (J), latency (s); or, where it cannot be deployed, the `problem`.
    """
    from ..deployment import deploy

    test = data.test.first(TEST_SAMPLES)
    section: dict[str, Any] = {"target": TARGET, "options": dict(options), "samples": test.samples}
    config = Configuration(**options, lava_samples=0, allow=("silent", "saturated", "loss", "overflow"))
    try:
        report = deploy(str(path), TARGET, (test.x, test.y), None, config, progress)
    except SpikeloomError as error:
        return {**section, "problem": str(error)}
    chip = next(entry for entry in report["ledger"] if entry["stage"] == "simulator")
    return {
        **section,
        "accuracy": chip["accuracy"],
        "spikes_per_sample": chip["spikes_per_sample"],
        "layer_spikes": chip["layers"],
        "synaptic_operations_per_sample": report["counts"]["synaptic_operations"],
        "energy_per_sample": report["energy_per_sample"],
        "chip_energy_per_sample": _range(report["energy_accounts"]["chip_total"]),
        "latency_per_sample": report["latency_per_sample"],
        "costs": report["cost_set"],
        "cores": report["cores"],
        "steps": report["steps"],
        "warnings": report["warnings"],
    }


def _neurons(model: ZooModel) -> str:
    if model.ordinary:
        return "rectifiers"
    if model.components is None:
        return "adaptive (adLIF)"
    parts = model.components
    return f"{parts.description}, threshold {parts.threshold:g}, input gain {parts.input_gain:g}"


def _range(quantity: Mapping[str, Any]) -> dict[str, float]:
    return {bound: quantity[bound] for bound in ("low", "nominal", "high")}


def _circumstances() -> dict[str, Any]:
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": package_versions(training=True),
    }
