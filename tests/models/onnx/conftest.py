"""ONNX models written as text, and how Spikeloom's reading of them is held against ONNX Runtime."""

from types import SimpleNamespace

import numpy as np
import pytest

from spikeloom.models.execution.forward import forward
from spikeloom.models.readers.onnx import read_onnx


def build(nodes, x="float[N,3,8,8] x", y="float y", opset=21, ir=10, **weights):
    """A model from the text of its nodes; weights, arrays by name, become initializers."""
    from onnx import numpy_helper, parser

    text = f'<ir_version: {ir}, opset_import: ["" : {opset}]> g ({x}) => ({y}) {{ {nodes} }}'
    model = parser.parse_model(text)
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items())
    return model


def outcome(model, data):
    """What ONNX Runtime puts out, by name."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime, to compare with, is not installed")
    stored = {tensor.name for tensor in model.graph.initializer}
    name = next(value.name for value in model.graph.input if value.name not in stored)
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    # Optimized, it multiplies with rounded activations where weights are quantized.
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    names = [value.name for value in model.graph.output]
    return dict(zip(names, session.run(None, {name: data}), strict=True))


def read(model, folder, options=None):
    """A model's graph, by way of a file."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return read_onnx(path, options)


def evaluate(graph, data):
    """Outputs of a graph for (samples, *shape in the file's order)."""
    operator = graph.nodes[graph.inputs[0]]
    if operator.axes is not None:
        data = data.transpose(0, *(axis + 1 for axis in operator.axes))
    return forward(graph, data.reshape(len(data), *operator.shape))


@pytest.fixture(scope="session")
def tools(tmp_path_factory):
    """The functions above, and `agrees`, which compares both ways to evaluate a model on random data."""
    folder = tmp_path_factory.mktemp("onnx")

    def agrees(model, shape, *, samples=3, alone=False, options=None, low=-1.0, tolerance=1e-4):
        """Read a model and compare; `shape` is a sample's, `samples` how many lie along the first axis."""
        graph = read(model, folder, options)
        random = np.random.default_rng(5)
        data = random.uniform(low, 1, shape if alone else (samples, *shape)).astype(np.float32)
        wanted = outcome(model, data)
        found = evaluate(graph, data[np.newaxis] if alone else data)
        count = 1 if alone else samples
        assert found, "a graph without outputs"
        for name, values in found.items():
            expected = np.asarray(wanted[name], dtype=float).reshape(count, -1)
            assert np.ptp(expected) > 0, "a model that always says the same tests nothing"
            np.testing.assert_allclose(values.reshape(count, -1), expected, rtol=tolerance, atol=tolerance)
        return graph

    return SimpleNamespace(
        build=build, agrees=agrees, outcome=outcome, evaluate=evaluate,
        read=lambda model, options=None: read(model, folder, options),
    )  # fmt: skip
