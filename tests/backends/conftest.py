"""Lava's own library processes for the tests of exactness, and our networks run with all their states kept."""

from __future__ import annotations

import importlib.util
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Population

Array = NDArray[Any]
PROGRAM = Path(__file__).with_name("lava_networks.py")
PATIENCE = 60.0  # seconds for one job; most take one


class LavaProcesses:
    """The program `lava_networks.py`, kept running, since importing Lava takes longer than most jobs."""

    def __init__(self) -> None:
        self.program: subprocess.Popen[bytes] | None = None

    def __call__(self, job: dict[str, Any]) -> Any:
        """The answer to a job; fails with the program's message, or when the job is not done in time."""
        if self.program is None:
            self.program = subprocess.Popen(
                [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        assert self.program.stdin is not None
        pickle.dump(job, self.program.stdin)
        self.program.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        try:
            (size,) = struct.unpack("<q", self._read(8, deadline))
            answer = pickle.loads(self._read(size, deadline))
            assert not isinstance(answer, str), f"Lava failed:\n{answer}"
        except BaseException:
            self.close()  # what is left of a failed run would disturb the next
            raise
        return answer

    def _read(self, size: int, deadline: float) -> bytes:
        assert self.program is not None and self.program.stdout is not None
        pipe, data = self.program.stdout.fileno(), b""
        while len(data) < size:
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"Lava did not answer within {PATIENCE:g} seconds"
            part = os.read(pipe, size - len(data))
            assert part, "the program with Lava ended"
            data += part
        return data

    def close(self) -> None:
        """End the program and every process of Lava that is left."""
        if self.program is not None:
            os.killpg(self.program.pid, signal.SIGKILL)
            self.program.communicate()
        self.program = None


@pytest.fixture(scope="module")
def lava() -> Iterator[LavaProcesses]:
    """Runs jobs as `lava_networks.py` describes them."""
    problem = lava_problem()
    if problem:
        pytest.skip(problem)
    processes = LavaProcesses()
    yield processes
    processes.close()


@pytest.fixture(scope="session")
def translation() -> ModuleType:
    """`networks_in_lava.py`, which pytest puts on no path."""
    spec = importlib.util.spec_from_file_location("networks_in_lava", PROGRAM.with_name("networks_in_lava.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Run = dict[str, dict[str, Array]]
"""Per population with neurons, its states by their names and its "output": (samples, steps, neurons) each."""


@pytest.fixture(scope="session")
def reference() -> Callable[[Network, Array], Run]:
    """The plain reference run, with the states after every step."""

    def run(network: Network, data: Array) -> Run:
        before: dict[str, list[tuple[Array, ...]]] = {}

        def probe(population: Population, step: int, state: tuple[Array, ...], arriving: Array, output: Array) -> None:
            before.setdefault(population.name, []).append(state)

        # The probe sees states before each step, hence one step more; it changes nothing before it.
        longer = np.concatenate([data, np.zeros_like(data[:, :1])], axis=1)
        output = run_network(network, longer, probe)
        result: Run = {}
        for name, states in before.items():
            neuron: Any = network.by_name[name].neuron
            result[name] = {"output": output[name][:, :-1]}
            for index, state in enumerate(neuron.rule.states):
                result[name][state] = np.stack([values[index] for values in states[1:]], axis=1)
        return result

    return run


@pytest.fixture(scope="session")
def simulated() -> Callable[[Network, Array], Run]:
    """The same from the compiled simulator, which has other loops where nobody asks for states: both must agree."""

    def run(network: Network, data: Array) -> Run:
        from spikeloom.backends.simulator.simulate import Simulator

        simulator = Simulator(network)
        names = [population.name for population in network.populations if population.neuron]
        simulation = simulator.run(data, "all", states=names)
        alone = simulator.run(data, "all").activity
        result: Run = {}
        for name in names:
            neuron: Any = network.by_name[name].neuron
            np.testing.assert_array_equal(alone[name], simulation.activity[name], err_msg=name)
            result[name] = {"output": alone[name]}
            for index, state in enumerate(neuron.rule.states):
                result[name][state] = simulation.states[name][:, :, index]
        return result

    return run
