"""The same model, data, configuration and seed give the same bytes: on another day, elsewhere, on fewer processors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import datetime, json, os, sys, time

model, data, target, options, days, processors = sys.argv[1:]
shift, now, local, utc, date = int(days) * 86400, time.time, time.localtime, time.gmtime, datetime.datetime
time.time = lambda: now() + shift
time.localtime = lambda seconds=None: local(time.time() if seconds is None else seconds)
time.gmtime = lambda seconds=None: utc(time.time() if seconds is None else seconds)


class OnThatDay(date):
    @classmethod
    def now(cls, tz=None):
        return date.fromtimestamp(time.time(), tz)


datetime.datetime = OnThatDay
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(processors)])
import spikeloom

spikeloom.deploy(model, target, data=data or None, out="out", **json.loads(options))
"""


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def deployed(folder, model, data="", target="loihi2", options="{}", *, days=0, processors=99, **environment):
    folder.mkdir()
    arguments = [str(model), str(data), target, options, str(days), str(processors)]
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, **environment}, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return files_of(folder / "out")


FIRST = {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "processors": 1}
SECOND = {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2", "TZ": "Asia/Kolkata", "LC_ALL": "C", "days": 400}


def is_the_same_anywhere(tmp_path, *arguments):
    first, second = (
        deployed(tmp_path / name, *arguments, **surroundings) for name, surroundings in (("a", FIRST), ("b", SECOND))
    )
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_an_artifact_is_the_same_anywhere(tiny, tmp_path):
    is_the_same_anywhere(tmp_path, tiny / "tiny.nir", tiny / "data.npz", "loihi2", '{"lava_samples": 0}')


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize(
    ("model", "target", "options"),
    [
        ("digits", "loihi2", '{"samples": 60, "lava_samples": 1}'),
        ("digits", "spinnaker2", '{"samples": 60, "lava_samples": 0}'),
        ("digits", "loihi1,spinn3", '{"samples": 40, "lava_samples": 0, "bits": "auto"}'),
    ],
)
def test_an_artifact_of_many_cores_is_the_same_anywhere(tmp_path, model, target, options):
    is_the_same_anywhere(tmp_path, model, "", target, options)
