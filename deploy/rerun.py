"""Running the program of an artifact again, on other data or in another backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..backends.counting import CoreCounting
from ..backends.lava.availability import lava_problem
from ..backends.program import Program
from ..backends.simulator.simulate import Simulator
from ..models.decision import decide
from ..models.errors import BackendMissingError, DataError, UsageError
from ..models.input_code import input_code
from ..models.network import Network, Role
from ..models.operators import Input
from .artifact.artifact import load_program, read_choices, read_report, refuse_within
from .chip_run import Simulated, run_on_chip
from .configuration.configuration import Configuration
from .data import Data, load_data, prepare_data
from .evaluation import evaluate_lava, evaluate_learning, simulate
from .ledger import Entry
from .model_source import built_in
from .progress.progress import Progress, Quiet
from .simulator_run import Wanted, run_in_simulator, write_whole

Array = NDArray[Any]
Backend = Literal["simulator", "lava", "spinnaker1", "spinnaker2"]
CHIP_CHOICES = ("costs", "host_power", "transfer_energy", "calibration_samples")
"""What of a deployment's configuration a run on its chip depends on."""


@dataclass(frozen=True)
class LearnedWeights:
    """The weights of one plastic projection after a run.

    Attributes
    ----------
    projection : its name.
    synapses, changed : how many there are, and how many have another weight than before.
    before, after : mean weight.
    lowest, highest : weight after the run.
    """

    projection: str
    synapses: int
    changed: int
    before: float
    after: float
    lowest: int
    highest: int


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
    learned : what became of the weights of projections that learn.
    mismatched_weights : learned weights that differ from those of the simulator; None where nothing was compared.
    steps : of each sample in the simulator; fewer than were asked for where not even the first samples are complete.
    interrupted : whether Ctrl-C ended the run, so that there are fewer samples or steps than were asked for.
    asked_samples, asked_steps : of the simulator.
    costs : what a sample costs, as `Estimate.as_dict` gives it, and the backend's own section of a report; None where
        the backend is not the chip's own.
    """

    backend: Backend
    samples: int
    accuracy: float | None
    compared_samples: int
    mismatched_spikes: int | None
    spikes_per_sample: float
    notes: tuple[str, ...] = ()
    learned: tuple[LearnedWeights, ...] = ()
    mismatched_weights: int | None = None
    steps: int | None = None
    interrupted: bool = False
    asked_samples: int | None = None
    asked_steps: int | None = None
    costs: Mapping[str, Any] | None = None

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
    weights: Path | None = None,
    wanted: Wanted | None = None,
    progress: Progress | None = None,
) -> Rerun:
    """Run a deployed program.

    Parameters
    ----------
    folder : an artifact.
    data : an `.npz` as for the deployment; None for the data of a built-in model.
    samples : run only the first so many.
    per_core : in Lava, one process per core instead of one per layer.
    timeout : of Lava, in seconds.
    weights : the .npz file to write learned weights to, an array (targets, sources) by the name of each projection.
    wanted : what to keep of a run in the simulator; None for nothing.
    progress : told of the samples that the simulator has done.

    Raises
    ------
    UnsupportedModelError, DataError, BackendMissingError, BackendFailedError
    UsageError : weights are wanted, and nothing learns, or the file cannot be written.
    """
    progress = progress or Quiet()
    progress.expect(1 if backend == "simulator" else 2)
    program = load_program(folder)
    plastic = bool(program.network.plastic)
    if weights is not None and not plastic:
        raise UsageError(f"{folder} has no layer that learns, so that there are no weights to write (--weights).")
    wanted = wanted or Wanted()
    if wanted != Wanted() and (plastic or backend != "simulator"):
        raise UsageError("--out, --record and --states are for the simulator, and for networks that do not learn.")
    for file in (weights, wanted.out):
        refuse_within(folder, file)
    wanted.check(program.network)
    recordings = prepared_data(folder, data, samples, program)
    if backend in ("spinnaker1", "spinnaker2"):
        return _on_chip(folder, program, recordings, backend, progress)
    if backend == "simulator":
        if not plastic:
            return _simulated(program, recordings, wanted, progress)
        progress.stage("simulating")
        entry, run = evaluate_learning(program, recordings)
        compared = None
    else:
        problem = lava_problem()
        if problem:
            raise BackendMissingError(problem)
        progress.stage("simulating")
        simulated = simulate(program, recordings.x)
        progress.stage(f"running {recordings.samples} samples in Lava")
        entry, run = evaluate_lava(program, recordings, simulated, per_core=per_core, timeout=timeout)
        pairs = [(simulated.weights[name], found) for name, found in run.weights.items()]
        compared = sum(int(np.count_nonzero(ours != found)) for ours, found in pairs) if plastic else None
    if weights is not None:
        write_whole(weights, run.weights)
    answer = _as_rerun(backend, entry, recordings.notes)
    return replace(answer, learned=_learned(program.network, run.weights), mismatched_weights=compared)


def _simulated(program: Program, data: Data, wanted: Wanted, progress: Progress) -> Rerun:
    run = run_in_simulator(program, data, wanted, progress.stage("simulating", data.samples))
    return Rerun(
        "simulator", run.samples, run.accuracy, 0, None, run.spikes_per_sample, data.notes,
        steps=run.steps, interrupted=run.interrupted, asked_samples=data.samples, asked_steps=data.steps,
    )  # fmt: skip


def _on_chip(folder: Path, program: Program, data: Data, backend: Backend, progress: Progress) -> Rerun:
    """Run a program as its chip computes it, and price it."""
    if program.target.backend != backend:
        raise UsageError(
            f"{folder} was deployed for {program.target.name}, which {backend} does not run: deploy it for {backend}."
        )
    progress.stage("simulating")
    counting = CoreCounting(program)
    run = Simulator(program.network).run(program.code.encode(data.x), "output", groups=counting.groups)
    counters = counting.counters(run.group_spikes, data.samples)
    simulated = Simulated(counting, run.group_spikes, counters)
    told = progress.stage(f"running {program.target.name}", data.samples)
    chosen = read_choices(folder)
    config = Configuration(**{name: chosen[name] for name in CHIP_CHOICES if name in chosen})
    on_chip = run_on_chip(program, data, simulated, config, told)
    if on_chip.entries:
        answer = _as_rerun(backend, on_chip.entries[0], data.notes)
    else:
        classes = decide(run.activity[program.network.output], program.decision)
        accuracy = None if data.y is None else float(np.mean(classes == data.y))
        neurons = [layer.name for layer in program.network.populations if layer.role is Role.NEURON]
        spikes = sum(on_chip.counters.layer_spikes.get(name, 0) for name in neurons)
        answer = Rerun(backend, data.samples, accuracy, 0, None, spikes / data.samples, data.notes)
    return replace(answer, costs={**on_chip.estimate.as_dict(), **on_chip.sections})


def _as_rerun(backend: Backend, entry: Entry, notes: tuple[str, ...]) -> Rerun:
    compared = 0 if entry.mismatched_spikes is None else entry.samples
    return Rerun(
        backend, entry.samples, entry.accuracy, compared, entry.mismatched_spikes, entry.spikes_per_sample, notes
    )


def _learned(network: Network, weights: Mapping[str, Array]) -> tuple[LearnedWeights, ...]:
    found = []
    for projection in network.plastic:
        before, after = projection.connectivity.weights, weights[projection.name]
        if after.size:
            changed = int(np.count_nonzero(after != before))
            ends = int(after.min()), int(after.max())
            found.append(
                LearnedWeights(projection.name, after.size, changed, float(before.mean()), float(after.mean()), *ends)
            )
    return tuple(found)


def prepared_data(folder: Path, path: Path | None, samples: int | None, program: Program) -> Data:
    """Data prepared as it was for the deployment, with the number of steps that the program was made for.

    Parameters
    ----------
    folder : the artifact that `program` is of.
    path : an `.npz` as for the deployment; None for the data of a built-in model.
    samples : only the first so many.
    """
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
