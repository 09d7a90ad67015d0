"""Random networks of ours, built from Lava's own library processes: every state of every neuron after every step.

`networks_in_lava.py` builds them; the other direction is in `test_exact_process_graphs_lava.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from spikeloom.models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, IntegerSigmaDelta

Array = NDArray[Any]
Random = np.random.Generator
Shape = tuple[int, ...]
seeds = st.integers(0, 2**32 - 1)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # a smaller seed is no smaller network

INPUTS = 24
INPUT_SHAPES: tuple[Shape, ...] = ((24,), (2, 3, 4), (4, 2, 3), (1, 4, 6), (3, 8))
LARGE_SHAPES: tuple[Shape, ...] = ((300,), (2, 12, 14), (1, 20, 20), (3, 9, 40), (65, 3, 3), (2, 150))
NETWORKS = 3  # beside each other in one run of Lava, which take hardly longer than one
LONGEST_DELAY = 12


def whole(value: Any) -> Array:
    """An integer array."""
    return np.asarray(value, dtype=np.int64)


def random_leaky(random: Random, size: int, starts: bool) -> IntegerLeakyIntegrateAndFire:
    """A neuron that Lava's LIF has too."""

    def parameter(low: int, high: int) -> Array:
        own = random.integers(low, high + 1, size if random.random() < 0.3 else ())
        return whole(random.choice([low, high]) if random.random() < 0.4 else own)

    return IntegerLeakyIntegrateAndFire(
        current_decay=parameter(1, 4096),
        voltage_decay=parameter(0, 4095),
        threshold=whole(random.choice([0, int(2 ** random.uniform(3, 12)), int(2 ** random.uniform(8, 17))])),
        bias_mantissa=whole(random.integers(-300, 500, size) * (random.random() < 0.5)),
        bias_exponent=whole(random.integers(0, 6)),
        initial_voltage=whole(random.integers(-(2**20), 2**20, size) * (starts and random.random() < 0.5)),
    )


def random_sigma_delta(random: Random) -> IntegerSigmaDelta:
    """A neuron that Lava's SigmaDelta, Delta or Sigma is; their thresholds and biases are multiples of a spike's."""
    kind, shift, more = random.choice(["SigmaDelta", "Delta", "Sigma"]), *random.integers(0, 6, 2).tolist()
    if kind == "Sigma":
        return IntegerSigmaDelta(whole(0), whole(0), rectifies=False, delta=False)
    threshold = whole(random.integers(0, 200)) << (shift + more)
    if kind == "Delta":
        return IntegerSigmaDelta(
            threshold, whole(0), rectifies=False, integrates=False, input_shift=shift + more, output_shift=shift
        )
    bias = whole(random.integers(-200, 200)) << (shift + more)
    # The input is not shifted here, so what was `more` belongs to what is sent.
    return IntegerSigmaDelta(threshold, bias, rectifies=bool(random.random() < 0.7), output_shift=shift + more)


def random_weights(random: Random, shape: Shape) -> Array:
    """Even ones of both signs, or any of one sign, or any of both."""
    kind, keep = random.integers(0, 4), random.random(shape) < random.choice([0.3, 1.0])
    if kind == 0:
        return whole(random.integers(-128, 128, shape) * 2 * keep)
    if kind == 1:
        return whole(random.integers(-255, 256, shape) * keep)
    return whole(random.integers(0, 256, shape) * (1 if kind == 2 else -1) * keep)


def random_convolution(random: Random, shape: Shape) -> Convolution:
    """Over a population of any shape with spatial axes; its padding is symmetric, as Lava's."""
    axes = len(shape) - 1
    groups = shape[0] if random.random() < 0.4 else 1
    padding = tuple((side, side) for side in random.integers(0, 2, axes).tolist())
    stride = tuple(random.integers(1, 3, axes).tolist())
    room = [size + 2 * side - 1 for size, (side, _) in zip(shape[1:], padding, strict=True)]
    kernel = tuple(1 + int(random.integers(0, min(2, left) + 1)) for left in room)
    dilation = tuple(
        int(random.integers(1, min(2, left // max(1, size - 1)) + 1)) if size > 1 else 1
        for size, left in zip(kernel, room, strict=True)
    )
    weights = random_weights(random, (groups * int(random.integers(1, 3)), shape[0] // groups, *kernel))
    return Convolution(weights, shape, stride, padding, dilation, groups)


def random_connectivity(random: Random, source: Shape, target: Shape) -> Connectivity:
    """Between populations of any shape."""
    sources, targets = int(np.prod(source)), int(np.prod(target))
    kind = random.choice(["dense", "sparse", "one to one"])
    if kind == "one to one" and sources == targets:
        return OneToOne(random_weights(random, (sources,)))
    weights = random_weights(random, (targets, sources))
    if kind != "sparse":
        return Dense(weights)
    weights *= random.random(weights.shape) < 0.4
    weights[0, 0] = 2  # Lava cannot tell the sign of no weights at all
    return Sparse.from_matrix(sparse.csr_array(weights))


class Growing:
    """A network of ours that grows by populations and projections."""

    def __init__(self, shape: Shape) -> None:
        self.populations = [Population("in", shape, Role.INPUT, None, 0)]
        self.projections: list[Projection] = []

    def add(self, shape: Shape, neuron: Any, depth: int) -> Population:
        self.populations.append(Population(f"layer{len(self.populations)}", shape, Role.NEURON, neuron, depth))
        return self.populations[-1]

    def connect(
        self, source: Population, target: Population, synapses: Connectivity, delay: int, exponent: int
    ) -> None:
        name = f"projection{len(self.projections)}"
        self.projections.append(Projection(name, source.name, target.name, synapses, delay, exponent))

    def network(self) -> Network:
        return Network(tuple(self.populations), tuple(self.projections), self.populations[-1].name, integer=True)


def random_shape(random: Random, convolution: Convolution | None, large: bool) -> Shape:
    if convolution:
        return convolution.output_shape
    return (int(2 ** random.uniform(0, 8)),) if large else (int(random.integers(1, 9)),)


def random_input_shape(random: Random, large: bool) -> Shape:
    shapes = LARGE_SHAPES if large else INPUT_SHAPES
    return shapes[random.integers(len(shapes))]


def feed_forward(random: Random, large: bool = False) -> Network:
    """Layers at their depths, with ways around them, whose samples follow each other without a gap."""
    grown = Growing(random_input_shape(random, large))
    layers = [grown.populations[0]]
    for depth in range(1, int(random.integers(2, 4))):
        last = layers[-1]
        convolution = random_convolution(random, last.shape) if len(last.shape) > 1 else None
        shape = random_shape(random, convolution, large)
        layer = grown.add(shape, random_leaky(random, int(np.prod(shape)), starts=False), depth)
        synapses = convolution or random_connectivity(random, last.shape, shape)
        grown.connect(last, layer, synapses, 1, int(random.integers(0, 8)))
        for source in layers[:-1]:
            synapses = random_connectivity(random, source.shape, shape)
            grown.connect(source, layer, synapses, depth - source.depth, int(random.integers(0, 5)))
        layers.append(layer)
    if len(layers[-1].shape) == 3 and min(layers[-1].shape[1:]) > 1:
        last = layers[-1]
        weights = random.integers(1, 200, last.shape[0])
        pool = Pool(weights, last.shape, (2, 2), (int(random.integers(1, 3)), 1), ((0, 0), (0, 0)))
        layer = grown.add(pool.output_shape, random_leaky(random, pool.targets, starts=False), last.depth + 1)
        grown.connect(last, layer, pool, 1, 3)
    always = Population("always", (1,), Role.CONSTANT, None, 0)
    grown.populations.insert(0, always)
    for layer in grown.populations[2:]:
        if random.random() < 0.3:
            grown.connect(always, layer, Dense(random_weights(random, (layer.size, 1))), 1, int(random.integers(0, 4)))
    return grown.network()


def looped(random: Random, graded_input: bool, large: bool = False) -> Network:
    """Populations that all reach each other, and themselves, after all kinds of delays: all in the time of the chip."""
    grown = Growing(random_input_shape(random, large))
    source = grown.populations[0]
    for _ in range(int(random.integers(1, 4))):
        numbers = random.random() < 0.3
        convolution = None
        if len(source.shape) > 1 and not numbers and random.random() < 0.6:
            convolution = random_convolution(random, source.shape)
        shape = random_shape(random, convolution, large)
        size = int(np.prod(shape))
        neuron = random_sigma_delta(random) if numbers else random_leaky(random, size, starts=True)
        layer = grown.add(shape, neuron, depth=0)
        synapses = convolution or random_connectivity(random, source.shape, shape)
        grown.connect(source, layer, synapses, 1, 0 if graded_input else int(random.integers(0, 8)))
    for source in grown.populations:
        for target in grown.populations[1:]:
            if random.random() < 0.5:
                synapses = random_connectivity(random, source.shape, target.shape)
                delay = int(random.choice([1, random.integers(1, LONGEST_DELAY)]))
                grown.connect(source, target, synapses, delay, int(random.integers(0, 8)))
    return grown.network()


def random_input(random: Random, steps: int, graded: bool) -> Array:
    """(steps, inputs) in Lava's order."""
    spikes = (random.random((steps, INPUTS)) < random.choice([0.1, 0.4])).astype(np.int64)
    return spikes * random.integers(-100, 101, spikes.shape) if graded else spikes


def check_feed_forward(lava: Any, reference: Any, translation: Any, seed: int, graded: bool) -> None:
    """Convolutions, pools, lists, skips and an always-on source; samples back to back."""
    random, steps, samples = np.random.default_rng(seed), 7, 3
    networks = [feed_forward(random) for _ in range(NETWORKS)]
    deepest = max(population.depth for network in networks for population in network.populations)
    data = random_input(random, steps * samples, graded)
    silent = np.zeros((deepest, INPUTS), dtype=np.int64)
    answer = lava(translation.side_by_side(networks, np.concatenate([data, silent]), steps, samples, graded))
    for number, network in enumerate(networks):
        assert network.gap == 0
        run = reference(network, translation.in_our_order(network, data).reshape(samples, steps, INPUTS))
        translation.assert_same(network, run, answer, f"{number}/", samples, steps)


def check_looped(lava: Any, reference: Any, translation: Any, seed: int, graded: bool) -> None:
    """Recurrence, delays, several projections into one population, spiking and sigma-delta neurons among each other."""
    random, steps = np.random.default_rng(seed), 25
    data = random_input(random, steps, graded)
    networks = [looped(random, graded) for _ in range(NETWORKS)]
    answer = lava(translation.side_by_side(networks, data, steps, 1, graded))
    for number, network in enumerate(networks):
        run = reference(network, translation.in_our_order(network, data)[None])
        translation.assert_same(network, run, answer, f"{number}/", 1, steps)


CHECKS = (check_feed_forward, check_looped)


@pytest.mark.parametrize("check", CHECKS)
@settings(deadline=None, max_examples=settings().max_examples // 15, phases=PHASES)
@given(seed=seeds, graded=st.booleans())
def test_states_and_spikes_are_those_of_lava(
    lava: Any, reference: Any, translation: Any, check: Any, seed: int, graded: bool
) -> None:
    check(lava, reference, translation, seed, graded)


@pytest.mark.slow
@settings(deadline=None, max_examples=40, phases=PHASES)
@given(check=st.sampled_from(CHECKS), seed=seeds, graded=st.booleans())
def test_many_networks(lava: Any, reference: Any, translation: Any, check: Any, seed: int, graded: bool) -> None:
    check(lava, reference, translation, seed, graded)


@settings(deadline=None, phases=PHASES)
@given(seeds, st.booleans(), st.booleans(), st.booleans())
def test_the_simulator_has_the_same_states(
    reference: Any, simulated: Any, seed: int, graded: bool, loops: bool, large: bool
) -> None:
    """What the tests above hold against Lava, as the simulator runs it; and layers that it shares out to processors."""
    random = np.random.default_rng(seed)
    network = looped(random, graded, large) if loops else feed_forward(random, large)
    shape = (int(random.choice([1, 3])), 12, network.input.size)
    data = (random.random(shape) < random.choice([0.02, 0.3])) * (random.integers(-100, 101, shape) if graded else 1)
    expected, found = reference(network, data), simulated(network, data)
    for name, states in expected.items():
        for state, values in states.items():
            np.testing.assert_array_equal(found[name][state], values, err_msg=f"{name}, {state}")


@pytest.mark.parametrize("shape", [(2, 150), (2, 8, 20), (3, 1, 90), (3, 90, 1)])
@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, -1)])
def test_a_large_convolution_for_one_sample_in_the_simulator(
    reference: Any, simulated: Any, shape: Shape, stride: int, dilation: int, groups: int
) -> None:
    """Its targets are shared out to processors, where there is but one row of them as well."""
    random, axes, groups = np.random.default_rng(4), len(shape) - 1, shape[0] if groups < 0 else groups
    kernel = tuple(min(3, size) for size in shape[1:])
    weights = random.integers(-128, 128, (6, shape[0] // groups, *kernel))
    padding = ((1, 1),) * axes
    synapses = Convolution(weights, shape, (stride,) * axes, padding, (dilation,) * axes, groups)
    grown = Growing(shape)
    layer = grown.add(synapses.output_shape, random_leaky(random, synapses.targets, starts=False), 1)
    grown.connect(grown.populations[0], layer, synapses, 1, 2)
    network, data = grown.network(), (random.random((1, 8, int(np.prod(shape)))) < 0.3).astype(np.int64)
    expected, found = reference(network, data)[layer.name], simulated(network, data)[layer.name]
    for state, values in expected.items():
        np.testing.assert_array_equal(found[state], values, err_msg=state)


@pytest.mark.parametrize("rectifies", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_sigma_delta_neurons_behind_a_convolution(lava: Any, reference: Any, translation: Any, rectifies: bool) -> None:
    """Graded spikes through Lava's `Conv`, whose sums have 24 bits; weights and numbers are small enough for them."""
    random, steps = np.random.default_rng(2), 20
    grown = Growing((2, 3, 4))
    neuron = IntegerSigmaDelta(whole(40), whole(-8), rectifies=rectifies, output_shift=3)
    first = Convolution(random.integers(-8, 9, (3, 2, 2, 2)), (2, 3, 4), (1, 1), ((1, 1), (0, 0)), (1, 2))
    second = Convolution(random.integers(-8, 9, (3, 1, 2, 2)), first.output_shape, (1, 1), ((0, 0), (0, 0)), (1, 1), 3)
    layer = grown.add(first.output_shape, neuron, 0)
    end = grown.add(second.output_shape, neuron, 0)
    grown.connect(grown.populations[0], layer, first, 1, 0)
    grown.connect(layer, end, second, 1, 1)
    data = random_input(random, steps, graded=True)
    processes, connections = translation.in_lava(grown.network(), "", steps, 1, True)
    source = {"in": ("RingBuffer", {"data": data.T})}
    answer = lava({"steps": steps, "processes": source | processes, "connections": connections})
    run = reference(grown.network(), translation.in_our_order(grown.network(), data)[None])
    assert 0.1 < translation.assert_same(grown.network(), run, answer, "", 1, steps) < 1
