"""The built-in network in SpiNNaker 1's arithmetic answers as it does in the integer simulator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.backends.spinnaker1.fixed_point import Rounding
from spikeloom.backends.spinnaker1.machine import Spinnaker1Machine
from spikeloom.deploy.artifact.artifact import load_program
from spikeloom.deploy.rerun import prepared_data
from spikeloom.models.decision import decide


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("calibrated", [False, True])
def test_accuracy_is_that_of_the_simulator(digits_artifact: Path, rounding: Rounding, calibrated: bool) -> None:
    program = load_program(digits_artifact)
    data = prepared_data(digits_artifact, None, 300, program)
    integers = program.code.encode(data.x)
    machine = Spinnaker1Machine(program, rounding=rounding, calibration=integers[:50] if calibrated else None)
    run = machine.run(integers, "all")
    exact = Simulator(program.network).run(integers, "all")
    output = program.network.output
    classes, same = (decide(found.activity[output], program.decision) for found in (run, exact))
    assert abs(np.mean(classes == data.y) - np.mean(same == data.y)) <= 0.01
    for name, activity in exact.activity.items():
        assert np.mean(run.activity[name] != activity) < 0.001, name
    assert not any(run.saturations.values())
