"""Filling cores in order: as much as fits on each, and whole tiles where a chip has them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.mapping.feasibility import Needs, check_cores
from spikeloom.mapping.partition.sequential import Sequential
from spikeloom.mapping.resources import Accountant, Load
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense

ORDERS = ["channels", "positions"]


@given(data=st.data())
def test_cores_are_not_too_full(data, networks, targets):
    network, target = data.draw(networks), data.draw(targets)
    layout = Sequential(data.draw(st.sampled_from(ORDERS))).layout(network, target)
    if layout.problems:
        return
    if len(layout.loads) <= target.cores:
        assert not check_cores(network, target, layout.core_of)
    accountant = Accountant(network, target)
    for core, load in enumerate(accountant.loads(layout.core_of, len(layout.loads))):
        assert not accountant.exceeded(load)
        assert (load.neurons, load.memory_bits) == (layout.loads[core].neurons, layout.loads[core].memory_bits)


def test_as_many_neurons_as_fit(make_network, make_target):
    for seed in range(20):
        random = np.random.default_rng(seed)
        weights = random.integers(0, 2, (int(random.integers(1, 6)), 2, 3, 3))
        convolution = Convolution(weights, (2, 8, 9), (1, 1), ((1, 1), (1, 1)), (1, 1))
        network = make_network([convolution], [(2, 8, 9), convolution.output_shape], integer=True)
        target = make_target(neurons=int(random.integers(5, 60)), input_axons=int(random.integers(18, 90)))
        cores = Sequential().layout(network, target).core_of["layer1"]
        accountant = Accountant(network, target)
        for core in range(cores.max()):
            one_more = np.flatnonzero(cores == core)
            one_more = np.append(one_more, one_more[-1] + 1)
            assert accountant.exceeded(accountant.add(Load(), "layer1", one_more))


def layer(make_network, channels, *size):
    """Neurons in that shape, behind a kernel of one place."""
    axes = len(size)
    kernels = np.ones((channels, 1, *[1] * axes))
    convolution = Convolution(kernels, (1, *size), (1,) * axes, ((0, 0),) * axes, (1,) * axes)
    return make_network([convolution], [(1, *size), (channels, *size)])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("shape", "most"),
    [
        ((8, 64, 16), 4),  # 8192 neurons; 32 rows of all channels would be 4096 of them, and 4000 fit
        ((6, 100, 30), 7),  # 16 rows
        ((2, 10_000), 10),  # with one axis, pieces of 2048
        ((40, 9, 9), 2),  # of all channels, 8 rows and one
        ((1, 16, 4200), 4200),  # a row is too much for a core, so that each column is a tile
    ],
)
def test_layers_in_tiles(make_network, order, shape, most):
    """In as few cores as tiles allow."""
    network, target = layer(make_network, *shape), load_target("loihi2").with_chips(100)
    layout = Sequential(order).layout(network, target)
    assert not layout.problems
    assert len(layout.loads) <= most
    needs = Needs(network, target, layout.core_of, len(layout.loads))
    assert needs.memory_bits.max() <= target.limits.of("memory_bits")


def test_the_likely_number_is_only_a_guess(make_network, make_target):
    """Cores that take ever fewer neurons, as later ones have more inputs, and then more again."""
    inputs = np.concatenate([np.arange(1, 40), np.arange(40, 0, -1)])
    matrix = (np.arange(40)[None, :] < inputs[:, None]).astype(float)
    network = make_network([Dense(matrix)], [(40,), (79,)])
    target = make_target("loihi2", memory_bits=None, synaptic_memory_bits=128 * 60)
    cores = Sequential().partition(network, target)["layer1"]
    accountant = Accountant(network, target)
    sizes = np.bincount(cores)
    assert sizes.min() < sizes.max()
    for core in range(cores.max()):
        held = np.flatnonzero(cores == core)
        assert not accountant.exceeded(accountant.add(Load(), "layer1", held))
        assert accountant.exceeded(accountant.add(Load(), "layer1", np.append(held, held[-1] + 1)))
