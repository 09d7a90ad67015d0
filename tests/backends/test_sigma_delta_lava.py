"""Converted networks in Lava: the same integers as in the simulator and in the plain run, sample after sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.backends.lava.backend import run_lava
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.conversion.convert import Method, convert
from spikeloom.deploy.conversion.thresholds import ThresholdRule
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.graph import Graph
from spikeloom.models.input_code import input_code
from spikeloom.models.network import Network, Role
from spikeloom.models.neurons import SigmaDelta
from spikeloom.models.operators import Delay, Flatten, Neurons
from spikeloom.models.readers.dataflow import Dataflow

Array = NDArray[Any]
pytestmark = pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))


def ordinary() -> Graph:
    """Two convolutions with a way around the second, max pooling, a ceiling, biases, and a dense end."""
    random = np.random.default_rng(0)
    flow = Dataflow()
    ones, sides = (1, 1), ((1, 1), (1, 1))
    signal = flow.scale("normalised", flow.input("input", (1, 6, 6)), np.full((), 1.5), np.full((), -0.4))
    first = random.normal(0, 0.5, (3, 1, 3, 3)), random.normal(0, 0.3, 3)
    signal = flow.rectify("relu1", flow.convolution("conv1", signal, *first, ones, sides, ones, 1), 1.5)
    second = random.normal(0, 0.3, (3, 3, 3, 3)), random.normal(0, 0.3, 3)
    inside = flow.convolution("conv2", signal, *second, ones, sides, ones, 1)
    signal = flow.rectify("relu2", flow.add("sum", [signal, inside]))
    signal = flow.max_pool("pool", signal, (2, 2), (2, 2), ((0, 0), (0, 0)), ones)
    flat = flow.then("flat", Flatten(), signal)
    flow.output("output", flow.linear("dense", flat, random.normal(0, 0.4, (4, 27)), random.normal(0, 0.3, 4)))
    return flow.graph("ordinary")


def delayed() -> Graph:
    """Sigma-delta layers, of which one hears the other again two steps later."""
    random = np.random.default_rng(1)
    zero = np.zeros(())
    flow = Dataflow()
    encoder = Neurons(SigmaDelta(zero, zero, rectifies=False, integrates=False), None)
    encoded = flow.then("delta", encoder, flow.input("input", (5,)))
    first = flow.linear("a", encoded, random.normal(0, 1, (6, 5)), None)
    first = flow.then("first", Neurons(SigmaDelta(np.full((), 0.01), random.normal(0, 0.3, 6)), (6,)), first)
    late = flow.then("late", Delay(np.asarray(2)), first)
    parts = [
        flow.linear(name, signal, random.normal(0, 1, (4, 6)), None) for name, signal in (("b", first), ("c", late))
    ]
    second = flow.then("second", Neurons(SigmaDelta(np.full((), 0.01), np.full((), 0.1)), None), flow.add("sum", parts))
    decoder = Neurons(SigmaDelta(zero, zero, rectifies=False, delta=False), None)
    flow.output("output", flow.then("sigma", decoder, flow.linear("d", second, random.normal(0, 1, (3, 4)), None)))
    return flow.graph("delayed")


def in_integers(network: Network, data: Array) -> tuple[Network, Array]:
    code = input_code(data)
    integers = code.encode(data)
    return quantize(network, code, code.decode(integers)).network, integers


def assert_same(network: Network, integers: Array, **options: Any) -> None:
    """In Lava, in the simulator and in the plain run; and no layer is tested that says nothing."""
    expected = run_network(network, integers)
    simulated = Simulator(network).run(integers, "all").activity
    found = run_lava(network, integers, timeout=120, **options)
    for name, values in expected.items():
        np.testing.assert_array_equal(simulated[name], values, err_msg=name)
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert np.unique(values).size > 1 or network.by_name[name].role is not Role.NEURON, name


def images(samples: int, steps: int, *shape: int) -> Array:
    """Of 8 bits, a part of which changes from step to step."""
    random = np.random.default_rng(2)
    still = np.repeat(random.integers(0, 256, (samples, 1, *shape)), steps, axis=1)
    return np.where(random.random(still.shape) < 0.3, random.integers(0, 256, still.shape), still) / 256


@pytest.mark.slow
@pytest.mark.parametrize("method", ["sigma-delta", pytest.param("rate", marks=pytest.mark.slow)])
def test_a_converted_network_with_a_way_around(method: Method) -> None:
    data = images(2, 4, 1, 6, 6)
    spiking = convert(ordinary(), method, "exact", ThresholdRule.PERCENTILE, data, data.shape[1])
    network = lower(prepare(spiking))
    assert network.gap == 0
    assert_same(*in_integers(network, data.reshape(*data.shape[:2], -1)))


def test_samples_with_a_gap_between_them_begin_anew_though_cores_share_a_layer() -> None:
    network = lower(prepare(delayed()))
    assert network.gap == 2
    integer, integers = in_integers(network, images(3, 5, 5))
    cores = {name: np.arange(integer.by_name[name].size) % 2 for name in ("first", "second")}
    assert_same(integer, integers, processes="core", cores=cores)
