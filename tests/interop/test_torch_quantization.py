"""Networks trained with PyTorch's quantizers: the integers of their weights are those that PyTorch itself stores."""

import contextlib
import copy
import io

import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.execution.forward import forward
from spikeloom.models.operators import Convolution, Linear, Neurons, Rectifier

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

from spikeloom.models.readers.torch import read_module  # noqa: E402

pytestmark = pytest.mark.usefixtures("seeded")


def weighted(graph):
    return [operator for operator in graph.nodes.values() if isinstance(operator, Convolution | Linear)]


def integers(operator):
    """Weights in units of their steps; fails where they are not whole."""
    assert operator.step is not None, "the step is lost"
    found = operator.weight / operator.step.reshape(-1, *[1] * (operator.weight.ndim - 1))
    np.testing.assert_allclose(found, np.rint(found), atol=2e-3)
    return np.rint(found).astype(int)


def agrees(graph, module, data, atol):
    """The graph leaves out the rounding of activations, `atol` says how much that can be."""
    (found,) = forward(graph, data.numpy()).values()
    wanted = module(data).detach().numpy()
    assert np.ptp(wanted) > 5 * atol, "nothing would be tested"
    np.testing.assert_allclose(found, wanted, atol=atol)


class FakeQuantized(nn.Module):
    """A convolution and a matrix behind PyTorch's fake quantizers, by tensor or by channel."""

    def __init__(self, bits, by_channel):
        super().__init__()
        self.low, self.high, self.by_channel = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1, by_channel
        self.first, self.last = nn.Conv2d(1, 4, 3), nn.Linear(64, 5)
        for layer in (self.first, self.last):
            layer.register_buffer("scale", 0.3 / self.high * torch.linspace(0.5, 1.2, layer.weight.shape[0]))
            layer.register_buffer("zero", torch.zeros(layer.weight.shape[0], dtype=torch.int32))

    def quantized(self, layer):
        if self.by_channel:
            return torch.fake_quantize_per_channel_affine(layer.weight, layer.scale, layer.zero, 0, self.low, self.high)
        return torch.fake_quantize_per_tensor_affine(layer.weight, layer.scale[0], layer.zero[0], self.low, self.high)

    def forward(self, x):
        y = torch.relu(nn.functional.conv2d(x, self.quantized(self.first), self.first.bias))
        return nn.functional.linear(y.flatten(1), self.quantized(self.last), self.last.bias)


@pytest.mark.parametrize("by_channel", [False, True])
@pytest.mark.parametrize("bits", [8, 4, 2])
def test_fake_quantized_weights(bits, by_channel):
    module = FakeQuantized(bits, by_channel).eval()
    data = torch.rand(3, 1, 6, 6)
    graph = read_module(module, data)
    agrees(graph, module, data, 1e-6)
    for operator, layer in zip(weighted(graph), (module.first, module.last), strict=True):
        scale = layer.scale.numpy() if by_channel else layer.scale.numpy()[:1]
        np.testing.assert_allclose(operator.step.reshape(-1), scale, rtol=1e-6)
        whole = integers(operator)
        expected = module.quantized(layer).detach().numpy() / scale.reshape(-1, *[1] * (whole.ndim - 1))
        assert np.array_equal(whole, np.rint(expected)) and len(np.unique(whole)) > 2


class WrittenByHand(nn.Module):
    """A quantizer as it is found in many repositories: rounding with a gradient that passes it by."""

    def __init__(self, turned):
        super().__init__()
        self.layer, self.turned = nn.Linear(6, 5), turned

    def forward(self, x):
        scale = self.layer.weight.detach().abs().amax(1, keepdim=True) / 7
        weight = torch.clamp(torch.round(self.layer.weight / scale), -7, 7) * scale
        return x @ weight.t() if self.turned else nn.functional.linear(x, weight, self.layer.bias)


@pytest.mark.parametrize("turned", [False, True])
def test_rounding_written_by_hand(turned):
    module = WrittenByHand(turned)
    graph = read_module(module, torch.rand(2, 6))
    (operator,) = weighted(graph)
    whole = integers(operator)
    assert operator.step.shape == (5,) and np.abs(whole).max(axis=1).tolist() == [7] * 5


def test_weights_without_quantizers_have_no_step():
    assert [operator.step for operator in weighted(read_module(nn.Sequential(nn.Linear(4, 3)), torch.rand(2, 4)))] == [
        None
    ]


def test_a_step_that_differs_along_the_inputs_is_none():
    class ByInput(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)
            self.register_buffer("scale", torch.linspace(0.1, 0.2, 4))
            self.register_buffer("zero", torch.zeros(4, dtype=torch.int32))

        def forward(self, x):
            weight = torch.fake_quantize_per_channel_affine(self.layer.weight, self.scale, self.zero, 1, -8, 7)
            return nn.functional.linear(x, weight)

    assert [operator.step for operator in weighted(read_module(ByInput(), torch.rand(2, 4)))] == [None]


# --- quantizers of activations


class Activations(nn.Module):
    def __init__(self, low, high, zero_point=0, rectified=True):
        super().__init__()
        self.layer, self.range, self.zero_point, self.rectified = nn.Linear(6, 5), (low, high), zero_point, rectified

    def forward(self, x):
        y = self.layer(x)
        y = torch.relu(y) if self.rectified else y
        return torch.fake_quantize_per_tensor_affine(y, 0.01, self.zero_point, *self.range)


@pytest.mark.parametrize(("parameters", "ceilings"), [
    ((0, 15), [0.15]),
    ((0, 15, 0, False), [0.15]),  # begins at 0: clips like a rectifier
    ((-8, 7), [0.07]),
    ((0, 30, 10), [0.2]),
    ((-128, 127, 0, False), []),  # does not clip at 0
])  # fmt: skip
def test_where_a_quantizer_becomes_a_ceiling(parameters, ceilings):
    module = Activations(*parameters)
    data = torch.rand(20, 6) * 2
    graph = read_module(module, data)
    found = [float(operator.ceiling) for operator in graph.nodes.values() if isinstance(operator, Rectifier)]
    assert found == pytest.approx(ceilings)
    kind = "clip" if ceilings else "left out"
    assert [note for note in graph.assumptions if note.startswith("quantizers: ") and kind in note]
    if ceilings:
        agrees(graph, module, data, 0.0051)


def test_a_scale_for_each_channel_of_activations_is_refused():
    class ByChannel(nn.Module):
        def forward(self, x):
            scale, zero = torch.full((4,), 0.1), torch.zeros(4, dtype=torch.int32)
            return torch.fake_quantize_per_channel_affine(torch.relu(x), scale, zero, 1, 0, 15)

    with pytest.raises(UnsupportedModelError, match="one scale is needed"):
        read_module(ByChannel(), torch.rand(2, 4))


# --- torch.ao


def network():
    import torch.ao.quantization as quantization

    return nn.Sequential(
        quantization.QuantStub(), nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4),
        quantization.DeQuantStub(),
    )  # fmt: skip


def trained_with(backend):
    import torch.ao.quantization as quantization

    module = network().train()
    module.qconfig = quantization.get_default_qat_qconfig(backend)
    module = quantization.prepare_qat(quantization.fuse_modules_qat(module, [["1", "2", "3"]]))
    with torch.no_grad():
        for _ in range(20):  # its quantizers learn their ranges
            module(torch.rand(8, 1, 6, 6))
    return module.eval()


def as_it_runs(layer):
    """Integers that a layer's own quantizer makes of its weight."""
    quantizer, weight = copy.deepcopy(layer.weight_fake_quant), layer.weight
    if hasattr(layer, "bn"):
        deviation = torch.sqrt(layer.bn.running_var + layer.bn.eps)
        weight = weight * (layer.bn.weight / deviation).reshape(-1, 1, 1, 1)
    numbers = quantizer(weight).detach()
    return (numbers / quantizer.scale.reshape(-1, *[1] * (numbers.ndim - 1))).round().int().numpy()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("converted", [False, True])
@pytest.mark.parametrize("backend", ["fbgemm", "qnnpack"])  # a scale for each channel, and one
def test_networks_of_torch_ao(backend, converted):
    """Before and after `convert`: the integers are those that PyTorch's integer kernels get."""
    import torch.ao.quantization as quantization

    if backend not in torch.backends.quantized.supported_engines:
        pytest.skip(f"this build of PyTorch has no {backend}")
    torch.backends.quantized.engine = backend
    trained = trained_with(backend)
    reference = quantization.convert(trained, inplace=False)
    graph = read_module(reference if converted else trained, torch.rand(4, 1, 6, 6))
    # Data lie in the range that the first quantizer has learned.
    agrees(graph, reference, torch.rand(4, 1, 6, 6), 0.04)
    for operator, place in zip(weighted(graph), (1, 5), strict=True):
        stored = reference[place].weight().int_repr().numpy()
        if converted:
            np.testing.assert_array_equal(integers(operator), stored)
        else:  # `convert` measures the weight again, so that its scale may have moved on a little
            np.testing.assert_array_equal(integers(operator), as_it_runs(trained[place]))
            assert np.abs(integers(operator) - stored).max() <= 1
    assert [operator for operator in graph.nodes.values() if isinstance(operator, Rectifier) and operator.ceiling < 10]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("by_file", [False, True])
def test_networks_of_torchao_export(tmp_path, by_file):
    """Quantized by `prepare_qat_pt2e` and `convert_pt2e`."""
    with contextlib.redirect_stderr(io.StringIO()):
        export = pytest.importorskip("torchao.quantization.pt2e.quantize_pt2e", reason="torchao is not installed")
        pt2e = pytest.importorskip("torchao.quantization.pt2e")
        x86 = pytest.importorskip("torchao.quantization.pt2e.quantizer.x86_inductor_quantizer")
    data = torch.rand(4, 1, 6, 6)
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4))
    quantizer = x86.X86InductorQuantizer()
    quantizer.set_global(x86.get_default_x86_inductor_quantization_config(is_qat=True))
    prepared = export.prepare_qat_pt2e(torch.export.export(module, (data,)).module(), quantizer)
    for _ in range(3):
        prepared(torch.rand(4, 1, 6, 6))
    pt2e.move_exported_model_to_eval(prepared)
    converted = export.convert_pt2e(prepared)
    stored = [
        buffer.numpy() for buffer in (*converted.buffers(), *converted.parameters()) if buffer.dtype == torch.int8
    ]
    if by_file:
        from spikeloom.models.readers.torch import read_exported

        torch.export.save(torch.export.export(converted, (data,)), tmp_path / "model.pt2")
        graph = read_exported(tmp_path / "model.pt2")
    else:
        graph = read_module(converted, data)
    agrees(graph, converted, data, 0.03)
    for operator in weighted(graph):
        assert any(
            codes.shape == operator.weight.shape and np.array_equal(codes, integers(operator)) for codes in stored
        )


# --- spiking networks


def test_fake_quantized_weights_before_spiking_neurons():
    snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")

    class Spiking(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = FakeQuantized(4, by_channel=True)
            self.layer = nn.Linear(64, 5)
            self.neurons = snn.Leaky(0.9, init_hidden=True)

        def forward(self, x):
            weight = self.weights.quantized(self.weights.last)
            spikes = self.neurons(nn.functional.linear(x, weight, self.weights.last.bias))
            return torch.fake_quantize_per_tensor_affine(
                spikes, 1.0, 0, 0, 1
            )  # as wrappers add, and it changes nothing

    graph = read_module(Spiking(), torch.rand(2, 64))
    (operator,) = weighted(graph)
    assert operator.step.shape == (5,) and np.abs(integers(operator)).max() <= 8
    kinds = [type(operator) for operator in graph.nodes.values()]
    assert Neurons in kinds and Rectifier not in kinds
