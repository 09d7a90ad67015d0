"""The command line: parses, calls `deploy`, prints. No command's work is imported before it is asked for."""

from __future__ import annotations

import contextlib
import errno
import io
import json as json_format
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from .cli_options import (
    ConfigOption,
    CostsOption,
    DataOption,
    EffortOption,
    Folder,
    HostOption,
    JsonOption,
    MappingOption,
    MappingSecondsOption,
    Model,
    ProcessesOption,
    QuietOption,
    TargetOption,
    TargetsOption,
    TransferOption,
    reads_model,
)

if TYPE_CHECKING:
    from .deploy.check import Check
    from .deploy.configuration import Configuration

USAGE_EXIT_CODE, DATA_EXIT_CODE, INTERRUPTED_EXIT_CODE = 2, 7, 130
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)

app = typer.Typer(
    name="spikeloom",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("spikeloom"))
        raise typer.Exit


VersionOption = Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")]


@app.callback()
def spikeloom(
    version: VersionOption = False,
) -> None:
    """Puts trained networks on neuromorphic chips, or says exactly why they do not fit."""


@app.command()
@reads_model
def check(
    model: Model,
    reading: dict[str, Any],
    target: TargetOption = "loihi2",
    data: DataOption = None,
    config: ConfigOption = None,
    mapping: MappingOption = None,
    effort: EffortOption = None,
    mapping_seconds: MappingSecondsOption = None,
    seed: Annotated[int | None, typer.Option(help="Of everything drawn at random.")] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say whether a model fits a chip, and how well; if not, which layer, which resource, and what would help."""
    settings = _configuration(
        config, mapping=mapping, effort=effort, mapping_seconds=mapping_seconds, seed=seed, **reading
    )
    _check(model, [target], data, settings, json, quiet)


def _check(model: str, targets: list[str], data: Path | None, settings: Configuration, json: bool, quiet: bool) -> None:
    """Check a model on each target; that it fits none of them is an error."""
    from .deploy.check import check as check_model
    from .deploy.progress import TerminalProgress
    from .mapping.problem import describe
    from .models.errors import DoesNotFitError

    with TerminalProgress(hidden=quiet or json) as progress:
        results = {target: check_model(model, target, settings, data, progress) for target in targets}
    refused = [
        f"{model} does not fit {target}:\n{describe(result.problems)}"
        for target, result in results.items()
        if not result.fits
    ]
    fits_none = len(refused) == len(results)
    if json:
        documents = {target: result.as_dict() for target, result in results.items()}
        _print_json(documents if len(targets) > 1 else documents[targets[0]])
        if fits_none:
            raise typer.Exit(DoesNotFitError.exit_code)
        return
    if fits_none:
        raise DoesNotFitError("\n".join(refused))
    if not quiet:
        for target, result in results.items():
            if result.fits:
                _print_fit(model, target, result)
        for reason in refused:
            typer.echo(reason)


def _print_fit(model: str, target: str, result: Check) -> None:
    from rich.console import Console

    from .deploy.mapping_summary import print_mapping

    cores = "1 core" if result.cores == 1 else f"{result.cores} cores"
    typer.echo(f"{model} fits {target}: {cores}.")
    if result.explanation is not None:
        print_mapping(result.explanation.as_dict(), Console())
    for assumption in result.assumptions:
        typer.echo(f"  assumed: {assumption}")


@app.command()
@reads_model
def deploy(
    model: Model,
    reading: dict[str, Any],
    target: TargetsOption = "loihi2",
    data: DataOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the artifact.")] = Path("build/deployment"),
    config: ConfigOption = None,
    samples: Annotated[int | None, typer.Option(help="Evaluate only the first so many samples.")] = None,
    lava_samples: Annotated[int | None, typer.Option(help="Samples to run in Lava; 0 for none.")] = None,
    calibration_samples: Annotated[int | None, typer.Option(help="Samples that the quantizer looks at.")] = None,
    min_accuracy: Annotated[float | None, typer.Option(help="End with an error below this accuracy (0 to 1).")] = None,
    bits: Annotated[str | None, typer.Option(help="Of a weight, 1 to 8, or auto.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Two matrices for each: yes, no, or auto (where accuracy asks).")
    ] = None,
    prune: Annotated[str | None, typer.Option(help="Share of the weights to set to zero, or auto.")] = None,
    fine_tune: Annotated[int | None, typer.Option(help="Epochs of training in integers (needs PyTorch).")] = None,
    operating_point: Annotated[
        Literal["knee", "fastest", "most-accurate"] | None,
        typer.Option(help="Move time constants and thresholds, without training (spikeloom study operating-space)."),
    ] = None,
    mapping: MappingOption = None,
    effort: EffortOption = None,
    mapping_seconds: MappingSecondsOption = None,
    max_loss: Annotated[float | None, typer.Option(help="Accuracy that deployment may cost (0 to 1; 0.02).")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="A guard that shall only warn: silent, saturated, loss, overflow; may be repeated."),
    ] = None,
    costs: CostsOption = None,
    host_power: HostOption = None,
    transfer_energy: TransferOption = None,
    seed: Annotated[int | None, typer.Option(help="Of everything drawn at random.")] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say whether it fits; write nothing.")] = False,
) -> None:
    """Read, convert, lower, quantize, map and run a model, compare with Lava, estimate its cost, write it all down.

    Several targets, such as loihi2,spinnaker1,spinnaker2, are compared.
    """
    settings = _configuration(
        config, samples=samples, lava_samples=lava_samples, calibration_samples=calibration_samples,
        min_accuracy=min_accuracy, bits=bits, split=split, prune=prune,
        fine_tune=fine_tune, operating_point=operating_point, mapping=mapping, effort=effort,
        mapping_seconds=mapping_seconds, max_loss=max_loss, allow=allow or None, costs=costs, host_power=host_power,
        transfer_energy=transfer_energy, seed=seed, **reading,
    )  # fmt: skip
    from .deploy.target_list import split_targets

    targets = split_targets(target)
    if dry_run:
        _check(model, targets, data, settings, json, quiet)
        return
    from .deploy.progress import TerminalProgress

    with TerminalProgress(hidden=quiet or json) as progress:
        if len(targets) > 1:
            from .deploy.several_targets import deploy_on_targets

            report = deploy_on_targets(model, targets, data, out, settings, progress, _command())
        else:
            from .deploy.deployment import deploy as deploy_model

            report = deploy_model(model, target, data, out, settings, progress, _command())
    if json:
        _print_json(report)
    elif not quiet:
        _print_report(report, out)


@app.command()
@reads_model
def export(
    model: Annotated[str, typer.Argument(help="To nir: a model, as for deploy. To pynn: a folder that deploy wrote.")],
    reading: dict[str, Any],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; the folder for pynn.")],
    to: Annotated[Literal["nir", "pynn"], typer.Option(help="The format.")] = "nir",
    data: DataOption = None,
    samples: Annotated[int | None, typer.Option(min=1, help="To pynn, samples that go along; 50 if not given.")] = None,
    config: ConfigOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write a model or a deployment in the format of other tools, and list what that format cannot say."""
    if to == "pynn":
        from .deploy.export_program import DEFAULT_SAMPLES, export_program, export_summary

        given = ", ".join([f"--{name.replace('_', '-')}" for name in reading] + ["--config"] * (config is not None))
        _refuse(f"--to pynn writes a deployment, whose model was read before: leave out {given}.", bool(given))
        lines = export_summary(out, export_program(Path(model), out, data, samples or DEFAULT_SAMPLES))
    else:
        from .deploy.export import export_model

        _refuse("--samples is for --to pynn; a model file holds no data.", samples is not None)
        lines = (f"{out} written.", *export_model(model, to, out, _configuration(config, **reading), data))
    if not quiet:
        for line in lines:
            typer.echo(line if line is lines[0] else f"  {line}")


def _refuse(why: str, refused: bool) -> None:
    """Raise UsageError for options that do not go together."""
    from .models.errors import UsageError

    if refused:
        raise UsageError(why)


@app.command()
def run(
    folder: Folder,
    backend: Annotated[
        Literal["simulator", "lava", "spinnaker1", "spinnaker2"], typer.Option(help="What runs it.")
    ] = "simulator",
    data: DataOption = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Run only the first so many samples.")] = None,
    processes: ProcessesOption = "layer",
    timeout: Annotated[float, typer.Option(min=1, max=1e6, help="Seconds after which Lava is stopped.")] = 600,
    weights: Annotated[Path | None, typer.Option(help="The .npz file to write learned weights to.")] = None,
    out: Annotated[Path | None, typer.Option(help="The .npz file to write what is recorded to.")] = None,
    record: Annotated[Literal["output", "all"], typer.Option(help="Whose activity to record.")] = "output",
    states: Annotated[list[str] | None, typer.Option(help="A layer whose states to record; may be repeated.")] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a deployed model again, in the simulator, in Lava or as SpiNNaker does, and compare with the simulator."""
    from .deploy.progress import TerminalProgress
    from .deploy.rerun import rerun
    from .deploy.run_summary import run_lines
    from .deploy.simulator_run import Wanted

    wanted = Wanted(out, record, tuple(states or ()))
    with TerminalProgress(hidden=json or quiet) as progress:
        result = rerun(
            folder, backend, data, samples, per_core=processes == "core", timeout=timeout, weights=weights,
            wanted=wanted, progress=progress,
        )  # fmt: skip
    if json:
        _print_json(result.as_dict())
    if not json and not quiet:
        for line in run_lines(result):
            typer.echo(line)
    if result.interrupted:
        raise typer.Exit(INTERRUPTED_EXIT_CODE)


@app.command()
def report(folder: Folder, json: JsonOption = False) -> None:
    """Print the report of a deployment."""
    from .deploy.artifact import read_report

    document = read_report(folder)
    if json:
        _print_json(document)
    else:
        _print_report(document, folder)


@app.command()
def compare(
    folders: Annotated[list[Path], typer.Argument(help="Two folders or more that `spikeloom deploy` wrote.")],
    json: JsonOption = False,
) -> None:
    """Put deployments side by side, and each beside the same network without spikes."""
    from .deploy.compare import compare_folders

    comparison = compare_folders(folders)
    if json:
        _print_json(comparison)
    else:
        from rich.console import Console

        from .deploy.comparison_table import print_comparison

        print_comparison(comparison, Console())


@app.command()
def estimate(
    folder: Folder,
    costs: CostsOption = None,
    target: Annotated[str | None, typer.Option("--target", "-t", help="Take the constants of this chip.")] = None,
    host_power: HostOption = None,
    transfer_energy: TransferOption = None,
    json: JsonOption = False,
) -> None:
    """Say again what a deployment costs, from its counters: by another account, with other constants, with a host."""
    from .backends.system_costs import SystemCosts
    from .deploy.pricing import price

    result = price(folder, costs, target, SystemCosts(host_power, transfer_energy)).as_dict()
    if json:
        _print_json(result)
    else:
        from .deploy.cost_page import print_costs

        print_costs(result)


@app.command()
def targets(
    name: Annotated[str | None, typer.Argument(help="A chip by name, or a YAML file; all names without it.")] = None,
    json: JsonOption = False,
) -> None:
    """List the chips, or print one chip's constants with their ranges and sources."""
    from .mapping.target_files import load_target, target_names

    if name is None:
        chips = {known: load_target(known).description for known in target_names()}
        if json:
            _print_json(chips)
        else:
            for known, description in chips.items():
                typer.echo(f"{known:14}{description}")
        return
    document = load_target(name).model_dump(mode="json")
    if json:
        _print_json(document)
    else:
        from .deploy.target_page import print_target

        print_target(document)


@app.command()
def train(
    name: Annotated[
        str, typer.Argument(help="A model of the zoo: digits, mlp-snn, cnn-snn, adlif ...; a wrong name lists all.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write, .nir or .graph; build/NAME if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, batches and augmentation.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Times to go through the training data.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Data to train on, instead of the model's own.")] = None,
    data_folder: Annotated[Path | None, typer.Option(help="Files of a data set that is not part of spikeloom.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Train, and test, with at most so many.")] = None,
    width: Annotated[float, typer.Option(help="Factor to the numbers of hidden neurons or channels.")] = 1.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a model of the zoo with surrogate gradients, deploy it and write its card (needs spikeloom\\[torch])."""
    from .deploy.progress import TerminalProgress
    from .deploy.training import TrainingChoices, train_model
    from .deploy.training_summary import training_lines

    choices = TrainingChoices(seed, epochs, dataset, data_folder, samples, width, _command())
    with TerminalProgress(hidden=quiet or json) as progress:
        path, card = train_model(name, out, choices, progress)
    if json:
        _print_json(card)
    elif not quiet:
        for line in training_lines(path, card):
            typer.echo(line)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def study(context: typer.Context) -> None:
    """Change one thing many times over, and say what follows: `spikeloom study --help` lists the studies."""
    from .cli_study import run_study_command

    run_study_command(context.args)


@app.command()
def doctor(json: JsonOption = False) -> None:
    """Say what is installed, what is missing, and how to get it."""
    from .deploy.doctor import State, diagnose

    findings = diagnose()
    if json:
        _print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            remedy = f"  {finding.remedy}" if finding.remedy else ""
            typer.echo(f"{finding.state.value:10}{finding.name:16}{finding.version}{remedy}")
    if any(finding.state is State.MISSING for finding in findings):
        from .models.errors import BackendMissingError

        raise typer.Exit(BackendMissingError.exit_code)


def _configuration(file: Path | None, **options: Any) -> Configuration:
    from .deploy.configuration import configuration

    return configuration(file, **options)


def _command() -> str:
    return shlex.join(["spikeloom", *sys.argv[1:]])


def _print_json(document: Any) -> None:
    typer.echo(json_format.dumps(document, indent=1))


def _print_report(document: dict[str, Any], folder: Path) -> None:
    from rich.console import Console

    from .deploy.comparison_table import print_comparison
    from .deploy.summary import print_summary

    if "deployments" in document:  # of several targets
        print_comparison(document, Console())
    else:
        print_summary(document, Console(), folder)


def main() -> None:
    """Run the command line; a user's mistake becomes one message and an exit code of its own."""
    from .models.errors import SpikeloomError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # none where it was closed
            stream.reconfigure(errors="replace")  # a terminal that knows no dashes still gets the figures
    for request in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(request) is signal.SIG_DFL:  # nohup, for one, has it ignored
            signal.signal(request, _end_tidily)
    try:
        app()
    except SpikeloomError as error:
        _end(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        _end(f"Nothing more can be written: {error.strerror}.", USAGE_EXIT_CODE)
    except MemoryError:
        _end("The memory of this machine is too small for that: use fewer samples or steps.", DATA_EXIT_CODE)


def _end(message: str, code: int) -> NoReturn:
    with contextlib.suppress(OSError):
        typer.echo(f"Error: {message}", err=True)
    raise SystemExit(code)


def _end_tidily(number: int, frame: object) -> NoReturn:
    """End as at an error, so that temporary folders go and Lava's processes end."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
