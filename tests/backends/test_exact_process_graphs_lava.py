"""Random graphs of Lava's own library processes, in Lava's terms, become networks of ours that do the same.

What Lava can say and our networks cannot: a negative `weight_exp` that loses bits (it shifts sums right, while our
exponents begin at 0), a current to start from, spikes of several bits that a synapse takes for plain ones, and sums of
a `Conv` that leave 24 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from spikeloom.models.connectivity import Convolution, Dense
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, IntegerNeuron, IntegerSigmaDelta

Array = NDArray[Any]
Random = np.random.Generator
Shape = tuple[int, ...]
seeds = st.integers(0, 2**32 - 1)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # a smaller seed is no smaller network

INPUTS = 24
INPUT_SHAPES: tuple[Shape, ...] = ((24,), (4, 3, 2), (3, 2, 4), (6, 4, 1))  # (width, height, channels), as in Lava
GRAPHS = 3  # beside each other in one run of Lava
LONGEST_DELAY = 12
REGISTERS = {"MIXED": (-256, 255), "EXCITATORY": (0, 255), "INHIBITORY": (-255, 0)}


def whole(value: Any) -> Array:
    """An integer array."""
    return np.asarray(value, dtype=np.int64)


def kept_weights(weights: Array, mode: str | None, bits: int) -> Array:
    """What Lava's synapses make of weights: clipped to their mode, and without the bits that the register lacks."""
    if mode is None:
        mode = "EXCITATORY" if weights.min() >= 0 else "INHIBITORY" if weights.max() <= 0 else "MIXED"
    step = 2 ** (8 - bits + (mode == "MIXED"))
    clipped = np.clip(weights, *REGISTERS[mode])
    return clipped // step * step if mode != "INHIBITORY" else -(-clipped // step * step)


class Growing:
    """A graph of Lava's processes, and the network of ours that it means.

    Parameters
    ----------
    translation : the module `networks_in_lava`.
    prefix : of the names of the processes.
    graded_input : whether the input is numbers.
    """

    def __init__(self, random: Random, translation: Any, prefix: str, graded_input: bool) -> None:
        self.random, self.translation, self.prefix = random, translation, prefix
        self.graded_input = graded_input
        shape = INPUT_SHAPES[random.integers(len(INPUT_SHAPES))]
        self.populations = [Population("in", shape[::-1], Role.INPUT, None, 0)]
        self.projections: list[Projection] = []
        self.processes: dict[str, tuple[str, dict[str, Any]]] = {}
        self.connections: list[tuple[str, str]] = []

    def grow(self) -> Network:
        """One to three layers, and synapses between any two of them."""
        for _ in range(int(self.random.integers(1, 4))):
            source = self.populations[-1]
            # Sums of numbers that have been summed up before would leave the 24 bits of a `Conv`.
            if len(source.shape) == 3 and not source.graded and self.random.random() < 0.7:
                self.convolve(source)
            else:
                self.connect(source, self.add((int(self.random.integers(1, 9)),)))
        for source in self.populations:
            for target in self.populations[1:]:
                if self.random.random() < 0.4:
                    self.connect(source, target)
        return Network(tuple(self.populations), tuple(self.projections), self.populations[-1].name, integer=True)

    def add(self, shape: Shape) -> Population:
        """Neurons of a shape as Lava has it."""
        kind, arguments, neuron = self.sigma_delta() if self.random.random() < 0.25 else self.lif(shape)
        population = Population(f"layer{len(self.populations)}", shape[::-1], Role.NEURON, neuron, 0)
        self.populations.append(population)
        self.processes[self.prefix + population.name] = (kind, {"shape": shape, **arguments})
        return population

    def lif(self, shape: Shape) -> tuple[str, dict[str, Any], IntegerNeuron]:
        random = self.random
        arguments = {
            "du": int(random.choice([0, 4095, random.integers(0, 4096)])),
            "dv": int(random.choice([0, 4095, random.integers(0, 4096)])),
            "vth": int(2 ** random.uniform(4, 17)),
            "bias_mant": random.integers(-4096, 4096, shape) // 2 ** int(random.integers(0, 12)),
            "bias_exp": random.integers(0, 8, shape),
            "v": random.integers(-(2**23) + 1, 2**23, shape) // 2 ** int(random.integers(0, 20)),
        }
        ours = {name: whole(value).transpose().reshape(-1) for name, value in arguments.items() if np.ndim(value)}
        neuron = IntegerLeakyIntegrateAndFire(
            whole(arguments["du"] + 1), whole(arguments["dv"]), whole(arguments["vth"]), ours["bias_mant"],
            ours["bias_exp"], initial_voltage=ours["v"],
        )  # fmt: skip
        return "LIF", arguments, neuron

    def sigma_delta(self) -> tuple[str, dict[str, Any], IntegerNeuron]:
        threshold, bias = self.random.integers(0, 300), self.random.integers(-300, 300)
        spike, state = self.random.integers(0, 5, 2).tolist()
        mode = str(self.random.choice(["RELU", "UNIT"]))
        arguments = {
            "vth": int(threshold), "bias": int(bias), "act_mode": mode, "spike_exp": spike, "state_exp": state,
        }  # fmt: skip
        unit = 2 ** (spike + state)
        ours = IntegerSigmaDelta(
            whole(threshold * unit), whole(bias * unit), rectifies=mode == "RELU", output_shift=state
        )
        return "SigmaDelta", arguments, ours

    def convolve(self, source: Population) -> None:
        """A `Conv` and a layer of the shape that it has."""
        random, shape = self.random, source.shape[::-1]
        groups = shape[2] if random.random() < 0.4 else 1
        stride, padding = random.integers(1, 3, 2).tolist(), random.integers(0, 2, 2).tolist()
        room = [side + 2 * pad for side, pad in zip(shape[:2], padding, strict=True)]
        kernel = [int(random.integers(1, min(2, size) + 1)) for size in room]
        dilation = [int(random.integers(1, 3)) if size > 2 else 1 for size in room]
        weights = random.integers(-256, 256, (groups * int(random.integers(1, 3)), *kernel, shape[2] // groups))
        synapses = Convolution(
            np.flip(weights, (1, 2)).transpose(0, 3, 2, 1), source.shape, tuple(stride[::-1]),
            tuple((side, side) for side in padding[::-1]), tuple(dilation[::-1]), groups,
        )  # fmt: skip
        target = self.add(synapses.output_shape[::-1])
        # `Conv` has an exponent, and nothing in Lava reads it.
        arguments = {"weight": weights, "input_shape": shape, "padding": padding, "stride": stride}
        arguments |= {"dilation": dilation, "groups": groups, "weight_exp": int(random.integers(0, 4))}
        name = self.place("Conv", arguments, source, target)
        self.projections.append(Projection(name, source.name, target.name, synapses))

    def connect(self, source: Population, target: Population) -> None:
        """Listed synapses of any kind, with weights beyond their registers too."""
        random = self.random
        kind = str(random.choice(["Dense", "DelayDense", "Sparse", "DelaySparse"]))
        listed = kind.endswith("Sparse")
        low, high = [(-300, 301), (0, 301), (-300, 1), (-40, 41)][random.integers(4)]
        weights = random.integers(low, high, (target.size, source.size))
        if listed:
            weights *= random.random(weights.shape) < 0.5
            weights[0, 0] = 64  # of no weight at all Lava could not tell the sign
        mode = [None, "MIXED", "EXCITATORY", "INHIBITORY"][random.integers(4)]
        bits = int(random.integers(1, 9))
        kept = kept_weights(weights, mode, bits)
        # Where every weight is a multiple of it, a shift to the right loses nothing, unless the sum left its 32 bits.
        most = 0 if source.graded else next(shift for shift in range(8, -1, -1) if not np.any(kept % 2**shift))
        exponent = int(random.integers(-most, 8))
        arguments: dict[str, Any] = {"num_weight_bits": bits, "weight_exp": exponent}
        arguments["weights"] = sparse.csr_matrix(weights) if listed else weights
        if mode is not None:
            arguments["sign_mode"] = mode
        delays = np.zeros_like(weights)
        if kind.startswith("Delay"):
            delays = random.integers(0, random.choice([2, LONGEST_DELAY]), weights.shape) * (weights != 0)
            arguments["delays"] = sparse.csr_matrix(delays) if listed else delays
        name = self.place(kind, arguments, source, target)
        ours = np.empty_like(kept), np.empty_like(delays)
        order = np.ix_(self.translation.lava_order(target.shape), self.translation.lava_order(source.shape))
        ours[0][order], ours[1][order] = kept >> max(0, -exponent), delays
        for delay in np.unique(delays).tolist():  # each delay becomes a projection of its own
            synapses = Dense(ours[0] * (ours[1] == delay))
            self.projections.append(
                Projection(f"{name}, {delay}", source.name, target.name, synapses, 1 + delay, max(0, exponent))
            )

    def place(self, kind: str, arguments: dict[str, Any], source: Population, target: Population) -> str:
        """Add the process between two layers; its name."""
        name = f"{kind}{len(self.connections)}"
        graded = source.graded or (source.role is Role.INPUT and self.graded_input)
        bits = 24 if graded else int(self.random.choice([0, 24]))  # spikes may be told as numbers too
        self.processes[self.prefix + name] = (kind, {**arguments, "num_message_bits": bits})
        origin = "in" if source.role is Role.INPUT else self.prefix + source.name
        self.connections += [(origin, self.prefix + name), (self.prefix + name, self.prefix + target.name)]
        return name


def random_input(random: Random, steps: int, graded: bool) -> Array:
    """(steps, inputs) in Lava's order."""
    spikes = (random.random((steps, INPUTS)) < random.choice([0.1, 0.4])).astype(np.int64)
    return spikes * random.integers(-100, 101, spikes.shape) if graded else spikes


def check(lava: Any, reference: Any, translation: Any, seed: int, graded: bool) -> None:
    """Every sign mode and width of weights, exponents, delays of single synapses, convolutions, loops."""
    random, steps = np.random.default_rng(seed), 25
    data = random_input(random, steps, graded)
    graphs = [Growing(random, translation, f"{number}/", graded) for number in range(GRAPHS)]
    networks = [graph.grow() for graph in graphs]
    job: dict[str, Any] = {"steps": steps, "processes": {"in": ("RingBuffer", {"data": data.T})}, "connections": []}
    for graph in graphs:
        job["processes"].update(graph.processes)
        job["connections"] += graph.connections
    answer = lava(job)
    for graph, network in zip(graphs, networks, strict=True):
        run = reference(network, translation.in_our_order(network, data)[None])
        translation.assert_same(network, run, answer, graph.prefix, 1, steps)


@settings(deadline=None, max_examples=settings().max_examples // 10, phases=PHASES)
@given(seeds, st.booleans())
@example(1663, True)  # a change of -2**31, whose magnitude no 32 bits hold
def test_process_graphs_of_lava(lava: Any, reference: Any, translation: Any, seed: int, graded: bool) -> None:
    check(lava, reference, translation, seed, graded)


@pytest.mark.slow
@settings(deadline=None, max_examples=40, phases=PHASES)
@given(seeds, st.booleans())
def test_many_process_graphs_of_lava(lava: Any, reference: Any, translation: Any, seed: int, graded: bool) -> None:
    check(lava, reference, translation, seed, graded)


@settings(deadline=None, phases=PHASES)
@given(seeds, st.booleans())
def test_the_simulator_has_the_same_states(
    reference: Any, simulated: Any, translation: Any, seed: int, graded: bool
) -> None:
    """What the tests above hold against Lava, as the simulator runs it."""
    random = np.random.default_rng(seed)
    network = Growing(random, translation, "", graded).grow()
    data = np.stack([random_input(random, 20, graded) for _ in range(random.choice([1, 3]))])
    expected, found = reference(network, data), simulated(network, data)
    for name, states in expected.items():
        for state, values in states.items():
            np.testing.assert_array_equal(found[name][state], values, err_msg=f"{name}, {state}")
