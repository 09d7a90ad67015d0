"""The ledger counts what is there: accuracy, spikes, agreement, mismatches."""

from __future__ import annotations

import numpy as np
import pytest

from spikeloom.deploy.ledger import Tally
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire


@pytest.fixture
def tally():
    """For an input of 2, three hidden neurons and two that integrate."""
    one, zero = np.ones(()), np.zeros(())
    spiking, reading = (LeakyIntegrateAndFire(zero, one, one, one, one, zero, spiking=kind) for kind in (True, False))
    network = Network(
        (
            Population("input", (2,), Role.INPUT, None, 0),
            Population("hidden", (3,), Role.NEURON, spiking, 1),
            Population("out", (2,), Role.NEURON, reading, 2),
        ),
        (
            Projection("a", "input", "hidden", Dense(np.ones((3, 2)))),
            Projection("b", "hidden", "out", Dense(np.ones((2, 3)))),
        ),
        "out",
    )
    return Tally("simulator", network, Decision.LAST)


def activity(hidden, out, dtype=np.int32):
    """(samples, steps, neurons) from lists."""
    return {"hidden": np.array(hidden, dtype=np.int8), "out": np.array(out, dtype=dtype)}


FIRST = activity([[[1, 0, 1], [0, 0, 1]], [[0, 0, 0], [1, 1, 1]]], [[[0, 0], [5, 2]], [[0, 0], [5, 2]]])
OTHER = activity([[[1, 1, 0], [0, 0, 1]], [[0, 0, 0], [1, 1, 1]]], [[[0, 0], [5, 3]], [[0, 0], [5, 2]]])


def test_the_first_stage_is_compared_with_nothing(tally):
    tally.add(FIRST, np.array([0, 1]), None)
    entry = tally.entry()
    assert (entry.stage, entry.accuracy, entry.samples) == ("simulator", 0.5, 2)
    assert (entry.agreement, entry.mismatched_spikes) == (None, None)
    assert entry.layers == {"hidden": 3.0}
    assert entry.spikes_per_sample == 3.0
    assert entry.as_dict()["stage"] == "simulator"


def test_what_differs_is_counted(tally):
    tally.add(OTHER, None, FIRST)
    entry = tally.entry()
    assert entry.accuracy is None
    assert entry.mismatched_spikes == 3  # two spikes, one potential
    spikes, potentials = (5, 7), (7, 8)  # in common, in either
    assert entry.agreement == (spikes[0] + potentials[0]) / (spikes[1] + potentials[1])


def test_the_same_agrees_wholly_and_silence_too(tally):
    tally.add(FIRST, None, FIRST)
    assert (tally.entry().agreement, tally.entry().mismatched_spikes) == (1.0, 0)


def test_float_potentials_are_left_out(tally):
    tally.add(FIRST, None, activity(FIRST["hidden"], FIRST["out"] / 3, dtype=float))
    assert (tally.entry().agreement, tally.entry().mismatched_spikes) == (1.0, 0)


def test_batches_add_up(tally):
    for sample in range(2):
        part = {name: values[sample : sample + 1] for name, values in OTHER.items()}
        before = {name: values[sample : sample + 1] for name, values in FIRST.items()}
        tally.add(part, np.array([0]), before)
    assert (tally.entry().samples, tally.entry().accuracy, tally.entry().mismatched_spikes) == (2, 1.0, 3)


def test_the_stage_before_may_have_more_samples_and_fewer_populations(tally):
    part = {name: values[:1] for name, values in FIRST.items()}
    tally.add(part, None, {"hidden": FIRST["hidden"]})
    assert (tally.entry().samples, tally.entry().mismatched_spikes) == (1, 0)
