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


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize(
    "options",
    [
        '{"samples": 60, "lava_samples": 0, "operating_point": "knee"}',
        '{"samples": 60, "lava_samples": 0, "bits": 4, "fine_tune": 3, "max_loss": 1}',
        '{"samples": 60, "lava_samples": 0, "effort": "best", "split": "auto"}',
    ],
)
def test_an_artifact_that_was_searched_or_trained_for_is_the_same_anywhere(tmp_path, options):
    is_the_same_anywhere(tmp_path, "digits", "", "loihi2", options)


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_a_recurrent_network_of_a_file_is_the_same_anywhere(tmp_path, shared_data):
    network, recordings = shared_data / "nir" / "braille.nir", shared_data / "braille" / "braille.npz"
    is_the_same_anywhere(tmp_path, network, recordings, "loihi2", '{"samples": 40, "lava_samples": 1}')


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
def test_a_converted_network_is_the_same_anywhere(tmp_path, method):
    """A convolutional one in ONNX without spikes."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save

    random = np.random.default_rng(0)
    weights = {
        "kernel": random.normal(0, 0.4, (4, 1, 3, 3)).astype(np.float32),
        "matrix": random.normal(0, 0.2, (10, 144)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["seen"]),
        helper.make_node("Relu", ["seen"], ["active"]),
        helper.make_node("Flatten", ["active"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix"], ["answer"], transB=1),
    ]
    image, answer = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("image", ["n", 1, 8, 8]), ("answer", ["n", 10]))
    )
    held = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "convolutional", [image], [answer], held)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "network.onnx")
    np.savez(tmp_path / "data.npz", x=random.random((40, 1, 8, 8)).astype(np.float32), y=np.arange(40) % 10)
    options = f'{{"convert": "{method}", "steps": 4, "lava_samples": 0, "max_loss": 1}}'
    is_the_same_anywhere(tmp_path, tmp_path / "network.onnx", tmp_path / "data.npz", "loihi2", options)
