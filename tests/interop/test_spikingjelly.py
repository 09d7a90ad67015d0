"""Networks of SpikingJelly 2.0: the graph's spikes are those of the library, for every parameter of its neurons."""

import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
neuron = pytest.importorskip("spikingjelly.activation_based.neuron", reason="SpikingJelly is not installed")

from spikingjelly.activation_based import functional, layer, surrogate  # noqa: E402
from torch import nn  # noqa: E402

pytestmark = pytest.mark.usefixtures("seeded")
STEPS, SAMPLES = 24, 3


def data(*shape, scale=3.0):
    return torch.rand(STEPS, SAMPLES, *shape, dtype=torch.double) * scale


def run(module, x):
    """All steps of a network, in either of its modes."""
    functional.reset_net(module)
    if any(getattr(part, "step_mode", "s") == "m" for part in module.modules()):
        return module(x)
    return torch.stack([module(frame) for frame in x])


def excited(module):
    """With weights that let every layer spike."""
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d):
            part.weight.data += 0.15 * part.weight.data.abs().mean()
    return module.double().eval()


VARIATIONS = {
    "IF": (neuron.IFNode, {}),
    "IF, soft": (neuron.IFNode, {"v_reset": None}),
    "IF, reset value": (neuron.IFNode, {"v_reset": -0.3, "v_threshold": 0.6}),
    "IF, half threshold": (neuron.HalfThresholdIFNode, {}),
    "IF, simple": (neuron.SimpleIFNode, {"v_reset": None}),
    "LIF": (neuron.LIFNode, {"v_threshold": 0.3}),
    "LIF, soft": (neuron.LIFNode, {"v_reset": None, "tau": 3.0, "v_threshold": 0.3}),
    "LIF, input not decayed": (neuron.LIFNode, {"decay_input": False, "tau": 1.5}),
    "LIF, input not decayed, soft": (neuron.LIFNode, {"decay_input": False, "v_reset": None}),
    "LIF, reset value": (neuron.LIFNode, {"v_reset": -0.2, "v_threshold": 0.2}),
    "LIF, reset value, input not decayed": (neuron.LIFNode, {"v_reset": 0.1, "decay_input": False}),
    "LIF, stored potential": (neuron.LIFNode, {"store_v_seq": True, "detach_reset": True, "v_threshold": 0.3}),
    "LIF, other surrogate": (neuron.LIFNode, {"surrogate_function": surrogate.ATan(), "v_threshold": 0.3}),
    "LIF, simple": (neuron.SimpleLIFNode, {"tau": 2.0, "decay_input": True, "v_threshold": 0.3}),
    "learned": (neuron.ParametricLIFNode, {"init_tau": 1.7, "v_threshold": 0.3}),
    "learned, input not decayed": (neuron.ParametricLIFNode, {"decay_input": False, "v_reset": None}),
}


@pytest.mark.parametrize("mode", ["s", "m"])
@pytest.mark.parametrize("variation", VARIATIONS)
def test_linear_networks(same_spikes, variation, mode):
    kind, arguments = VARIATIONS[variation]
    module = excited(nn.Sequential(
        layer.Linear(6, 10), kind(**arguments), layer.Dropout(0.5), layer.Linear(10, 5), kind(**arguments)
    ))  # fmt: skip
    functional.set_step_mode(module, mode)
    x = data(6)
    same_spikes(module, x, run(module, x), example=x[:3] if mode == "m" else x[0])


@pytest.mark.parametrize("arguments", [{}, {"tau": 3.0, "v_threshold": 0.4}])
@pytest.mark.parametrize("most", [2, 6])
def test_several_spikes_a_step(most, arguments):
    from spikeloom.models.execution.graph_run import run_graph
    from spikeloom.models.readers.torch import read_module

    counts = surrogate.MultiLevelSpikeCount(most)
    node = neuron.ILIFNode(**arguments, surrogate_function=counts)
    module = excited(nn.Sequential(nn.Linear(6, 10), node, nn.Linear(10, 5), neuron.ILIFNode(v_threshold=0.3)))
    x = data(6)
    graph = read_module(module, x[0])
    found = run_graph(graph, x.numpy().swapaxes(0, 1))
    functional.reset_net(module)
    wanted = torch.stack([module[1](module[0](frame)) for frame in x]).detach().numpy().swapaxes(0, 1)
    assert wanted.max() > 1
    np.testing.assert_array_equal(found["1"], wanted)
    np.testing.assert_array_equal(found["3"], run(module, x).detach().numpy().swapaxes(0, 1))


def test_a_learned_time_constant_after_training(same_spikes):
    module = excited(nn.Sequential(nn.Linear(6, 8), neuron.ParametricLIFNode(v_threshold=0.3)))
    module[1].w.data.fill_(-0.8)
    x = data(6)
    same_spikes(module, x, run(module, x), example=x[0])


def test_convolutions_with_normalisation_over_time(same_spikes):
    module = nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1, bias=False), layer.BatchNorm2d(4), neuron.IFNode(v_threshold=0.4),
        layer.MaxPool2d(2, 2), layer.SeqToANNContainer(nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)),
        neuron.LIFNode(v_reset=None, v_threshold=0.2), layer.AvgPool2d(2, 2), layer.Flatten(), layer.Linear(16, 5),
        neuron.LIFNode(v_threshold=0.1),
    )  # fmt: skip
    functional.set_step_mode(module, "m")
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.uniform_(-0.2, 0.2)
            part.running_var.uniform_(0.3, 0.8)
            part.weight.data.uniform_(0.5, 1.5)
    excited(module)
    x = data(2, 8, 8)
    graph = same_spikes(module, x, run(module, x), example=x[:2])
    assert "1" in graph.nodes and "4.1" in graph.nodes, "nodes are named after modules"


class Repeating(nn.Module):
    """Repeats an image in time, and takes the mean of its answer, as SpikingJelly's models do."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.conv = nn.Sequential(layer.Conv2d(1, 3, 3), neuron.IFNode(), layer.Flatten())
        self.fc = nn.Sequential(layer.Linear(48, 4), neuron.IFNode())
        functional.set_step_mode(self, "m")

    def forward(self, x):
        spikes = self.fc(self.conv(x.unsqueeze(0).repeat(self.steps, 1, 1, 1, 1)))
        return spikes if self.steps == STEPS else spikes.mean(0)


def test_an_image_repeated_in_time(same_spikes):
    module = excited(Repeating(STEPS))
    x = torch.rand(SAMPLES, 1, 6, 6, dtype=torch.double) * 2
    functional.reset_net(module)
    expected = module(x)
    module.steps = 3
    graph = same_spikes(module, x.expand(STEPS, *x.shape), expected, example=x)
    assert any("mean over time" in note for note in graph.assumptions)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.sn1 = layer.Linear(8, 8), neuron.LIFNode(v_threshold=0.3)
        self.fc2, self.sn2 = layer.Linear(8, 8), neuron.LIFNode(v_threshold=0.3)
        self.out = neuron.IFNode(v_threshold=1.5)
        functional.set_step_mode(self, "m")

    def forward(self, x):
        first = self.sn1(self.fc1(x))
        return self.out(torch.cat((first + self.sn2(self.fc2(first)), first), -1))


def test_residual_and_concatenated(same_spikes):
    module = excited(Residual())
    x = data(8)
    same_spikes(module, x, run(module, x), example=x[:3])


@pytest.mark.parametrize("mode", ["s", "m"])
def test_recurrent_containers(same_spikes, mode):
    module = nn.Sequential(
        layer.Linear(6, 8), layer.LinearRecurrentContainer(neuron.LIFNode(v_threshold=0.2), 8, 8),
        layer.Linear(8, 5),
        layer.ElementWiseRecurrentContainer(neuron.IFNode(v_threshold=2.0, v_reset=None), lambda x, y: x + y),
    )  # fmt: skip
    for part in module:
        part.step_mode = mode
    excited(module)
    x = data(6)
    graph = same_spikes(module, x, run(module, x), example=x[:3] if mode == "m" else x[0])
    assert sum(edge.lag for edge in graph.edges) == 2


class Counting(nn.Module):
    """Adds up the spikes of a loop over time."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 5), neuron.LIFNode(v_threshold=0.2))

    def forward(self, x):
        functional.reset_net(self)
        total = 0
        for _ in range(4):
            total = total + self.net(x)
        return total / 4


def test_spikes_added_up_over_a_loop(same_spikes):
    module = excited(Counting())
    x = torch.rand(SAMPLES, 6, dtype=torch.double) * 3
    functional.reset_net(module)
    expected = torch.stack([module.net(x) for _ in range(STEPS)])
    graph = same_spikes(module, x.expand(STEPS, *x.shape), expected, example=x)
    assert any("sum over time" in note for note in graph.assumptions)


def test_potentials_as_an_answer(same_spikes):
    module = excited(nn.Sequential(layer.Linear(6, 8), neuron.LIFNode(v_threshold=0.2), layer.Linear(8, 3)))
    functional.set_step_mode(module, "m")
    module.append(neuron.NonSpikingLIFNode(3.0, decode=None)).double()
    x = data(6)
    functional.reset_net(module)
    expected = torch.stack(module(x))
    module[-1].decode = "max-mem"
    graph = same_spikes(module, x, expected, example=x[:3], spiking=False)
    assert any("maximum over time" in note for note in graph.assumptions)


@pytest.mark.parametrize("kind", [neuron.IFNode, neuron.LIFNode])
def test_its_own_export_to_nir_says_the_same(kind, tmp_path):
    """With a hard reset, for which alone SpikingJelly's exporter loses nothing."""
    from spikeloom.models.execution.graph_run import run_graph
    from spikeloom.models.readers.nir import read_nir
    from spikeloom.models.readers.torch import read_module

    nir = pytest.importorskip("nir")
    exchange = pytest.importorskip("spikingjelly.activation_based.nir_exchange")
    module = excited(
        nn.Sequential(layer.Linear(6, 8), kind(v_threshold=0.3), layer.Linear(8, 4), kind(v_threshold=0.2))
    ).float()
    x = data(6).float()
    nir.write(tmp_path / "net.nir", exchange.export_to_nir(module, x[0]))
    frames = x.numpy().swapaxes(0, 1)
    ours, theirs = read_module(module, x[0]), read_nir(tmp_path / "net.nir")
    got, wanted = (list(run_graph(graph, frames).values()) for graph in (ours, theirs))
    assert all((one == other).all() and one.any() for one, other in zip(got, wanted, strict=True))


@pytest.mark.parametrize(("part", "because"), [
    (lambda: neuron.IzhikevichNode(2.0, 1.0, 0.5, 0.0), "IzhikevichNode cannot be deployed"),
    (lambda: neuron.IFNode(surrogate_function=surrogate.Sigmoid(spiking=False)), "no step from 0 to 1"),
    (lambda: layer.ElementWiseRecurrentContainer(neuron.IFNode(), lambda x, y: x * y), "not the sum"),
    (lambda: layer.SynapseFilter(), "SynapseFilter cannot be deployed"),
])  # fmt: skip
def test_what_cannot_be_deployed_is_named(part, because):
    from spikeloom.models.readers.torch import read_module

    module = nn.Sequential(nn.Linear(6, 6), part(), nn.Linear(6, 2), nn.Sigmoid(), nn.Linear(2, 2))
    with pytest.raises(UnsupportedModelError, match=because) as caught:
        read_module(module, torch.rand(1, 6))
    assert "  4 (Linear): follows a sigmoid" in str(caught.value), "all that stands against it is listed"


def test_reading_leaves_the_state():
    from spikeloom.models.readers.torch import read_module

    module = nn.Sequential(nn.Linear(6, 6), neuron.LIFNode())
    module(torch.rand(2, 6)).sum().backward()
    potential = module[1].v
    read_module(module, torch.rand(2, 6))
    assert module[1].v is potential and module.training


def test_a_neuron_of_ones_own_is_refused():
    from spikeloom.models.readers.torch import read_module

    class Own(neuron.LIFNode):
        def neuronal_charge(self, x):
            self.v = self.v * 0.5 + x

    with pytest.raises(UnsupportedModelError, match="Own changes neuronal_charge"):
        read_module(nn.Sequential(nn.Linear(6, 6), Own()), torch.rand(2, 6))
