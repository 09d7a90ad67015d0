"""From output activity to classes."""

import numpy as np
import pytest

from spikeloom.models.decision import Decision, decide, natural_decision
from spikeloom.models.network import Population, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire

ACTIVITY = np.array([[[0, 5, 0], [3, 0, 0], [3, 0, 1]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]])


@pytest.mark.parametrize(("decision", "first"), [(Decision.SUM, 0), (Decision.LAST, 0), (Decision.MAXIMUM, 1)])
def test_decisions(decision, first):
    classes = decide(ACTIVITY, decision)
    assert classes.dtype == np.int64
    np.testing.assert_array_equal(classes, [first, 0])  # the first of equals


def test_sums_of_small_types_do_not_overflow():
    activity = np.zeros((1, 300, 2), dtype=np.int8)
    activity[..., 1] = 1
    assert decide(activity, Decision.SUM) == [1]


@pytest.mark.parametrize(
    ("retention", "spiking", "expected"),
    [(1.0, True, Decision.SUM), (0.9, False, Decision.SUM), (1.0, False, Decision.LAST)],
)
def test_what_suits_an_output(retention, spiking, expected):
    one, zero = np.ones(()), np.zeros(())
    neuron = LeakyIntegrateAndFire(zero, np.asarray(retention), one, one, one, zero, spiking=spiking)
    assert natural_decision(Population("out", (2,), Role.NEURON, neuron, 1)) is expected
