"""NeuroBench's metrics by hand, and beside NeuroBench itself where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.program import Program
from spikeloom.backends.run import Counters
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.report.neurobench import (
    connection_sparsity,
    count_membrane_updates,
    footprint,
    neurobench_section,
)
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense, Pool
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, Reset

Array = NDArray[Any]
SPIKES = InputCode(1.0, True, 1, False)


def neuron(threshold: int = 3, reset: Reset = Reset.SUBTRACT) -> IntegerLeakyIntegrateAndFire:
    """Integrate and fire."""
    values = (4096, 0, threshold, 0, 0)
    return IntegerLeakyIntegrateAndFire(*(np.asarray(value, dtype=np.int64) for value in values), reset=reset)


def chain(*connectivities: Any, threshold: int = 3, reset: Reset = Reset.SUBTRACT) -> Network:
    shape = getattr(connectivities[0], "input_shape", (connectivities[0].sources,))
    populations = [Population("input", shape, Role.INPUT, None, 0)]
    projections = []
    for depth, connectivity in enumerate(connectivities, 1):
        size = getattr(connectivity, "output_shape", (connectivity.targets,))
        populations.append(Population(f"layer {depth}", size, Role.NEURON, neuron(threshold, reset), depth))
        projections.append(Projection(f"p{depth}", populations[-2].name, populations[-1].name, connectivity))
    return Network(tuple(populations), tuple(projections), populations[-1].name, integer=True)


def run(network: Network, x: Array, code: InputCode = SPIKES) -> tuple[Program, Counters]:
    target = load_target("loihi2")
    program = Program(network, map_network(network, target), target, code, Decision.SUM, x.shape[1])
    counting = CoreCounting(program)
    return program, counting.counters(Simulator(network).run(x, groups=counting.groups).group_spikes, x.shape[0])


def test_synaptic_operations_of_the_example_in_its_documentation() -> None:
    weights = np.asarray([[2, 0, -6], [0, 4, -8], [-2, 6, 0]], dtype=np.int16)
    for code, kind in (
        (InputCode(1.0, True, 5, True), "Effective_MACs"),
        (InputCode(1.0, True, 1, True), "Effective_ACs"),
    ):
        x = np.asarray([[[0, code.largest, -1]]])
        found = neurobench_section(*run(chain(Dense(weights)), x, code))["synaptic_operations"]
        assert found == {"Effective_MACs": 0, "Effective_ACs": 0, "Dense": 9, kind: 4}


def test_dense_operations_of_a_convolution_leave_the_border_out_and_pools_are_not_counted() -> None:
    kernel = np.asarray([[[[0, 2, 2], [2, 2, 2], [2, 2, 2]]]], dtype=np.int16)
    convolution = Convolution(kernel, (1, 2, 2), (1, 1), ((1, 1), (1, 1)), (1, 1))
    pool = Pool(np.full(1, 40, dtype=np.int16), (1, 2, 2), (2, 2), (2, 2), ((0, 0), (0, 0)))
    x = np.zeros((1, 3, 4), dtype=np.int64)
    x[0, 1, 3] = 1  # the last pixel, which one window would see through the weight that is zero
    network = chain(convolution, pool)
    section = neurobench_section(*run(network, x))
    assert section["synaptic_operations"] == {"Effective_MACs": 0, "Effective_ACs": 4, "Dense": 16 * 3}
    without_corner = np.zeros((1, 3, 4), dtype=np.int64)
    without_corner[0, 1, 0] = 1  # the first pixel, which the last window sees through it
    assert neurobench_section(*run(network, without_corner))["synaptic_operations"]["Effective_ACs"] == 3
    assert connection_sparsity(network) == pytest.approx(1 / 9)


def test_sparsity_of_connections_and_of_activations() -> None:
    weights = np.asarray([[4, 4, 0], [0, 0, 0]], dtype=np.int16)
    network = chain(Dense(weights), Dense(np.asarray([[4, 4]], dtype=np.int16)))
    assert connection_sparsity(network) == pytest.approx(4 / 8)
    x = np.zeros((2, 5, 3), dtype=np.int64)
    x[0, 0], x[1, 2] = (1, 0, 0), (0, 1, 0)
    _, counters = run(network, x)
    # Each spike makes the first neuron spike, and that the last: 4 spikes of 3 neurons in 5 steps of 2 samples.
    assert counters.layer_spikes["layer 1"] == counters.layer_spikes["layer 2"] == 2
    assert neurobench_section(*run(network, x))["activation_sparsity"] == pytest.approx(1 - 4 / 30)


def test_membrane_updates_are_changes_of_the_potential() -> None:
    network = chain(Dense(np.asarray([[2], [0]], dtype=np.int16)))
    x = np.asarray([[[0], [1], [0], [1], [0]], [[1], [1], [1], [1], [0]]])
    program, counters = run(network, x)
    # By 2, 4 - 3 with a spike, 3, 5 - 3 with a spike: each input changes it. The first step always counts.
    assert count_membrane_updates(program, x) == {
        "value": (1 + 2 + 1 + (1 + 3) + 1) / 2,
        "of": "the potentials of 2 samples",
    }
    upper = neurobench_section(program, counters)["membrane_updates"]
    assert upper["value"] == 2 * 5 and "upper count" in upper["of"]
    measured = count_membrane_updates(program, x)
    assert neurobench_section(program, counters, measured)["membrane_updates"] == measured
    with pytest.raises(ValueError, match="one sample at least"):
        count_membrane_updates(program, x[:0])


def test_footprint() -> None:
    network = chain(Dense(np.asarray([[2, 0, -4], [6, 8, 126]], dtype=np.int16)))
    late = network.replace(
        populations=(network.populations[0], Population("layer 1", (2,), Role.NEURON, neuron(), 3)),
        projections=(Projection("p1", "input", "layer 1", network.projections[0].connectivity, delay=3),),
    )
    program, _ = run(late, np.zeros((1, 2, 3), dtype=np.int64))
    found = footprint(program)
    # Even weights of -4..126 need 7 bits with the sign. Two delays hold the spikes of three inputs.
    assert (found["weights"], found["states"], found["buffers"]) == (6 * 7 / 8, 2 * (24 + 24) / 8, 3 * 2 / 8)
    # Two decays of 13 bits, a threshold of 17, a bias of 13 and its exponent of 3, and two potentials of 24.
    assert found["neuron_parameters"] == (13 + 13 + 17 + 13 + 3 + 24 + 24) / 8
    assert found["bytes"] == sum(found[part] for part in ("weights", "neuron_parameters", "states", "buffers"))


def test_the_same_as_neurobench() -> None:
    torch = pytest.importorskip("torch")
    snntorch = pytest.importorskip("snntorch")
    benchmarks = pytest.importorskip("neurobench.benchmarks")
    from neurobench.metrics.static import ConnectionSparsity
    from neurobench.metrics.workload import ActivationSparsity, MembraneUpdates, SynapticOperations
    from neurobench.models import SNNTorchModel

    random = np.random.default_rng(5)
    kernel = np.where(random.random((3, 1, 3, 3)) < 0.3, 0, 2 * random.integers(-4, 7, (3, 1, 3, 3)))
    dense = np.where(random.random((4, 48)) < 0.4, 0, 2 * random.integers(-6, 9, (4, 48)))
    x = (random.random((6, 9, 16)) < 0.3).astype(np.int64)
    # Odd, so that no even potential equals it. Nothing is reset, for snnTorch does that at another moment.
    threshold = 5

    class Both(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            spikes = {"beta": 1.0, "threshold": float(threshold), "init_hidden": True, "reset_mechanism": "none"}
            self.convolution = torch.nn.Conv2d(1, 3, 3, padding=1, bias=False)
            self.first = snntorch.Leaky(**spikes)
            self.dense = torch.nn.Linear(48, 4, bias=False)
            self.last = snntorch.Leaky(**spikes, output=True)
            self.convolution.weight.data = torch.tensor(kernel, dtype=torch.float32)
            self.dense.weight.data = torch.tensor(dense, dtype=torch.float32)

        def forward(self, step: Any) -> Any:
            hidden = self.first(self.convolution(step.reshape(-1, 1, 4, 4)))
            return self.last(self.dense(hidden.flatten(1)))

    convolution = Convolution(kernel.astype(np.int16), (1, 4, 4), (1, 1), ((1, 1), (1, 1)), (1, 1))
    network = chain(convolution, Dense(dense.astype(np.int16)), threshold=threshold, reset=Reset.NONE)
    program, counters = run(network, x)
    ours = neurobench_section(program, counters, count_membrane_updates(program, x))

    batch = torch.tensor(x, dtype=torch.float32)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(batch, torch.zeros(6)), batch_size=6)
    metrics = [[ConnectionSparsity], [ActivationSparsity, SynapticOperations, MembraneUpdates]]
    theirs = benchmarks.Benchmark(SNNTorchModel(Both()), loader, [], [], metrics).run(quiet=True)
    assert 0.05 < 1 - ours["activation_sparsity"] < 0.95
    assert ours["connection_sparsity"] == pytest.approx(theirs["ConnectionSparsity"], abs=1e-4)
    assert ours["activation_sparsity"] == pytest.approx(theirs["ActivationSparsity"])
    assert ours["synaptic_operations"] == pytest.approx(theirs["SynapticOperations"])
    assert ours["membrane_updates"]["value"] == pytest.approx(theirs["MembraneUpdates"])
