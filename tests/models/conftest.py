"""NIR graphs simulated from their equations, loop by loop: what Spikeloom's reader and lowering are held against."""

from itertools import product

import nir
import numpy as np
import pytest

from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.neurons.leaky_integrate_and_fire import Reset
from spikeloom.models.readers.nir import NirOptions, read_nir

DT = 1e-3


def windows(image, kernel, stride, padding, dilation):
    """Every position of a kernel on (channels, *size) padded by (before, after): position and the patch under it."""
    padded = np.pad(image, ((0, 0), *padding))
    counts = [
        (size - spread * (width - 1) - 1) // step + 1
        for size, width, step, spread in zip(padded.shape[1:], kernel, stride, dilation, strict=True)
    ]
    for position in product(*map(range, counts)):
        patch = padded
        for axis, (at, width, step, spread) in enumerate(zip(position, kernel, stride, dilation, strict=True), start=1):
            patch = np.take(patch, range(at * step, at * step + spread * width, spread)[:width], axis=axis)
        yield counts, position, patch


def pair(value, axes):
    values = np.atleast_1d(value).tolist()
    return values * axes if len(values) == 1 else values


def convolve(node, image):
    axes = node.weight.ndim - 2
    stride, dilation, kernel = pair(node.stride, axes), pair(node.dilation, axes), node.weight.shape[2:]
    if isinstance(node.padding, str):
        spans = [spread * (width - 1) for spread, width in zip(dilation, kernel, strict=True)]
        total = spans if node.padding == "same" else [0] * axes
        padding = [(size // 2, size - size // 2) for size in total]
    else:
        padding = [(size, size) for size in pair(node.padding, axes)]
    result, inputs, outputs = None, node.weight.shape[1], node.weight.shape[0] // node.groups
    for counts, position, patch in windows(image, kernel, stride, padding, dilation):
        result = np.zeros((node.weight.shape[0], *counts)) if result is None else result
        for channel, kernel_weights in enumerate(node.weight):
            first = channel // outputs * inputs
            result[(channel, *position)] = np.sum(kernel_weights * patch[first : first + inputs]) + node.bias[channel]
    return result


def pool(node, image):
    padding, result = [(size, size) for size in pair(node.padding, 2)], None
    for counts, position, patch in windows(image, pair(node.kernel_size, 2), pair(node.stride, 2), padding, (1, 1)):
        result = np.zeros((image.shape[0], *counts)) if result is None else result
        summed = patch.sum(axis=(1, 2))
        result[(slice(None), *position)] = summed / patch[0].size if isinstance(node, nir.AvgPool2d) else summed
    return result


class Simulation:
    """One sample of a NIR graph, in forward Euler, an edge listed in `feedback` carrying the step before.

    Before the first step no neuron has spiked, and a matrix puts out its bias.
    """

    def __init__(self, graph, feedback=(), dt=DT, reset="zero", inclusive=False):
        self.nodes, self.edges, self.feedback = graph.nodes, graph.edges, set(feedback)
        self.dt, self.reset, self.inclusive = dt, reset, inclusive

    def run(self, data):
        """(steps, *shape) to the sequence of outputs of every node."""
        self.state, self.past, sequence = {}, {}, {name: [] for name in self.nodes}
        before = {name: node.bias for name, node in self.nodes.items() if isinstance(node, nir.Affine)}
        for x in data:
            now = {}
            while len(now) < len(self.nodes):
                for name, node in self.nodes.items():
                    edges = [edge for edge in self.edges if edge[1] == name]
                    ready = all(a in now for a, b in edges if (a, b) not in self.feedback)
                    if name not in now and ready:
                        inputs = [before.get(a) if (a, b) in self.feedback else now[a] for a, b in edges]
                        arriving = x if isinstance(node, nir.Input) else sum(i for i in inputs if i is not None)
                        now[name] = self.step(name, node, np.asarray(arriving, dtype=float))
            before = now
            for name, value in now.items():
                sequence[name].append(np.asarray(value, dtype=float).reshape(-1))
        return {name: np.stack(values) for name, values in sequence.items()}

    def step(self, name, node, x):
        if isinstance(node, nir.Linear | nir.Affine):
            result = np.einsum("...oi,...i->...o", node.weight, x)
            return result + node.bias if isinstance(node, nir.Affine) else result
        if isinstance(node, nir.Conv1d | nir.Conv2d):
            return convolve(node, x)
        if isinstance(node, nir.SumPool2d | nir.AvgPool2d):
            return pool(node, x)
        if isinstance(node, nir.Scale):
            return node.scale * x
        if isinstance(node, nir.Flatten):
            end = node.end_dim % x.ndim
            return x.reshape(*x.shape[: node.start_dim], -1, *x.shape[end + 1 :])
        if isinstance(node, nir.Delay):
            return self.delayed(name, np.rint(node.delay / self.dt).astype(int), x)
        if isinstance(node, nir.Threshold):
            return self.above(x, node.threshold)
        return self.neuron(name, node, x) if hasattr(node, "r") else x

    def delayed(self, name, steps, x):
        past = self.past.setdefault(name, [])
        past.append(x)
        steps = np.broadcast_to(steps, x.shape)
        return np.array([
            past[-1 - steps[at]][at] if steps[at] < len(past) else 0.0 for at in np.ndindex(x.shape)
        ]).reshape(x.shape)  # fmt: skip

    def above(self, v, threshold):
        return (v >= threshold if self.inclusive else v > threshold).astype(float)

    def neuron(self, name, node, x):
        u, v = self.state.get(name, (0.0, 0.0))
        u = u + self.dt / node.tau_syn * (node.w_in * x - u) if hasattr(node, "tau_syn") else x
        tau = node.tau_mem if hasattr(node, "tau_mem") else getattr(node, "tau", None)
        v = v + node.r * u if tau is None else v + self.dt / tau * (node.v_leak - v + node.r * u)
        if not hasattr(node, "v_threshold"):
            self.state[name] = u, v
            return v
        spikes = self.above(v, node.v_threshold)
        after = {"zero": node.v_reset, "subtract": v - node.v_threshold, "none": v}[self.reset]
        self.state[name] = u, np.where(spikes > 0, after, v)
        return spikes


class WithoutNone:
    """A graph whose unknown shapes are left out of the file, for `nir.write` cannot write None."""

    def __init__(self, graph):
        self.document = prune(graph.to_dict())

    def to_dict(self):
        return self.document


def prune(document):
    """A dictionary without the fields that are None, at any depth."""
    return {
        key: prune(value) if isinstance(value, dict) else value for key, value in document.items() if value is not None
    }


@pytest.fixture
def agrees(tmp_path):
    """Write a NIR graph, read it, run graph and network, and compare every layer with the simulation."""

    def check(graph, *, feedback=(), steps=12, reset="zero", inclusive=False, options=None, data=None, flat=None):
        path = tmp_path / "model.nir"
        nir.write(path, WithoutNone(graph), compression=None)
        read = prepare(read_nir(path, options or NirOptions(DT, Reset(reset), inclusive)))
        random = np.random.default_rng(3)
        shape = read.shapes[read.inputs[0]]
        data = random.integers(0, 3, (2, steps, *shape)).astype(float) if data is None else data
        trained = run_graph(read, data)
        network = lower(read)
        lowered = run_network(network, data.reshape(*data.shape[:2], -1))
        dt = (options.dt if options else None) or DT
        for sample in range(data.shape[0]):
            wanted = Simulation(flat or graph, feedback, dt, reset, inclusive).run(data[sample])
            for name, activity in trained.items():
                expected = wanted.get(name)
                if expected is None:
                    assert name.endswith(".readout"), name
                    expected = np.cumsum(wanted[name.removesuffix(".readout")], axis=0)
                np.testing.assert_allclose(activity[sample], expected, rtol=1e-9, atol=1e-9, err_msg=name)
                np.testing.assert_allclose(lowered[name][sample], expected, rtol=1e-9, atol=1e-9, err_msg=name)
        spiking = [activity for activity in trained.values() if activity.dtype == np.int8]
        assert not spiking or any(0 < activity.mean() < 1 for activity in spiking), "a silent or saturated test"
        return read, network

    return check
