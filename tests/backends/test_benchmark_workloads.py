"""The networks of the simulator's benchmark are those that everyone measures on, and say the same to all peers."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import sparse

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.models.connectivity import Convolution, Dense, Sparse
from spikeloom.models.execution.network_run import run_network

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SPIKELOOM_SHARED", ROOT.parent / "shared"))
BENCHMARKS = ROOT / "benchmarks"


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


# In the order in which they import each other.
workloads = loaded(BENCHMARKS / "simulator_workloads.py")
gesture = loaded(BENCHMARKS / "simulator_gesture.py")
environments = loaded(BENCHMARKS / "simulator_environments.py")
rows = loaded(BENCHMARKS / "simulator_rows.py")
runs = loaded(BENCHMARKS / "simulator_runs.py")
scatter_limit = loaded(BENCHMARKS / "scatter_limit.py")
exchange = loaded(BENCHMARKS / "peers" / "exchange.py")


def small_camera(**changes):
    sizes = {**workloads.SIZES["C"], "samples": 3, "steps": 40, "input_rate": 0.03, **changes}
    return workloads.make("C", sizes, Path())


def correlated(frames, kernel, stride, padding):
    """A convolution of (frames, channels, rows, columns) as its definition says it, window by window."""
    padded = np.pad(frames, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(2, 3))
    return np.einsum("fiyxkl,oikl->foyx", windows[:, :, ::stride, ::stride], kernel)


def pooled(frames, size):
    height, width = (side // size * size for side in frames.shape[2:])
    parts = frames[:, :, :height, :width].reshape(*frames.shape[:2], height // size, size, width // size, size)
    return parts.sum(axis=(3, 5))


def in_plain_numpy(description, arrays, data):
    """Spikes of the last layer of what the peers are told, operator by operator, in 64-bit integers."""
    samples, steps, _ = data.shape
    spikes = data.astype(np.int64).reshape(-1, *description["shape"])
    for layer in description["layers"]:
        for operator in layer["operators"]:
            if operator["kind"] == "dense":
                spikes = spikes.reshape(spikes.shape[0], -1) @ arrays[operator["weights"]].T.astype(np.int64)
            elif operator["kind"] == "convolution":
                kernel = arrays[operator["weights"]].astype(np.int64)
                spikes = correlated(spikes, kernel, operator["stride"], operator["padding"])
            else:
                spikes = pooled(spikes, operator["size"])
        sums = spikes.reshape(samples, steps, -1)
        voltage = np.zeros((samples, sums.shape[2]), dtype=np.int64)
        fired = np.zeros(sums.shape, dtype=np.int64)
        for step in range(steps):
            left = np.abs(voltage) * (4096 - layer["decay"]) // 4096 * np.sign(voltage)
            voltage = left + sums[:, step] * 64
            fired[:, step] = voltage > layer["threshold"] * 64
            voltage[fired[:, step] == 1] = 0
        spikes = fired.reshape(-1, *layer["shape"])
    return spikes.reshape(samples, steps, -1)


@pytest.fixture(scope="module")
def theirs():
    path = SHARED / "instances.py"
    if not path.is_file():
        pytest.skip("the shared instances are not here")
    return loaded(path)


def test_the_perceptron_is_the_shared_one(theirs):
    for own, other in zip(workloads.perceptron_weights(), theirs.speed_network(), strict=True):
        assert own.dtype == other.dtype and np.array_equal(own, other)
    workload = workloads.make("A", {"samples": 2, "steps": 30}, Path())
    assert np.array_equal(workload.data, theirs.speed_input(2, 30))
    matrices = [projection.connectivity.weights for projection in workload.network.projections]
    for own, other in zip(matrices, theirs.speed_network(), strict=True):
        assert np.array_equal(own, other.T)
    for population in workload.network.populations[1:]:
        assert int(population.neuron.voltage_decay) == 4096 - 3896 and int(population.neuron.threshold) == 700


@pytest.mark.parametrize("padding", [(0, 0), (2, 1)])
def test_the_event_camera_network_is_that_of_the_issue(padding):
    workload = small_camera(channels=(3, 4), padding=padding)
    side, inner = 30 + 2 * padding[0], (30 + 2 * padding[0]) // 2 - 2 + 2 * padding[1]
    shapes = [population.shape for population in workload.network.populations]
    assert shapes == [(2, 34, 34), (3, side, side), (4, inner, inner), (256,), (10,)]
    activity = run_network(workload.network, workload.data)
    for name, spikes in activity.items():
        assert 0.03 < spikes.mean() <= 0.05, name
    weights = np.concatenate([projection.connectivity.weights.ravel() for projection in workload.network.projections])
    assert not np.any(weights % 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "workload",
    [workloads.make("B", {"samples": 3, "steps": 40}, Path()), small_camera(), small_camera(padding=(2, 1))],
    ids=["perceptron", "camera", "padded camera"],
)
def test_ours_and_the_peers_get_the_same_network(workload):
    told = in_plain_numpy(workload.description, workload.arrays, workload.data)
    output = workload.network.output
    assert told.any()
    assert np.array_equal(told, run_network(workload.network, workload.data)[output])
    assert np.array_equal(told, Simulator(workload.network).run(workload.data).activity[output])


@pytest.mark.slow
def test_the_random_network_recurs_in_integers():
    workload = workloads.make("E", {"neurons": 300, "synapses": 20, "steps": 120}, Path())
    (projection,) = workload.network.projections
    indices, indptr = projection.connectivity.indices, projection.connectivity.indptr
    assert all(np.all(np.diff(indices[first:last]) > 0) for first, last in pairwise(indptr))
    matrix = projection.connectivity.to_sparse().astype(np.int64)
    voltage, bias, kept = workload.arrays["start"].copy(), workload.arrays["bias"], 4096 - workload.description["decay"]
    spikes, expected = np.zeros(300, dtype=np.int64), []
    for _ in range(120):
        voltage = np.abs(voltage) * kept // 4096 * np.sign(voltage) + (matrix @ spikes) * 64 + bias
        spikes = (voltage > workload.description["threshold"] * 64).astype(np.int64)
        voltage[spikes == 1] = 0
        expected.append(spikes)
    assert 0.003 < np.mean(expected) < 0.03
    assert np.array_equal(run_network(workload.network, workload.data)["neurons"][0], expected)
    assert np.array_equal(Simulator(workload.network).run(workload.data).activity["neurons"][0], expected)


def test_a_saved_workload_reads_back(tmp_path):
    workload = small_camera(samples=1)
    workload.save(tmp_path, listed=True)
    read = exchange.Workload(tmp_path)
    assert np.array_equal(read.input(), workload.data)
    assert read.sizes == [population.size for population in workload.network.populations[1:]]
    for number, projection in enumerate(workload.network.projections, start=1):
        source, target, weight = read.synapses(number)
        assert np.all(np.diff(source) >= 0)
        shape = (projection.connectivity.targets, projection.connectivity.sources)
        listed = sparse.csr_array((weight, (target, source)), shape=shape)
        assert (listed != projection.connectivity.to_sparse()).nnz == 0
        fan_out = workload.fan_out()[projection.source]
        assert np.array_equal(fan_out, np.bincount(source, minlength=shape[1]))


def dumped(convolution, matrix, bias, thresholds, steps):
    """What `run_sanafe.py` writes of a network of three layers, without SANA-FE's counts."""
    dump = {"bias": bias, "places": np.array([(0, 0, 0), (0, 0, 1), (0, 1, 0)])}
    shapes = [convolution.input_shape, convolution.output_shape, (matrix.shape[0], 1, 1)]
    for number, (shape, threshold) in enumerate(zip(shapes, thresholds, strict=True)):
        dump[f"shape {number}"], dump[f"threshold {number}"] = np.array(shape), np.array(threshold)
        dump[f"core {number}"] = np.full(int(np.prod(shape)), number)
    ones = convolution.with_weights(np.ones_like(convolution.weights)).to_sparse().tocoo()
    dump["source 0"], dump["target 0"] = ones.col, ones.row
    dump["weight 0"] = convolution.to_sparse().toarray()[ones.row, ones.col]
    target, source = np.indices(matrix.shape).reshape(2, -1)
    dump["source 1"], dump["target 1"], dump["weight 1"] = source, target, matrix.ravel()
    return dump


@pytest.fixture
def small_gesture(tmp_path):
    random = np.random.default_rng(5)
    kernel = random.integers(-9, 14, (3, 2, 3, 3)).astype(np.int16)
    kernel[0, 1, 2, 0], kernel[2, 0, 0, 0] = -261, 0
    convolution = Convolution(kernel, (2, 8, 8), (2, 2), ((0, 0), (0, 0)), (1, 1))
    matrix = random.integers(-9, 14, (4, convolution.targets)).astype(np.int16)
    matrix[1, 5] = -289
    dump = dumped(convolution, matrix, random.integers(0, 20, 128), (30, 40, 50), 60)
    np.savez(tmp_path / "network.npz", **dump)
    return convolution, matrix, dump, tmp_path / "network.npz"


def test_convolutions_are_recovered_from_synapses(small_gesture):
    convolution, matrix, dump, _ = small_gesture
    found = gesture.recovered(dump, 0)
    assert isinstance(found, Convolution) and found.stride == (2, 2)
    assert np.array_equal(found.weights, convolution.weights)
    found = gesture.recovered(dump, 1)
    assert isinstance(found, Dense) and np.array_equal(found.weights, matrix)
    dump["weight 0"][7] += 1
    with pytest.raises(ValueError, match="not those of a Convolution"):
        gesture.recovered(dump, 0)


@pytest.mark.slow
def test_the_network_of_a_dump_computes_what_the_dump_says(small_gesture):
    file = small_gesture[-1]
    workload = gesture.gesture(file, 60)
    beyond = [one.connectivity for one in workload.network.projections if isinstance(one.connectivity, Sparse)]
    assert [sorted(set(one.weights.tolist())) for one in beyond] == [[-5], [-33]]
    told = in_plain_numpy(workload.description, workload.arrays, workload.shown)
    assert told.any()
    counting = CoreCounting(workload.program)
    simulation = Simulator(workload.network).run(workload.data, "all", groups=counting.groups)
    assert np.array_equal(told, simulation.activity[workload.network.output])
    counters = counting.counters(simulation.group_spikes, 1)
    added = sum(int(simulation.spikes[name] @ fan_out) for name, fan_out in workload.fan_out().items())
    assert sum(int(part.sum()) for part in counters.synaptic_operations.values()) == added > 0


def test_a_dump_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="SANA-FE"):
        gesture.gesture(tmp_path / "network.npz", 10)


def test_other_spikes_are_not_taken_for_the_same():
    random = np.random.default_rng(0)
    ours = random.random((2, 500, 10)) < 0.3
    assert runs.agreement_of(ours, ours.copy(), False) == {"good": True, "text": "same"}
    other = ours.copy()
    other[0, 3, 4] ^= True
    assert not runs.agreement_of(ours, other, False)["good"]
    shuffled = np.roll(ours, 1, axis=1)
    assert not runs.agreement_of(ours, shuffled, False)["good"] and runs.agreement_of(ours, shuffled, True)["good"]
    assert not runs.agreement_of(ours, random.random(ours.shape) < 0.25, True)["good"]
    assert not runs.agreement_of(ours, ours[:, :-1], True)["good"]


def test_peers_of_the_rows_exist():
    for row in rows.ROWS.values():
        assert set(row.peers) <= set(rows.PEERS)
        assert set(row.goals) <= {*row.peers, "fastest"}
    for peer in (*rows.PEERS.values(), rows.OURS):
        assert (BENCHMARKS / "peers" / f"run_{peer.script}.py").is_file()
        assert peer.environment in {*environments.ENVIRONMENTS, environments.OWN}


def test_an_environment_that_may_not_be_made_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(environments.NotInstalled, match="--no-install"):
        environments.interpreter("nest", {}, install=False)
    with pytest.raises(environments.NotInstalled, match="no Python"):
        environments.interpreter("nest", {"nest": tmp_path}, install=True)


def test_the_scatter_limit_adds_rightly():
    assert scatter_limit.scatter_limit(rows=20, fan_out=64, events=100_000, threads=1, repeats=2) > 0


@pytest.mark.slow
@pytest.mark.parametrize(("way", "same"), [("exact", True), ("float", False)])
def test_plain_torch_gives_the_same_spikes_where_it_truncates(tmp_path, way, same):
    pytest.importorskip("torch")
    workload = workloads.make("B", {"samples": 4, "steps": 60}, Path())
    workload.save(tmp_path, listed=False)
    script = BENCHMARKS / "peers" / "run_plain_torch.py"
    subprocess.run([sys.executable, str(script), str(tmp_path), str(tmp_path / way), "1", way], check=True)
    with np.load(tmp_path / way / "spikes.npz") as packed:
        spikes = np.unpackbits(packed["spikes"], axis=-1, count=int(packed["neurons"]))
    told = in_plain_numpy(workload.description, workload.arrays, workload.data)
    assert np.array_equal(spikes, told) == same
    result = json.loads((tmp_path / way / "result.json").read_text())
    assert len(result["seconds"]) == 1 and result["seconds"][0] > 0
