"""The whole networks of the mapper's benchmark are what their names say, and are mapped as the goals ask."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from spikeloom.mapping.feasibility import check_cores
from spikeloom.mapping.partition.box_partition import BoxPartition
from spikeloom.mapping.resources import Accountant
from spikeloom.models.connectivity import Convolution, Dense
from spikeloom.models.network import Network

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "mapping_networks.py"


@pytest.fixture(scope="module")
def benchmark_networks() -> ModuleType:
    spec = importlib.util.spec_from_file_location(PATH.stem, PATH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[PATH.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "weights"),
    [("ResNet-50", 25.50e6), ("MobileNet", 4.21e6)],
)
def test_networks_have_the_published_numbers_of_weights(
    benchmark_networks: ModuleType, name: str, weights: float
) -> None:
    """Without biases, normalisation and the residual sums, whose weights are one each."""
    network = benchmark_networks.NETWORKS[name](224, 0)
    kernels = [projection.connectivity.weights for projection in network.projections]
    assert sum(kernel.size for kernel in kernels if kernel.ndim > 1) == pytest.approx(weights, rel=0.005)
    assert all(kernel.dtype == np.int8 and kernel.all() for kernel in kernels)


def test_vgg_has_the_published_layers(benchmark_networks: ModuleType) -> None:
    network = benchmark_networks.vgg16(32, 0)
    kernels = [projection.connectivity for projection in network.projections]
    assert sum(kernel.weights.size for kernel in kernels if kernel.weights.ndim == 4) == 14_710_464
    assert [kernel.weights.shape for kernel in kernels if isinstance(kernel, Dense)] == [
        (4096, 512), (4096, 4096), (1000, 4096),
    ]  # fmt: skip
    assert len(network.populations) == 1 + 13 + 5 + 3


def test_residual_sums_wait_for_the_longer_way(benchmark_networks: ModuleType) -> None:
    network = benchmark_networks.resnet50(32, 0)
    past = [projection for projection in network.projections if " past to " in projection.name]
    assert len(past) == 16
    assert {projection.delay for projection in past} == {3}
    assert network.gap == 0


@pytest.mark.parametrize(
    ("name", "fused"),
    [
        pytest.param("ResNet-50", False, marks=pytest.mark.slow),
        pytest.param("ResNet-50", True, marks=pytest.mark.slow),
        pytest.param("MobileNet", False, marks=pytest.mark.slow),
        ("MobileNet", True),
    ],
)
def test_small_images_are_divided_within_the_limits_and_fill_their_cores(
    benchmark_networks: ModuleType, name: str, fused: bool
) -> None:
    network, target = benchmark_networks.NETWORKS[name](64, 0), benchmark_networks.plain_chip(1000)
    core_of = BoxPartition(fused).partition(network, target)
    assert core_of is not None
    assert check_cores(network, target, core_of) == []
    cores = 1 + max(int(part.max()) for part in core_of.values())
    loads = Accountant(network, target).loads(core_of, cores)
    limits = benchmark_networks.CORE_NEURONS, benchmark_networks.CORE_WEIGHT_BITS
    used = [max(load.neurons / limits[0], load.synaptic_memory_bits / limits[1]) for load in loads]
    assert np.mean(used) >= 0.8


@pytest.mark.parametrize(("channels", "parts"), [(512, 19), (64, 1)])
def test_large_kernels_are_divided_among_channels_and_small_ones_among_positions(
    benchmark_networks: ModuleType, make_network: Callable[..., Network], channels: int, parts: int
) -> None:
    """A 3 x 3 kernel of 512 x 512 channels takes 2.25 MiB: 19 parts of whole channels within 128 KiB."""
    weights = np.full((channels, channels, 3, 3), -127, dtype=np.int8)
    weights[0, 0, 0, 0] = 127
    shape = (channels, 28, 28)
    network = make_network([Convolution(weights, shape, (1, 1), ((1, 1), (1, 1)), (1, 1))], [shape] * 2, integer=True)
    core_of = BoxPartition().partition(network, benchmark_networks.plain_chip(1000))
    assert core_of is not None
    channels_together = {tuple(np.unique(np.flatnonzero(core_of["layer1"] == core) // 784)) for core in range(12)}
    assert np.unique(core_of["layer1"].reshape(channels, -1)[:, 0]).size == parts
    assert max(len(part) for part in channels_together) == -(-channels // parts)


def test_the_chip_is_a_square_just_large_enough(benchmark_networks: ModuleType) -> None:
    sides = [benchmark_networks.plain_chip(cores).topology.columns.value for cores in (1, 2, 4, 5, 5184)]
    assert sides == [1, 2, 2, 3, 72]
