"""NIR files as other libraries write them, and files that are broken: read as meant, or refused in one sentence."""

import os
from itertools import pairwise
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.lowering.relays import with_relays
from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.readers.nir import NirOptions, read_nir

SHARED = Path(os.environ.get("SPIKELOOM_DATA", Path(__file__).parents[3] / "shared" / "data"))


def lif(size=4, **fields):
    values = {"tau": 1e-3, "r": 2.0, "v_leak": 0.0, "v_threshold": 1.0} | fields
    return {"type": "LIF", **{name: np.full(size, value) for name, value in values.items()}}


def fire(shape, r=1.0):
    return {"type": "IF", "r": np.full(shape, r), "v_threshold": np.ones(shape)}


def linear(outputs=4, inputs=4):
    return {"type": "Linear", "weight": np.eye(outputs, inputs, dtype=np.float32)}


def ends(shape=(4,), output=(4,)):
    return {
        "input": {"type": "Input", "shape": np.array(shape)},
        "output": {"type": "Output", "shape": np.array(output)},
    }


@pytest.fixture
def write(tmp_path):
    """Write a file as any exporter might; what `nir.write` cannot write, too."""

    def write_file(nodes, edges, metadata=None):
        def fill(group, fields):
            for name, value in fields.items():
                if isinstance(value, dict):
                    fill(group.create_group(name), value)
                elif isinstance(value, list):
                    group.create_dataset(name, data=np.array(value, dtype=object), dtype=h5py.string_dtype())
                else:
                    group[name] = value

        path = tmp_path / "model.nir"
        with h5py.File(path, "w") as file:
            graph = {"type": "NIRGraph", "nodes": nodes, "edges": edges, "metadata": metadata or {}}
            fill(file, {"version": "0.2.0", "node": graph})
        return path

    return write_file


def sequence(*names):
    return [list(pair) for pair in pairwise(names)]


def notes(graph, start):
    return [note for note in graph.assumptions if note.startswith(start)]


# As other libraries write them ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (4,), (1, 4)])
def test_parameters_once_for_all_neurons_or_with_an_axis_of_samples(write, shape):
    nodes = ends() | {"fc": linear(), "lif": lif(shape) | {"tau": np.array([1e-3])}}
    network = lower(prepare(read_nir(write(nodes, sequence("input", "fc", "lif", "output")))))
    assert network.by_name["lif"].shape == (4,)


def test_names_with_dots_digits_and_blanks_in_any_order(write):
    nodes = ends() | {"0": linear(), "lif1.lif": lif(), "lif1.w_rec": linear(), "always on": lif(), "2 b": linear()}
    edges = [["2 b", "always on"], ["lif1.w_rec", "lif1.lif"], ["always on", "output"], ["lif1.lif", "lif1.w_rec"],
             ["lif1.lif", "2 b"], ["0", "lif1.lif"], ["input", "0"]]  # fmt: skip
    nodes["2 b"] = {"type": "Affine", "weight": np.eye(4), "bias": np.ones((1, 4))}
    nodes["always on"] = {
        "type": "CubaLIF",
        "tau_syn": 1e-3,
        "tau_mem": 1e-3,
        "r": 1.0,
        "v_leak": 0.0,
        "v_threshold": 1,
    }
    network = lower(prepare(read_nir(write(nodes, edges))))
    assert len(network.populations) == 4
    assert network.lag(next(p for p in network.projections if p.source == p.target)) == 1


def test_sinabs_convolutions_whose_flatten_counts_samples(write):
    convolution = {"type": "Conv2d", "weight": np.ones((3, 2, 5, 3)), "bias": np.zeros(3), "stride": np.array([2, 2]),
                   "padding": np.array([1, 1]), "dilation": np.array([1, 1]), "groups": 1,
                   "input_shape": np.array([10, 8])}  # fmt: skip
    pool = {
        "type": "SumPool2d",
        "kernel_size": np.array([2, 2]),
        "stride": np.array([2, 2]),
        "padding": np.array([0, 0]),
    }
    flatten = {"type": "Flatten", "start_dim": 1, "end_dim": -1, "input_type": np.zeros(4, int)}
    nodes = ends((1, 2, 10, 8), (4,)) | {"0": convolution, "1": fire((1, 3, 4, 4)), "2": pool, "3": flatten,
             "4": linear(4, 12), "5": fire((1, 4))}  # fmt: skip
    graph = read_nir(write(nodes, sequence("input", "0", "1", "2", "3", "4", "5", "output")))
    assert graph.shapes["1"] == (3, 4, 4)
    assert graph.shapes["5"] == (4,)
    assert notes(graph, "flatten: Flatten counts") and notes(graph, "input: ")
    assert not notes(graph, "dt:")


def test_a_flatten_that_tracing_did_not_see(write):
    pool = {"type": "AvgPool2d", "kernel_size": 2, "stride": 2, "padding": 0}
    nodes = ends((2, 4, 4)) | {"pool": pool, "fc": linear(4, 8), "lif": lif()}
    graph = read_nir(write(nodes, sequence("input", "pool", "fc", "lif", "output")))
    assert notes(graph, "flatten: what reaches a matrix")
    assert graph.shapes["fc"] == (4,)


@pytest.mark.parametrize(
    ("nodes", "dt", "gain"),
    [
        ({"n": fire(4)}, None, 1.0),
        ({"n": fire(4, 1e3)}, None, 1.0),  # SpikingJelly: r = 1 / dt
        ({"n": fire(4, 1e4), "d": {"type": "Delay", "delay": np.full(4, 3e-4)}}, None, 1.0),
        ({"n": fire(4, 0.1)}, 1e-3, 0.1),
        ({"n": fire(4, 1e3)}, 1e-4, 1e3),
        ({"n": lif(tau=1e-3)}, None, 0.2),
        ({"n": lif(tau=10.0)}, None, 0.2),  # Sinabs: in steps
        ({"n": lif(tau=1e-2)}, 2e-3, 0.4),
    ],
)
def test_the_time_step(write, nodes, dt, gain):
    names = ["input", *nodes, "output"]
    graph = read_nir(write(ends() | nodes, sequence(*names)), NirOptions(dt=dt))
    np.testing.assert_allclose(graph.nodes["n"].model.current_gain, gain)
    if "d" in nodes:
        assert set(graph.nodes["d"].steps.tolist()) == {3}


@pytest.mark.parametrize("dt", [2e-3, np.array([2e-3])])
def test_the_time_step_in_the_metadata(write, dt):
    graph = read_nir(write(ends() | {"n": lif(tau=1e-2)}, sequence("input", "n", "output"), {"dt": dt}))
    np.testing.assert_allclose(graph.nodes["n"].model.voltage_retention, 0.8)
    assert "metadata" in notes(graph, "dt:")[0]


def test_files_without_ends_and_without_reset_values(write):
    convolution = {"type": "Conv1d", "weight": np.ones((3, 2, 3)), "bias": np.zeros(3), "stride": 1, "padding": "SAME",
                   "dilation": 1, "groups": 1, "input_shape": 7}  # fmt: skip
    for first, shape in ((linear(4, 3), (3,)), (convolution, (2, 7)), (lif(4), (4,)), (lif(1), (1,))):
        graph = read_nir(write({"a": first, "input_a": lif(())}, [["a", "input_a"]]))
        assert graph.shapes[graph.inputs[0]] == shape
        assert notes(graph, "v_reset")


def test_nested_graphs_take_their_ends_by_kind(write):
    inner = {"type": "NIRGraph", "nodes": {"x": ends()["input"], "lif": lif(), "y": ends()["output"]},
             "edges": [["x", "lif"], ["lif", "y"]]}  # fmt: skip
    outer = {"type": "NIRGraph", "nodes": {"input": ends()["input"], "in": inner, "output": ends()["output"]},
             "edges": [["input", "in"], ["in", "output"]]}  # fmt: skip
    graph = read_nir(write(ends() | {"a": outer, "b": inner}, sequence("input", "a", "b", "output")))
    assert graph.layers == ("a.in.lif", "b.lif")


# Broken ---------------------------------------------------------------------------------------------------------------


def refusal(path, options=None):
    with pytest.raises(UnsupportedModelError) as caught:
        lower(prepare(read_nir(path, options)))
    return str(caught.value)


LINE = sequence("input", "n", "output")
BROKEN = {
    "a missing field": ({"n": {"type": "LIF", "tau": np.ones(4)}}, LINE, "lacks the field 'r'"),
    "no number": ({"n": {"type": "Linear", "weight": "heavy"}}, LINE, "not a number"),
    "a group": ({"n": {"type": "Linear", "weight": {"a": 1}}}, LINE, "not a number"),
    "not finite": ({"n": {"type": "Linear", "weight": np.full((4, 4), np.nan)}}, LINE, "not a finite number"),
    "empty": ({"n": {"type": "Linear", "weight": np.zeros((0, 4))}}, LINE, "is empty"),
    "one axis": ({"n": {"type": "Linear", "weight": np.zeros(4)}}, LINE, "1 axes"),
    "bias": ({"n": {"type": "Affine", "weight": np.eye(4), "bias": np.zeros(3)}}, LINE, "bias has shape"),
    "parameters": ({"n": lif() | {"r": np.ones(3)}}, LINE, "differ in shape"),
    "neurons": ({"n": lif(5)}, LINE, "parameters have shape"),
    "time constant": ({"n": lif(tau=1e-5)}, LINE, "shorter than the time step"),
    "time constant of 0": ({"n": lif(tau=0.0)}, LINE, "not positive"),
    "delay": ({"n": {"type": "Delay", "delay": np.full(4, -1.0)}}, LINE, "negative"),
    "endless delay": ({"n": {"type": "Delay", "delay": np.array([1e300, 1e-9, 1, 1])}}, LINE, "longer than"),
    "an edge to nothing": ({"n": lif()}, [["input", "m"]], "does not exist"),
    "nothing reaches it": ({"n": lif(), "m": lif()}, LINE, "nothing reaches node 'm'"),
    "a loop apart": ({"n": lif(), "m": lif()}, [*LINE, ["m", "m"]], "nothing reaches node 'm'"),
    "a loop without neurons": ({"n": linear()}, [*LINE, ["n", "n"]], "without neurons"),
    "two inputs": ({"n": lif(), "i": ends()["input"]}, [*LINE, ["i", "n"]], "one input is needed"),
    "two outputs": ({"n": lif(), "o": ends()["output"]}, [*LINE, ["n", "o"]], "one output is needed"),
    "shapes that meet": ({"n": lif(()), "m": linear(3)}, [*LINE, ["input", "m"], ["m", "n"]], "type mismatch at 'n'"),
    "no shape": ({"n": lif(), "input": {"type": "Input", "shape": np.zeros(0, int)}}, LINE, "not made of numbers"),
    "shape of 0": ({"n": lif(), "input": {"type": "Input", "shape": np.array([0])}}, LINE, "from 1 upwards"),
    "an edge into the input": ({"n": lif()}, [*LINE, ["n", "input"]], "enters an input"),
    "a loop beside the way": ({"n": lif(), "a": linear()}, [*LINE, ["n", "a"], ["a", "a"]], "without neurons"),
    "no type": ({"n": {"type": np.zeros(2)}}, LINE, "no NIR primitive"),
    "a nested graph without ends": (
        {"n": {"type": "NIRGraph", "nodes": {"a": lif()}, "edges": [["a", "a"]]}}, LINE, "0 nodes of the kind"),
    "names that meet": (
        {"n": {"type": "NIRGraph", "nodes": ends() | {"a": lif()}, "edges": sequence("input", "a", "output")},
         "n.a": lif()}, LINE, "same name"),
    "a bias that waits": (
        {"n": {"type": "Affine", "weight": np.eye(4), "bias": np.ones(4)},
         "d": {"type": "Delay", "delay": np.full(4, 1e-3)}, "m": lif()},
        sequence("input", "n", "d", "m", "output"), "put the bias behind it"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_contradictions_are_refused(write, case):
    nodes, edges, words = BROKEN[case]
    message = refusal(write(ends() | nodes, edges))
    assert words in message
    assert len(message.splitlines()) <= 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("groups", 2, "divide"), ("stride", np.array([0, 1]), "below 1"), ("stride", np.array([1, 1, 1]), "2 axes"),
        ("padding", "circular", "'circular'"), ("padding", -1, "below 0"), ("bias", np.zeros(2), "bias"),
        ("weight", np.ones((3, 1, 9, 1)), "larger than"), ("weight", np.ones((3, 1, 2)), "3 axes"),
        ("weight", np.ones((3, 2, 2, 2)), "2 channels"), ("dilation", 1.5, "whole number"),
        ("groups", np.nan, "not made of numbers"),
    ],
)  # fmt: skip
def test_convolutions_that_cannot_be(write, field, value, words):
    whole = {"type": "Conv2d", "weight": np.ones((3, 1, 2, 2)), "bias": np.zeros(3), "stride": 1, "padding": 0,
             "dilation": 1, "groups": 1}  # fmt: skip
    nodes = ends((1, 5, 5), (3, 4, 4)) | {"c": whole | {field: value}, "n": lif(())}
    assert words in refusal(write(nodes, sequence("input", "c", "n", "output")))


def test_all_unknown_nodes_stand_in_one_list(write):
    nodes = ends() | {"a": {"type": "LSTM"}, "b": lif(tau=0.0), "c": {"type": "Softmax"}, "d": {"r": 1.0}}
    message = refusal(write(nodes, sequence("input", "a", "b", "c", "d", "output")))
    assert all(words in message for words in ("4 nodes", "a (LSTM)", "b (LIF)", "c (Softmax)", "d (None)"))


def test_delays_that_no_relays_make(write):
    nodes = ends() | {"d": {"type": "Delay", "delay": np.array([10.0])}, "n": lif()}
    network = lower(prepare(read_nir(write(nodes, sequence("input", "d", "n", "output")))))
    with pytest.raises(UnsupportedModelError, match="--dt"):
        with_relays(network, 62)


def test_damaged_files(write, tmp_path):
    whole = write(ends() | {"n": lif(400), "l": linear(400, 4)}, sequence("input", "l", "n", "output")).read_bytes()
    path = tmp_path / "cut.nir"
    for length in (0, 1, 8, 9, 100, 512, 800, 2048, len(whole) // 2, len(whole) - 500, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert str(path) in refusal(path)
    with h5py.File(path, "w") as file:
        file["other"] = 1
    assert "holds no NIR graph" in refusal(path)
    nir.write(path, nir.Linear(np.eye(3)))
    assert "holds no NIR graph" in refusal(path)
    assert "cannot be read" in refusal(tmp_path)


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real models in {SHARED}")
def test_real_files_good_and_broken():
    for path in sorted((SHARED / "nir").glob("*.nir")):
        assert lower(prepare(read_nir(path))).populations
    words = {"braille_noDelay_bias_zero_subgraph.nir": "names node 'lif'", "lif_rockpool.nir": "type mismatch",
             "ntidigits.net": "git lfs pull"}  # fmt: skip
    for name, part in words.items():
        assert part in refusal(SHARED / "broken" / name)
