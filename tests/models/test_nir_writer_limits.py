"""What NIR cannot say, edges or fields, is noted and comes back; what it has no node for is refused."""

from itertools import pairwise

import nir
import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.graph import Edge, Graph
from spikeloom.models.neurons import FAMILIES, IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire, Reset, SigmaDelta
from spikeloom.models.operators import (
    Delay,
    Identity,
    Input,
    Linear,
    MaxPool,
    Neurons,
    Output,
    Rectifier,
    Reshape,
    Select,
)
from spikeloom.models.readers.nir import NirOptions, read_nir, time_step
from spikeloom.models.writers.nir import write_nir

DT = 1e-3
array = np.asarray


def model(**changes):
    """LIF with a reset to zero."""
    fields = {
        "current_retention": 0.0, "voltage_retention": 0.9, "threshold": 1.0, "input_gain": 1.0, "current_gain": 1.0,
        "bias": 0.0,
    }  # fmt: skip
    fields = {key: array(value, dtype=float) for key, value in fields.items()}
    return LeakyIntegrateAndFire(**(fields | {k: array(v) if isinstance(v, float) else v for k, v in changes.items()}))


def chain(shape, *operators, name="chain"):
    """Operators one behind the other, between input and output."""
    nodes = {"input": Input(shape), **{f"n{at}": operator for at, operator in enumerate(operators)}, "output": Output()}
    graph = Graph(nodes, tuple(Edge(a, b) for a, b in pairwise(nodes)), (), name)
    graph.verify()
    return graph


def same_spikes(graph, again, data):
    """Every layer of the graph gives the same again, potentials but for rounding."""
    wanted, found = run_graph(graph, data), run_graph(again, data)
    for name, activity in wanted.items():
        tolerance = 1e-9 if activity.dtype == np.float64 else 0
        np.testing.assert_allclose(found[name.replace("/", ".")], activity, tolerance, tolerance, err_msg=name)
    return wanted


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("written") / "model.nir"


def written(graph, path, dt=DT):
    """Write, check with NIR's own reader, and read: the graph, and the sentences."""
    notes = write_nir(graph, path, dt=dt)
    nir.read(path, type_check=not any("type_check=False" in note for note in notes))
    return read_nir(path), notes


def select(shape, index):
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    return Select(index(numbers), shape)


def test_residual_sums_need_no_node_and_a_doubled_path_keeps_one(path):
    lif = Neurons(model(threshold=0.7), None)
    nodes = {
        "input": Input((3,)), "a": lif, "w": Linear(np.eye(3) * 0.6), "b": lif, "add": Identity(), "twice": Identity(),
        "c": lif, "output": Output(),
    }  # fmt: skip
    edges = [("input", "a"), ("a", "w"), ("w", "b"), ("b", "add"), ("a", "add"), ("add", "twice"), ("add", "c"),
             ("twice", "c"), ("c", "output")]  # fmt: skip
    graph = Graph(nodes, tuple(Edge(*edge) for edge in edges), (), "residual")
    again, _ = written(graph, path)
    assert len(again.nodes) == len(nodes) - 1
    same_spikes(graph, again, np.random.default_rng(0).random((2, 9, 3)))


def lagged(*edges):
    """Two layers, an input to each, and edges with lags between them."""
    lif = Neurons(model(threshold=0.7), None)
    nodes = {"input": Input((3,)), "a": lif, "b": lif, "output": Output()}
    whole = [Edge("input", "a"), Edge("input", "b"), Edge("b", "output"), *edges]
    return Graph(nodes, tuple(whole), (), "lagged")


@pytest.mark.parametrize(
    ("graph", "delays"),
    [
        (lagged(Edge("b", "a"), Edge("a", "b", 1)), 0),
        (lagged(Edge("a", "b"), Edge("b", "a", 1)), 0),
        (lagged(Edge("a", "b", 1), Edge("b", "a", 1)), 1),
        (lagged(Edge("a", "b", 1)), 1),
        (lagged(Edge("a", "a", 1), Edge("b", "b", 1)), 0),
    ],
)
def test_the_previous_step_is_carried_by_the_same_edges(path, graph, delays):
    again, _ = written(graph, path)
    assert sum(isinstance(operator, Delay) for operator in again.nodes.values()) == delays
    data = np.random.default_rng(0).random((3, 12, 3))
    assert 0 < same_spikes(graph, again, data)["b"].mean() < 1


def test_loops_that_another_tool_has_changed_are_closed_by_the_reader(path):
    written(lagged(Edge("a", "b"), Edge("b", "a", 1)), path)
    changed = nir.read(path)
    changed.edges.remove(("b", "a"))
    nir.write(path, changed)
    assert not any(edge.lag for edge in read_nir(path).edges)


def test_metadata_that_contradict_a_changed_node_are_left_aside(path):
    written(chain((2,), Neurons(model(voltage_retention=0.1, bias=0.1), None)), path)
    changed = nir.read(path)
    assert changed.nodes["n0"].metadata["voltage_retention"] == 0.1
    changed.nodes["n0"].tau = np.full(2, 4e-3)
    nir.write(path, changed)
    assert read_nir(path).nodes["n0"].model.voltage_retention == 0.75


def test_options_win_over_the_metadata(path):
    neurons = Neurons(model(reset=Reset.SUBTRACT), None)
    again, _ = written(chain((2,), neurons, neurons), path)
    assert "reset: subtract in 'n0', 'n1', from the file's metadata (--reset)." in again.assumptions
    asked = read_nir(path, NirOptions(reset=Reset.NONE, layer_resets={"n1": Reset.VALUE}, threshold_inclusive=True))
    assert [asked.nodes[name].model.reset for name in ("n0", "n1")] == [Reset.NONE, Reset.VALUE]
    assert asked.nodes["n0"].model.inclusive
    assert not any("metadata (--reset)" in note for note in asked.assumptions)
    assert time_step(path) == DT
    assert read_nir(path, NirOptions(dt=2 * DT)).nodes["n0"].model.voltage_retention == pytest.approx(0.8)


def test_what_nir_cannot_say_is_said_and_comes_back(path):
    neuron = model(
        reset=Reset.SUBTRACT,
        inclusive=True,
        initial_voltage=np.array([0.5, 0.0]),
        voltage_retention=np.array([1.0, 0.5]),
    )
    nodes = {"input": Input((2,), (0,)), "/lif/1": Neurons(neuron, None), "output": Output()}
    graph = Graph(nodes, (Edge("input", "/lif/1"), Edge("/lif/1", "output")), (), "open")
    again, notes = written(graph, path)
    subjects = [note.split(":")[0] for note in notes]
    assert subjects == [
        "dt", "input", "leak", "integration", "reset", "threshold", "initial potential", "names",
    ]  # fmt: skip
    assert again.inputs == ("input",)
    assert again.nodes["input"].axes == (0,)
    read = again.nodes["lif.1"].model
    assert (read.reset, read.inclusive) == (Reset.SUBTRACT, True)
    np.testing.assert_array_equal(read.initial_voltage, neuron.initial_voltage)
    assert [note.split(":")[0] for note in again.assumptions] == [
        "dt", "integration", "reset", "threshold", "input", "initial potential",
    ]  # fmt: skip


def test_fields_are_those_of_the_equations(path):
    """dt/tau is what is lost in a step, (dt/tau) r what a unit of input adds; of IF it is r dt."""
    lif = model(voltage_retention=0.75, current_gain=0.5, bias=0.1)
    cuba = model(current_retention=0.5, voltage_retention=0.75, input_gain=2.0)
    fire = model(voltage_retention=1.0, current_gain=0.5)
    bare = model(voltage_retention=0.0)
    integrator = model(voltage_retention=0.5, spiking=False)
    written(chain((1,), *(Neurons(each, None) for each in (lif, cuba, fire, bare, integrator))), path)
    nodes = nir.read(path).nodes
    kinds = (nir.LIF, nir.CubaLIF, nir.IF, nir.Threshold, nir.LI)
    assert [type(nodes[f"n{at}"]) for at in range(5)] == list(kinds)
    fields = [(nodes["n0"], {"tau": 4e-3, "r": 2, "v_leak": 0.4, "v_threshold": 1, "v_reset": 0})]
    fields += [(nodes["n1"], {"tau_syn": 2e-3, "tau_mem": 4e-3, "w_in": 4, "r": 4, "v_leak": 0})]
    fields += [(nodes["n2"], {"r": 500}), (nodes["n3"], {"threshold": 1}), (nodes["n4"], {"tau": 2e-3, "r": 2})]
    for node, expected in fields:
        for key, value in expected.items():
            np.testing.assert_allclose(getattr(node, key), [value], err_msg=key)


def test_everything_that_nir_lacks_is_listed_at_once(path):
    registers = ("current_decay", "voltage_decay", "threshold", "bias_mantissa", "bias_exponent")
    integers = dict.fromkeys(registers, np.asarray(5))
    graph = chain(
        (2, 4, 4), MaxPool((2, 2), (2, 2), ((0, 0),) * 2, (1, 1)), Rectifier(array(np.inf)),
        Neurons(SigmaDelta(array(0.1), array(0.0)), None), Neurons(IntegerLeakyIntegrateAndFire(**integers), None),
        select((2, 2, 2), lambda n: n.transpose(0, 2, 1)), Neurons(model(), None), Reshape((2, 2, 2, 1)),
        Neurons(model(voltage_retention=1.5), None), name="ann.onnx",
    )  # fmt: skip
    path.unlink(missing_ok=True)
    with pytest.raises(UnsupportedModelError) as error:
        write_nir(graph, path)
    first, *rows = str(error.value).splitlines()
    assert first == "ann.onnx: 7 nodes cannot be written as NIR:"
    starts = ["n0 (MaxPool)", "n1 (Rectifier)", "n2 (SigmaDelta)", "n3 (IntegerLeaky", "n4 (Select)", "n6 (Reshape)",
              "n7 (LeakyIntegrateAndFire)"]  # fmt: skip
    assert all(row.strip().startswith(start) for row, start in zip(rows, starts, strict=True))
    assert "--convert rate" in rows[1]
    assert not path.exists()


def test_the_previous_step_of_a_bias_outside_a_loop_is_refused(path):
    nodes = {"input": Input((2,)), "a": Linear(np.eye(2), np.ones(2)), "b": Neurons(model(), None), "output": Output()}
    edges = (Edge("input", "a"), Edge("input", "b"), Edge("a", "b", 1), Edge("b", "output"))
    with pytest.raises(UnsupportedModelError, match="a -> b"):
        write_nir(Graph(nodes, edges), path)


def test_a_matrix_too_large_to_be_written_is_refused(path, monkeypatch):
    monkeypatch.setattr("spikeloom.models.writers.nir.limits.LARGEST_MATRIX", 10)
    with pytest.raises(UnsupportedModelError, match=r"matrix of shape \(4, 6\)"):
        write_nir(chain((6,), select((6,), lambda n: n[:4]), Neurons(model(), None)), path)


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"leaky", "sigma_delta"}))
def test_no_other_node_is_written_for_neurons_that_nir_does_not_have(neuron_examples, family, tmp_path):
    """One that other tools know would be another neuron for them."""
    neuron = neuron_examples.EXAMPLES[family](np.random.default_rng(0), 3)[0]
    if neuron is None:
        pytest.skip("no float example")
    with pytest.raises(UnsupportedModelError, match=f"NIR has no {family.replace('_', ' ')} neurons"):
        write_nir(chain((3,), Neurons(neuron, (3,))), tmp_path / "model.nir")
    assert not (tmp_path / "model.nir").exists()
