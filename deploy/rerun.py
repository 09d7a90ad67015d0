"""Running the program of an artifact again, on other data or in another backend."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ..backends.lava.availability import lava_problem
from ..backends.program import Program
from ..models.errors import BackendMissingError, DataError
from ..models.input_code import input_code
from ..models.operators import Input
from .artifact import load_program, read_report
from .configuration import Configuration
from .data import Data, load_data, prepare_data
from .evaluation import evaluate_lava, evaluate_simulator, simulate
from .ledger import Entry
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
    notes : what was done to the data to suit the program.
    """

    backend: Backend
    samples: int
    accuracy: float | None
    compared_samples: int
    mismatched_spikes: int | None
    spikes_per_sample: float
    notes: tuple[str, ...] = ()

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
    recordings = _data(folder, data, samples, program)
    if backend == "simulator":
        return _as_rerun("simulator", evaluate_simulator(program, recordings), recordings.notes)
    problem = lava_problem()
    if problem:
        raise BackendMissingError(problem)
    run = simulate(program, recordings.x)
    entry, _ = evaluate_lava(program, recordings, run, per_core=per_core, timeout=timeout)
    return _as_rerun("lava", entry, recordings.notes)


def _as_rerun(backend: Backend, entry: Entry, notes: tuple[str, ...]) -> Rerun:
    compared = 0 if entry.mismatched_spikes is None else entry.samples
    return Rerun(
        backend, entry.samples, entry.accuracy, compared, entry.mismatched_spikes, entry.spikes_per_sample, notes
    )


def _data(folder: Path, path: Path | None, samples: int | None, program: Program) -> Data:
    """Data prepared as it was for the deployment, with the number of steps that the program was made for."""
    report = read_report(folder)
    settings = dict(report["settings"])
    largest = settings.pop("encoder_largest", None)
    config = Configuration(**(settings | {"steps": program.steps, "samples": samples}))
    network = program.network
    axes = report["model"].get("input_axes")
    entry = Input(network.input.shape, None if axes is None else tuple(axes))
    classes = network.by_name[network.output].size
    if path is not None:
        data = prepare_data(*load_data(path), entry, config, str(path), classes, largest)
    else:
        known = built_in(str(report["model"]["path"]))
        if known is None:
            raise DataError(f"{folder} was deployed from a file: name an .npz with x (and y for the labels) by --data.")
        data = prepare_data(*known.test_data(), entry, config, "the built-in test data", classes, largest)
    bits, limit = input_code(data.x).bits if program.code.exact else 0, program.target.limits.of("graded_spike_bits")
    if limit is not None and bits > limit:
        raise DataError(
            f"{data.name}: x holds numbers of {bits} bits, a spike on {program.target.name} carries "
            f"{'none' if limit == 1 else f'{limit} bits'}; the deployment was made for "
            f"{'plain spikes' if program.code.bits == 1 else f'{program.code.bits} bits'}."
        )
    return data
