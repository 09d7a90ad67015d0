"""What every peer's script shares: reading a workload, timing runs, writing what came out. Needs NumPy alone.

A script is called as `python run_<peer>.py WORKLOAD RESULT REPEATS [OPTION ...]`, with folders for the first two. It
builds the network, runs it once unmeasured, which also compiles what is compiled, and then REPEATS times measured.
"""

import functools
import json
import sys
import time
from pathlib import Path

import numpy as np


class Workload:
    """A workload as its folder holds it.

    Attributes
    ----------
    description : see `simulator_workloads.py`.
    samples, steps, inputs : sizes of the input.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.description = json.loads((self.folder / "workload.json").read_text(encoding="utf-8"))
        self.samples, self.steps, self.inputs = (self.description[name] for name in ("samples", "steps", "inputs"))

    @functools.cached_property
    def arrays(self):
        """Weights and input, by the names of the description."""
        return np.load(self.folder / "workload.npz")

    def input(self):
        """(samples, steps, inputs) uint8, 0 and 1."""
        return np.unpackbits(self.arrays["input"], axis=-1, count=self.inputs)

    def synapses(self, layer):
        """Source, target and weight of every synapse into a layer, counted from 1, in the order of the sources."""
        listed = np.load(self.folder / "synapses.npz")
        return tuple(listed[f"{name} {layer}"] for name in ("source", "target", "weight"))

    @property
    def sizes(self):
        """Neurons of each layer."""
        return [int(np.prod(layer["shape"])) for layer in self.description["layers"]]


class Call:
    """The arguments of a script."""

    def __init__(self):
        self.workload = Workload(sys.argv[1])
        self.result = Path(sys.argv[2])
        self.repeats = int(sys.argv[3])
        self.options = sys.argv[4:]


def measured(run, repeats, before=lambda: None):
    """Seconds of an unmeasured first run and of each other one, and what the last of them gave.

    Parameters
    ----------
    before : called before each run, outside of the measured time.
    """
    seconds = []
    for _ in range(repeats + 1):
        before()
        began = time.perf_counter()
        found = run()
        seconds.append(time.perf_counter() - began)
    return seconds[0], seconds[1:], found


def write(call, *, setup, first, seconds, spikes=None, versions=(), **more):
    """Write a result.

    Parameters
    ----------
    setup : seconds to build the network, compilation among them where that is apart.
    first : seconds of the first run.
    seconds : of each measured run.
    spikes : (samples, steps, neurons) of the last layer, 0 or 1; None where the peer was not asked for them.
    versions : names of distributions.
    more : counts and remarks.
    """
    from importlib import metadata

    call.result.mkdir(parents=True, exist_ok=True)
    found = {name: metadata.version(name) for name in versions}
    document = {"setup": setup, "first": first, "seconds": seconds, "versions": found, **more}
    if spikes is not None:
        spikes = np.asarray(spikes).astype(bool)
        np.savez(call.result / "spikes.npz", spikes=np.packbits(spikes, axis=-1), neurons=spikes.shape[-1])
    (call.result / "result.json").write_text(json.dumps(document), encoding="utf-8")
