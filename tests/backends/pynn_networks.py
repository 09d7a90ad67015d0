"""Random networks that PyNN can say, and their export, for the tests of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spikeloom.backends.program import Program
from spikeloom.backends.pynn.script import refuse, write_script
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision, decide
from spikeloom.models.input_code import input_code
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, IntegerRefractory

STEPS, SAMPLES = 6, 3


def whole(values: object) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)


def neuron(random: np.random.Generator, size: int, decays: tuple[int, ...], **changes: object):
    """Neurons whose sums halve without a remainder for `STEPS` steps, so that no decay is rounded."""
    fields = {
        "current_decay": whole(random.choice([decay for decay in decays if decay])),
        "voltage_decay": whole(random.choice(decays, size)),
        "threshold": whole(random.integers(200, 2000, size)),
        "bias_mantissa": whole(32 * random.integers(-20, 30, size)),
        "bias_exponent": whole(7),
        "reset_value": whole(1024 * random.integers(-8, 8, size)),
        "initial_voltage": whole(1024 * random.integers(-8, 8, size)),
        "inclusive": bool(random.random() < 0.5),
    } | changes
    kind = IntegerRefractory if "period" in fields else IntegerLeakyIntegrateAndFire
    return kind(**fields)


def random_network(random: np.random.Generator, decays: tuple[int, ...], *, loop: bool, integrator: bool) -> Network:
    """Two layers, a shortcut with a delay, an always-on axon, and where wanted a loop and an output without spikes."""

    def dense(targets: int, sources: int) -> Dense:
        return Dense((2 * random.integers(-60, 100, (targets, sources))).astype(np.int16))

    populations = (
        Population("always on", (1,), Role.CONSTANT, None, 0),
        Population("in", (3,), Role.INPUT, None, 0),
        Population("first / 1", (5,), Role.NEURON, neuron(random, 5, decays, period=whole(2)), 1),
        Population("second", (4,), Role.NEURON, neuron(random, 4, decays), 2),
        Population("out", (3,), Role.NEURON, neuron(random, 3, decays, spiking=not integrator), 3),
    )
    projections = (
        Projection("a", "in", "first / 1", dense(5, 3), exponent=4),
        Projection("b", "first / 1", "second", dense(4, 5), exponent=6),
        Projection("c", "in", "second", dense(4, 3), delay=2, exponent=4),
        Projection("always", "always on", "second", dense(4, 1), exponent=4),
        Projection("d", "second", "out", dense(3, 4), exponent=5),
        Projection("e", "first / 1", "out", dense(3, 5), delay=4, exponent=5),
    )
    if loop:
        projections += (Projection("again", "second", "second", dense(4, 4), delay=2, exponent=5),)
    return Network(populations, projections, "out", integer=True)


def program_of(network: Network, inputs: np.ndarray, decision: Decision = Decision.SUM) -> Program:
    target = load_target("loihi2")
    return Program(network, map_network(network, target), target, input_code(inputs), decision, inputs.shape[1])


def exported(network: Network, inputs: np.ndarray, folder: Path, decision: Decision = Decision.SUM):
    """What the integer simulator does, with the script written."""
    program = program_of(network, inputs, decision)
    refuse(program, "it")
    activity = Simulator(network).run(inputs, "all").activity
    expected = decide(activity[network.output], decision)
    return activity, write_script(program, folder, inputs, expected, expected)


def check(network: Network, activity, found) -> None:
    for population in network.populations:
        if population.eventful:
            counts = activity[population.name].sum(axis=(1, 2))
            np.testing.assert_array_equal(found[f"spikes/{population.name}"], counts, err_msg=population.name)
