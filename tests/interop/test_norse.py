"""Networks of Norse 1.1: the graph's spikes are those of the library, for every parameter of its neurons."""

import pytest

from spikeloom.models.errors import UnsupportedModelError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
norse = pytest.importorskip("norse.torch", reason="Norse is not installed")

from norse.torch.functional.iaf import IAFParameters  # noqa: E402
from norse.torch.functional.leaky_integrator import LIParameters  # noqa: E402
from norse.torch.functional.leaky_integrator_box import LIBoxParameters  # noqa: E402
from norse.torch.functional.lif import LIFParameters  # noqa: E402
from norse.torch.functional.lif_box import LIFBoxParameters  # noqa: E402
from norse.torch.functional.lif_refrac import LIFRefracParameters  # noqa: E402
from norse.torch.functional.lsnn import LSNNParameters  # noqa: E402
from norse.torch.functional.reset import reset_subtract  # noqa: E402
from norse.torch.module.iaf import IAF, IAFCell  # noqa: E402
from norse.torch.module.leaky_integrator import LI, LICell, LILinearCell  # noqa: E402
from norse.torch.module.leaky_integrator_box import LIBoxCell  # noqa: E402
from norse.torch.module.lif_box import LIFBoxCell  # noqa: E402
from norse.torch.module.lif_refrac import LIFRefracRecurrent  # noqa: E402
from torch import nn  # noqa: E402

pytestmark = pytest.mark.usefixtures("seeded")
STEPS, SAMPLES = 24, 3


def tensor(*values):
    return torch.tensor(values if len(values) > 1 else values[0], dtype=torch.double)


def data(*shape, scale=4.0):
    return torch.rand(STEPS, SAMPLES, *shape, dtype=torch.double) * scale


def excited(module):
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d):
            part.weight.data = part.weight.data.abs()
    return module.double()


def run(module, x):
    """All steps of a network of cells."""
    answers, state = [], None
    for frame in x:
        answer, state = module(frame, state)
        answers.append(answer)
    return torch.stack(answers)


PARAMETERS = {
    "defaults": {},
    "time constants": {"tau_syn_inv": tensor(310.0), "tau_mem_inv": tensor(170.0)},
    "leak and reset": {"v_leak": tensor(0.2), "v_reset": tensor(-0.3), "v_th": tensor(0.9)},
    "per neuron": {"tau_mem_inv": torch.linspace(60, 300, 10, dtype=torch.double), "v_th": tensor(0.8)},
    "heaviside": {"method": "heaviside"},
}


@pytest.mark.parametrize("variation", PARAMETERS)
def test_cells(same_spikes, variation):
    cell = norse.LIFCell(LIFParameters(**PARAMETERS[variation]))
    module = excited(norse.SequentialState(nn.Linear(6, 10), cell, nn.Linear(10, 5), norse.LIFCell()))
    x = data(6)
    same_spikes(module, x, run(module, x), example=x[0])


@pytest.mark.parametrize("variation", PARAMETERS)
def test_layers_over_time(same_spikes, variation):
    layer = norse.LIF(LIFParameters(**PARAMETERS[variation]), record_states=variation == "defaults")
    module = excited(norse.SequentialState(nn.Linear(6, 10), layer, nn.Linear(10, 5), norse.LIF(dt=0.002)))
    x = data(6)
    graph = same_spikes(module, x, module(x)[0], example=x[:3])
    assert len(graph.assumptions) == 1 and graph.assumptions[0].startswith("time: axis 0")


@pytest.mark.parametrize("cell", [
    lambda: LIFBoxCell(LIFBoxParameters(tau_mem_inv=tensor(300.0))),
    lambda: LIFBoxCell(LIFBoxParameters(v_reset=tensor(-0.2), v_leak=tensor(0.3)), dt=0.003),
    lambda: LIFBoxCell(LIFBoxParameters(reset_method=reset_subtract)),
    lambda: IAFCell(IAFParameters(v_th=tensor(2.0), v_reset=tensor(-0.4))),
])  # fmt: skip
def test_neurons_without_current(same_spikes, cell):
    module = excited(norse.SequentialState(nn.Linear(6, 10), cell(), nn.Linear(10, 5), norse.LIFCell()))
    x = data(6)
    same_spikes(module, x, run(module, x), example=x[0])


def test_integrate_and_fire_over_time(same_spikes):
    module = excited(norse.SequentialState(nn.Linear(6, 5), IAF(IAFParameters(v_th=tensor(3.0)))))
    x = data(6)
    same_spikes(module, x, module(x)[0], example=x[:3])


@pytest.mark.parametrize("readout", [
    lambda: (nn.Linear(10, 3), LICell(LIParameters(v_leak=tensor(0.4)))),
    lambda: (nn.Linear(10, 3), LIBoxCell(LIBoxParameters(tau_mem_inv=tensor(50.0)))),
    lambda: (LILinearCell(10, 3),),
])  # fmt: skip
def test_potentials_as_an_answer(same_spikes, readout):
    module = excited(norse.SequentialState(nn.Linear(6, 10), norse.LIFCell(), *readout()))
    x = data(6)
    same_spikes(module, x, run(module, x), example=x[0], spiking=False)


def test_potentials_over_time_as_an_answer(same_spikes):
    module = excited(norse.SequentialState(nn.Linear(6, 10), norse.LIF(), nn.Linear(10, 3), LI()))
    x = data(6)
    same_spikes(module, x, module(x)[0], example=x[:3], spiking=False)


def test_recurrent_layers_over_time(same_spikes):
    module = excited(norse.SequentialState(norse.LIFRecurrent(6, 10), nn.Linear(10, 5), norse.LIF()))
    module[0].input_weights.data.abs_()
    x = data(6, scale=1.0)
    graph = same_spikes(module, x, module(x)[0], example=x[:3])
    assert sum(edge.lag for edge in graph.edges) == 1


def test_recurrent_cells(same_spikes):
    module = excited(norse.SequentialState(norse.LIFRecurrentCell(6, 10), nn.Linear(10, 5), norse.LIFCell()))
    module[0].input_weights.data.abs_()
    x = data(6, scale=1.0)
    same_spikes(module, x, run(module, x), example=x[0])


def test_lifted_convolutions(same_spikes):
    module = excited(norse.SequentialState(
        norse.Lift(nn.Conv2d(1, 4, 3)), norse.LIF(), norse.Lift(nn.AvgPool2d(2)), nn.Flatten(2), nn.Linear(36, 5),
        norse.LIF(),
    ))  # fmt: skip
    x = data(1, 8, 8, scale=2.0)
    same_spikes(module, x, module(x)[0], example=x[:2])


class Tutorial(nn.Module):
    """The loop over time of Norse's tutorials, with the maximum of potentials as the answer."""

    def __init__(self, decided=True):
        super().__init__()
        self.fc1, self.lif1 = nn.Linear(6, 10), norse.LIFCell()
        self.fc2, self.out = nn.Linear(10, 3), LICell()
        self.decided = decided

    def forward(self, x):
        state, readout, potentials = None, None, []
        for frame in x:
            spikes, state = self.lif1(self.fc1(frame), state)
            potential, readout = self.out(self.fc2(spikes), readout)
            potentials.append(potential)
        if not self.decided:
            return torch.stack(potentials)
        return torch.log_softmax(torch.max(torch.stack(potentials), 0).values, dim=1)


def test_the_way_of_the_tutorials(same_spikes):
    module = excited(Tutorial(decided=False))
    x = data(6)
    expected = module(x)
    module.decided = True
    graph = same_spikes(module, x, expected, example=x[:3], spiking=False)
    assert any("maximum over time" in note for note in graph.assumptions)


REFRACTORY = {
    "defaults": LIFRefracParameters(),
    "none": LIFRefracParameters(rho_reset=tensor(0.0)),
    "a part of a step": LIFRefracParameters(rho_reset=tensor(1.5)),
    "leak and reset": LIFRefracParameters(LIFParameters(v_reset=tensor(-0.3), v_leak=tensor(0.1)), tensor(2.0)),
}


@pytest.mark.parametrize("variation", REFRACTORY)
def test_refractory_cells(same_spikes, variation):
    cell = norse.LIFRefracCell(REFRACTORY[variation])
    module = excited(norse.SequentialState(nn.Linear(6, 10), cell, nn.Linear(10, 5), norse.LIFCell()))
    x = data(6, scale=6.0)
    graph = same_spikes(module, x, run(module, x), example=x[0])
    assert any(getattr(node, "model", None).__class__.__name__ == "Refractory" for node in graph.nodes.values())


def test_recurrent_refractory_layers(same_spikes):
    for layer, over_time in ((norse.LIFRefracRecurrentCell(6, 10), False), (LIFRefracRecurrent(6, 10), True)):
        module = excited(norse.SequentialState(layer, nn.Linear(10, 5), norse.LIF() if over_time else norse.LIFCell()))
        module[0].input_weights.data.abs_()
        x = data(6, scale=3.0)
        expected = module(x)[0] if over_time else run(module, x)
        same_spikes(module, x, expected, example=x[:3] if over_time else x[0])


LSNN = {
    "defaults": LSNNParameters(),
    "fast": LSNNParameters(tau_adapt_inv=tensor(40.0), beta=tensor(0.7), v_reset=tensor(-0.1)),
    "leak": LSNNParameters(tau_adapt_inv=tensor(100.0), v_leak=tensor(0.2), v_th=tensor(0.8), beta=tensor(0.3)),
}


@pytest.mark.parametrize("variation", LSNN)
def test_adaptive_thresholds(same_spikes, variation):
    cell = norse.LSNNCell(LSNN[variation])
    module = excited(norse.SequentialState(nn.Linear(6, 10), cell, nn.Linear(10, 5), norse.LIFCell()))
    x = data(6, scale=8.0)
    same_spikes(module, x, run(module, x), example=x[0])


def test_adaptive_thresholds_over_time(same_spikes):
    module = excited(norse.SequentialState(nn.Linear(6, 10), norse.LSNN(LSNN["fast"]), nn.Linear(10, 5), norse.LIF()))
    x = data(6, scale=8.0)
    same_spikes(module, x, module(x)[0], example=x[:3])


def test_recurrent_adaptive_thresholds(same_spikes):
    for layer, over_time in ((norse.LSNNRecurrentCell(6, 10), False), (norse.LSNNRecurrent(6, 10), True)):
        module = excited(norse.SequentialState(layer, nn.Linear(10, 5), norse.LIF() if over_time else norse.LIFCell()))
        module[0].input_weights.data.abs_()
        x = data(6, scale=4.0)
        expected = module(x)[0] if over_time else run(module, x)
        same_spikes(module, x, expected, example=x[:3] if over_time else x[0])


@pytest.mark.parametrize(("neurons", "because"), [
    (lambda: norse.LIFAdExCell(), "LIFAdExCell is a neuron model"),
])  # fmt: skip
def test_what_cannot_be_deployed_is_named(neurons, because):
    from spikeloom.models.readers.torch import read_module

    module = norse.SequentialState(nn.Linear(6, 6), neurons(), nn.Linear(6, 2), norse.LIFCell())
    with pytest.raises(UnsupportedModelError, match=because) as caught:
        read_module(module, torch.rand(1, 6))
    assert "  1 (" in str(caught.value)


def test_a_loop_that_forgets_the_state_is_refused():
    from spikeloom.models.readers.torch import read_module

    class Forgetful(Tutorial):
        def forward(self, x):
            return torch.stack([self.lif1(self.fc1(frame))[0] for frame in x])

    with pytest.raises(UnsupportedModelError, match="starts anew at every step"):
        read_module(Forgetful().double(), data(6)[:3])
