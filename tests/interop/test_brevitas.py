"""Networks of Brevitas, as modules and as it exports them: its integers are those of the network on the chip."""

import numpy as np
import pytest

from spikeloom.deploy.conversion.convert import convert
from spikeloom.deploy.conversion.thresholds import ThresholdRule
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.quantization.lost_steps import lost_steps
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.models.execution.forward import forward
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.input_code import input_code
from spikeloom.models.operators import Convolution, Linear, Neurons, Rectifier

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
qnn = pytest.importorskip("brevitas.nn", reason="Brevitas is not installed")

from brevitas import quant  # noqa: E402
from torch import nn  # noqa: E402

from spikeloom.models.readers.torch import read_module  # noqa: E402

pytestmark = [pytest.mark.usefixtures("seeded"), pytest.mark.filterwarnings("ignore")]
STEPS = 12


def network(bits, by_channel, activation_bits=8, input_bits=8):
    form = {"weight_bit_width": bits, "weight_scaling_per_output_channel": by_channel}
    module = nn.Sequential(
        qnn.QuantIdentity(bit_width=input_bits),
        qnn.QuantConv2d(1, 4, 3, padding=1, bias=True, **form), qnn.QuantReLU(bit_width=activation_bits),
        nn.MaxPool2d(2),
        qnn.QuantConv2d(4, 4, 3, padding=1, bias=True, **form), qnn.QuantReLU(bit_width=activation_bits),
        nn.AvgPool2d(2), nn.Flatten(), qnn.QuantLinear(16, 5, bias=True, **form),
    ).train()  # fmt: skip
    for _ in range(3):
        module(torch.rand(16, 1, 8, 8))
    return module.eval()


def its_integers(module):
    return [layer.quant_weight().int().numpy() for layer in module.modules() if isinstance(layer, LAYERS)]


LAYERS = (qnn.QuantConv2d, qnn.QuantLinear)


def weighted(graph):
    return [operator for operator in graph.nodes.values() if isinstance(operator, Convolution | Linear)]


def assert_integers(graph, expected):
    for operator, whole in zip(weighted(graph), expected, strict=True):
        assert operator.step is not None, "the step is lost"
        found = operator.weight / operator.step.reshape(-1, *[1] * (operator.weight.ndim - 1))
        np.testing.assert_allclose(found, whole, atol=2e-3)


def exported(module, form, folder):
    pytest.importorskip("onnxoptimizer", reason="Brevitas exports with onnxoptimizer")
    from brevitas.export import export_onnx_qcdq, export_qonnx

    from spikeloom.models.readers.onnx import read_onnx

    path = folder / f"{form}.onnx"
    export = {"qcdq": export_onnx_qcdq, "qonnx": export_qonnx}[form]
    export(module, torch.rand(1, 1, 8, 8), export_path=str(path), dynamo=False)
    return path, read_onnx(path)


def agrees(graph, module, data, bits):
    """Apart from the rounding of activations, which the graph leaves out."""
    (found,) = forward(graph, data.numpy()).values()
    wanted = module(data).detach().numpy()
    assert np.abs(found - wanted).max() < 2.0 ** (2 - bits) * np.ptp(wanted)


@pytest.mark.parametrize(("bits", "by_channel"), [(8, False), (4, True), (3, False), (2, True)])
@pytest.mark.parametrize("form", ["module", "qcdq", "qonnx"])
def test_weights_and_ceilings(tmp_path, form, bits, by_channel):
    module = network(bits, by_channel)
    data = torch.rand(1, 1, 8, 8)
    graph = read_module(module, data) if form == "module" else exported(module, form, tmp_path)[1]
    agrees(graph, module, data, 8)
    assert_integers(graph, its_integers(module))
    wanted = [float(layer.act_quant.scale()) * 255 for layer in module if isinstance(layer, qnn.QuantReLU)]
    found = [float(operator.ceiling) for operator in graph.nodes.values() if isinstance(operator, Rectifier)]
    assert found == pytest.approx(wanted)


def test_qonnx_against_its_own_executor(tmp_path):
    """Weights alone are quantized, so that nothing is left out; the operator is qonnx's own."""
    definition = pytest.importorskip("qonnx.custom_op.general.quant", reason="qonnx is not installed")
    import onnx
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun

    class Quant(OpRun):
        op_domain = "qonnx.custom_op.general"

        def _run(self, x, scale, zero_point, bits, signed=1, narrow=0, rounding_mode="ROUND"):
            return (definition.quant(x, scale, zero_point, bits, signed, narrow, rounding_mode).astype(np.float32),)

    form = {"weight_bit_width": 3, "weight_scaling_per_output_channel": True}
    module = nn.Sequential(
        qnn.QuantConv2d(1, 4, 3, bias=True, **form), nn.ReLU(), nn.Flatten(), qnn.QuantLinear(144, 5, True, **form)
    ).eval()
    path, graph = exported(module, "qonnx", tmp_path)
    model = onnx.load(path)
    assert sum(node.op_type == "Quant" for node in model.graph.node) == 2
    data = np.random.default_rng(0).uniform(0, 1, (1, 1, 8, 8)).astype(np.float32)
    (wanted,) = ReferenceEvaluator(model, new_ops=[Quant]).run(None, {model.graph.input[0].name: data})
    (found,) = forward(graph, data).values()
    assert np.ptp(wanted) > 0.01
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [
    "SignedBinaryWeightPerTensorConst", "SignedTernaryWeightPerTensorConst", "Int8WeightPerTensorFixedPoint",
    "Int8WeightPerChannelFixedPointMSE", "ShiftedUint8WeightPerTensorFloat", "Int4WeightPerTensorFloatDecoupled",
])  # fmt: skip
def test_other_quantizers_of_weights(name):
    scheme = getattr(quant, name)
    module = nn.Sequential(qnn.QuantLinear(6, 5, bias=True, weight_quant=scheme), nn.ReLU(), nn.Linear(5, 3)).train()
    module(torch.rand(8, 6))
    module.eval()
    data = torch.rand(4, 6)
    graph = read_module(module, data)
    (found,) = forward(graph, data.numpy()).values()
    np.testing.assert_allclose(found, module(data).detach().numpy(), atol=1e-5)
    first = weighted(graph)[0]
    whole = first.weight / np.reshape(first.step, (-1, 1))
    np.testing.assert_allclose(whole, np.rint(whole), atol=2e-3)
    if "Binary" in name:
        assert set(np.rint(whole).reshape(-1)) == {-1, 1}


def test_layers_that_pass_their_scales_on():
    """As quantizers of biases want it; their rounding is left out and said."""
    module = nn.Sequential(
        qnn.QuantIdentity(return_quant_tensor=True),
        qnn.QuantLinear(6, 5, bias=True, bias_quant=quant.Int32Bias, return_quant_tensor=True),
        qnn.QuantReLU(return_quant_tensor=True),
        qnn.QuantLinear(5, 3, bias=True, bias_quant=quant.Int32Bias),
    ).train()
    module(torch.rand(16, 6))
    module.eval()
    data = torch.rand(4, 6)
    graph = read_module(module, data)
    agrees(graph, module, data, 7)
    assert any(note.startswith("biases: of '1', '3' are taken as trained") for note in graph.assumptions)
    assert module[0].return_quant_tensor and not module[1].bias_quant.disable_quant, "the module itself was changed"


@pytest.mark.parametrize(("form", "bits"), [("module", 8), ("qcdq", 4), ("qonnx", 2)])
@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
def test_on_the_chip(tmp_path, method, form, bits):
    module = network(bits, by_channel=False)
    graph = read_module(module, torch.rand(1, 1, 8, 8)) if form == "module" else exported(module, form, tmp_path)[1]
    random = np.random.default_rng(0)
    frames = random.integers(0, 2, (10, 1, 1, 8, 8)).astype(float).repeat(STEPS, axis=1)
    converted = prepare(convert(graph, method, "exact", ThresholdRule.ERROR, frames, STEPS))
    float_network = lower(converted)
    data = frames.reshape(10, STEPS, -1).astype(np.int8)
    quantization = quantize(float_network, input_code(data), data.astype(float))
    weights = {name: part for layer in quantization.layers for name, part in layer.projections.items()}
    assert lost_steps(converted, float_network, weights) == ()
    first, second, _ = its_integers(module)
    convolutions = [part.weights.astype(int) << part.exponent for part in weights.values() if part.weights.ndim == 4]
    for whole in (first, second):
        found = [codes for codes in convolutions if codes.shape == whole.shape]
        assert found
        for codes in found:
            factor = np.abs(codes).max() / np.abs(whole).max()
            assert factor in 2.0 ** np.arange(-1, 16) and np.array_equal(codes, whole * factor)


def test_spiking_neurons_behind_quantized_weights():
    snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")

    class Spiking(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = qnn.QuantLinear(8, 10, bias=True, weight_bit_width=4)
            self.lif = snn.Leaky(0.9, init_hidden=True)
            self.last = qnn.QuantLinear(10, 4, bias=False, weight_bit_width=2, weight_scaling_per_output_channel=True)
            self.out = snn.Leaky(0.8, init_hidden=True, threshold=0.3)

        def forward(self, x):
            return self.out(self.last(self.lif(self.first(x))))

    module = Spiking().eval()
    graph = read_module(module, torch.rand(2, 8))
    assert_integers(graph, its_integers(module))
    data = torch.rand(16, 20, 8) * 3
    record = run_graph(graph, data.numpy())
    wanted = torch.stack([module(data[:, step]) for step in range(20)], dim=1).detach().numpy()
    (answer,) = (edge.source for edge in graph.edges if edge.target == graph.outputs[0])
    assert isinstance(graph.nodes[answer], Neurons) and 0.02 < wanted.mean() < 0.9
    assert np.mean(record[answer].reshape(wanted.shape) != wanted) < 0.005  # snnTorch counts in single precision
    float_network = lower(prepare(graph))
    spikes = (data > 1.5).numpy().astype(np.int8)
    quantization = quantize(float_network, input_code(spikes), spikes.astype(float))
    weights = {name: part for layer in quantization.layers for name, part in layer.projections.items()}
    assert lost_steps(prepare(graph), float_network, weights) == ()
