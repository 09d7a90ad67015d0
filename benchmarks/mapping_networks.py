"""VGG-16, ResNet-50 and MobileNet at 224 x 224 as integer networks with random weights, and a chip to map them to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire

Array = NDArray[Any]
CLASSES = 1000
CORE_NEURONS = 4096
CORE_WEIGHT_BITS = 128 * 1024 * 8
TARGET_BITS = 12  # a listed synapse names one of the neurons of its core
WEIGHT_BITS = 8


@dataclass
class _Layers:
    """A network that grows layer by layer; every layer is named after what it does and its number."""

    random: np.random.Generator
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)

    def input(self, shape: tuple[int, ...]) -> Population:
        self.populations.append(Population("input", shape, Role.INPUT, None, 0))
        return self.populations[-1]

    def layer(self, kind: str, shape: tuple[int, ...], *inputs: tuple[Population, Connectivity]) -> Population:
        """Neurons that integrate one or several projections; shorter ways get delays."""
        name = f"{kind}{sum(population.name.rstrip('0123456789') == kind for population in self.populations) + 1}"
        depth = 1 + max(source.depth for source, _ in inputs)
        decay, zero = np.asarray(4096), np.asarray(0)
        neuron = IntegerLeakyIntegrateAndFire(decay, zero, np.asarray(100), zero, zero)
        self.populations.append(Population(name, shape, Role.NEURON, neuron, depth))
        for number, (source, connectivity) in enumerate(inputs):
            label = f"{source.name} to {name}" if not number else f"{source.name} past to {name}"
            self.projections.append(Projection(label, source.name, name, connectivity, depth - source.depth))
        return self.populations[-1]

    def weights(self, *shape: int) -> Array:
        """Weights of 8 bits without a zero, so that networks have all the synapses that their layers can have."""
        values = self.random.integers(-127, 127, shape, dtype=np.int8)
        np.add(values, values >= 0, out=values, casting="unsafe")  # without a second array of 100 MB
        return values

    def kernel(self, source: Population, channels: int, size: int, stride: int = 1, groups: int = 1) -> Convolution:
        """A convolution whose output is as large as its input but for the stride."""
        weights = self.weights(channels, source.shape[0] // groups, size, size)
        # As torchvision pads: half the kernel on every side, of which an even extent needs one row less at the end.
        padding = ((size // 2, size // 2), (size // 2, size // 2))
        return Convolution(weights, source.shape, (stride, stride), padding, (1, 1), groups)

    def convolution(
        self, source: Population, channels: int, size: int, stride: int = 1, groups: int = 1, kind: str = "convolution"
    ) -> Population:
        kernel = self.kernel(source, channels, size, stride, groups)
        return self.layer(kind, kernel.output_shape, (source, kernel))

    def pool(self, source: Population, size: int, stride: int, padding: int = 0) -> Population:
        sides = ((padding, padding), (padding, padding))
        pool = Pool(np.ones(source.shape[0], dtype=np.int8), source.shape, (size, size), (stride, stride), sides)
        return self.layer("pooling", pool.output_shape, (source, pool))

    def dense(self, source: Population, neurons: int) -> Population:
        return self.layer("dense", (neurons,), (source, Dense(self.weights(neurons, source.size))))

    def network(self) -> Network:
        return Network(tuple(self.populations), tuple(self.projections), self.populations[-1].name, integer=True)


def vgg16(size: int = 224, seed: int = 0) -> Network:
    """VGG-16 (Simonyan and Zisserman 2015, configuration D): 15.2 million neurons, 15.0 G synapses.

    Parameters
    ----------
    size : rows and columns of the image, a multiple of 32.
    """
    layers = _Layers(np.random.default_rng(seed))
    last = layers.input((3, size, size))
    for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            last = layers.convolution(last, channels, 3)
        last = layers.pool(last, 2, 2)
    for neurons in (4096, 4096, CLASSES):
        last = layers.dense(last, neurons)
    return layers.network()


def resnet50(size: int = 224, seed: int = 0) -> Network:
    """ResNet-50 (He et al. 2016) with the stride in the 3 x 3 convolutions, as in torchvision.

    The sum at the end of a block is taken by its neurons: the way around the block is a projection into them, which
    waits for the three layers within.
    """
    layers = _Layers(np.random.default_rng(seed))
    last = layers.convolution(layers.input((3, size, size)), 64, 7, 2)
    last = layers.pool(last, 3, 2, 1)
    for stage, (channels, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            inside = layers.convolution(layers.convolution(last, channels, 1), channels, 3, stride)
            expanded = layers.kernel(inside, 4 * channels, 1)
            around: Connectivity = (
                layers.kernel(last, 4 * channels, 1, stride) if not block else OneToOne(layers.weights(last.size))
            )
            last = layers.layer("sum", expanded.output_shape, (inside, expanded), (last, around))
    last = layers.pool(last, last.shape[1], 1)
    layers.dense(last, CLASSES)
    return layers.network()


def mobilenet(size: int = 224, seed: int = 0) -> Network:
    """MobileNet (Howard et al. 2017) of width 1."""
    layers = _Layers(np.random.default_rng(seed))
    last = layers.convolution(layers.input((3, size, size)), 32, 3, 2)
    later = [(512, 1)] * 5
    for channels, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *later, (1024, 2), (1024, 1)]:
        last = layers.convolution(last, last.shape[0], 3, stride, last.shape[0], kind="depthwise")
        last = layers.convolution(last, channels, 1, kind="pointwise")
    last = layers.pool(last, last.shape[1], 1)
    layers.dense(last, CLASSES)
    return layers.network()


NETWORKS: dict[str, Callable[[int, int], Network]] = {"VGG-16": vgg16, "ResNet-50": resnet50, "MobileNet": mobilenet}


def plain_chip(cores: int) -> Target:
    """A square mesh of cores with 4096 neurons and 128 KiB of weights each, and no other limit.

    Weights take 8 bits; kernels are stored once a core; a listed synapse takes the number of its target, too.

    Parameters
    ----------
    cores : that there shall be at least.
    """
    side = math.isqrt(max(cores, 1) - 1) + 1

    def number(value: int | None, unit: str) -> dict[str, Any]:
        return {"value": value, "unit": unit, "kind": "assumed", "source": "the goal of the mapper's benchmark"}

    data = load_target("loihi1").model_dump()
    data |= {"name": f"plain{side}x{side}", "description": "128 KiB of weights and 4096 neurons a core"}
    data["topology"] |= {
        "columns": number(side, "tiles"),
        "rows": number(side, "tiles"),
        "cores_per_tile": number(1, "cores"),
        "usable_cores": number(side * side, "cores"),
    }
    limits = {"neurons": CORE_NEURONS, "synaptic_memory_bits": CORE_WEIGHT_BITS, "weight_bits": WEIGHT_BITS}
    for name in ("neurons", "synaptic_memory_bits", "input_axons", "output_axons", "delay_steps", "weight_bits"):
        data["limits"][name] = number(limits.get(name), "things")
    nothing, weight = number(0, "bits"), number(WEIGHT_BITS, "bits")
    listed = {"header_bits": nothing, "bits_per_synapse": weight}
    data["synaptic_memory"] |= {
        "word_bits": weight,
        "dense": listed,
        "sparse": {"header_bits": nothing, "bits_per_synapse": number(WEIGHT_BITS + TARGET_BITS, "bits")},
        "convolution": {
            "header_bits": nothing,
            "strided_header_bits": nothing,
            "bits_per_weight": weight,
            "bits_per_zero": weight,
        },
    }
    return Target.model_validate(data)
