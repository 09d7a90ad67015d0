"""Files: what is no ONNX model is named for what it is, external data, functions, and the memory that reading takes."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.operators import Linear
from spikeloom.models.readers.onnx import read_onnx

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")


def normal(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def small(tools, **options):
    return tools.build("h = MatMul(x, w) y = Relu(h)", x="float[N,300] x", w=normal(300, 10), **options)


def refused(path, content=None):
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnsupportedModelError) as error:
        read_onnx(path)
    message = str(error.value)
    assert "\n" not in message and message.startswith(f"{path}"), message
    return message


@pytest.mark.parametrize(("content", "said"), [
    (b"", "is empty"), (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    (b"\x89HDF\r\n\x1a\n" + bytes(20), "an HDF5 file"), (b"PK\x03\x04" + bytes(20), "a zip archive"),
    (b"\x1c\x00\x00\x00TFL3" + bytes(20), "TensorFlow Lite"), (b"\x80\x04\x95", "a pickle"),
    (b"<!DOCTYPE html>", "a text file"), (b"not a model at all", "no ONNX file"), (b"\x08\x07", "holds no ONNX model"),
    (b"\x08\x01\x12\x04\x0a\x02\x08\x01", "holds no ONNX model"),  # as TensorFlow's saved models begin
])  # fmt: skip
def test_files_of_other_kinds(tmp_path, content, said):
    assert said in refused(tmp_path / "model.onnx", content)


def test_no_file_and_no_folder(tmp_path):
    assert "cannot be read" in refused(tmp_path / "missing.onnx")
    (tmp_path / "folder.onnx").mkdir()
    assert "cannot be read" in refused(tmp_path / "folder.onnx")


def test_truncated_files(tools, tmp_path):
    content = small(tools).SerializeToString()
    for length in (1, 10, 60, 200, len(content) // 2, len(content) - 1):
        refused(tmp_path / "model.onnx", content[:length])


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=3))
@example([(0.890625, 29)])  # an input of a type that does not exist
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_never_end_in_a_traceback(tools, tmp_path, changes):
    content = bytearray(
        tools.build("h = Conv(x, w) r = Relu(h) y = Flatten(r)", w=normal(2, 3, 3, 3)).SerializeToString()
    )
    for place, value in changes:
        content[int(place * (len(content) - 1))] = value
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    try:
        read_onnx(path)
    except UnsupportedModelError as error:
        assert str(path) in str(error)


def without(model, part):
    model.graph.ClearField(part)
    return model


def misnamed(model, place, name):
    model.graph.node[place].input[0] = name
    return model


def doubled(model):
    model.graph.node.append(model.graph.node[0])
    return model


def of_version(model, field, version):
    if field == "opset":
        model.opset_import[0].version = version
    else:
        model.ir_version = version
    return model


@pytest.mark.parametrize(("change", "said"), [
    (lambda m: without(m, "input"), "reads the tensor 'x', which nothing makes"),
    (lambda m: without(m, "output"), "without outputs"), (lambda m: without(m, "node"), "without nodes"),
    (lambda m: misnamed(m, 1, "gone"), "the node 'y' (Relu) reads the tensor 'gone', which nothing makes"),
    (lambda m: misnamed(m, 0, "y"), "read one another in a loop"), (doubled, "'h' is made twice"),
    (lambda m: of_version(m, "opset", 999), "is of opset 999"), (lambda m: of_version(m, "ir", 999), "IR version 999"),
])  # fmt: skip
def test_models_that_contradict_themselves(tools, tmp_path, change, said):
    model = change(tools.build("h = Relu(x) y = Relu(h)", x="float[N,30] x"))
    message = refused(tmp_path / "model.onnx", model.SerializeToString())
    assert said in message or (said.startswith("reads") and "without inputs" in message)


def test_a_graph_without_inputs(tools, tmp_path):
    model = without(tools.build("y = Relu(c)", c=normal(3)), "input")
    assert "without inputs" in refused(tmp_path / "model.onnx", model.SerializeToString())


def test_functions_without_a_model(tools, tmp_path):
    function = onnx.helper.make_function("own", "f", ["x"], ["y"], [onnx.helper.make_node("Relu", ["x"], ["y"])],
                                         [onnx.helper.make_opsetid("", 21)])  # fmt: skip
    model = onnx.ModelProto(ir_version=10, functions=[function])
    assert "functions" in refused(tmp_path / "model.onnx", model.SerializeToString())


def test_nodes_in_any_order(tools):
    model = tools.build("h = Relu(x) y = MatMul(h, w)", x="float[N,30] x", w=normal(30, 3))
    data = np.random.default_rng(0).normal(size=(2, 30)).astype(np.float32)
    expected = tools.outcome(model, data)["y"]
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in model.graph.node]
    model.graph.ClearField("node")
    model.graph.node.extend(reversed(nodes))
    (found,) = tools.evaluate(tools.read(model), data).values()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_functions_are_inlined(tools):
    text = """
        <ir_version: 10, opset_import: ["" : 21, "own" : 1]>
        g (float[N,3,8,8] x) => (float[N,2,6,6] y) { y = own.block(x, w) }
        <domain: "own", opset_import: ["" : 21]> block (x, w) => (y) { h = Conv(x, w) y = Relu(h) }
    """
    model = onnx.parser.parse_model(text)
    model.graph.initializer.append(onnx.numpy_helper.from_array(normal(2, 3, 3, 3), "w"))
    tools.agrees(model, (3, 8, 8))


def test_opsets_older_than_those_that_are_read_are_converted(tools):
    model = tools.build("h = MatMul(x, w) y = Add<broadcast=1>(h, b)", x="float[N,30] x", opset=6, ir=3,
                        w=normal(30, 4), b=normal(4))  # fmt: skip
    for name, shape in (("w", (30, 4)), ("b", (4,))):
        model.graph.input.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    graph = tools.read(model)
    data = np.random.default_rng(0).normal(size=(2, 30)).astype(np.float32)
    (found,) = tools.evaluate(graph, data).values()
    np.testing.assert_allclose(found, data @ normal(30, 4) + normal(4), rtol=1e-4, atol=1e-5)


# External data -------------------------------------------------------------------------------------------------------


@pytest.fixture
def external(tools, tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(small(tools), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path


def relocated(path, **entries):
    model = onnx.load(path, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        entry.value = str(entries.get(entry.key, entry.value))
    path.write_bytes(model.SerializeToString())


def test_external_data_are_read(external):
    graph = read_onnx(external)
    weight = next(operator.weight for operator in graph.nodes.values() if isinstance(operator, Linear))
    np.testing.assert_array_equal(weight.T, normal(300, 10))


def test_external_data_that_are_missing_or_truncated(external):
    data = external.parent / "weights.bin"
    data.write_bytes(data.read_bytes()[:-8])
    assert "'weights.bin' end after 11992 of 12000 bytes: the file is truncated" in refused(external)
    data.unlink()
    assert "'w' cannot be read: its data in 'weights.bin' cannot be read: No such file" in refused(external)


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "inside/../../weights.bin", ""])
def test_external_data_stay_in_the_folder_of_the_model(external, location):
    (external.parent.parent / "weights.bin").write_bytes(bytes(12000))
    relocated(external, location=location)
    assert "outside the model's folder" in refused(external)


def test_external_data_behind_a_link_that_leads_out_of_the_folder(external, tmp_path_factory):
    data = external.parent / "weights.bin"
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "weights.bin"
    elsewhere.write_bytes(data.read_bytes())
    data.unlink()
    data.symlink_to(elsewhere)
    assert "outside the model's folder" in refused(external)


@pytest.mark.parametrize("entries", [{"length": 11999}, {"offset": -4}, {"offset": "here"}, {"offset": 4096}])
def test_external_data_at_a_wrong_place(external, entries):
    relocated(external, **entries)
    assert "the tensor 'w' cannot be read" in refused(external)


# Weights -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["FLOAT16", "DOUBLE", "BFLOAT16"])
def test_weights_of_other_types(tools, kind):
    model = tools.build("v = Cast<to=1>(w) y = MatMul(x, v)", x="float[N,30] x")
    number = getattr(onnx.TensorProto, kind)
    model.graph.initializer.append(onnx.helper.make_tensor("w", number, (30, 4), normal(30, 4).reshape(-1)))
    graph = tools.read(model)
    weight = next(operator.weight for operator in graph.nodes.values() if isinstance(operator, Linear))
    np.testing.assert_allclose(weight.T.astype(float), normal(30, 4), rtol=1e-2, atol=1e-3)
    tools.evaluate(graph, np.ones((2, 30)))


def test_weights_as_single_numbers(tools):
    """Older files list floats one by one, instead of their bytes."""
    model = small(tools)
    values = onnx.numpy_helper.to_array(model.graph.initializer[0])
    model.graph.initializer[0].ClearField("raw_data")
    model.graph.initializer[0].float_data.extend(values.reshape(-1).tolist())
    tools.agrees(model, (300,))
    del model.graph.initializer[0].float_data[-1]
    with pytest.raises(UnsupportedModelError, match="have 2999 numbers"):
        tools.read(model)


MEASURE = """
import resource, sys
from pathlib import Path
import onnx, scipy.sparse
from spikeloom.models.readers.onnx import read_onnx
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
graph = read_onnx(Path(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, len(graph.nodes))
"""


@pytest.mark.parametrize("kind", [pytest.param("inside", marks=pytest.mark.slow), "external", "as Constant"])
def test_reading_takes_at_most_three_times_the_size_of_the_model(tools, tmp_path, kind):
    nodes = "a = Gemm<transB=1>(x, w, b) c = Relu(a) y = MatMul(c, v)"
    weights = {"w": normal(3000, 1500), "b": normal(3000), "v": normal(3000, 1500)}
    model = tools.build(nodes, x="float[N,1500] x", **weights)
    if kind == "as Constant":
        stored = [onnx.helper.make_node("Constant", [], [t.name], value=t) for t in model.graph.initializer]
        rest = [onnx.NodeProto.FromString(node.SerializeToString()) for node in model.graph.node]
        model.graph.ClearField("initializer")
        model.graph.ClearField("node")
        model.graph.node.extend([*stored, *rest])
    path = tmp_path / "large.onnx"
    onnx.save(model, path, save_as_external_data=kind == "external", location="large.data")
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert size > 36e6
    run = subprocess.run([sys.executable, "-P", "-c", MEASURE, path], capture_output=True, text=True, check=True)
    grown, nodes = map(int, run.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1024
    assert nodes == 5 and grown * unit < (1.5 if kind == "external" else 2.5) * size
