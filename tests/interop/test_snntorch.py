"""Networks of snnTorch 1.0: the graph's spikes are those of the library, for every parameter of its neurons."""

import copy

import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
snn = pytest.importorskip("snntorch", reason="snnTorch is not installed")

from torch import nn  # noqa: E402

pytestmark = pytest.mark.usefixtures("seeded")
STEPS, SAMPLES = 24, 3


def step(potential):
    """A spike function in the precision of the potential, where snnTorch's own always gives single precision."""
    return (potential > 0).to(potential.dtype)


def data(*shape, scale=2.0):
    return torch.rand(STEPS, SAMPLES, *shape, dtype=torch.double) * scale


class Looping(nn.Module):
    """The way of snnTorch's tutorials: states are passed on in a loop over time."""

    def __init__(self, neurons, width=10, recurrent=False):
        super().__init__()
        self.fc1 = nn.Linear(6, width)
        self.lif1 = neurons(width)
        self.fc2 = nn.Linear(width, 5)
        self.fc2.weight.data.abs_()
        self.lif2 = snn.Leaky(0.8, threshold=0.6, spike_grad=step)
        self.states = 1 + recurrent + isinstance(self.lif1, (snn.Synaptic, snn.RSynaptic))

    def forward(self, x):
        states = self.lif1.reset_mem()
        states = states if isinstance(states, tuple) else (states,)
        mem2 = self.lif2.init_leaky()
        spikes, potentials = [], []
        for t in range(x.size(0)):
            spk, *states = self.lif1(self.fc1(x[t]), *states[-self.states :])
            if isinstance(self.lif1, (snn.RLeaky, snn.RSynaptic)):
                states = [spk, *states]
            spk2, mem2 = self.lif2(self.fc2(spk), mem2)
            spikes.append(spk2)
            potentials.append(mem2)
        return torch.stack(spikes), torch.stack(potentials)


VARIATIONS = {
    "defaults": {},
    "beta per neuron": {"beta": torch.linspace(0.2, 0.95, 10)},
    "beta of zero somewhere": {"beta": torch.linspace(0.0, 0.9, 10)},
    "beta out of range": {"beta": 1.3},
    "learned": {"learn_beta": True, "learn_threshold": True, "threshold": 0.7},
    "threshold per neuron": {"threshold": torch.linspace(0.3, 1.2, 10)},
    "zero": {"reset_mechanism": "zero"},
    "none": {"reset_mechanism": "none", "beta": 0.5},
    "zero at once": {"reset_mechanism": "zero", "reset_delay": False},
    "subtract at once": {"reset_delay": False, "beta": 0.6, "threshold": 1.5},
    "graded": {"graded_spikes_factor": 1.7},
}


@pytest.mark.parametrize("variation", VARIATIONS)
def test_leaky(same_spikes, variation):
    arguments = {"beta": 0.9} | VARIATIONS[variation]
    module = Looping(lambda width: snn.Leaky(**arguments, spike_grad=step)).double()
    x = data(6)
    same_spikes(module, x, module(x)[0], example=x[:3])


@pytest.mark.parametrize("arguments", [
    {}, {"reset_mechanism": "none"}, {"reset_delay": False, "threshold": 3.0, "alpha": 0.2},
    {"reset_mechanism": "zero", "reset_delay": False},
    {"alpha": torch.linspace(0.1, 0.9, 10), "learn_alpha": True},
])  # fmt: skip
def test_synaptic(same_spikes, arguments):
    arguments = {"alpha": 0.6, "beta": 0.7} | arguments
    module = Looping(lambda width: snn.Synaptic(**arguments, spike_grad=step)).double()
    x = data(6)
    same_spikes(module, x, module(x)[0], example=x[:3])


@pytest.mark.parametrize("arguments", [{"beta": 0.8}, {"R": 2.0, "C": 3.0}, {"R": 2.0, "C": 3.0, "time_step": 0.5},
                                       {"beta": 0.8, "reset_mechanism": "none"}])  # fmt: skip
def test_lapicque(same_spikes, arguments):
    module = Looping(lambda width: snn.Lapicque(**arguments, threshold=0.4, spike_grad=step)).double()
    x = data(6)
    same_spikes(module, x, module(x)[0], example=x[:3])


@pytest.mark.parametrize("arguments", [{"linear_features": 10}, {"all_to_all": False, "V": 0.4},
                                       {"all_to_all": False, "V": torch.linspace(-0.5, 0.5, 10)},
                                       {"linear_features": 10, "reset_mechanism": "none"}])  # fmt: skip
@pytest.mark.parametrize("kind", ["RLeaky", "RSynaptic"])
def test_recurrent(same_spikes, kind, arguments):
    decays = {"beta": 0.6} if kind == "RLeaky" else {"alpha": 0.4, "beta": 0.6}
    module = Looping(lambda width: getattr(snn, kind)(**decays, **arguments, spike_grad=step), recurrent=True).double()
    x = data(6)
    graph = same_spikes(module, x, module(x)[0], example=x[:3])
    assert sum(edge.lag for edge in graph.edges) == 1


def test_hidden_states_in_a_sequential_network_and_convolutions(same_spikes):
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), snn.Leaky(0.9, init_hidden=True, spike_grad=step), nn.MaxPool2d(2),
        nn.Conv2d(4, 3, 3), snn.Leaky(torch.rand(3, 1, 1), init_hidden=True, spike_grad=step, threshold=0.2),
        nn.Flatten(), nn.Linear(12, 5),
        snn.RLeaky(0.8, linear_features=5, init_hidden=True, spike_grad=step, threshold=0.3, output=True),
    ).double()  # fmt: skip
    x = data(2, 8, 8)
    expected = torch.stack([module(frame)[0] for frame in x])
    before = copy.deepcopy({name: value.detach().clone() for name, value in module.state_dict().items()})
    same_spikes(module, x, expected, example=x[0])
    after = module.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_recurrent_convolution(same_spikes):
    module = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        snn.RLeaky(0.7, conv2d_channels=3, kernel_size=3, init_hidden=True, spike_grad=step, threshold=0.5),
    ).double()
    x = data(1, 5, 5)
    expected = torch.stack([module(frame) for frame in x])
    same_spikes(module, x, expected, example=x[0])


class Static(nn.Module):
    """The same image at every step."""

    def __init__(self, steps=4):
        super().__init__()
        self.steps = steps
        self.fc1, self.fc2 = nn.Linear(6, 8), nn.Linear(8, 4)
        self.fc2.weight.data.abs_()
        self.lif = snn.Leaky(0.9, spike_grad=step)  # one module for both layers, as its states are passed on

    def forward(self, x):
        mem1, mem2, spikes = torch.zeros(x.size(0), 8), torch.zeros(x.size(0), 4), []
        for _ in range(self.steps):
            spk1, mem1 = self.lif(self.fc1(x), mem1)
            spk2, mem2 = self.lif(self.fc2(spk1), mem2)
            spikes.append(spk2)
        return torch.stack(spikes)


def test_one_image_at_every_step_and_neurons_shared_by_two_layers(same_spikes):
    module = Static(STEPS).double()
    x = torch.rand(SAMPLES, 6, dtype=torch.double) * 3
    same_spikes(module, x.expand(STEPS, SAMPLES, 6), module(x), example=x)


class SamplesFirst(Looping):
    """Data with time behind the samples."""

    def forward(self, x):
        return super().forward(x.transpose(0, 1))


def test_the_axis_of_time_is_found_out_or_given(same_spikes):
    from spikeloom.models.readers.torch import TorchOptions, read_module

    module = SamplesFirst(lambda width: snn.Leaky(0.9, spike_grad=step)).double()
    x = data(6)
    expected = module(x.transpose(0, 1))[0]
    example = x.transpose(0, 1)[:, :3]
    for options in (None, TorchOptions(time_axis=1)):
        graph = read_module(module, example, options)
        assert graph.assumptions[0].startswith("time: axis 1 ") and "--time-axis" in graph.assumptions[0]
        same_spikes(module, x, expected, graph=graph)
    with pytest.raises(UnsupportedModelError, match="time"):
        read_module(module, example, TorchOptions(time_axis=0))


class Readout(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.lif1, self.fc2 = nn.Linear(6, 9), snn.Leaky(0.8, spike_grad=step), nn.Linear(9, 3)
        self.out = snn.Leaky(0.95, reset_mechanism="none", spike_grad=step)

    def forward(self, x):
        mem1, mem2 = self.lif1.reset_mem(), self.out.reset_mem()
        potentials = []
        for frame in x:
            spk, mem1 = self.lif1(self.fc1(frame), mem1)
            _, mem2 = self.out(self.fc2(spk), mem2)
            potentials.append(mem2)
        return torch.stack(potentials)


def test_a_potential_without_reset_is_an_answer(same_spikes):
    module = Readout().double()
    x = data(6)
    same_spikes(module, x, module(x), spiking=False, example=x[:3])


def test_as_shipped_in_single_precision(same_spikes):
    """With snnTorch's own spike function; rounding may move a spike, though with these weights none does."""
    module = nn.Sequential(
        nn.Linear(6, 10), snn.Leaky(0.5, init_hidden=True), nn.Linear(10, 5), snn.Leaky(0.75, init_hidden=True)
    )
    x = data(6).float()
    expected = torch.stack([module(frame) for frame in x])
    same_spikes(module, x, expected, example=x[0])


def refusal(module, example):
    from spikeloom.models.readers.torch import read_module

    with pytest.raises(UnsupportedModelError) as caught:
        read_module(module, example)
    assert len(str(caught.value).splitlines()) > 1
    return str(caught.value)


@pytest.mark.parametrize(("neurons", "because"), [
    (lambda: snn.Alpha(0.9, 0.8, init_hidden=True), "Alpha cannot be deployed"),
    (lambda: snn.Synaptic(0.9, 0.8, reset_mechanism="zero", init_hidden=True), "ignores its input"),
    (lambda: snn.Leaky(0.9, inhibition=True, init_hidden=True), "inhibition"),
    (lambda: snn.Leaky(0.9, threshold=-1.0, init_hidden=True), "negative threshold"),
    (lambda: snn.Leaky(0.9, spike_grad=torch.sigmoid, init_hidden=True), "no step from 0 to 1"),
    (lambda: snn.SLSTM(6, 6, init_hidden=True), "SLSTM cannot be deployed"),
])  # fmt: skip
def test_what_cannot_be_deployed_is_named(neurons, because):
    message = refusal(nn.Sequential(nn.Linear(6, 6), neurons(), nn.Linear(6, 2)), torch.rand(1, 6))
    assert because in message and "  1 (" in message


def test_a_recurrence_by_hand_is_refused():
    class ByHand(Static):
        def forward(self, x):
            spk, mem = torch.zeros(x.size(0), 8), torch.zeros(x.size(0), 8)
            for _ in range(4):
                spk, mem = self.lif(self.fc1(x) + spk, mem)
            return spk

    assert "recurrence written by hand" in refusal(ByHand(), torch.rand(1, 6))


def test_the_potential_of_neurons_that_spike_is_no_answer():
    class Potential(Static):
        def forward(self, x):
            return self.lif(self.fc1(x), torch.zeros(x.size(0), 8))[1]

    assert "potential of 'lif'" in refusal(Potential(), torch.rand(1, 6))


def test_reading_leaves_a_trained_module_as_it_is(same_spikes):
    module = nn.Sequential(nn.Linear(6, 8), snn.Leaky(0.9, init_hidden=True), nn.Dropout(0.5), nn.Linear(8, 3))
    calls = []
    module[0].register_forward_hook(lambda *_: calls.append(1))
    module.train()
    module(torch.rand(2, 6)).sum().backward()  # leaves a potential that remembers how it was computed
    potential = module[1].mem
    graph_function = potential.grad_fn
    gradient = module[0].weight.grad.clone()
    from spikeloom.models.readers.torch import read_module

    calls.clear()
    graph = read_module(module, torch.rand(2, 6))
    assert module.training and module[2].training and not calls and len(module[0]._forward_hooks) == 1
    assert module[1].mem is potential and potential.grad_fn is graph_function
    assert torch.equal(module[0].weight.grad, gradient) and module[0].weight.requires_grad
    assert np.array_equal(graph.nodes["0"].weight, module[0].weight.detach().double().numpy())
