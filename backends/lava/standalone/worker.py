"""The program that works with Lava; `run.py` starts and supervises it."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

sys.path.insert(0, str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH and -P leave it out

from run import parse_arguments
from run_memory import name_memory
from supervisor import TEMPORARY_VARIABLE, end_with_supervisor
from user_mistake import UserMistake

if TYPE_CHECKING:
    import numpy as np
    from builder import LavaNetwork
    from network_reader import Network

FAILED_EXIT_CODE = 3
POLL_SECONDS = 0.02
# Steps that a channel can hold. Lava's 64 only fill shared memory, as its processes never drift apart by more than one;
# in a container that memory may end at 64 MB.
CHANNEL_SIZE = 4
OPEN_FILES = 65536
PATIENCE = 2.0  # seconds to wait for the exception of a process that reported a failure


class LavaFailed(Exception):
    """A process of the Lava network ended before the run did; the message says how."""


def main(arguments: list[str]) -> None:
    """Do what the command line says, and end this process."""
    options = parse_arguments(arguments)
    end_with_supervisor()
    name_memory(os.environ[TEMPORARY_VARIABLE])
    _allow_open_files()
    out, err = _keep_terminal()
    try:
        print(_run(options.network, options.input, options.output, options.record, options.processes), file=out)
        code = 0
    except UserMistake as mistake:
        print(mistake, file=err)
        code = mistake.exit_code
    except LavaFailed as failure:
        print(failure, file=err)
        code = FAILED_EXIT_CODE
    except Exception as error:
        traceback.print_exc(file=err)
        print(getattr(error, "trace", ""), file=err)  # where it happened, if that was in a child of Lava
        code = FAILED_EXIT_CODE
    out.flush()
    err.flush()
    # A plain exit would wait for children of Lava, which may wait for ever; the supervisor ends what is left.
    os._exit(code)


def _run(folder: Path, input_path: Path, output_path: Path, record: str, processes: str) -> str:
    # First of all, so that missing software is told as a sentence.
    import lava_import  # noqa: F401
    from activity_file import read_activity, read_input, read_rewards, write_activity
    from builder import LavaNetwork
    from learning_synapses import read_learned
    from network_reader import read_cores, read_network

    network = read_network(folder)
    data = read_input(input_path, network)
    rewards = read_rewards(input_path, network, data)
    cores = read_cores(folder, network) if processes == "core" else None
    if not output_path.absolute().parent.is_dir():
        raise UserMistake(f"the folder of {output_path} does not exist.")
    neurons = [population.name for population in network.populations.values() if population.role == "neuron"]
    recorded = neurons if record == "all" else [network.output]
    # The supervisor provides this folder and removes it.
    recording = Path(tempfile.gettempdir()) / "recording.npz"
    lava_network = LavaNetwork(network, data, recorded, recording, cores, rewards)
    seconds = _run_lava(lava_network)
    activity = read_activity(recording, network, recorded, data)
    if record == "all":
        activity.update(_activity_of_sources(network, data))
    shapes = {name: item.connectivity["weights"].shape for name, item in network.projections.items() if item.learning}
    write_activity(output_path, {**activity, **read_learned(lava_network.learned, shapes)})
    steps = lava_network.steps_of_chip
    return f"{steps} steps in {seconds:.2f} s, {steps / seconds:.0f} a second; activity is in {output_path}"


def _run_lava(lava_network: LavaNetwork) -> float:
    """Run all steps; the seconds it took, without compilation."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.magma.runtime.mgmt_token_enums import MGMT_RESPONSE, enum_equal

    recorder = lava_network.recorder
    recorder.create_runtime(Loihi2SimCfg(select_tag="fixed_pt"), compile_config={"pypy_channel_size": CHANNEL_SIZE})
    runtime = recorder.runtime
    children = list(runtime._messaging_infrastructure.actors)
    start = time.monotonic()
    recorder.run(RunSteps(num_steps=lava_network.steps_of_chip, blocking=False))
    # Lava's own wait never returns after some failures, so we look at the children ourselves.
    failed_at = None
    while True:
        for child in children:
            _raise_failure(child)
        responses = [port.peek() for port in runtime.service_to_runtime if port.probe()]
        if len(responses) == len(runtime.service_to_runtime):
            if all(enum_equal(response, MGMT_RESPONSE.DONE) for response in responses):
                break
            failed_at = failed_at or time.monotonic()
            if time.monotonic() > failed_at + PATIENCE:
                raise LavaFailed("Lava reports a failure, but no process of it says which.")
        time.sleep(POLL_SECONDS)
    seconds = time.monotonic() - start
    recorder.wait()
    recorder.stop()
    return seconds


def _raise_failure(child: Any) -> None:
    try:
        exception = child.exception
    except Exception as error:  # an exception that does not survive being sent from process to process
        raise LavaFailed(f"a process of the Lava network failed, and its exception cannot be shown: {error}") from error
    if exception is not None:
        raise LavaFailed(f"a process of the Lava network failed:\n{exception[1].rstrip()}")
    if child.exitcode:
        raise LavaFailed(f"a process of the Lava network died with exit code {child.exitcode}.")


def _activity_of_sources(network: Network, data: np.ndarray) -> dict[str, np.ndarray]:
    """What inputs and constants emitted: known without recording it."""
    import numpy as np
    from activity_file import value_type

    activity = {}
    for name, population in network.populations.items():
        if population.role == "input":
            activity[name] = data.astype(value_type(population, data))
        elif population.role == "constant":
            activity[name] = np.ones((*data.shape[:2], population.size), dtype=np.int8)
    return activity


def _allow_open_files() -> None:
    """Allow what the system lets us: Lava's channels and processes take more open files than the usual 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = OPEN_FILES if hard == unlimited else min(hard, OPEN_FILES)
    if soft != unlimited and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _keep_terminal() -> tuple[TextIO, TextIO]:
    """Silence what Lava and its children print, and keep the terminal for ourselves."""
    out, err = (os.fdopen(os.dup(number), "w", encoding="utf-8") for number in (1, 2))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return out, err


if __name__ == "__main__":
    main(sys.argv[1:])
