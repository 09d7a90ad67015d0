"""What can be done with a folder that `spikeloom deploy` wrote: run, report, compare, estimate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .completion import targets
from .options import CostsOption, DataOption, Folder, HostOption, JsonOption, ProcessesOption, TransferOption
from .output import INTERRUPTED_EXIT_CODE, Output, print_json, speaks
from .panels import AFTER, examples
from .reports import print_whole, show_comparison_schema, show_report_schema

app = typer.Typer()
MarkdownOption = Annotated[bool, typer.Option("--markdown", help="Print Markdown, as for a paper's appendix.")]


def _schema_option(show: Callable[[bool], None]) -> Any:
    """An option that has a schema printed and nothing else done."""
    return typer.Option(
        "--schema", help="Print the JSON Schema of what --json prints.", is_eager=True, callback=show
    )  # fmt: skip


ReportSchemaOption = Annotated[bool, _schema_option(show_report_schema)]
ComparisonSchemaOption = Annotated[bool, _schema_option(show_comparison_schema)]


@app.command(
    rich_help_panel=AFTER,
    epilog=examples(
        "spikeloom run build/digits --samples 20",
        "spikeloom run build/network --data recordings.npz --record all --out result.npz",
        "spikeloom run build/network --backend lava --data recordings.npz --samples 20",
    ),
)
@speaks
def run(
    folder: Folder,
    output: Output,
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
) -> None:
    """Run a deployed model again, in the simulator, in Lava or as SpiNNaker does, and compare with the simulator."""
    from ..deploy.rerun import rerun
    from ..deploy.run_summary import run_lines
    from ..deploy.simulator_run import Wanted

    wanted = Wanted(out, record, tuple(states or ()))
    with output.progress() as progress:
        result = rerun(
            folder, backend, data, samples, per_core=processes == "core", timeout=timeout, weights=weights,
            wanted=wanted, progress=progress,
        )  # fmt: skip
    if output.as_json:
        print_json(result.as_dict())
    output.lines(run_lines(result))
    if result.interrupted:
        raise typer.Exit(INTERRUPTED_EXIT_CODE)


@app.command(
    rich_help_panel=AFTER,
    epilog=examples(
        "spikeloom report build/digits",
        "spikeloom report build/digits --json",
        "spikeloom report build/digits --markdown",
        "spikeloom report --schema",
    ),
)
def report(
    folder: Folder, markdown: MarkdownOption = False, json: JsonOption = False, schema: ReportSchemaOption = False
) -> None:
    """Print the report of a deployment."""
    from ..deploy.artifact.artifact import PAGE_NAME, read_report

    print_whole(read_report(folder), as_json=json, as_markdown=markdown, page=folder / PAGE_NAME)


@app.command(
    rich_help_panel=AFTER,
    epilog=examples(
        "spikeloom compare build/network build/other",
        "spikeloom compare build/network build/other --html build/comparison.html",
    ),
)
def compare(
    folders: Annotated[list[Path], typer.Argument(help="Two folders or more that `spikeloom deploy` wrote.")],
    html: Annotated[Path | None, typer.Option(help="The file to write a page to, too.")] = None,
    markdown: MarkdownOption = False,
    json: JsonOption = False,
    schema: ComparisonSchemaOption = False,
) -> None:
    """Put deployments side by side: what differs, what is better, and at what price."""
    from ..deploy.comparison.folders import compare_folders

    comparison = compare_folders(folders, page=html)
    print_whole(comparison, as_json=json, as_markdown=markdown, page=html)


@app.command(
    rich_help_panel=AFTER,
    epilog=examples("spikeloom estimate build/digits --host-power 5", "spikeloom estimate build/digits --json"),
)
def estimate(
    folder: Folder,
    costs: CostsOption = None,
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="Take the constants of this chip.", autocompletion=targets),
    ] = None,
    host_power: HostOption = None,
    transfer_energy: TransferOption = None,
    json: JsonOption = False,
) -> None:
    """Say again what a deployment costs, from its counters: by another account, with other constants, with a host."""
    from ..backends.system_costs import SystemCosts
    from ..deploy.pricing import price

    result = price(folder, costs, target, SystemCosts(host_power, transfer_energy)).as_dict()
    if json:
        print_json(result)
    else:
        from ..deploy.cost_page import print_costs

        print_costs(result)
