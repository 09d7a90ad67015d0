"""Random ordinary networks for conversion, a small network deployed to several targets, and a reader of pages."""

from __future__ import annotations

import html.parser
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.deploy.configuration.configuration import configuration
from spikeloom.deploy.several_targets import deploy_on_targets
from spikeloom.models.graph import Graph
from spikeloom.models.operators import Flatten
from spikeloom.models.readers.dataflow import Dataflow, Signal

Array = NDArray[Any]
CEILINGS = ("none", "one", "channels")
INPUTS, HIDDEN, CLASSES, STEPS, SAMPLES = 4, 6, 3, 20, 12
VOID = {"meta", "br", "hr", "img", "link", "input"}
NARROW = """
extends: loihi2
name: narrow
description: a chip with a single core of five neurons
topology:
  usable_cores: {value: 1, unit: cores, kind: assumed, source: a test}
limits:
  neurons: {value: 5, unit: neurons, kind: assumed, source: a test}
"""


class OrdinaryNetwork:
    """Draws a network layer by layer; activations stay near 1."""

    def __init__(self, random: np.random.Generator, maxima: bool = True) -> None:
        self.random = random
        self.maxima = maxima
        self.flow = Dataflow()

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def bias(self, channels: int) -> Array | None:
        return self.random.normal(0, 0.4, channels) if self.chance(0.6) else None

    def rectified(self, signal: Signal) -> Signal:
        kind = self.random.choice(CEILINGS)
        ceiling = {"none": np.inf, "one": 1.5, "channels": self.random.uniform(0.3, 2, signal.shape[0])}[kind]
        return self.flow.rectify("relu", signal, ceiling)

    def convolved(self, signal: Signal, channels: int, same: bool = False) -> Signal:
        """A convolution; with `same`, one whose output has the size of its input."""
        spatial = len(signal.shape) - 1
        groups = signal.shape[0] if channels % signal.shape[0] == 0 and self.chance(0.2) else 1
        kernel = tuple(3 if same else int(self.random.integers(1, min(3, size) + 1)) for size in signal.shape[1:])
        stride = (1,) * spatial if same else tuple(int(step) for step in self.random.integers(1, 3, spatial))
        padding = ((1, 1),) * spatial if same else tuple(
            (int(before), int(after)) for before, after in self.random.integers(0, 2, (spatial, 2))
        )  # fmt: skip
        fan_in = signal.shape[0] // groups * int(np.prod(kernel))
        weight = self.random.normal(0, (2 / fan_in) ** 0.5, (channels, signal.shape[0] // groups, *kernel))
        return self.flow.convolution(
            "conv", signal, weight, self.bias(channels), stride, padding, (1,) * spatial, groups
        )

    def pooled(self, signal: Signal) -> Signal:
        kernel = tuple(int(self.random.integers(1, min(3, size) + 1)) for size in signal.shape[1:])
        stride = tuple(int(step) for step in self.random.integers(1, 3, len(kernel)))
        padding = tuple(tuple(int(side) for side in self.random.integers(0, (width + 1) // 2, 2)) for width in kernel)
        if self.maxima and self.chance(0.6):
            dilation = tuple(
                int(self.random.integers(1, 3)) if 2 * (width - 1) < size else 1
                for width, size in zip(kernel, signal.shape[1:], strict=True)
            )
            return self.flow.max_pool("pool", signal, kernel, stride, padding, dilation)
        return self.flow.average_pool("mean", signal, kernel, stride, padding, self.chance(0.5))

    def block(self, signal: Signal) -> Signal:
        """One more part of the network."""
        part = self.random.choice(["plain", "residual", "branches", "pool", "scale", "nested"])
        if part == "pool":
            return self.pooled(signal)
        if part == "scale":
            scale, offset = self.random.uniform(0.5, 1.5, 2)
            return self.flow.scale("scale", signal, np.asarray(scale), np.asarray(offset - 1))
        if part == "residual":
            inside = self.rectified(self.convolved(signal, signal.shape[0], same=True))
            if self.chance(0.5):
                inside = self.convolved(inside, signal.shape[0], same=True)
            return self.rectified(self.flow.add("sum", [signal, inside]))
        if part == "branches":
            branches = [self.rectified(self.convolved(signal, int(self.random.integers(1, 4)), same=True)), signal]
            return self.flow.concatenate("join", branches, 0)
        if part == "nested":
            inside = self.rectified(self.convolved(signal, signal.shape[0], same=True))
            deeper = self.rectified(self.convolved(inside, signal.shape[0], same=True))
            return self.flow.add("sum", [signal, inside, deeper])
        return self.rectified(self.convolved(signal, int(self.random.integers(1, 5))))

    def graph(self) -> Graph:
        spatial = int(self.random.integers(1, 3))
        shape = (int(self.random.integers(1, 4)), *(int(size) for size in self.random.integers(4, 8, spatial)))
        signal = self.flow.input("input", shape)
        if self.chance(0.4):
            offset = self.random.normal(0, 0.5, (shape[0], *[1] * spatial))
            signal = self.flow.scale("normalised", signal, np.full((), 0.8), offset)
        for _ in range(int(self.random.integers(1, 4))):
            signal = self.block(signal)
        signal = self.rectified(signal)
        if self.chance(0.8):
            flat = self.flow.then("flat", Flatten(), signal)
            weight = self.random.normal(0, (1 / flat.shape[0]) ** 0.5, (4, flat.shape[0]))
            signal = self.flow.linear("dense", flat, weight, self.bias(4))
            if self.chance(0.3):
                signal = self.rectified(signal)
        self.flow.output("output", signal)
        return self.flow.graph("ordinary")


@pytest.fixture(scope="session")
def ordinary_network() -> Callable[..., Graph]:
    """Draws an ordinary network: residuals, branches, pools, ceilings, biases everywhere, one or two spatial axes."""
    return lambda random, maxima=True: OrdinaryNetwork(random, maxima).graph()


@pytest.fixture(scope="session")
def several_targets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers on Loihi 2 and both SpiNNakers, and refused by a fourth target: what deploy wrote."""
    folder = tmp_path_factory.mktemp("several")
    random = np.random.default_rng(0)
    hidden, out = np.ones(HIDDEN), np.ones(CLASSES)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([INPUTS])}),
        "fc1": nir.Affine(weight=random.normal(0.3, 0.6, (HIDDEN, INPUTS)), bias=0.05 * hidden),
        "lif1": nir.LIF(tau=1e-3 * hidden, r=10 * hidden, v_leak=0 * hidden, v_threshold=hidden, v_reset=0 * hidden),
        "fc2": nir.Linear(weight=random.normal(0.3, 0.6, (CLASSES, HIDDEN))),
        "lif2": nir.LIF(tau=1e-3 * out, r=10 * out, v_leak=0 * out, v_threshold=out, v_reset=0 * out),
        "output": nir.Output(output_type={"output": np.array([CLASSES])}),
    }
    nir.write(folder / "small.nir", nir.NIRGraph(nodes, list(pairwise(nodes))))
    (folder / "narrow.yaml").write_text(NARROW, encoding="utf-8")
    x = (random.random((SAMPLES, STEPS, INPUTS)) < 0.3).astype(np.uint8)
    targets = ["loihi2", "spinnaker1", str(folder / "narrow.yaml"), "spinnaker2"]
    deploy_on_targets(
        str(folder / "small.nir"), targets, (x, random.integers(0, CLASSES, SAMPLES)), folder / "out",
        configuration(None, lava_samples=0), command="spikeloom deploy small.nir",
    )  # fmt: skip
    return folder / "out"


class Page(html.parser.HTMLParser):
    """Collects the text and what a browser would fetch, and checks that tags close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [str(value) for name, value in attributes if name in {"src", "href", "srcset", "action"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="session")
def parsed() -> Callable[[str], Page]:
    """Reads a page."""
    return Page
