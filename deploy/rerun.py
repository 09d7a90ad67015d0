"""Running the program of an artifact again, on other data or in another backend."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ..models.decision import decide
from ..models.errors import DataError
from .artifact import load_program, read_report
from .configuration import Configuration
from .data import Data, load_data, prepare_data
from .evaluation import evaluate_lava, simulate
from .model_source import built_in

Backend = Literal["simulator", "lava"]


@dataclass(frozen=True)
class Rerun:
    """The answer of `spikeloom run`.

    Attributes
    ----------
    backend : which one ran.
    samples : how many samples it ran.
    accuracy : share of right classes, in [0, 1]; None without labels.
    compared_samples : samples on which it was compared with the simulator; 0 for the simulator itself.
    mismatched_spikes : entries of any neuron and step that differ; None where nothing was compared.
    spikes_per_sample : of all neurons.
    """

    backend: Backend
    samples: int
    accuracy: float | None
    compared_samples: int
    mismatched_spikes: int | None
    spikes_per_sample: float

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        return asdict(self)


def rerun(
    folder: Path,
    backend: Backend,
    data: Path | None,
    samples: int | None = None,
    *,
    per_core: bool = False,
    timeout: float = 600,
) -> Rerun:
    """Run a deployed program.

    Parameters
    ----------
    folder : an artifact.
    data : an `.npz` as for the deployment; None for the data of a built-in model.
    samples : run only the first so many.
    per_core : in Lava, one process per core instead of one per layer.
    timeout : of Lava, in seconds.

    Raises
    ------
    UnsupportedModelError, DataError, BackendMissingError, BackendFailedError
    """
    program = load_program(folder)
    recordings = _data(folder, data, samples, program.network.input.shape, program.steps)
    run = simulate(program, recordings.x)
    if backend == "lava":
        entry, _ = evaluate_lava(program, recordings, run, per_core=per_core, timeout=timeout)
        return Rerun(
            "lava", entry.samples, entry.accuracy, entry.samples, entry.mismatched_spikes, entry.spikes_per_sample
        )
    accuracy = None
    if recordings.y is not None:
        accuracy = float((decide(run.answer, program.decision) == recordings.y).mean())
    spikes = sum(
        int((values != 0).sum()) for name, values in run.activity.items() if not program.network.by_name[name].graded
    )
    return Rerun("simulator", recordings.samples, accuracy, 0, None, spikes / recordings.samples)


def _data(folder: Path, path: Path | None, samples: int | None, shape: tuple[int, ...], steps: int) -> Data:
    """Data prepared as it was for the deployment, with the number of steps that the program was made for."""
    report = read_report(folder)
    settings = report.get("settings", {}) | {"steps": steps} | ({"samples": samples} if samples else {})
    config = Configuration(**settings)
    if path is not None:
        return prepare_data(*load_data(path), shape, config, str(path))
    known = built_in(str(report["model"]["name"]))
    if known is None:
        raise DataError(f"{folder} was deployed from a file: name an .npz with x (and y for the labels) by --data.")
    return prepare_data(*known.test_data(), shape, config, "the built-in test data")
