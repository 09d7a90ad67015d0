"""Running the simulator and its peers, each in a process of its own, and comparing what they give."""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from simulator_environments import OWN, interpreter
from simulator_rows import OURS, Peer

Array = NDArray[Any]

HERE = Path(__file__).resolve().parent
RATE_TOLERANCE = 0.02  # of the number of spikes of a peer that does not truncate, and four standard deviations


class Failed(Exception):
    """A process failed; the message is the end of what it said."""


def run_peer(
    peer: Peer, folder: Path, options: argparse.Namespace, extra: tuple[str, ...] = ()
) -> tuple[dict[str, Any], Array | None]:
    """What a peer's script wrote: its times, and the spikes of the last layer."""
    python = interpreter(peer.environment, options.environments, not options.no_install)
    print(f"{folder.name}: {peer.name} ...", file=sys.stderr, flush=True)
    result = folder / peer.name
    for name in ("result.json", "spikes.npz"):
        (result / name).unlink(missing_ok=True)
    arguments = extra or tuple(option.format(processors=options.processors) for option in peer.options)
    script = HERE / "peers" / f"run_{peer.script}.py"
    command = [str(python), str(script), str(folder), str(result), str(options.repeats), *arguments]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=options.timeout,
            env=_surroundings(options.processors, peer.environment),
            preexec_fn=functools.partial(_confine, options.processors),
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"not done within {options.timeout:g} s") from None
    if done.returncode:
        raise Failed(" | ".join((done.stderr or done.stdout).strip().splitlines()[-3:]) or f"exit {done.returncode}")
    found = json.loads((result / "result.json").read_text(encoding="utf-8"))
    if not (result / "spikes.npz").is_file():
        return found, None
    with np.load(result / "spikes.npz") as packed:
        spikes = np.unpackbits(packed["spikes"], axis=-1, count=int(packed["neurons"]))
    return found, spikes.astype(bool)


def _surroundings(processors: int, environment: str) -> dict[str, str]:
    surroundings = dict(os.environ)
    if environment != OWN:
        surroundings.pop("PYTHONPATH", None)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        surroundings[name] = str(processors)
    return surroundings


def _confine(processors: int) -> None:
    """Let this process use so many processors only, where the system can do so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:processors])


def agreement_of(ours: Array, theirs: Array, drifts: bool) -> dict[str, Any]:
    """Whether spikes are the same, or as many where they may drift; and how many agree."""
    if ours.shape != theirs.shape:
        return {"good": False, "text": f"spikes of shape {theirs.shape} instead of {ours.shape}"}
    if np.array_equal(ours, theirs):
        return {"good": True, "text": "same"}
    count, other = int(ours.sum()), int(theirs.sum())
    share = 2 * int((ours & theirs).sum()) / max(1, count + other)
    text = f"{share:.1%} agree, {other / max(1, count) - 1:+.2%} spikes"
    near = abs(count - other) <= RATE_TOLERANCE * count + 4 * count**0.5
    return {"good": drifts and near, "text": text if drifts else f"DIFFERENT: {text}", "share": share}


def agreement_by_counts(found: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Whether SANA-FE's measured runs count what its written one did, with which ours are compared one by one."""
    totals = {one["name"]: one["theirs"] for one in own["compared"]}
    names = {"spikes": "delivered events", "packets_sent": "packets sent", "neurons_updated": "neurons updated"}
    wrong = [ours for theirs, ours in names.items() if found["counts"][theirs] != totals[ours]]
    same = not wrong and all(one["same"] for one in own["compared"])
    return {"good": same, "text": "same counts" if same else f"DIFFERENT: {', '.join(wrong) or 'see above'}"}


def times_of(
    peer: Peer, found: dict[str, Any], agreement: dict[str, Any] | None, drifts: bool = False
) -> dict[str, Any]:
    return {
        "name": peer.name,
        "ours": peer is OURS,
        "drifts": drifts,
        "setup": found["setup"],
        "first": found["first"],
        "seconds": found["seconds"],
        "median": statistics.median(found["seconds"]),
        "fastest": min(found["seconds"]),
        "slowest": max(found["seconds"]),
        "agreement": agreement,
        "versions": found["versions"],
    }


def limit_of(options: argparse.Namespace, rows: dict[str, Any]) -> dict[str, Any]:
    """F: the machine's limit, and what of it A and B reach."""
    sizes = options.sizes["F"]
    print("F: adding rows ...", file=sys.stderr, flush=True)
    command = [sys.executable, str(HERE / "scatter_limit.py"), "--repeats", str(options.repeats)]
    for name, value in sizes.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env=_surroundings(options.processors, OWN),
        preexec_fn=functools.partial(_confine, options.processors),
    )
    if done.returncode:
        raise Failed(done.stderr.strip().splitlines()[-1])
    limits = json.loads(done.stdout)
    most = max(limits, key=int)
    row: dict[str, Any] = {"title": "scatter-add limit", "sizes": sizes, "limits": limits, "reached": {}}
    for letter, threads in (("A", "1"), ("B", most)):
        if letter in rows:
            speed = rows[letter]["events"] / rows[letter]["times"]["spikeloom"]["median"]
            # On a machine that is busy with other things, two threads may add less than one.
            limit = max(value for number, value in limits.items() if int(number) <= int(threads))
            row["reached"][letter] = {"speed": speed, "threads": int(threads), "share": speed / limit}
    return row
