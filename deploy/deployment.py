"""Everything from a model and data to an artifact: read, lower, quantize, map, run, estimate, write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backends.lava.availability import lava_problem
from ..backends.program import Program
from ..backends.simulator.simulate import Simulator
from ..mapping.features import check_features
from ..mapping.mapper import map_network
from ..mapping.problem import describe
from ..mapping.target import Target
from ..mapping.target_files import load_target
from ..models.decision import natural_decision
from ..models.errors import BackendFailedError, BackendMissingError, DoesNotFitError, GuardError
from ..models.graph import Graph
from ..models.input_code import InputCode, input_code
from ..models.network import Network, Role
from .artifact import PAGE_NAME, check_destination, write_artifact
from .configuration import Configuration
from .data import Data
from .evaluation import Evaluation, evaluate, evaluate_lava, simulate
from .ledger import Entry
from .lowering.lower import lower
from .lowering.relays import with_relays
from .model_source import Recordings, load_graph, open_data, with_built_in_options
from .progress import Progress, Quiet
from .quantization.quantize import Quantization, quantize
from .report import build_report
from .report_page import render

Array = NDArray[Any]

CALIBRATION_PRODUCTS = 1e10  # that one trial of all layers may take on the calibration samples
FEWEST_CALIBRATION_SAMPLES = 4
FEWEST_SPIKES = 10  # in float, over all samples, of a layer that may not fall silent
LAVA_STEPS = 8000  # about as many as Lava does in a minute or two


@dataclass(frozen=True, eq=False)
class Compiled:
    """What all stages before running make.

    Attributes
    ----------
    graph, network : in float.
    quantization : the integer network and how it came to be.
    program : what backends run.
    notes : what was assumed on the way.
    """

    graph: Graph
    network: Network
    quantization: Quantization
    program: Program
    notes: tuple[str, ...]


def compile_model(graph: Graph, target: Target, data: Data, config: Configuration, progress: Progress) -> Compiled:
    """Lower, quantize and map a graph.

    Raises
    ------
    UnsupportedModelError, DoesNotFitError
    """
    network, notes = with_relays(lower(graph), target.limits.of("delay_steps"))
    code = input_code(data.x)
    problems = check_features(network, target, code.bits)
    if problems:
        raise DoesNotFitError(f"{graph.name} does not fit {target.name}:\n{describe(problems)}")
    layers = [population for population in network.populations if population.role is Role.NEURON]
    chosen = _calibration(network, data, config)
    advance = progress.stage(f"quantizing on {chosen.size} samples", len(layers))
    calibration = code.decode(code.encode(data.x[chosen]))
    quantization = quantize(network, code, calibration, lambda layer: advance(1))
    progress.stage("mapping")
    rates = _rates(quantization.network, code, calibration)
    mapping = map_network(quantization.network, target, rates, config.mapping, code.bits)
    decision = config.decision or natural_decision(network.by_name[network.output])
    program = Program(quantization.network, mapping, target, code, decision, data.steps)
    remarks = [
        *notes,
        f"calibration: {chosen.size} of {data.samples} samples of {data.name}, without labels, seed {config.seed}.",
        f"decision: the class of the largest output, by {decision} over the steps of a sample (decision).",
    ]
    if code.note:
        remarks.append(code.note)
    return Compiled(graph, network, quantization, program, tuple(remarks))


def _calibration(network: Network, data: Data, config: Configuration) -> Array:
    """Numbers of the samples to calibrate on: as many as asked for, or as can be tried in reasonable time."""
    products = data.steps * sum(projection.connectivity.products for projection in network.projections)
    bearable = max(FEWEST_CALIBRATION_SAMPLES, int(CALIBRATION_PRODUCTS / max(1, products)))
    count = min(config.calibration_samples, bearable, data.samples)
    return np.sort(np.random.default_rng(config.seed).choice(data.samples, count, replace=False))


def _rates(network: Network, code: InputCode, calibration: Array) -> dict[str, Array]:
    """Spikes per step of every neuron."""
    counts = Simulator(network).run(code.encode(calibration)).spike_counts
    return {name: part.sum(axis=0) / (part.shape[0] * calibration.shape[0]) for name, part in counts.items()}


def deploy(
    model: str,
    target: str,
    data: Recordings,
    out: Path | None,
    config: Configuration | None = None,
    progress: Progress | None = None,
    command: str = "",
) -> dict[str, Any]:
    """Deploy a model and write its artifact.

    Parameters
    ----------
    model : path of a `.nir` file, or the name of a built-in model.
    target : name of a target, or path of a YAML file.
    data : an `.npz`, or x and y themselves; None for the data that a built-in model brings.
    out : folder of the artifact; None writes nothing.
    command : what the user typed, for the report.

    Returns
    -------
    The report, as in `report.json`.

    Raises
    ------
    SpikeloomError : see `models/errors.py`; nothing is written then.
    """
    progress = progress or Quiet()
    config = with_built_in_options(model, config or Configuration())
    if out is not None:
        check_destination(out)
    chip = load_target(target)
    progress.stage("reading")
    graph = load_graph(model, config)
    recordings = open_data(model, data, graph, config)
    compiled = compile_model(graph, chip, recordings, config, progress)
    advance = progress.stage("running every stage", recordings.samples)
    evaluation = evaluate(graph, compiled.network, compiled.program, recordings, advance)
    _guard(evaluation, config)
    lava, warnings = _lava(compiled.program, recordings, config, progress)
    report = build_report(
        model, compiled, evaluation, (*evaluation.entries, *lava), recordings, warnings, config, command
    )
    if out is not None:
        progress.stage("writing")
        write_artifact(out, compiled.program, report, config.model_dump(mode="json"), {PAGE_NAME: render(report)})
    return report


def _guard(evaluation: Evaluation, config: Configuration) -> None:
    """End a deployment that nobody would want."""
    by_stage = {entry.stage: entry for entry in evaluation.entries}
    before, after = by_stage["network"], by_stage["simulator"]
    silent = [
        name
        for name, spikes in after.layers.items()
        if spikes == 0 and before.layers.get(name, 0.0) * before.samples >= FEWEST_SPIKES
    ]
    if silent:
        raise GuardError(
            f"quantization silenced {', '.join(map(repr, silent))}: spikes in float, none in integers. "
            "More calibration samples (calibration_samples) may help."
        )
    if config.min_accuracy is not None and (after.accuracy or 0.0) < config.min_accuracy:
        raise GuardError(
            f"the simulator answers {after.accuracy or 0.0:.1%} of the samples correctly, below the minimum of "
            f"{config.min_accuracy:.1%}; in float it is {before.accuracy or 0.0:.1%}."
        )


def _lava(
    program: Program, data: Data, config: Configuration, progress: Progress
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Lava's line of the ledger, or a warning that says why there is none."""
    if config.lava_samples == 0:
        return (), ()
    problem = lava_problem()
    if problem:
        return (), (f"Lava was not run: {problem}",)
    samples = min(config.lava_samples, data.samples, max(1, LAVA_STEPS // program.period))
    progress.stage(f"running {samples} samples in Lava")
    chosen = data.first(samples)
    simulated = simulate(program, chosen.x)
    try:
        entry, _ = evaluate_lava(program, chosen, simulated)
    except (BackendFailedError, BackendMissingError) as error:
        return (), (f"Lava failed on {samples} samples: {error}",)
    if entry.mismatched_spikes:
        return (entry,), (f"Lava and the simulator differ in {entry.mismatched_spikes} spikes; this is a bug of ours.",)
    return (entry,), ()
