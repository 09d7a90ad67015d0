"""A program of its own that builds networks from Lava's library processes, runs them, and records their variables.

It shares nothing with Spikeloom's own Lava backend but the repair of Lava's import, so that a fault of that backend
cannot hide one of the simulator. Tests start it once and send it jobs, as pickles on standard input; each answer is a
pickle on what was standard output, preceded by its length. A job is

    {"steps": int,
     "processes": {name: (class name, keyword arguments)},     in Lava's own terms; `sign_mode` is a name
     "connections": [(source name, target name) or (source name, target name, name of the target's port)]}

and the answer, for every neuron process, {variable: (steps, *shape) integers}: its state after each step, `s_out` too.
Ports of the same size but another shape are connected in the order in which their elements lie in memory. All
processes have to be connected somehow, or Lava leaves some out.

    {"models": [(keyword arguments, state, arriving)]}

is a job for Lava's bit-accurate neuron model alone, without a runtime between: many parameters in little time.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "backends" / "lava" / "standalone"))

import lava_import  # noqa: F401  (repairs Lava, so it comes first)
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.graded.process import GradedReluVec, GradedVec
from lava.proc.io.source import RingBuffer
from lava.proc.lif.models import PyLifModelBitAcc
from lava.proc.lif.process import LIF, LIFReset
from lava.proc.monitor.process import Monitor
from lava.proc.rf.process import RF
from lava.proc.rf_iz.process import RF_IZ
from lava.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta
from lava.proc.sparse.process import DelaySparse, Sparse
from lava.utils.weightutils import SignMode

PROCESSES = {
    process.__name__: process
    for process in (
        RingBuffer, LIF, LIFReset, SigmaDelta, Delta, Sigma, Dense, DelayDense, Sparse, DelaySparse, Conv,
        RF, RF_IZ, GradedVec, GradedReluVec,
    )
}  # fmt: skip
VARIABLES = {
    "LIF": ("u", "v", "s_out"),
    "LIFReset": ("u", "v", "s_out"),
    "SigmaDelta": ("sigma", "act", "residue", "s_out"),
    "Delta": ("act", "residue", "s_out"),
    "Sigma": ("sigma", "s_out"),
    "RF": ("real", "imag", "s_out"),
    "RF_IZ": ("real", "imag", "s_out"),
    "GradedVec": ("s_out",),
    "GradedReluVec": ("s_out",),
}
_reshape = np.reshape
# Lava's ports that change shapes name an argument as NumPy did until 2.4.
np.reshape = lambda array, shape=None, newshape=None: _reshape(array, newshape if shape is None else shape)
ENUMERATIONS = {"sign_mode": SignMode, "act_mode": ActivationMode}


def run_network(job: dict[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    """Build what the job lists, run it, and read Lava's own monitors."""
    processes = {}
    for name, (kind, arguments) in job["processes"].items():
        named = {key: ENUMERATIONS[key][value] if key in ENUMERATIONS else value for key, value in arguments.items()}
        processes[name] = PROCESSES[kind](**named)
    for source, target, *names in job["connections"]:
        out = port(processes[source], "s_out", "a_out")
        into = port(processes[target], *(names or ("a_in", "s_in")))
        (out if out.shape == into.shape else out.reshape(new_shape=into.shape)).connect(into)
    monitors = {}
    for name, (kind, _) in job["processes"].items():
        for variable in VARIABLES.get(kind, ()):
            monitors[name, variable] = Monitor()
            monitors[name, variable].probe(getattr(processes[name], variable), job["steps"])
    first = next(iter(processes.values()))
    run_steps(first, job["steps"])
    found: dict[str, dict[str, np.ndarray]] = {}
    for (name, variable), monitor in monitors.items():
        ((values,),) = (data.values() for data in monitor.get_data().values())
        found.setdefault(name, {})[variable] = np.asarray(values).astype(np.int64)
    first.stop()
    return found


def run_steps(process: Any, steps: int) -> None:
    """Run everything that is connected with a process; fails with the exception of a child, where Lava would wait."""
    process.create_runtime(Loihi2SimCfg(select_tag="fixed_pt"))
    runtime = process.runtime
    process.run(RunSteps(steps, blocking=False))
    while not all(service.probe() for service in runtime.service_to_runtime):
        for child in runtime._messaging_infrastructure.actors:
            if child.exception is not None:
                raise RuntimeError(child.exception[1])
        time.sleep(0.005)
    process.wait()


def port(process: Any, *names: str) -> Any:
    """The port that has one of these names."""
    return next(getattr(process, name) for name in names if hasattr(process, name))


class Port:
    """Hands a model what arrives, and keeps what it sends."""

    def __init__(self) -> None:
        self.value = np.zeros(0)

    def recv(self) -> np.ndarray:
        return self.value

    def send(self, value: np.ndarray) -> None:
        self.value = value


def run_model(arguments: dict[str, Any], state: dict[str, np.ndarray], arriving: np.ndarray) -> dict[str, np.ndarray]:
    """States and spikes of Lava's bit-accurate LIF model, its variables of the types that Lava's builder gives them."""
    model = PyLifModelBitAcc({})
    model.a_in, model.s_out = Port(), Port()
    for name in ("du", "dv", "vth"):
        setattr(model, name, np.int64(arguments[name]))
    for name in ("bias_mant", "bias_exp"):
        setattr(model, name, np.broadcast_to(arguments[name], arriving.shape[1:]).astype(np.int16))
    for name in ("u", "v"):
        setattr(model, name, state[name].astype(np.int32))
    found: dict[str, list[np.ndarray]] = {"u": [], "v": [], "s_out": []}
    for values in arriving.astype(np.int32):
        model.a_in.value = values
        model.run_spk()
        for name, now in (("u", model.u), ("v", model.v), ("s_out", model.s_out.value)):
            found[name].append(np.array(now))
    return {name: np.stack(values).astype(np.int64) for name, values in found.items()}


def main() -> None:
    """Answer jobs until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # Lava and its children print
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            os._exit(0)
        try:
            answer = [run_model(*model) for model in job["models"]] if "models" in job else run_network(job)
        except Exception:
            answer = traceback.format_exc()
        message = pickle.dumps(answer)
        answers.write(struct.pack("<q", len(message)) + message)
        answers.flush()


if __name__ == "__main__":
    main()
