"""Compiled loops that are called by their address."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import typeof, types

from spikeloom.backends.simulator.compiled_loops import compiled_loop
from spikeloom.backends.simulator.loop_calls import address_of, call_at


@compiled_loop()
def _add_quotients(numbers, by, results):
    for i in range(numbers.size):
        results[i] += numbers[i] // by


@compiled_loop()
def _add_remainders(numbers, by, results):
    for i in range(numbers.size):
        results[i] += numbers[i] % by


@compiled_loop()
def _call(address, numbers, by, results):
    return call_at(address, (numbers, by, results))


@pytest.fixture
def numbers() -> Any:
    return np.array([7, -7, 100], dtype=np.int16)


def address(loop: Any, numbers: Any) -> int:
    return address_of(loop, (typeof(numbers), types.int64, types.Array(types.int64, 1, "C")))


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
def test_one_caller_calls_any_loop_with_whole_numbers_of_any_width(numbers: Any, kind: Any) -> None:
    results = np.ones(3, dtype=np.int64)
    assert _call(address(_add_quotients, numbers), numbers, kind(5), results) is False
    np.testing.assert_array_equal(results, 1 + numbers // 5)
    assert _call(address(_add_remainders, numbers), numbers, kind(5), results) is False
    np.testing.assert_array_equal(results, 1 + numbers // 5 + numbers % 5)


def test_a_loop_that_fails_says_so(numbers: Any) -> None:
    assert _call(address(_add_quotients, numbers), numbers, 0, np.zeros(3, dtype=np.int64)) is True


RUN = """
import numpy as np
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.models.connectivity import Dense
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire
values = [np.asarray(value, dtype=np.int64) for value in (4096, 128, 90, 0, 0)]
populations = (
    Population("input", (6,), Role.INPUT, None, 0),
    Population("layer", (5,), Role.NEURON, IntegerLeakyIntegrateAndFire(*values), 0),
)
random = np.random.default_rng(0)
weights = Dense(random.integers(-9, 30, (5, 6)).astype(np.int16))
network = Network(populations, (Projection("in", "input", "layer", weights),), "layer", integer=True)
print(Simulator(network).run(random.random((2, 40, 6)) < 0.4, "all").activity["layer"].tolist())
"""


@pytest.mark.slow
def test_machine_code_from_disk_is_called_as_that_just_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said = [
        subprocess.run([sys.executable, "-P", "-c", RUN], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert said[0] == said[1]
    assert "1" in said[0]
