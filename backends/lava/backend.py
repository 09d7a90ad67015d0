"""Runs a network in Lava, in a process of its own, and reads back what it did."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...models.array_file import read_arrays, write_arrays
from ...models.errors import BackendFailedError, BackendMissingError
from ...models.execution.learning_run import LearningRun
from ...models.execution.rewards import checked_rewards
from ...models.network import Network
from .availability import lava_problem
from .export import write_standalone

Array = NDArray[Any]

_WEIGHTS, _REWARD = "weights/", "reward/"  # beginnings of names in the files of the program
_MISSING_EXIT_CODE = 6  # of standalone/worker.py
_OWNER_VARIABLE = "SPIKELOOM_LAVA_OWNED"  # of standalone/supervisor.py
_GRACE = 15.0  # seconds beyond its own timeout in which the program ends its children and itself
_LINES_SHOWN = 15


def run_lava(
    network: Network,
    inputs: Array,
    *,
    record: Literal["all", "output"] = "all",
    processes: Literal["layer", "core"] = "layer",
    cores: Mapping[str, Array] | None = None,
    timeout: float = 600,
    python: Path | None = None,
) -> dict[str, Array]:
    """Run samples back to back in one Lava run.

    Parameters
    ----------
    network : a quantized network.
    inputs : (samples, steps, input neurons) or (samples, steps, *input shape), integer: spikes 0 and 1, or numbers of
        24 bits.
    record : which populations to return.
    processes : one Lava neuron process per population, or per population and core.
    cores : per population name, (neurons,) core numbers; needed for `processes="core"`.
    timeout : seconds after which the run and all its processes are ended.
    python : the interpreter that has Lava; default: this one.

    Returns
    -------
    Per recorded population, (samples, steps, neurons): int8 spikes or int32 numbers, each population in its own
    window, so that entry t belongs to step t of the sample everywhere.

    Raises
    ------
    BackendMissingError : Lava is not installed.
    BackendFailedError : the run failed, or was not done in time.
    DataError : a projection learns by a reward that only `learn_in_lava` can be given.
    """
    run = learn_in_lava(
        network, inputs, record=record, processes=processes, cores=cores, timeout=timeout, python=python
    )
    return dict(run.activity)


def learn_in_lava(
    network: Network,
    inputs: Array,
    *,
    rewards: Mapping[str, Array] | None = None,
    record: Literal["all", "output"] = "all",
    processes: Literal["layer", "core"] = "layer",
    cores: Mapping[str, Array] | None = None,
    timeout: float = 600,
    python: Path | None = None,
) -> LearningRun:
    """As `run_lava`, with the weights that plastic projections have in the end.

    Parameters
    ----------
    rewards : as of `models.execution.learning_run.run_learning`.
    network, inputs, record, processes, cores, timeout, python : as of `run_lava`.

    Raises
    ------
    BackendMissingError, BackendFailedError : as of `run_lava`.
    DataError : a reward is missing, or has the wrong shape or range.
    """
    if processes == "core" and cores is None:
        raise ValueError("one process per core needs to know the cores")
    problem = lava_problem() if python is None else None
    if problem:
        raise BackendMissingError(problem)
    with tempfile.TemporaryDirectory(prefix="spikeloom-") as temporary:
        folder = Path(temporary)
        write_standalone(network, folder, cores)
        data = np.asarray(inputs)
        given = checked_rewards(network, rewards, *data.shape[:2])
        write_arrays(
            folder / "spikes.npz", {"x": data, **{f"{_REWARD}{name}": reward for name, reward in given.items()}}
        )
        output = folder / "activity.npz"
        command = [str(python or sys.executable), str(folder / "run.py"), f"--timeout={timeout}", f"--record={record}"]
        command += [f"--processes={processes}", f"--input={folder / 'spikes.npz'}", f"--output={output}"]
        _run(command, folder, timeout)
        arrays = read_arrays(output)
        weights = {item.name: arrays.pop(f"{_WEIGHTS}{item.name}").astype(np.int64) for item in network.plastic}
        return LearningRun(arrays, weights)


def _run(command: list[str], folder: Path, timeout: float) -> None:
    """Run the program; it watches its own time, we watch that it does, and it watches that we are there."""
    watched, ours = os.pipe()  # its end of this is closed when we end, whatever ends us
    try:
        try:
            # A group of its own, so that a Ctrl-C at the terminal reaches it through us, once, as a request to end.
            program = subprocess.Popen(
                command, stdin=watched, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                start_new_session=True, env={**os.environ, _OWNER_VARIABLE: str(folder)},
            )  # fmt: skip
        finally:
            os.close(watched)
        _wait(program, timeout)
    finally:
        os.close(ours)


def _wait(program: subprocess.Popen[str], timeout: float) -> None:
    try:
        _, errors = program.communicate(timeout=timeout + _GRACE)
    except subprocess.TimeoutExpired as error:
        raise BackendFailedError(f"the Lava run did not end {_GRACE:g} s after its time of {timeout:g} s") from error
    finally:
        _end(program)
    if program.returncode == _MISSING_EXIT_CODE:
        raise BackendMissingError(errors.strip())
    if program.returncode:
        shown = "\n".join(errors.strip().splitlines()[-_LINES_SHOWN:])
        raise BackendFailedError(shown or f"the Lava run ended with exit code {program.returncode}")


def _end(program: subprocess.Popen[str]) -> None:
    """End a program that still runs: first so that it ends its children, then in any case (they end themselves)."""
    if program.poll() is not None:
        return
    program.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        program.communicate(timeout=_GRACE)
    program.kill()
    program.wait()
