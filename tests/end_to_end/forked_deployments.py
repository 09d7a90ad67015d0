"""Deployments in processes that are killed, or that are many at once; see `test_crashes.py` and `test_load.py`.

A program of its own, for it forks: what was imported and read once serves hundreds of deployments. It prints what it
found as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from spikeloom.backends.simulator import simulate  # noqa: F401 - what a deployment needs, imported before the forks
from spikeloom.deploy.api import deploy
from spikeloom.deploy.artifact import folder_replacement
from spikeloom.deploy.artifact.artifact import (
    PAGE_NAME,
    load_counters,
    load_program,
    read_choices,
    read_report,
)
from spikeloom.deploy.artifact.manifest import read_manifest
from spikeloom.deploy.artifact.writing import Artifact, write_artifact
from spikeloom.models.compiled_code import cache_folder
from spikeloom.models.errors import UnsupportedModelError

SEEDS = (1, 2)
LOST = 12  # of so many files of compiled code, one


def main(asked: str, model: str, data: str, out: str, times: int, seed: int) -> None:
    """Do tasks, with commas between, and say what came of each."""
    random.seed(seed)
    if asked.endswith("-in-two-steps"):
        folder_replacement.exchange = lambda *folders: False
    place = Path(out)

    def deployed(number: int, out: Path = place) -> None:
        deploy(model, "loihi2", data=data, out=out, lava_samples=0, seed=number)

    for _ in range(2):  # the first may compile
        began = time.monotonic()
        _forked(lambda: deployed(SEEDS[0]), wait=True)
        seconds = time.monotonic() - began
    artifacts = [_read(place, number) for number in SEEDS]
    tasks: dict[str, Callable[[], object]] = {
        "deploy": lambda: _killed(lambda: deployed(random.choice(SEEDS)), seconds, times, place),
        "write": lambda: _killed(lambda: _write_on(place, _shuffled(artifacts)), 0.6, times, place),
        "together": lambda: _together(place, artifacts, times),
        "many": lambda: _many(lambda out: deployed(SEEDS[0], out), times, place),
    }
    found = {task: tasks[task]() for task in asked.removesuffix("-in-two-steps").split(",")}
    left = len(_hidden(place))
    write_artifact(place, artifacts[0])
    print(json.dumps({"found": found, "left": left, "at last": _hidden(place), "whole": _seed_of(place)}))


def _killed(work: Callable[[], None], seconds: float, times: int, place: Path) -> dict[str, int]:
    """Kill a process at random moments; how often each seed's artifact was there afterwards, or what was wrong."""
    found: dict[str, int] = {}
    for _ in range(times):
        child = _forked(work)
        time.sleep(random.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        state = str(_seed_of(place))
        found[state] = found.get(state, 0) + 1
    return found


def _together(place: Path, artifacts: list[Artifact], times: int) -> dict[str, int]:
    """Two processes write into one folder, over and over; this one looks so many times, and until it saw both."""
    children = [_forked(partial(_write_on, place, [artifact])) for artifact in artifacts]
    found: dict[str, int] = {}
    end = time.monotonic() + 20
    while (sum(found.values()) < times or len(found) < len(artifacts)) and time.monotonic() < end:
        state = str(_seed_of(place))
        found[state] = found.get(state, 0) + 1
        time.sleep(0.01)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return found


def _many(work: Callable[[Path], None], times: int, place: Path) -> dict[str, int]:
    """So many deployments at once, into folders of their own; part of what is compiled was lost. How they ended."""
    kept = sorted(cache_folder(".").rglob("*.nbc"))
    lost = kept[::LOST]
    for file in lost:
        file.unlink()
    children = [_forked(partial(work, place.with_name(f"out{number}"))) for number in range(times)]
    codes = [os.waitpid(child, 0)[1] for child in children]
    again = sum(file.exists() for file in lost)
    return {"failed": sum(map(bool, codes)), "compiled": len(kept), "lost": len(lost), "compiled again": again}


def _write_on(place: Path, artifacts: list[Artifact]) -> None:
    while True:
        for artifact in artifacts:
            write_artifact(place, artifact)


def _shuffled(artifacts: list[Artifact]) -> list[Artifact]:
    random.seed()  # of this process alone
    return random.sample(artifacts, len(artifacts))


def _read(place: Path, seed: int) -> Artifact:
    """An artifact to write, without a run: another one's with a seed of its own."""
    report = {**read_report(place), "seed": seed}
    page = (place / PAGE_NAME).read_text(encoding="utf-8")
    program, counters, choices = load_program(place), load_counters(place), read_choices(place)
    return Artifact(program, counters, report, {**choices, "seed": seed}, {PAGE_NAME: page}, lambda folder: None)


def _seed_of(place: Path) -> int | str:
    """The seed of a whole artifact, or what is wrong with it."""
    try:
        return int(read_manifest(place)["config"]["seed"])
    except UnsupportedModelError as error:
        return str(error)


def _hidden(place: Path) -> list[str]:
    return [path.name for path in place.parent.iterdir() if path.name.startswith(".")]


def _forked(work: Callable[[], None], wait: bool = False) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            sys.stderr.flush()
            os._exit(sys.exc_info()[0] is not None)
    if wait and os.waitpid(child, 0)[1]:
        raise RuntimeError("the deployment failed")
    return child


if __name__ == "__main__":
    main(*sys.argv[1:5], *map(int, sys.argv[5:]))
