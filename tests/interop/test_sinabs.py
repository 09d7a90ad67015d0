"""Networks of Sinabs 3.1: the graph's spikes are those of the library, for every parameter of its neurons."""

import pytest

from spikeloom.models.errors import UnsupportedModelError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
layers = pytest.importorskip("sinabs.layers", reason="Sinabs is not installed")

from sinabs.activation import MaxSpike, MembraneReset, MembraneSubtract, MultiSpike, SingleSpike  # noqa: E402
from torch import nn  # noqa: E402

pytestmark = pytest.mark.usefixtures("seeded")
STEPS, SAMPLES = 24, 3


def data(*shape, scale=3.0):
    """(samples, steps, ...), as Sinabs has it."""
    return torch.rand(SAMPLES, STEPS, *shape, dtype=torch.double) * scale


class Single(SingleSpike):
    """SingleSpike in the precision of the potential, where Sinabs' own always gives single precision."""

    @staticmethod
    def forward(ctx, v_mem, spike_threshold, surrogate_grad_fn):
        return (v_mem - spike_threshold >= 0).to(v_mem.dtype)


Single.__name__ = "SingleSpike"


def excited(module):
    for part in module.children():  # not what is inside recurrent layers
        if isinstance(part, nn.Linear | nn.Conv2d):
            part.weight.data = part.weight.data.abs()
    return module.double()


def compare(same_spikes, module, x, options=None, **how):
    """Both have samples first, where `same_spikes` wants steps first."""
    module = excited(module)
    from spikeloom.models.readers.torch import read_module

    graph = read_module(module, x[:, :3], options)
    return same_spikes(module, x.transpose(0, 1), module(x).transpose(0, 1), graph=graph, **how)


VARIATIONS = {
    "IAF": (layers.IAF, {"spike_threshold": torch.tensor(3.0)}),
    "IAF, current": (layers.IAF, {"tau_syn": 3.0, "spike_threshold": torch.tensor(9.0)}),
    "IAF, reset": (layers.IAF, {"reset_fn": MembraneReset(), "spike_threshold": torch.tensor(5.0)}),
    "IAF, other amount": (
        layers.IAF,
        {"reset_fn": MembraneSubtract(subtract_value=8.0), "spike_threshold": torch.tensor(5.0)},
    ),
    "LIF": (layers.LIF, {"tau_mem": 8.0}),
    "LIF, not normalised": (layers.LIF, {"tau_mem": 4.0, "norm_input": False, "spike_threshold": torch.tensor(3.0)}),
    "LIF, current": (layers.LIF, {"tau_mem": 8.0, "tau_syn": 4.0, "spike_threshold": torch.tensor(2.0)}),
    "LIF, per neuron": (layers.LIF, {"tau_mem": torch.linspace(3, 30, 10), "spike_threshold": torch.tensor(0.4)}),
    "LIF, trained": (layers.LIF, {"tau_mem": 8.0, "tau_syn": 4.0, "train_alphas": True}),
    "LIF, other amount": (layers.LIF, {"tau_mem": 9.0, "reset_fn": MembraneSubtract(subtract_value=0.4)}),
    "LIF, reset": (layers.LIF, {"tau_mem": 9.0, "reset_fn": MembraneReset()}),
    "ALIF": (layers.ALIF, {"tau_mem": 8.0, "tau_adapt": 6.0}),
    "ALIF, current": (layers.ALIF, {"tau_mem": 8.0, "tau_adapt": 20.0, "tau_syn": 4.0, "adapt_scale": 0.7}),
    "ALIF, per neuron": (layers.ALIF, {"tau_mem": 9.0, "tau_adapt": torch.linspace(3, 30, 10), "train_alphas": True}),
    "ALIF, other amount": (
        layers.ALIF,
        {"tau_mem": 9.0, "tau_adapt": 6.0, "reset_fn": MembraneSubtract(subtract_value=0.4)},
    ),
    "ALIF, reset": (layers.ALIF, {"tau_mem": 9.0, "tau_adapt": 6.0, "reset_fn": MembraneReset()}),
}


@pytest.mark.parametrize("variation", VARIATIONS)
def test_linear_networks(same_spikes, variation):
    kind, arguments = VARIATIONS[variation]
    module = nn.Sequential(
        nn.Linear(6, 10), kind(**arguments, spike_fn=Single), nn.Linear(10, 5),
        layers.LIF(6.0, spike_fn=Single, spike_threshold=torch.tensor(0.1)),
    )  # fmt: skip
    compare(same_spikes, module, data(6))


def test_at_most_one_spike_is_a_single_spike(same_spikes):
    module = nn.Sequential(nn.Linear(6, 5), layers.LIF(8.0, spike_fn=MaxSpike(1))).float()
    x = data(6).float()
    from spikeloom.models.readers.torch import read_module

    graph = read_module(excited(module).float(), x[:, :3])
    same_spikes(module, x.transpose(0, 1), module(x).transpose(0, 1), graph=graph)


class Multi(MultiSpike):
    """MultiSpike in the precision of the potential."""

    @staticmethod
    def forward(ctx, v_mem, spike_threshold, surrogate_grad_fn):
        return (v_mem > 0) * torch.div(v_mem, spike_threshold, rounding_mode="trunc")


Multi.__name__ = "MultiSpike"


@pytest.mark.parametrize("variation", ["IAF", "IAF, current", "IAF, reset", "LIF", "LIF, current", "LIF, per neuron"])
@pytest.mark.parametrize("most", [None, 3])
def test_several_spikes_a_step(variation, most):
    from spikeloom.models.execution.graph_run import run_graph
    from spikeloom.models.readers.torch import read_module

    kind, arguments = VARIATIONS[variation]
    spikes = Multi if most is None else MaxSpike(most)
    single = torch.tensor(float(arguments.get("spike_threshold", 1.0)) / 8)
    module = excited(
        nn.Sequential(nn.Linear(6, 10), kind(**arguments | {"spike_fn": spikes, "spike_threshold": single}))
    )
    x = data(6)
    module = module if most is None else module.float()  # its MaxSpike gives single precision
    given = x if most is None else x.float()
    wanted = module(given).detach().numpy()
    graph = read_module(module, given[:, :3])
    found = run_graph(graph, given.numpy())["1"]
    assert wanted.max() == (most or wanted.max()) > 1
    assert 0 < (wanted > 0).mean() < 1 or variation.startswith("IAF")
    assert (found == wanted).mean() > (0.999 if most is None else 0.99)


def test_several_spikes_a_step_can_be_read_as_one():
    from spikeloom.models.readers.torch import TorchOptions, read_module

    module = nn.Sequential(nn.Linear(6, 5), layers.LIF(8.0, spike_fn=MultiSpike, min_v_mem=-1.0))
    with pytest.raises(UnsupportedModelError, match="--ignore-lower-limit"):
        read_module(module, torch.rand(1, 3, 6))
    graph = read_module(module, torch.rand(1, 3, 6), TorchOptions(ignore_lower_limit=True))
    assert type(graph.nodes["1"].model).__name__ == "MultipleSpikes"
    graph = read_module(module, torch.rand(1, 3, 6), TorchOptions(ignore_lower_limit=True, single_spike=True))
    assert sum("as asked" in note for note in graph.assumptions) == 2


@pytest.mark.parametrize("kind", ["IAFRecurrent", "LIFRecurrent", "ALIFRecurrent"])
def test_recurrent_layers(same_spikes, kind):
    connection = nn.Sequential(nn.Flatten(), nn.Linear(8, 8, bias=False))
    connection[1].weight.data -= 0.2
    leak = {} if kind == "IAFRecurrent" else {"tau_mem": 7.0} | ({"tau_adapt": 9.0} if kind[0] == "A" else {})
    threshold = torch.tensor(0.8 if leak else 6.0)
    neurons = getattr(layers, kind)(rec_connect=connection, spike_fn=Single, spike_threshold=threshold, **leak)
    graph = compare(same_spikes, nn.Sequential(nn.Linear(6, 8), neurons), data(6))
    assert sum(edge.lag for edge in graph.edges) == 1


def test_a_recurrence_with_a_bias_is_refused():
    from spikeloom.models.readers.torch import read_module

    module = nn.Sequential(nn.Linear(6, 8), layers.IAFRecurrent(nn.Linear(8, 8), spike_fn=SingleSpike))
    with pytest.raises(UnsupportedModelError, match="bias"):
        read_module(module, torch.rand(1, 3, 6))


@pytest.mark.parametrize("time", [{"batch_size": SAMPLES}, {"num_timesteps": STEPS}])
def test_squeezed_convolutions(same_spikes, time):
    """Time among the samples, as networks for Speck have it."""
    from spikeloom.models.readers.torch import read_module

    module = excited(nn.Sequential(
        nn.Conv2d(1, 4, 3), layers.IAFSqueeze(spike_fn=Single, spike_threshold=torch.tensor(3.0), **time),
        layers.SumPool2d(2), nn.Flatten(), nn.Linear(36, 5),
        layers.LIFSqueeze(tau_mem=9.0, spike_fn=Single, spike_threshold=torch.tensor(4.0), **time),
    ))  # fmt: skip
    x = data(1, 8, 8)
    answer = module(x.flatten(0, 1)).unflatten(0, (SAMPLES, STEPS))
    graph = read_module(module, x[0])
    same_spikes(module, x.transpose(0, 1), answer.transpose(0, 1), graph=graph)


@pytest.mark.parametrize("arguments", [{}, {"norm_input": True}, {"train_alphas": True}])
def test_potentials_as_an_answer(same_spikes, arguments):
    module = nn.Sequential(
        nn.Linear(6, 8), layers.LIF(6.0, spike_fn=Single), nn.Linear(8, 3), layers.ExpLeak(12.0, **arguments)
    )
    compare(same_spikes, module, data(6), spiking=False)


@pytest.mark.parametrize(("neurons", "because"), [
    (lambda: layers.ALIF(9.0, 5.0, spike_fn=MultiSpike), "--single-spike"),
    (lambda: layers.LIF(9.0, spike_fn=SingleSpike, reset_fn=MembraneReset(0.2)), "reset_value other than 0"),
    (lambda: layers.LIF(9.0, spike_fn=MultiSpike, reset_fn=MembraneSubtract(0.4)), "so leave subtract_value out"),
])  # fmt: skip
def test_what_cannot_be_deployed_is_named(neurons, because):
    from spikeloom.models.readers.torch import read_module

    with pytest.raises(UnsupportedModelError, match=because) as caught:
        read_module(nn.Sequential(nn.Linear(6, 6), neurons()), torch.rand(1, 3, 6))
    assert "  1 (" in str(caught.value)
