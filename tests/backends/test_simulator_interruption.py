"""A Ctrl-C ends a run between two blocks of steps, and what is done until then is right."""

import os
import signal

import numpy as np
import pytest

from spikeloom.backends.simulator.interruption import SimulationInterrupted
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.models.connectivity import Dense
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire


def small_network():
    random = np.random.default_rng(5)
    neuron = IntegerLeakyIntegrateAndFire(*(np.asarray(value, dtype=np.int64) for value in (4096, 300, 120, 0, 0)))
    populations = [Population("input", (30,), Role.INPUT, None, 0)]
    projections = []
    for depth, size in enumerate((40, 20), 1):
        populations.append(Population(f"layer{depth}", (size,), Role.NEURON, neuron, depth))
        weights = Dense(random.integers(-40, 100, (size, populations[-2].size)).astype(np.int16))
        projections.append(Projection(f"p{depth}", populations[-2].name, f"layer{depth}", weights))
    return Network(tuple(populations), tuple(projections), "layer2", integer=True)


def interrupt_at(calls):
    """Progress that asks for an end at the given call, as Ctrl-C does."""
    seen = []

    def progress(done):
        seen.append(done)
        if len(seen) == calls:
            os.kill(os.getpid(), signal.SIGINT)

    return progress


@pytest.mark.parametrize(
    ("samples", "workers", "calls", "kept"),
    [(1, 2, 3, (1, 3)), (40, 1, 25, (12, 10)), (40, 1, 1, (1, 8)), (40, 2, 25, None)],
)
def test_what_is_done_stays(monkeypatch, samples, workers, calls, kept):
    """Room for one step, or for eight: of one sample, which takes two calls of the progress for its ten steps."""
    monkeypatch.setattr("spikeloom.backends.simulator.sample_run.EVENT_BYTES", 4 * 90 * (1 if samples == 1 else 8))
    network = small_network()
    data = np.random.default_rng(1).random((samples, 10, 30)) < 0.3
    groups = {"layer1": np.arange(40) % 3}
    simulator = Simulator(network)
    simulator.workers = workers
    full = simulator.run(data, "all", groups=groups, states=["layer1"])
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SimulationInterrupted) as stopped:
        simulator.run(data, "all", groups=groups, states=["layer1"], progress=interrupt_at(calls))
    assert signal.getsignal(signal.SIGINT) is before
    partial = stopped.value.partial
    if kept is None:  # which of two workers is ahead is chance
        kept = partial.samples, partial.steps
        assert (1 <= partial.samples < 40 and partial.steps == 10) or kept == (1, 8)
    assert (partial.samples, partial.steps) == kept
    for name, activity in partial.activity.items():
        np.testing.assert_array_equal(activity, full.activity[name][: kept[0], : kept[1]])
        assert partial.spikes[name].sum() == np.count_nonzero(activity) > 0
    np.testing.assert_array_equal(partial.states["layer1"], full.states["layer1"][: kept[0], : kept[1]])
    by_group = np.count_nonzero(partial.activity["layer1"], axis=0).reshape(kept[1], -1)
    expected = np.stack([by_group[:, groups["layer1"] == group].sum(axis=1) for group in range(3)], axis=1)
    np.testing.assert_array_equal(partial.group_spikes["layer1"], expected)


def test_a_second_ctrl_c_does_not_wait(monkeypatch):
    monkeypatch.setattr("spikeloom.backends.simulator.sample_run.EVENT_BYTES", 4 * 90)

    def progress(done):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as stopped:
        Simulator(small_network()).run(np.ones((1, 10, 30), dtype=bool), progress=progress)
    assert not isinstance(stopped.value, SimulationInterrupted)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
