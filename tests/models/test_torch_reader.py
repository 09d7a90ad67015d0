"""Ordinary networks of PyTorch: the graph computes what PyTorch does, whatever is between the layers."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.models.errors import UnsupportedModelError, UsageError
from spikeloom.models.execution.forward import forward

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from spikeloom.models.readers.torch import TorchOptions, read_module  # noqa: E402


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(3)


def agrees(module, *shape, samples=2):
    """The graph's outputs equal the module's on random data; returns the graph."""
    module = module.double().eval()
    x = torch.randn(samples, *shape, dtype=torch.double)
    graph = read_module(module, x[:1])
    with torch.no_grad():
        returned = module(x)
    returned = returned if isinstance(returned, tuple) else (returned,)
    outputs = list(forward(graph, x.numpy()).values())
    assert len(outputs) == len(returned)
    for got, wanted in zip(outputs, returned, strict=True):
        np.testing.assert_allclose(got.reshape(samples, -1), wanted.numpy().reshape(samples, -1), rtol=1e-9, atol=1e-9)
    return graph


class Function(nn.Module):
    """A function as a network."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def written(x):
    """With parts of a copy written to."""
    y = x.clone()
    y[:, 0] = 0
    y[:, 1:3] *= 2
    y[:, 3] = x[:, 0]
    return y


CONVOLUTIONS = {
    "1-d": (nn.Conv1d(2, 4, 3, stride=2, padding=1), (2, 9)),
    "2-d": (nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(0, 1)), (2, 7, 6)),
    "depthwise": (nn.Conv2d(4, 8, 3, groups=4, bias=False), (4, 6, 6)),
    "dilated": (nn.Conv2d(2, 3, 3, dilation=2, padding=2), (2, 7, 7)),
    "same": (nn.Conv2d(2, 3, 4, padding="same"), (2, 7, 7)),
    "same, 1-d": (nn.Conv1d(2, 3, 4, padding="same", dilation=2), (2, 9)),
    "reflected": (nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), (2, 6, 6)),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (4, 4, 5)),
    "transposed, 1-d": (nn.ConvTranspose1d(2, 3, 4, stride=3, dilation=2), (2, 5)),
    "weight norm": (nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 3, 3)), (2, 5, 5)),
}
POOLS = {
    "average": (nn.AvgPool2d(2), (3, 6, 6)),
    "average, 1-d": (nn.AvgPool1d(3, 2, 1), (3, 8)),
    "average, padding counted": (nn.AvgPool2d(3, 2, 1), (3, 7, 7)),
    "average, padding not counted": (nn.AvgPool2d(3, 2, 1, count_include_pad=False), (3, 7, 7)),
    "average, rounded up": (nn.AvgPool2d(3, 2, ceil_mode=True), (3, 8, 8)),
    "average, rounded up with padding": (nn.AvgPool2d(3, 2, 1, ceil_mode=True), (3, 8, 7)),
    "average, other divisor": (nn.AvgPool2d(2, divisor_override=3), (3, 6, 6)),
    "sum": (nn.LPPool2d(1, 2), (3, 6, 6)),
    "adaptive average": (nn.AdaptiveAvgPool2d(2), (3, 6, 8)),
    "adaptive average, uneven": (nn.AdaptiveAvgPool2d((3, 2)), (3, 7, 5)),
    "adaptive average, 1-d": (nn.AdaptiveAvgPool1d(4), (3, 6)),
    "global average": (nn.AdaptiveAvgPool2d(1), (3, 5, 4)),
    "maximum": (nn.MaxPool2d(2), (3, 6, 6)),
    "maximum, overlapping": (nn.MaxPool2d(3, 2, 1), (3, 7, 8)),
    "maximum, dilated": (nn.MaxPool2d(2, 1, dilation=2), (3, 6, 6)),
    "maximum, rounded up": (nn.MaxPool2d(3, 2, ceil_mode=True), (3, 8, 6)),
    "maximum, 1-d": (nn.MaxPool1d(2), (3, 8)),
    "adaptive maximum": (nn.AdaptiveMaxPool2d(3), (3, 6, 6)),
}
FUNCTIONS = {
    "flatten": (lambda x: F.relu(x.flatten(1)), (2, 3, 4)),
    "view": (lambda x: x.view(x.size(0), -1, 4) * 2, (2, 3, 4)),
    "permute": (lambda x: x.permute(0, 2, 3, 1).reshape(x.size(0), -1), (2, 3, 4)),
    "transpose": (lambda x: F.relu(x.transpose(1, 2)), (2, 3)),
    "squeeze": (lambda x: x.unsqueeze(2).squeeze(2), (2, 3)),
    "slices": (lambda x: torch.cat([x[:, 1:], x[:, :1]], 1)[:, :, ::2], (3, 5)),
    "chunks": (lambda x: x.chunk(2, 1)[0] - x.chunk(2, 1)[1] / 2, (4, 3)),
    "index": (lambda x: x[:, torch.tensor([2, 0, 0])], (3, 2)),
    "zero padding": (lambda x: F.pad(x, (1, 0, 2, 1)), (2, 3, 3)),
    "upsampling": (lambda x: F.interpolate(x, scale_factor=2), (2, 3, 3)),
    "pixel shuffle": (lambda x: F.pixel_shuffle(x, 2), (4, 3, 3)),
    "flip and roll": (lambda x: x.flip(-1).roll(1, -1), (2, 5)),
    "constants": (lambda x: 3 - (x * 2 + 1) / 4, (5,)),
    "constants per channel": (lambda x: x * torch.tensor([1.0, 2.0]).view(2, 1, 1) - torch.arange(3.0), (2, 3, 3)),
    "sum of one": (lambda x: x + x, (5,)),
    "weighted sum": (lambda x: torch.add(x, F.relu(x), alpha=-0.5), (5,)),
    "clamp": (lambda x: x.clamp(0, 0.7), (5,)),
    "clamp from below": (lambda x: x.clamp(min=0), (5,)),
    "hardtanh": (lambda x: F.hardtanh(x, 0.0, 1.5), (5,)),
    "threshold": (lambda x: F.threshold(x, 0.0, 0.0), (5,)),
    "in place": (lambda x: F.relu_(x.clone()[:, 1:]), (5,)),
    "spatial mean": (lambda x: x.mean((2, 3)), (3, 4, 5)),
    "spatial sum": (lambda x: x.sum(-1, keepdim=True), (3, 4, 5)),
    "mean of channels": (lambda x: x.mean(1), (3, 4, 5)),
    "product": (lambda x: x @ torch.arange(15.0, dtype=x.dtype).view(5, 3), (5,)),
    "product from the left": (lambda x: torch.arange(8.0, dtype=x.dtype).view(2, 4) @ x, (4, 3)),
    "two answers": (lambda x: (F.relu(x), x.sum(1)), (5,)),
    "written to": (lambda x: torch.index_select(written(x), 1, torch.tensor([0, 1, 3])), (4, 3)),
    "einsum": (lambda x: torch.einsum("bi,oi->bo", x, torch.arange(8.0, dtype=x.dtype).view(2, 4)), (4,)),
    "stacked beside": (lambda x: torch.hstack([x, x * 2]), (4,)),
    "dropout": (lambda x: F.dropout(x, 0.5, training=False), (5,)),
}


@pytest.mark.parametrize("name", [*CONVOLUTIONS, *POOLS])
def test_modules(name):
    module, shape = (CONVOLUTIONS | POOLS)[name]
    agrees(nn.Sequential(module, nn.Identity()), *shape)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    function, shape = FUNCTIONS[name]
    agrees(Function(function), *shape)


def test_linear_maps_over_the_last_axis():
    agrees(nn.Sequential(nn.Linear(4, 3), nn.ReLU6(), nn.Flatten(), nn.Linear(6, 2)), 2, 4)


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.BatchNorm2d])
@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm(kind, affine):
    norm = kind(3, affine=affine)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.2, 2)
    if affine:
        norm.weight.data.normal_()
        norm.bias.data.normal_()
    agrees(nn.Sequential(norm, nn.ReLU()), *((3, 4, 5) if kind is nn.BatchNorm2d else (3,)))


class Block(nn.Module):
    """A residual block, or one that concatenates."""

    def __init__(self, channels, concatenating):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.concatenating = concatenating
        self.bn.running_mean.normal_()
        self.bn.running_var.uniform_(0.5, 1.5)

    def forward(self, x):
        y = self.conv2(self.relu(self.bn(self.conv1(x))))
        return self.relu(torch.cat([y, x], 1) if self.concatenating else y + x)


@given(st.lists(st.sampled_from(["residual", "dense", "pool", "maximum", "narrow"]), max_size=3), st.booleans())
@settings(max_examples=settings().max_examples // 3, deadline=None)
def test_random_architectures(parts, pooled):
    channels, size, layers = 2, 8, []
    for part in parts:
        if part in ("residual", "dense"):
            layers.append(Block(channels, part == "dense"))
            channels *= 1 + (part == "dense")
        elif part == "narrow":
            layers.append(nn.Conv2d(channels, 3, 1))
            channels = 3
        elif size > 1:
            layers.append(nn.AvgPool2d(2) if part == "pool" else nn.MaxPool2d(2))
            size //= 2
    if pooled:
        layers.append(nn.AdaptiveAvgPool2d(1))
        size = 1
    agrees(nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * size * size, 3)), 2, 8, 8)


def test_nodes_are_named_after_modules():
    module = nn.Sequential(Block(2, False), nn.Flatten(), nn.Linear(18, 2))
    graph = agrees(module, 2, 3, 3)
    assert {"0.conv1", "0.bn", "0.relu", "0.conv2", "0.add", "2"} <= set(graph.nodes)


@pytest.mark.parametrize("end", ["softmax", "log_softmax", "argmax", "sigmoid"])
def test_what_ends_a_network_is_left_out_and_said(end):
    functions = {"softmax": lambda x: F.softmax(x, 1), "log_softmax": lambda x: F.log_softmax(x, -1),
                 "argmax": lambda x: x.argmax(1), "sigmoid": torch.sigmoid}  # fmt: skip
    linear = nn.Linear(4, 3)
    graph = read_module(nn.Sequential(linear, Function(functions[end])), torch.rand(1, 4))
    assert [edge.source for edge in graph.edges if edge.target == "output"] == ["0"]
    assert any(end.replace("_", "-") in note for note in graph.assumptions)


def test_all_that_cannot_be_deployed_is_listed():
    class Everything(nn.Module):
        def __init__(self):
            super().__init__()
            self.act, self.norm, self.rnn = nn.LeakyReLU(), nn.LayerNorm(4), nn.LSTM(4, 4)
            self.attention = nn.MultiheadAttention(4, 2)

        def forward(self, x):
            y = self.norm(self.act(x))
            y = self.rnn(self.attention(y, y, y)[0])[0]
            return torch.tanh(y) * torch.sigmoid(y) + torch.rand(4)

    with pytest.raises(UnsupportedModelError) as caught:
        read_module(Everything(), torch.rand(2, 3, 4))
    message = str(caught.value)
    for part in ("act (LeakyReLU)", "norm (LayerNorm)", "rnn (LSTM)", "attention", "tanh (tanh)", "mul (mul)", "rand"):
        assert part in message, part


def test_a_module_that_python_decides_for_is_refused():
    module = Function(lambda x: x if x.sum() > 0 else -x)
    with pytest.raises(UnsupportedModelError, match="must not decide by the values"):
        read_module(module, torch.rand(1, 4))


def test_an_example_without_samples_is_refused():
    with pytest.raises(UsageError, match="axis for samples"):
        read_module(nn.Linear(4, 2), torch.rand(4))


def test_reading_imports_no_library_of_neurons():
    code = (
        "import sys, torch; from spikeloom.models.readers.torch import read_module\n"
        "read_module(torch.nn.Linear(4, 2), torch.rand(1, 4))\n"
        "print({'snntorch', 'norse', 'spikingjelly', 'sinabs', 'nir'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"


def test_one_of_several_outputs_can_be_chosen():
    module = Function(lambda x: (F.relu(x), x[:, :2]))
    graph = read_module(module, torch.rand(1, 4), TorchOptions(output=1))
    assert dict(graph.shapes)["output"] == (2,) and any("--output" in note for note in graph.assumptions)
    with pytest.raises(UsageError, match="no tensor 2"):
        read_module(module, torch.rand(1, 4), TorchOptions(output=2))
