"""What fine-tuning derives is the chip's own arithmetic: the same spikes at every step, and the right derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spikeloom.deploy.quantization.layer_quantization import LayerQuantization, Quantization
from spikeloom.deploy.quantization.weights import WeightGrid, quantized_weights
from spikeloom.models.connectivity import Convolution, Dense, OneToOne, Pool, Sparse
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, Reset

torch = pytest.importorskip("torch")

seeds = st.integers(0, 2**32 - 1)


def whole(value):
    return np.asarray(value, dtype=np.int64)


def random_neuron(random, population_size, channels, spiking):
    def parameter(low, high):
        shape = random.choice(["one", "channel", "neuron"])
        if shape == "one":
            return whole(random.integers(low, high))
        if shape == "channel":
            return np.repeat(whole(random.integers(low, high, channels)), population_size // channels)
        return whole(random.integers(low, high, population_size))

    return IntegerLeakyIntegrateAndFire(
        current_decay=parameter(1, 4097),
        voltage_decay=parameter(0, 4097),
        threshold=parameter(0 if random.random() < 0.1 else 50, 800),
        bias_mantissa=parameter(-200, 400) if random.random() < 0.7 else whole(0),
        bias_exponent=whole(random.integers(0, 5)),
        reset=Reset(random.choice(list(Reset))),
        reset_value=parameter(-3000, 3000),
        inclusive=bool(random.random() < 0.5),
        spiking=spiking,
        output_shift=int(random.integers(4, 9)),
        initial_voltage=parameter(-3000, 20000),
    )


def random_connectivity(random, sources, targets):
    kind = random.choice(["dense", "sparse", "one to one"])
    if kind == "one to one" and sources == targets:
        return OneToOne(random.integers(-50, 100, sources).astype(np.int16))
    if kind == "sparse":
        matrix = sparse.random_array((targets, sources), density=0.4, rng=random, dtype=float)
        matrix.data = random.integers(-60, 100, matrix.data.size).astype(float)
        return Sparse.from_matrix(matrix.astype(np.int16).tocsr())
    return Dense(random.integers(-60, 100, (targets, sources)).astype(np.int16))


def random_convolution(random, planar):
    spatial = 2 if planar else 1
    shape = (int(random.integers(1, 4)), *(int(size) for size in random.integers(5, 9, spatial)))
    groups = shape[0] if random.random() < 0.4 else 1
    return Convolution(
        random.integers(-60, 128, (groups * 2, shape[0] // groups, *(3, 2)[:spatial])).astype(np.int16),
        shape,
        tuple(int(step) for step in random.integers(1, 3, spatial)),
        tuple((int(a), int(b)) for a, b in random.integers(0, 3, (spatial, 2))),
        tuple(int(step) for step in random.integers(1, 3, spatial)),
        groups,
    )


def random_network(random):
    """Convolution, pool, two layers, skips, delays, circles of one and several layers, an integrator at the end."""
    convolution = random_convolution(random, random.random() < 0.6)
    window = (2, 1)[: len(convolution.kernel)]
    pool_weights = random.integers(10, 100, convolution.output_shape[0]).astype(np.int16)
    pool = Pool(pool_weights, convolution.output_shape, window, window, ((0, 1), (0, 0))[: len(window)])
    layers = [convolution.output_shape, pool.output_shape, (int(random.integers(2, 6)),), (int(random.integers(2, 6)),)]
    populations = [
        Population("always on", (1,), Role.CONSTANT, None, 0),
        Population("input", convolution.input_shape, Role.INPUT, None, 0),
    ]
    for index, layer in enumerate(layers):
        spiking = random.random() < (0.3 if index == len(layers) - 1 else 0.8)
        neuron = random_neuron(random, int(np.prod(layer)), layer[0], bool(spiking))
        populations.append(Population(f"layer{index}", layer, Role.NEURON, neuron, index + 1))
    projections = []

    def project(source, target, connectivity, extra=0):
        first, last = populations[source], populations[target]
        delay = max(1, last.depth - first.depth + extra)
        exponent = int(random.integers(0, 3))
        projections.append(Projection(f"{len(projections)}", first.name, last.name, connectivity, delay, exponent))

    project(1, 2, convolution)
    project(2, 3, pool)
    for source, target in ((3, 4), (4, 5), (1, 4), (2, 5), (3, 3), (5, 4), (4, 4)):
        if target > source == target - 1 or random.random() < 0.5:
            connectivity = random_connectivity(random, populations[source].size, populations[target].size)
            project(source, target, connectivity, int(random.integers(0, 12)) + (2 if source >= target else 0))
    for target in (3, 5):
        project(0, target, Dense(random.integers(-100, 200, (populations[target].size, 1)).astype(np.int16)))
    return Network(tuple(populations), tuple(projections), "layer3", integer=True)


def as_quantization(network, random, rounded=0.4):
    """The network as if its weights had been rounded from numbers nearby."""
    layers = []
    for population in network.populations:
        parts = {}
        for projection in network.incoming(population.name):
            weights = projection.connectivity.weights
            ideal = weights + random.uniform(-rounded, rounded, weights.shape)
            parts[projection.name] = quantized_weights(weights, ideal, projection.exponent, WeightGrid(-256, 255, 1))
        if population.role is Role.NEURON:
            layers.append(LayerQuantization(population.name, np.ones(()), 0.0, parts, 0.0))
    return Quantization(network, tuple(layers))


def by_steps(data):
    return torch.from_numpy(np.ascontiguousarray(data.transpose(1, 0, 2), dtype=np.float64))


def random_data(random, network, graded):
    data = (random.random((4, 10, network.input.size)) < 0.4).astype(np.int64)
    return data * random.integers(-5, 20, data.shape) if graded else data


@given(seeds, st.booleans())
def test_every_spike_is_that_of_the_integer_network(seed, graded_input):
    from spikeloom.deploy.fine_tuning.integer_network import TrainableNetwork

    random = np.random.default_rng(seed)
    network = random_network(random)
    data = random_data(random, network, graded_input)
    expected = run_network(network, data)
    trainable = TrainableNetwork(as_quantization(network, random))
    activity = trainable.run(by_steps(data))
    assert set(activity) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(activity[name].detach().numpy().transpose(1, 0, 2), values, err_msg=name)
    alone = trainable.run(by_steps(data), {name: by_steps(values) for name, values in expected.items()})
    for name, values in expected.items():  # each layer by itself, given what the others do send
        np.testing.assert_array_equal(alone[name].detach().numpy().transpose(1, 0, 2), values, err_msg=name)


@settings(max_examples=settings().max_examples // 2, deadline=None)
@given(seeds)
def test_what_training_moved_is_what_the_new_network_does(seed):
    """After any move of the latent numbers, also far beyond the registers."""
    from spikeloom.deploy.fine_tuning.integer_network import TrainableNetwork

    random = np.random.default_rng(seed)
    network = random_network(random)
    data = random_data(random, network, False)
    trainable = TrainableNetwork(as_quantization(network, random))
    for latent in trainable.latents():
        latent.value.data += torch.from_numpy(random.normal(0, 10 ** random.uniform(-2, 3), latent.value.shape))
    activity = trainable.run(by_steps(data))
    moved = trainable.quantized()
    for name, values in run_network(moved.network, data).items():
        np.testing.assert_array_equal(activity[name].detach().numpy().transpose(1, 0, 2), values, err_msg=name)
    for layer in moved.layers:
        for name, part in layer.projections.items():
            projection = next(p for p in moved.network.projections if p.name == name)
            np.testing.assert_array_equal(part.weights, projection.connectivity.weights)
            np.testing.assert_array_equal(part.weights, part.grid.nearest(part.ideal))
            assert part.exponent == projection.exponent
    for population in moved.network.populations:
        before = network.by_name[population.name].neuron
        if before is not None:
            assert population.neuron.threshold.max() < 2 ** int(before.threshold.max()).bit_length()
            assert population.neuron.threshold.shape == before.threshold.shape
            assert population.neuron.bias_mantissa.shape == before.bias_mantissa.shape
            for name in ("threshold", "bias_mantissa"):  # what a channel shares it goes on to share
                old, new = (
                    np.broadcast_to(getattr(neuron, name), population.size).reshape(population.shape[0], -1)
                    for neuron in (before, population.neuron)
                )
                assert np.ptp(old, axis=1).any() or not np.ptp(new, axis=1).any()


@pytest.mark.parametrize("keep_zeros", [False, True])
def test_no_synapse_appears_where_there_is_none(keep_zeros):
    from spikeloom.deploy.fine_tuning.integer_network import TrainableNetwork

    random = np.random.default_rng(2)
    network = random_network(random)
    quantization = as_quantization(network, random)
    absent, small = {}, {}
    for layer in quantization.layers:
        for name, part in layer.projections.items():
            absent[name] = random.random(part.weights.shape) < 0.3
            small[name] = ~absent[name] & (random.random(part.weights.shape) < 0.3)
            part.ideal[absent[name]] = 0
            part.weights[absent[name] | small[name]] = 0  # these are the network's own
    trainable = TrainableNetwork(quantization, keep_zeros)
    for latent in trainable.latents():
        latent.value.data += 3.0
    grown = 0
    for projection in trainable.quantized().network.projections:
        weights = projection.connectivity.weights
        assert not weights[absent[projection.name]].any()
        grown += np.count_nonzero(weights[small[projection.name]])
    assert bool(grown) is not keep_zeros


@given(seeds)
def test_sums_of_synapses_have_the_derivatives_of_linear_maps(seed):
    """Every kind of connectivity, against its own list of synapses."""
    from spikeloom.deploy.fine_tuning.synapses import weighted_sums

    random = np.random.default_rng(seed)
    pooled = random_convolution(random, True)
    for connectivity in (
        random_convolution(random, True),
        random_convolution(random, False),
        Pool(random.integers(1, 9, pooled.output_shape[0]), pooled.output_shape, (2, 1), (1, 2), ((0, 1), (0, 0))),
        random_connectivity(random, 4, 4),
        random_connectivity(random, 5, 3),
    ):
        weights = torch.from_numpy(connectivity.weights.astype(float)).requires_grad_()
        activity = torch.from_numpy(random.integers(-3, 4, (3, connectivity.sources)).astype(float)).requires_grad_()
        sums = weighted_sums(connectivity, weights, activity)
        np.testing.assert_allclose(sums.detach(), connectivity.apply(activity.detach().numpy()), atol=1e-6)
        pull = random.normal(0, 1, sums.shape)
        (sums * torch.from_numpy(pull)).sum().backward()
        matrix = connectivity.to_sparse().toarray()
        np.testing.assert_allclose(activity.grad, pull @ matrix, rtol=1e-4, atol=1e-2)
        # Linear in the weights: what a move of all of them gives is the derivative along it.
        move = random.normal(0, 1, connectivity.weights.shape)
        along = np.vdot(pull, connectivity.with_weights(move).apply(activity.detach().numpy()))
        assert np.vdot(move, weights.grad.numpy()) == pytest.approx(along, rel=1e-4, abs=1e-2)


# Derivatives through time, against PyTorch's own, step by step


class SmoothStep(torch.autograd.Function):
    @staticmethod
    def forward(context, distance):
        context.save_for_backward(distance)
        return (distance > 0).double()

    @staticmethod
    def backward(context, gradient):
        (distance,) = context.saved_tensors
        return gradient / (1 + (math.pi * distance) ** 2)


def truncated(state, decay):
    smooth = state * (4096 - decay) / 4096
    return smooth + (torch.trunc(smooth) - smooth).detach()


def step_by_step(network, data, weights, thresholds, biases, units):
    """Two layers in a circle, in PyTorch's operations."""
    names = ("first", "second")
    neurons = {name: network.by_name[name].neuron for name in names}
    sizes = {name: network.by_name[name].size for name in names}
    current = {name: torch.zeros((data.shape[1], sizes[name]), dtype=torch.float64) for name in names}
    potential = dict(current)
    sent = {name: [] for name in names}
    for step in range(data.shape[0]):
        for name in names:
            total = torch.zeros_like(current[name])
            for projection in network.incoming(name):
                then = step - network.lag(projection)
                if then >= 0:
                    source = data[then] if projection.source == "input" else sent[projection.source][then]
                    total = total + source @ weights[projection.name].T * 2.0**projection.exponent
            neuron = neurons[name]
            current[name] = truncated(current[name], float(neuron.current_decay)) + 64 * total
            reached = truncated(potential[name], float(neuron.voltage_decay)) + current[name]
            reached = reached + biases[name] * 2.0 ** float(neuron.bias_exponent)
            if neuron.spiking:
                level = 64 * thresholds[name]
                spike = SmoothStep.apply((reached - level) / (64 * units[name]))
                held = spike.detach()
                after = {
                    Reset.VALUE: (1 - held) * reached + held * float(neuron.reset_value),
                    Reset.SUBTRACT: reached - held * level,
                    Reset.NONE: reached,
                }
                potential[name] = after[neuron.reset]
                sent[name].append(spike)
            else:
                potential[name] = reached
                shifted = reached / 2**neuron.output_shift
                sent[name].append(shifted + (torch.floor(shifted) - shifted).detach())
    return {name: torch.stack(parts) for name, parts in sent.items()}


@pytest.mark.parametrize("reset", list(Reset))
@pytest.mark.parametrize("spiking", [True, False])
def test_derivatives_through_time(reset, spiking):
    from spikeloom.deploy.fine_tuning.integer_network import TrainableNetwork

    random = np.random.default_rng(5)

    def neuron(spiking):
        return IntegerLeakyIntegrateAndFire(
            whole(1200), whole(500), whole(random.integers(200, 400, 4)), whole(random.integers(1, 90, 4)), whole(3),
            reset, whole(700), spiking=spiking, output_shift=6,
        )  # fmt: skip

    network = Network(
        (
            Population("input", (3,), Role.INPUT, None, 0),
            Population("first", (4,), Role.NEURON, neuron(True), 1),
            Population("second", (4,), Role.NEURON, neuron(spiking), 2),
        ),
        tuple(
            Projection(f"{source} {target}", source, target, Dense(random.integers(-40, 99, size)), delay, exponent)
            for source, target, size, delay, exponent in (
                ("input", "first", (4, 3), 1, 1), ("first", "first", (4, 4), 2, 0), ("first", "second", (4, 4), 1, 2),
                *([("second", "first", (4, 4), 1, 0)] if spiking else []),
            )
        ),
        "second", True, {"second": 64.0},
    )  # fmt: skip
    trainable = TrainableNetwork(as_quantization(network, random))
    data = by_steps((random.random((5, 30, 3)) < 0.5).astype(np.int64))
    pull = {name: torch.from_numpy(random.normal(0, 1, (30, 5, 4))) for name in ("first", "second")}

    def gradients(activity, leaves):
        loss = sum((activity[name] * pull[name]).sum() for name in pull)
        return [part.numpy() for part in torch.autograd.grad(loss, leaves)]

    weights = {
        p.name: torch.from_numpy(p.connectivity.weights.astype(float)).requires_grad_() for p in network.projections
    }
    layers = [population for population in network.populations if population.neuron is not None]
    thresholds = {p.name: torch.from_numpy(p.neuron.threshold.astype(float)).requires_grad_() for p in layers}
    biases = {p.name: torch.from_numpy(p.neuron.bias_mantissa.astype(float)).requires_grad_() for p in layers}
    units = {p.name: thresholds[p.name].detach() for p in layers}
    activity = step_by_step(network, data, weights, thresholds, biases, units)
    trained = [name for name in thresholds if name in trainable.thresholds]
    expected = gradients(activity, [*weights.values(), *(thresholds[name] for name in trained), *biases.values()])
    own = trainable.run(data)
    for name in pull:
        assert own[name].sum() > 0
        np.testing.assert_array_equal(own[name].detach(), activity[name].detach())
    leaves = [
        *(trainable.weights[name].value for name in weights),
        *(trainable.thresholds[name].value for name in trained),
        *(trainable.biases[name].value for name in biases),
    ]
    largest = {
        p.name: max(np.abs(q.connectivity.weights).max() * 2**q.exponent for q in network.incoming(p.name))
        for p in layers
    }
    unit = {p.name: p.neuron.threshold if p.neuron.spiking else largest[p.name] for p in layers}
    factors = [
        *(1.0 for _ in weights),
        *(unit[name] for name in trained),
        *(unit[name] * 64 / 2**3 for name in biases),
    ]
    for got, wanted, factor in zip(gradients(own, leaves), expected, factors, strict=True):
        np.testing.assert_allclose(got, wanted * factor, rtol=1e-9, atol=1e-9)
