"""Networks in Lava against a plain simulation in chip time, which shares no line with either Spikeloom or Lava."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.backends.lava.backend import run_lava
from spikeloom.models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire, Reset

Array = NDArray[Any]
pytestmark = pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))


def naive_matrix(connectivity: Connectivity) -> Array:
    """(targets, sources) weights, synapse by synapse."""
    weights = connectivity.weights
    if isinstance(connectivity, Dense):
        return weights
    if isinstance(connectivity, OneToOne):
        return np.diag(weights)
    matrix = np.zeros((connectivity.targets, connectivity.sources), dtype=np.int64)
    if isinstance(connectivity, Sparse):
        for target in range(connectivity.targets):
            for synapse in range(connectivity.indptr[target], connectivity.indptr[target + 1]):
                matrix[target, connectivity.indices[synapse]] += weights[synapse]
        return matrix
    assert isinstance(connectivity, Convolution | Pool)
    source_number = np.arange(connectivity.sources).reshape(connectivity.input_shape)
    target_number = np.arange(connectivity.targets).reshape(connectivity.output_shape)
    pool = isinstance(connectivity, Pool)
    dilation = (1,) * len(connectivity.stride) if pool else connectivity.dilation
    inputs = 1 if pool else weights.shape[1]
    outputs = 1 if pool else weights.shape[0] // connectivity.groups
    for channel, *position in product(*map(range, connectivity.output_shape)):
        for kernel_channel, *offset in product(range(inputs), *map(range, connectivity.kernel)):
            axes = zip(position, connectivity.stride, offset, dilation, connectivity.padding, strict=True)
            place = tuple(at * stride + k * spread - pad[0] for at, stride, k, spread, pad in axes)
            inside = all(0 <= at < size for at, size in zip(place, connectivity.input_shape[1:], strict=True))
            if inside:
                source = source_number[(channel // outputs * inputs + kernel_channel, *place)]
                weight = weights[channel] if pool else weights[(channel, kernel_channel, *offset)]
                matrix[target_number[(channel, *position)], source] += weight
    return matrix


def simulate(network: Network, inputs: Array) -> dict[str, Array]:
    """Every population's activity, (samples, steps, neurons), by going through all chip steps one by one."""
    samples, steps, _ = inputs.shape
    period = steps + network.gap
    matrices = {p.name: naive_matrix(p.connectivity) << p.exponent for p in network.projections}
    sizes = {p.name: p.size for p in network.populations}
    state = {name: (np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)) for name, size in sizes.items()}
    sent: dict[tuple[str, int], Array] = {}
    result = {name: np.zeros((samples, steps, size), dtype=np.int64) for name, size in sizes.items()}
    for now in range(samples * period + max(p.depth for p in network.populations)):
        for population in network.populations:
            name, size = population.name, population.size
            sample, step = divmod(now - population.depth, period)
            inside = 0 <= sample < samples and step < steps
            output = np.zeros(size, dtype=np.int64)
            if population.role is Role.CONSTANT:
                output += 1
            elif population.role is Role.INPUT:
                output = inputs[sample, step].astype(np.int64) if inside else output
            elif network.gap and not (now >= population.depth and step < steps):
                state[name] = (np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64))
            else:
                arriving = np.zeros(size, dtype=np.int64)
                for projection in network.incoming(name):
                    before = sent.get((projection.source, now - projection.delay))
                    if before is not None:
                        arriving += matrices[projection.name] @ before
                current, voltage = state[name]
                if step == 0:
                    current, voltage = current * 0, voltage * 0
                assert isinstance(population.neuron, IntegerLeakyIntegrateAndFire)
                current, voltage, output = advance(population.neuron, current, voltage, arriving)
                state[name] = current, voltage
            sent[name, now] = output
            if inside:
                result[name][sample, step] = output
    return result


def advance(neuron: IntegerLeakyIntegrateAndFire, current: Array, voltage: Array, arriving: Array) -> tuple[Array, ...]:
    """One step of the chip's fixed point, as its documentation describes it; divisions are exact in float64."""
    current = np.trunc(current * (4096 - neuron.current_decay) / 4096).astype(np.int64) + arriving * 64
    current = np.where(current > 2**23, current - 2**24, np.where(current <= -(2**23), current + 2**24, current))
    voltage = np.trunc(voltage * (4096 - neuron.voltage_decay) / 4096).astype(np.int64)
    voltage = voltage + current + neuron.bias_mantissa * 2**neuron.bias_exponent
    voltage = np.clip(voltage, 1 - 2**23, 2**23 - 1)
    if not neuron.spiking:
        return current, voltage, voltage // 2**neuron.output_shift
    threshold = neuron.threshold * 64
    spikes = voltage >= threshold if neuron.inclusive else voltage > threshold
    after = {
        Reset.VALUE: neuron.reset_value + voltage * 0,
        Reset.SUBTRACT: voltage - threshold,
        Reset.NONE: voltage,
    }
    return current, np.where(spikes, after[neuron.reset], voltage), spikes.astype(np.int64)


def integers(values: Any) -> Array:
    """An int64 array."""
    return np.asarray(values, dtype=np.int64)


def neuron(**changes: Any) -> IntegerLeakyIntegrateAndFire:
    """A leaky neuron with some fields changed; numbers become arrays."""
    numbers: dict[str, Any] = {
        "current_decay": 4096, "voltage_decay": 410, "threshold": 150, "bias_mantissa": 0, "bias_exponent": 0,
    }  # fmt: skip
    switches = {
        name: changes.pop(name) for name in ("reset", "inclusive", "spiking", "output_shift") if name in changes
    }
    return IntegerLeakyIntegrateAndFire(
        **{name: integers(value) for name, value in (numbers | changes).items()}, **switches
    )


class Builder:
    """Collects populations and projections with random weights."""

    def __init__(self, seed: int, shape: tuple[int, ...]) -> None:
        self.random = np.random.default_rng(seed)
        self.populations = [Population("in", shape, Role.INPUT, None, 0)]
        self.projections: list[Projection] = []

    def add(self, name: str, shape: tuple[int, ...], depth: int, model: IntegerLeakyIntegrateAndFire) -> None:
        self.populations.append(Population(name, shape, Role.NEURON, model, depth))

    def constant(self, name: str) -> None:
        self.populations.append(Population(name, (1,), Role.CONSTANT, None, 0))

    def connect(self, source: str, target: str, connectivity: Connectivity, delay: int = 1, exponent: int = 0) -> None:
        name = f"{source}-{target}-{len(self.projections)}"
        self.projections.append(Projection(name, source, target, connectivity, delay, exponent))

    def even(self, *shape: int) -> Array:
        """Weights of both signs, all of them even, as Lava's mixed mode keeps them."""
        return integers(self.random.integers(-60, 80, shape) * 2)

    def odd(self, *shape: int) -> Array:
        """Weights of both signs that Lava's mixed mode would truncate."""
        return integers(self.random.integers(-120, 160, shape) | 1)

    def network(self, output: str) -> Network:
        return Network(tuple(self.populations), tuple(self.projections), output, integer=True)

    def spikes(self, samples: int, steps: int, rate: float = 0.3) -> Array:
        return (self.random.random((samples, steps, self.populations[0].size)) < rate).astype(np.int64)


def assert_same(network: Network, inputs: Array, **options: Any) -> dict[str, Array]:
    """Run in Lava, compare with the simulation, and check that no population was silent or always on."""
    found, expected = run_lava(network, inputs, timeout=120, **options), simulate(network, inputs)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        if network.by_name[name].role is Role.NEURON:
            assert np.unique(values).size > 1, f"{name} tests nothing"
    return found


def layered_network() -> Builder:
    """Feed-forward, without a gap, so that Lava's own neurons do it: convolutions, pools, lists, delays."""
    net = Builder(1, (4, 7, 6))
    net.add("plain", (6, 3, 6), 1, neuron(bias_mantissa=40, bias_exponent=2, current_decay=1024, threshold=500))
    conv = Convolution(net.even(6, 2, 3, 2), (4, 7, 6), (2, 1), ((0, 0), (1, 1)), (1, 2), groups=2)
    net.connect("in", "plain", conv, exponent=1)
    net.add("lopsided", (3, 7, 6), 1, neuron(bias_mantissa=np.arange(126) * 3, bias_exponent=3))
    net.connect("in", "lopsided", Convolution(net.odd(3, 4, 2, 3), (4, 7, 6), (1, 1), ((0, 1), (2, 0)), (1, 1)))
    net.add("pooled", (6, 2, 3), 2, neuron(threshold=60, reset=Reset.SUBTRACT))
    net.connect("plain", "pooled", Pool(integers([50] * 6), (6, 3, 6), (2, 2), (1, 2), ((0, 0), (0, 0))))
    net.add("listed", (40,), 2, neuron(voltage_decay=4096, threshold=30))
    matrix = net.odd(40, 126) * (net.random.random((40, 126)) < 0.1)
    net.connect("lopsided", "listed", Sparse.from_matrix(matrix))
    net.add("mirror", (36,), 4, neuron(threshold=25000, voltage_decay=1000))
    net.connect("pooled", "mirror", OneToOne(np.abs(net.even(36)) + 60), delay=2)
    net.connect("listed", "mirror", Dense(np.abs(net.odd(36, 40))), delay=2, exponent=2)
    net.add("out", (10,), 6, neuron(spiking=False, voltage_decay=100, output_shift=3))
    net.connect("mirror", "out", Dense(net.odd(10, 36)), delay=2)
    net.connect("plain", "out", Dense(net.even(10, 108)), delay=5)
    net.connect("in", "out", Dense(-np.abs(net.odd(10, 168))), delay=6)
    return net


def recurrent_network() -> Builder:
    """Loops, an always-on source, all resets, thresholds of each neuron, numbers instead of spikes as input."""
    net = Builder(2, (2, 12))
    net.constant("always")
    net.add("line", (3, 6), 1, neuron(threshold=2000, current_decay=2000, reset_value=-700))
    net.connect("in", "line", Convolution(net.even(3, 2, 3), (2, 12), (2,), ((1, 1),), (1,)), exponent=3)
    net.connect("line", "line", Dense(net.even(18, 18)), exponent=3)
    net.connect("always", "line", Dense(net.even(18, 1)))
    thresholds = np.arange(20) * 20 + 100
    net.add("several", (20,), 2, neuron(threshold=thresholds, reset=Reset.SUBTRACT, inclusive=True))
    net.connect("line", "several", Dense(net.even(20, 18)))
    net.connect("always", "several", Dense(net.even(20, 1) + 60), delay=2)
    net.add("kept", (15,), 3, neuron(reset=Reset.NONE, voltage_decay=integers(np.arange(15) * 100 + 300)))
    net.connect("several", "kept", Dense(net.even(15, 20)))
    net.connect("kept", "line", Dense(net.odd(18, 15)), delay=4)
    net.add("numbers", (5,), 4, neuron(spiking=False, output_shift=7))
    net.connect("kept", "numbers", Dense(net.even(5, 15)), exponent=1)
    net.add("out", (4,), 5, neuron(threshold=5000))
    net.connect("numbers", "out", Dense(net.even(4, 5)))
    return net


def test_layers_convolutions_and_delays() -> None:
    net = layered_network()
    network = net.network("out")
    assert network.gap == 0
    assert_same(network, net.spikes(3, 9))


def test_recurrence_resets_and_numbers() -> None:
    net = recurrent_network()
    network = net.network("out")
    assert network.gap == 6
    inputs = integers(net.random.integers(-20, 40, (3, 8, 24)))
    assert_same(network, inputs)


@pytest.mark.slow
def test_one_process_per_core_changes_no_spike() -> None:
    net = layered_network()
    cores = {"plain": np.arange(108) // 60, "pooled": np.arange(36) % 2, "mirror": np.full(36, 7)}
    assert_same(net.network("out"), net.spikes(2, 6), processes="core", cores=cores)


@pytest.mark.slow
def test_only_the_output_is_recorded_if_asked() -> None:
    net = recurrent_network()
    network = net.network("kept")
    inputs = integers(net.random.integers(-20, 40, (1, 5, 24)))
    found = run_lava(network, inputs, record="output", timeout=120)
    assert found.keys() == {"kept"}
    np.testing.assert_array_equal(found["kept"], simulate(network, inputs)["kept"])
