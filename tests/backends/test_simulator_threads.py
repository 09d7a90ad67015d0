"""Pieces that wait for each other do not wait for one that failed."""

from typing import Any

import numpy as np
import pytest

from spikeloom.backends.simulator import portion_run
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.models.connectivity import Dense
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire


@pytest.mark.timeout(60)
@pytest.mark.parametrize("failing", [0, 1])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_a_piece_that_fails_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, failing: int, error: type[BaseException]
) -> None:
    monkeypatch.setattr("spikeloom.backends.simulator.simulate.FEWEST_NEURONS_CUT", 2)
    values = [np.asarray(value, dtype=np.int64) for value in (4096, 0, 1, 0, 0)]
    populations = (
        Population("input", (40,), Role.INPUT, None, 0),
        Population("layer", (40,), Role.NEURON, IntegerLeakyIntegrateAndFire(*values), 0),
    )
    weights = Dense(np.ones((40, 40), dtype=np.int16))
    projections = (Projection("in", "input", "layer", weights), Projection("loop", "layer", "layer", weights))
    simulator = Simulator(Network(populations, projections, "layer", integer=True))
    simulator.workers = 2
    data = np.ones((1, 200, 40), dtype=bool)
    expected = simulator.run(data).activity["layer"]
    kernel_of = portion_run.kernel_of

    def fails(*arguments: Any) -> Any:
        kernel = kernel_of(*arguments)

        def run(piece: int, *rest: Any) -> None:
            if piece == failing:
                raise error
            kernel(piece, *rest)

        return run

    with monkeypatch.context() as patch:
        patch.setattr(portion_run, "kernel_of", fails)
        with pytest.raises(error):
            simulator.run(data)
    np.testing.assert_array_equal(simulator.run(data).activity["layer"], expected)
