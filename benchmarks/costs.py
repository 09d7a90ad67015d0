"""What the cost models say, beside what was published: boards, SANA-FE, Loihi 2's PilotNet; and the time of a sweep.

    python benchmarks/costs.py [--no-sanafe] [--environment sanafe=FOLDER] [--steps N]

SANA-FE is under the GPL: it runs as a program of its own, in an environment of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from costs_boards import cases, event_energies, ordinary_inference
from costs_sanafe import against_sanafe
from simulator_environments import NotInstalled
from simulator_runs import Failed

import spikeloom
from spikeloom.backends.cost_sweep import Sweep
from spikeloom.deploy.artifact.artifact import load_counters, load_program
from spikeloom.mapping.target_files import load_target

OWN_BOARD, OTHER_BOARD = 0.10, 0.30
CONFIGURATIONS, REPEATS = 1000, 5
PILOTNET = Path("netx") / "pilotnet_sdnn"


def main() -> None:
    """Print all tables; ends with an error where one could not be made."""
    options = _arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    _print_boards()
    _print_events()
    _print_spinnaker_2()
    problem = None if options.no_sanafe else _print_sanafe(options)
    _print_pilotnet()
    _print_sweep(options.out)
    if problem:
        sys.exit(problem)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-sanafe", action="store_true", help="leave SANA-FE out")
    parser.add_argument("--environment", action="append", default=[], metavar="sanafe=FOLDER", help="that has SANA-FE")
    parser.add_argument("--no-install", action="store_true", help="do not install SANA-FE")
    parser.add_argument("--steps", type=int, default=128, help="of the DVS-gesture network")
    parser.add_argument("--out", type=Path, default=Path("build") / "costs")
    parser.set_defaults(repeats=0, processors=os.cpu_count() or 1, timeout=1800.0)
    options = parser.parse_args()
    options.environments = {name: Path(folder) for name, folder in (one.split("=", 1) for one in options.environment)}
    return options


def _print_boards() -> None:
    source, found = cases()
    print(f"## SpiNNaker 1 boards\n\nMeasured: {source}.\n")
    print("| board | workload | model, W | range | measured, W | error | in range |\n|---|---|---|---|---|---|---|")
    for case in found:
        low, nominal, high = case.model
        inside = "yes" if case.within else "no"
        print(
            f"| {case.board} | {case.workload.replace('_', ' ')} | {nominal:.2f} | {low:.2f}–{high:.2f} | "
            f"{case.measured:.2f} | {case.error:+.1%} | {inside} |"
        )
    worst = {board: max(abs(case.error) for case in found if case.board == board) for board in ("spinn3", "spinnaker1")}
    within = sum(case.within for case in found)
    print(
        f"\nLargest error: {worst['spinn3']:.1%} on SpiNN-3, {worst['spinnaker1']:.1%} on SpiNN-5 (goals: "
        f"{OWN_BOARD:.0%} and {OTHER_BOARD:.0%}); {within} of {len(found)} measurements lie in the range.\n"
    )


def _print_events() -> None:
    """Single figures that were published of a synaptic event, and of a network without spikes."""
    (low, nominal, high), published = event_energies()
    print("## A synaptic event of SpiNNaker 1, with its share of rows and packets\n")
    print("| model, nJ | range | published, nJ | in range | source |\n|---|---|---|---|---|")
    for source, energy in published:
        inside = "yes" if low <= energy <= high else "no"
        ends = f"{1e9 * low:.1f}–{1e9 * high:.1f}"
        print(f"| {1e9 * nominal:.1f} | {ends} | {1e9 * energy:.1f} | {inside} | {source} |")
    source, measured, arithmetic = ordinary_inference()
    print(
        f"\nWithout spikes: {1e3 * measured:.1f} mJ measured ({source}), {1e6 * arithmetic:.2f} µJ of arithmetic at "
        f"45 nm, {measured / arithmetic:,.0f} times less: the baseline is a lower bound.\n"
    )


def _print_spinnaker_2() -> None:
    """All elements of the chip at once, idle and at the peak of synaptic events."""
    print("## SpiNNaker 2, all 152 processing elements\n\nMeasured: chip paper, arXiv 2607.24396.\n")
    print("| supply | state | model, mW | measured, mW |\n|---|---|---|---|")
    elements = 152
    for name, rate, sleeping, busy in (("low_voltage", 6e6, 235.4, 424.6), ("high_voltage", 12e6, 564.7, 1247.9)):
        account = load_target("spinnaker2").cost_set(name)
        idle = account.power.static.value + elements * account.power.core.value
        events = elements * rate * account.energy.synaptic_operation.sparse.value * 1e-12
        print(f"| {name.replace('_', ' ')} | sleeping | {1e3 * idle:.0f} | {sleeping:.0f} |")
        print(f"| {name.replace('_', ' ')} | peak of events | {1e3 * (idle + events):.0f} | {busy:.0f} |")
    print("\nThe constants come from these: this shows that they were put together again, no more.\n")


def _print_sanafe(options: argparse.Namespace) -> str | None:
    print("## Loihi 1 beside SANA-FE, constants fitted to silicon\n")
    try:
        counts, figures = against_sanafe(options)
    except (NotInstalled, Failed) as reason:
        print(f"Not compared: {reason}\n")
        return f"SANA-FE: {reason}"
    print(f"The DVS-gesture network of its wheel, {options.steps} steps.\n\n| | ours | SANA-FE | |\n|---|---|---|---|")
    for count in counts:
        same = f"the same at every {count.each}" if count.same else "DIFFERENT"
        print(f"| {count.name} | {count.ours:,} | {count.theirs:,} | {same} |")
    for figure in figures:
        print(
            f"| {figure.name} | {figure.ours:.6g} {figure.unit} | {figure.theirs:.6g} {figure.unit} | "
            f"{figure.difference:+.4%} |"
        )
    print()
    return None if all(count.same for count in counts) else "SANA-FE counts something else"


def _print_pilotnet() -> None:
    print("## Loihi 2, PilotNet\n")
    folder = Path(os.environ.get("SPIKELOOM_DATA", Path("..") / "shared" / "data")) / PILOTNET
    if not folder.is_dir():
        print(f"Left out: {PILOTNET} is not there (SPIKELOOM_DATA).\n")
        return
    frames = np.moveaxis(np.load(folder / "input.npy"), -1, 0)[None].astype(np.int64)
    report = spikeloom.deploy(folder / "network.net", "loihi2", (frames, None), layout="width-first", lava_samples=0)
    operations = report["counts"]["synaptic_operations"]
    ends = [1e12 * report["energy_per_sample"][end] / operations for end in ("low", "nominal", "high")]
    print("| | model, pJ a synaptic operation, all dynamic energy on them | published (derived, lava-dl notebooks) |")
    print("|---|---|---|")
    print(f"| a frame of {operations:,.0f} operations | {ends[1]:.1f} ({ends[0]:.1f}–{ends[2]:.1f}) | 30–63 |\n")


def _print_sweep(out: Path) -> None:
    folder = out / "digits"
    spikeloom.deploy("digits", "loihi1", out=folder, encoder="rate", steps=32, lava_samples=0, samples=100)
    program, counters = load_program(folder), load_counters(folder)
    random = np.random.default_rng(0)
    account = program.target.cost_set()
    accounts = [account.scaled(*random.uniform(0.5, 2.0, 3)) for _ in range(CONFIGURATIONS)]
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        Sweep(counters, program.mapping, program.target).prices(accounts)
        seconds.append(time.perf_counter() - began)
    print("## Sweep from stored counters\n")
    median = statistics.median(seconds)
    print(f"{CONFIGURATIONS} configurations of the digits network's costs: {median:.2f} s (goal: under 1 s).\n")


if __name__ == "__main__":
    main()
