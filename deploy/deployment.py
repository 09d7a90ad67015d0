"""Everything from a model and data to an artifact: read, lower, quantize, map, run, estimate, write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..backends.lava.availability import lava_problem
from ..backends.program import Program
from ..mapping.target import Target
from ..mapping.target_files import load_target
from ..models.errors import BackendFailedError, BackendMissingError
from .artifact.artifact import PAGE_NAME
from .artifact.writing import Artifact, check_destination, write_artifact
from .attribution import Attribution, attribute, samples_of
from .chip_run import run_on_chip
from .compilation import Compiled, compile_model
from .configuration.configuration import Configuration
from .conversion.calibrated import convert_graph
from .data import Data
from .evaluation import evaluate, evaluate_lava, simulate
from .guards import guard
from .learning import without_rules
from .ledger import Entry
from .lowering.lower import prepare
from .model_source import Model, Recordings, load_graph, model_name, open_data, with_built_in_options
from .progress.progress import Progress, Quiet
from .progress.stage_plan import WITH_AN_ARITHMETIC_OF_ITS_OWN, deployment_stages
from .report.report import build_report
from .report_page.page import render
from .studies.operating_space.choice import choose_operating_point
from .weight_shares import weight_shares

LAVA_STEPS, LAVA_PRODUCTS = 8000, 1e10  # about as much as Lava does in a minute or two


def deploy(
    model: Model,
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
    model : path of a model file, the name of a built-in model, or a graph that was read before.
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
    if out is not None:
        check_destination(out)
    config, chip = config or Configuration(), load_target(target)
    progress.expect(deployment_stages(model, config, chip) + (out is not None))
    artifact = make_artifact(model, chip, data, config, progress, command)
    if out is not None:
        progress.stage("writing")
        write_artifact(out, with_page(artifact))
    return dict(artifact.report)


def make_artifact(
    model: Model, chip: Target, data: Recordings, config: Configuration, progress: Progress, command: str
) -> Artifact:
    """Deploy a model, and write nothing; see `deploy`. The page is not made yet."""
    config = with_built_in_options(model, config)
    chip.cost_set(config.costs)  # refuses one that there is not, before hours of work
    _check_lava(config)
    progress.stage("reading")
    graph = load_graph(model, config)
    recordings = open_data(model, data, graph, config)
    ordinary = None
    if config.convert is not None:
        progress.stage("converting")
        ordinary = graph
        graph = prepare(convert_graph(graph, recordings, config))
    compiled = compile_model(graph, chip, recordings, config, progress)
    operating_space = None
    if config.operating_point is not None:
        chosen = choose_operating_point(compiled, model_name(model), recordings, config, progress)
        graph, operating_space = chosen.graph.with_assumptions(chosen.note), chosen.section
        compiled = compile_model(graph, chip, recordings, config, progress)
    advance = progress.stage("running every stage", recordings.samples)
    layers = compiled.quantization.layers
    evaluation = evaluate(graph, compiled.network, compiled.program, recordings, advance, ordinary, layers)
    attribution = _attribution(compiled, recordings, progress)
    waived = guard(evaluation.entries, compiled.overflows, attribution, config)
    computes = chip.backend == WITH_AN_ARITHMETIC_OF_ITS_OWN
    told = progress.stage(f"running {chip.name}", recordings.samples) if computes else _nobody
    on_chip = run_on_chip(compiled.program, recordings, evaluation.simulated, config, told)
    lava, warnings = _lava(compiled.program, recordings, config, progress)
    report = build_report(
        model, compiled, evaluation, on_chip, lava, attribution, recordings, (*waived, *warnings), config, command,
        graph if ordinary is None else ordinary, operating_space,
    )  # fmt: skip
    return Artifact(compiled.program, on_chip.counters, report, config.model_dump(mode="json"), {}, on_chip.write)


def with_page(artifact: Artifact) -> Artifact:
    """The same with the page of its report."""
    return replace(artifact, texts={**artifact.texts, PAGE_NAME: render(artifact.report)})


def _nobody(samples: float) -> None:
    """Progress that nobody asked for."""


def _check_lava(config: Configuration) -> None:
    """Refuse at once what was asked for and cannot be; nobody who did not ask for Lava needs it."""
    problem = lava_problem() if config.lava_samples and "lava_samples" in config.model_fields_set else None
    if problem:
        raise BackendMissingError(problem)


def _attribution(compiled: Compiled, data: Data, progress: Progress) -> Attribution | None:
    """Which layer costs how much; None for a network that was not quantized."""
    if compiled.network.integer:
        progress.expect(-1)
        return None
    program = compiled.program
    advance = progress.stage("looking layer by layer", samples_of(data, compiled.network).size)
    shares = weight_shares(compiled.quantization.layers)
    still = without_rules(program.network)  # layer by layer, what the integers cost before anything is learned
    return attribute(compiled.network, still, program.code, program.decision, data, shares, advance)


def _bearable_in_lava(program: Program) -> int:
    """Samples that Lava runs in reasonable time; it pays for each step, and for each weight, used or not."""
    products = sum(projection.connectivity.products for projection in program.network.projections)
    steps = min(LAVA_STEPS, LAVA_PRODUCTS / max(1, products))
    return max(1, int(steps / program.period))


def _lava(
    program: Program, data: Data, config: Configuration, progress: Progress
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Lava's line of the ledger, or a warning that says why there is none."""
    if config.lava_samples == 0:
        return (), ()
    problem = lava_problem()
    if problem:
        return (), (f"Lava was not run: {problem}",)
    samples = min(config.lava_samples, data.samples)
    if "lava_samples" not in config.model_fields_set:
        samples = min(samples, _bearable_in_lava(program))
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
