"""The simulator beside its peers: same network, same input, same spikes.

    python benchmarks/simulator.py [--rows A B C W D E F] [--peers lava torch ...] [--repeats 5]
        [--size B.samples=64 C.channels=8,16] [--environment torch=FOLDER] [--no-install] [--processors 2]

Rows A to F are those of the README; W is C with more channels. Every run is in a process of its own, on as many
processors as asked for; set-up and compilation are apart, times are medians. A peer whose arithmetic allows it must
give the same spikes to the last one; the others, which do not truncate potentials, must fire as often, and the table
says how many of their spikes agree. Peers get environments of their own under build/peers/, made on first use.

Writes a table, build/simulator/results.json and build/simulator/simulator.png and .svg. Ends with status 1 where
spikes or counts differ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from pathlib import Path
from typing import Any

from simulator_environments import ENVIRONMENTS, NotInstalled
from simulator_plot import plot
from simulator_rows import OURS, PEERS, ROWS, SCATTER_GOAL
from simulator_runs import Failed, agreement_by_counts, agreement_of, limit_of, run_peer, times_of
from simulator_workloads import GESTURE_NAME, SIZES, make

COLUMNS = ("", "set-up s", "first s", "median s", "from – to", "ours is faster", "goal", "spikes")


def main() -> None:
    """Measure and print what was asked for."""
    options = _arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {"machine": _machine(options.processors), "repeats": options.repeats, "rows": {}}
    rows = results["rows"]
    problems: list[str] = []
    for letter in sorted(options.rows, key=lambda letter: letter == "F"):  # F looks at what A and B reached
        try:
            rows[letter] = limit_of(options, rows) if letter == "F" else _row(letter, options, problems)
        except Failed as failed:
            problems.append(f"{letter}: {failed}")
            continue
        _print_row(letter, rows[letter])
        (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    _print_summary(rows)
    try:
        plot(rows, [options.out / "simulator.png", options.out / "simulator.svg"])
    except ImportError:
        print('no plot: matplotlib is missing (pip install -e ".[bench]")')
    if problems:
        sys.exit("\n".join(["", "FAILED:", *problems]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The simulator beside its peers.")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS), help="none: ours alone")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--processors", type=int, default=2, help="that each run may use")
    parser.add_argument("--size", nargs="+", default=[], metavar="ROW.NAME=VALUE", help=f"of {json.dumps(SIZES)}")
    parser.add_argument("--environment", nargs="+", default=[], metavar="NAME=FOLDER", help="a virtual environment")
    parser.add_argument("--no-install", action="store_true", help="leave peers out that have no environment")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for all runs of one peer")
    parser.add_argument("--out", type=Path, default=Path("build") / "simulator")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats is at least 1")
    try:
        options.sizes = _sizes(options.size)
        options.environments = _environments(options.environment)
    except ValueError as error:
        parser.error(str(error))
    return options


def _sizes(given: list[str]) -> dict[str, dict[str, Any]]:
    sizes = {row: dict(values) for row, values in SIZES.items()}
    for entry in given:
        place, _, text = entry.partition("=")
        row, _, name = place.partition(".")
        if row not in sizes or name not in sizes[row]:
            known = ", ".join(f"{row}.{name}" for row, values in sizes.items() for name in values)
            raise ValueError(f"there is no size {place}; there are {known}")
        old = sizes[row][name]
        try:
            values = (
                [type(part)(one) for part, one in zip(old, text.split(","), strict=True)]
                if (isinstance(old, tuple))
                else type(old)(text)
            )
        except ValueError:
            raise ValueError(f"{place} is given like {old}, not {text!r}") from None
        sizes[row][name] = tuple(values) if isinstance(old, tuple) else values
    return sizes


def _environments(given: list[str]) -> dict[str, Path]:
    found = {}
    for entry in given:
        name, _, folder = entry.partition("=")
        if name not in ENVIRONMENTS or not folder:
            raise ValueError(f"--environment takes NAME=FOLDER with one of {', '.join(ENVIRONMENTS)}, not {entry!r}")
        found[name] = Path(folder)
    return found


def _row(letter: str, options: argparse.Namespace, problems: list[str]) -> dict[str, Any]:
    """Times of ours and of all peers of a row."""
    folder = options.out / letter
    sizes = options.sizes[letter]
    keys = [key for key in ROWS[letter].peers if key in options.peers]
    if letter == "D":
        dump_gesture(folder, sizes, options)
    print(f"{letter}: making the network ...", file=sys.stderr, flush=True)
    workload = make(letter, sizes, folder)
    workload.save(folder, listed=any(PEERS[key].listed for key in keys))
    extra = (letter, json.dumps(sizes))
    own, spikes = run_peer(OURS, folder, options, extra)
    row: dict[str, Any] = {"title": workload.title, "sizes": sizes, "missing": {}, "times": {}}
    row |= {name: own[name] for name in ("events", "rates", "neurons", "compared") if name in own}
    row["times"]["spikeloom"] = times_of(OURS, own, None)
    if "uncounted" in own:
        row["times"]["spikeloom"]["without counters"] = statistics.median(own["uncounted"])
    problems += [f"D: {one['name']} differ from SANA-FE's" for one in own.get("compared", []) if not one["same"]]
    for key in keys:
        peer = PEERS[key]
        try:
            found, theirs = run_peer(peer, folder, options)
        except (NotInstalled, Failed) as reason:
            row["missing"][key] = str(reason)
            if isinstance(reason, Failed):
                problems.append(f"{letter}, {peer.name}: {reason}")
            continue
        leaks = any(layer["decay"] for layer in workload.description.get("layers", [workload.description]))
        agreement = (
            agreement_of(spikes, theirs, peer.drifts and leaks)
            if theirs is not None
            else agreement_by_counts(found, own)
        )
        row["times"][key] = times_of(peer, found, agreement, drifts=peer.drifts and leaks)
        if not agreement["good"]:
            problems.append(f"{letter}, {peer.name}: {agreement['text']}")
    return row


def dump_gesture(folder: Path, sizes: dict[str, Any], options: argparse.Namespace) -> None:
    """Have SANA-FE write its network, unless it has already."""
    marker = folder / "dumped.json"
    if (folder / GESTURE_NAME).is_file() and marker.is_file() and json.loads(marker.read_text()) == sizes:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workload.json").write_text(json.dumps({"samples": 1, "inputs": 1, **sizes}), encoding="utf-8")
    print("D: SANA-FE writes its network, and who sends what when ...", file=sys.stderr, flush=True)
    try:
        run_peer(PEERS["sanafe"], folder, options, ("dump",))
    except NotInstalled as reason:
        raise Failed(f"needs SANA-FE, which has the network: {reason}") from None
    (folder / "SANA-FE, simple timing" / GESTURE_NAME).replace(folder / GESTURE_NAME)
    marker.write_text(json.dumps(sizes), encoding="utf-8")


def _print_row(letter: str, row: dict[str, Any]) -> None:
    print(f"\n### {letter}: {row['title']}")
    if letter == "F":
        for threads, speed in row["limits"].items():
            print(f"- limit with {threads} thread{'s' * (threads != '1')}: {speed / 1e9:.1f} G events/s")
        for name, one in row["reached"].items():
            print(
                f"- {name}: {one['speed'] / 1e9:.1f} G events/s, {one['share']:.0%} of the limit with "
                f"{one['threads']} thread{'s' * (one['threads'] != 1)} (goal {SCATTER_GOAL:.0%})"
            )
        sys.stdout.flush()
        return
    rates = ", ".join(f"{name} {rate:.1%}" for name, rate in row["rates"].items())
    print(
        f"{row['events'] / 1e6:,.1f} M synaptic events (weights other than zero), {row['neurons']:,} neurons; {rates}\n"
    )
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    ours = row["times"]["spikeloom"]["median"]
    goals = _goals(letter, row)
    for key, time in row["times"].items():
        ratio = "" if time["ours"] else f"{time['median'] / ours:.3g}×"
        goal = f"≥ {goals[key]:g}×" if key in goals else ""
        cells = (
            f"**{time['name']}**" if time["ours"] else time["name"],
            f"{time['setup']:.3g}",
            f"{time['first']:.3g}",
            f"{time['median']:.4g}",
            f"{time['fastest']:.3g} – {time['slowest']:.3g}",
            ratio,
            goal,
            time["agreement"]["text"] if time["agreement"] else "",
        )
        print(f"| {' | '.join(cells)} |")
    if "without counters" in row["times"]["spikeloom"]:
        print(f"\nours without counters: {row['times']['spikeloom']['without counters']:.4g} s")
    for one in row.get("compared", []):
        verdict = f"the same at every {one['each']}" if one["same"] else "DIFFERENT"
        print(f"- {one['name']}: {one['ours']:,}, SANA-FE {one['theirs']:,}: {verdict}")
    for key, reason in row["missing"].items():
        print(f"- {PEERS[key].name} is missing: {reason}")
    sys.stdout.flush()


def _goals(letter: str, row: dict[str, Any]) -> dict[str, float]:
    """Goals by the peer that they are about."""
    goals = dict(ROWS[letter].goals)
    others = {key: time["median"] for key, time in row["times"].items() if not time["ours"]}
    if "fastest" in goals:
        fastest = goals.pop("fastest")
        if others:
            goals[min(others, key=lambda key: others[key])] = fastest
    return goals


def _print_summary(rows: dict[str, Any]) -> None:
    """All goals together."""
    lines = []
    for letter, row in rows.items():
        if letter == "F":
            for name, one in row["reached"].items():
                reached = one["share"] >= SCATTER_GOAL
                what = f"{name} against the limit with {one['threads']} thread{'s' * (one['threads'] != 1)}"
                lines.append((letter, what, f"{one['share']:.0%}", f"≥ {SCATTER_GOAL:.0%}", reached))
            continue
        ours = row["times"]["spikeloom"]["median"]
        for key, goal in _goals(letter, row).items():
            if key in row["times"]:
                ratio = row["times"][key]["median"] / ours
                lines.append((letter, row["times"][key]["name"], f"{ratio:.3g}×", f"≥ {goal:g}×", ratio >= goal))
    if lines:
        print("\n### Goals\n| row | against | reached | goal | |\n|---|---|---|---|---|")
        for *cells, reached in lines:
            print(f"| {' | '.join(cells)} | {'yes' if reached else 'no'} |")


def _machine(processors: int) -> dict[str, Any]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"processor": model, "used": processors, "python": platform.python_version(), "load before": load}


if __name__ == "__main__":
    main()
