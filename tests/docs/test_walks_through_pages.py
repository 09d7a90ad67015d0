"""A new user's walk: each page's commands, run one after the other in an empty folder, end well.

Commands stand as they are written, but for names that stand for any file (`MODEL`), folders that nobody has (`/data`),
and options behind those that would train for minutes: of two equal ones the last holds.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from spikeloom.models.zoo.catalogue import zoo_model

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r"^\s*(?:\.venv/bin/)?((?:spikeloom|dask) (?:.*\\\n)*.*)$", re.MULTILINE)
SHOWN_FILE = re.compile(r"^    # (\S+\.yaml)\n((?:    .*\n)+)", re.MULTILINE)
PAGES = [
    page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if COMMAND.search(page.read_text())
]
NAMES = {
    "MODEL": "digits",
    "DIR": "build/deployment",
    "FILE": "build/file.nir",
    "FOLDER": "build/folder",
    "NAME": "interim",
}
SHORTER = {
    "study components": "--repeats 1 --epochs 1 --training-samples 40 --test-samples 20",
    "study adversarial": "--repeats 1 --epochs 1 --training-samples 40 --attacked 2",
    "study encodings": "--repeats 1 --epochs 1 --samples 60",
    "study time-scale": "--epochs 1 --hidden 16 --training-samples 20 --test-samples 20",
    "study operating-space": "--samples 40 --epochs 1 --time-constants 2,4 --thresholds 0.5,1",
    "study faults": "--samples 20 --repeats 1",
    "train spiking-vgg11": "--epochs 1 --samples 20 --width 0.1",
    "train": "--epochs 1 --samples 60",
}
REFUSED = {"check digits --target loihi1": 4}
"""Commands whose refusal a page shows, and the code that they end with."""
STEPS = 16


def test_there_are_pages_to_walk_through() -> None:
    assert len(PAGES) > 30


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_walk_through_a_page_ends_well(page: Path, desk: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name, content in SHOWN_FILE.findall(text):
        (desk / name).write_text(textwrap.dedent(content), encoding="utf-8")
    begun = []
    try:
        for found in COMMAND.finditer(text):
            program, *words = shlex.split(found.group(1).replace("\\\n", " "), comments=True)
            if program == "dask":  # goes on until it is ended
                begun.append(subprocess.Popen([sys.executable, "-m", "dask", *words], cwd=desk))
                continue
            line = [sys.executable, "-P", "-m", "spikeloom.cli", *taken(words)]
            done = subprocess.run(line, cwd=desk, capture_output=True, text=True, check=False, timeout=1200)
            assert done.returncode == REFUSED.get(" ".join(words), 0), f"{found.group(1)}\n{done.stderr[-2000:]}"
    finally:
        for process in begun:
            process.terminate()
            process.wait()


def taken(words: list[str]) -> list[str]:
    """The words of a command as a test can run them."""
    words = [NAMES.get(word, re.sub("^/data/", "data/", word)) for word in words]
    line = " ".join(words)
    return [*words, *next((more.split() for begins, more in SHORTER.items() if line.startswith(begins)), ())]


# What lies on the desk


@pytest.fixture
def desk(tmp_path: Path, deployed: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with files under the names that the guide uses."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    small = (images / 16).reshape(-1, 1, 8, 8)
    shutil.copy(zoo_model("digits").nir_file, tmp_path / "network.nir")
    np.savez(tmp_path / "recordings.npz", x=small[:40], y=labels[:40])
    np.savez(tmp_path / "images.npz", x=small[:400], y=labels[:400])
    np.savez(tmp_path / "my.npz", x=np.kron(small[:40], np.ones((4, 4)))[..., 2:30, 2:30], y=labels[:40])
    write_rectifiers(tmp_path / "model.onnx", images / 16, labels)
    shutil.copy(tmp_path / "model.onnx", tmp_path / "network.onnx")
    write_model_that_learns(tmp_path)
    write_data_sets(tmp_path / "data")
    (tmp_path / "my-board.yaml").write_text("extends: loihi2\nname: my-board\ntopology: {chips: 4}\n")
    (tmp_path / "my-constants.yaml").write_text("extends: loihi2\nname: my-constants\n")
    for name in ("build/network", "build/deployment", "build/demo"):
        shutil.copytree(deployed, tmp_path / name)
    if request.node.callspec.params["page"].name in ("quantization.md", "fine-tuning.md"):
        shared = request.getfixturevalue("shared_data")
        shutil.copy(shared / "nir" / "braille.nir", tmp_path)
        shutil.copy(shared / "braille" / "braille.npz", tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("deployed") / "network"
    words = ["deploy", "digits", "--samples", "40", "--lava-samples", "0", "--out", str(out)]
    subprocess.run([sys.executable, "-P", "-m", "spikeloom.cli", *words], check=True, capture_output=True, timeout=600)
    return out


def write_rectifiers(path: Path, x: np.ndarray, y: np.ndarray) -> None:
    """An ordinary network with a hidden layer, trained on images of 8 x 8."""
    from sklearn.neural_network import MLPClassifier

    trained = MLPClassifier((32,), random_state=0, max_iter=60).fit(x, y)
    tensors = [
        numpy_helper.from_array(array.astype(np.float32), f"{kind}{number}")
        for kind, arrays in (("weight", trained.coefs_), ("bias", trained.intercepts_))
        for number, array in enumerate(arrays)
    ]
    nodes = [
        helper.make_node("Flatten", ["input"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weight0", "bias0"], ["sums"]),
        helper.make_node("Relu", ["sums"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "weight1", "bias1"], ["output"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])
        for name, shape in (("input", (1, 8, 8)), ("output", (10,)))
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], tensors)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


def write_model_that_learns(folder: Path) -> None:
    """`model.nir`, whose last layer is called out, and `data.npz` and `more.npz` for it."""
    random, hidden, out = np.random.default_rng(0), np.ones(12), np.ones(4)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([8])}),
        "first": nir.Linear(weight=random.normal(0.3, 0.6, (12, 8))),
        "hidden": nir.LIF(tau=1e-3 * hidden, r=10 * hidden, v_leak=0 * hidden, v_threshold=hidden, v_reset=0 * hidden),
        "second": nir.Linear(weight=random.normal(0.3, 0.6, (4, 12))),
        "out": nir.LIF(tau=1e-3 * out, r=10 * out, v_leak=0 * out, v_threshold=out, v_reset=0 * out),
        "output": nir.Output(output_type={"output": np.array([4])}),
    }
    nir.write(folder / "model.nir", nir.NIRGraph(nodes, list(pairwise(nodes))))
    for name in ("data", "more"):
        np.savez(folder / f"{name}.npz", x=(random.random((20, STEPS, 8)) < 0.3).astype(np.uint8))


def write_data_sets(folder: Path) -> None:
    """Files of the format of N-MNIST and CIFAR-10, with random content."""
    random = np.random.default_rng(0)
    for part, digit, number in (
        (part, digit, number) for part in ("Train", "Test") for digit in range(10) for number in range(4)
    ):
        path = folder / "NMNIST" / part / str(digit) / f"0000{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(events(random, 200)))
    pictures = folder / "cifar-10" / "cifar-10-batches-bin"
    pictures.mkdir(parents=True)
    for name in (*(f"data_batch_{batch}.bin" for batch in range(1, 6)), "test_batch.bin"):
        pictures.joinpath(name).write_bytes(b"".join(bytes([label]) + random.bytes(3072) for label in range(10)))


def events(random: np.random.Generator, count: int) -> Iterator[bytes]:
    """N-MNIST's five bytes of x, y, polarity and microseconds each."""
    for time in np.sort(random.integers(0, 300_000, count)).tolist():
        x, y, polarity = (int(random.integers(0, limit)) for limit in (34, 34, 2))
        yield bytes([x, y, polarity << 7 | time >> 16, time >> 8 & 0xFF, time & 0xFF])
