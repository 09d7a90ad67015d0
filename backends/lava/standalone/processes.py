"""Our own Lava processes: what Lava's library lacks, each with its model in Python.

Every `run_spk` runs once a step in an operating system process of its own and is kept short: with small layers its
length is what a step costs. `self.time_step` is 1 at the first step; the chip's step is one less.
"""

from __future__ import annotations

from collections import deque
from importlib import import_module
from typing import Any

import lava_import  # noqa: F401  (repairs Lava, so it comes first)
import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class SpikeSource(AbstractProcess):
    """Emits the data of all samples, one after the other.

    Parameters
    ----------
    data : (samples, steps, neurons) of any integer type; kept as it is.
    period : steps from the start of a sample to the start of the next; nothing is emitted past a sample's end.
    """

    def __init__(self, data: np.ndarray, period: int, name: str) -> None:
        super().__init__(data=data, period=period, name=name)
        self.s_out = OutPort(shape=(data.shape[2],))


@implements(proc=SpikeSource, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class SpikeSourceModel(PyLoihiProcessModel):
    """`SpikeSource` in Python."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.data = proc_params["data"]
        self.period = proc_params["period"]
        self.silence = np.zeros(self.data.shape[2], dtype=np.int32)

    def run_spk(self) -> None:
        """Emit one step."""
        sample, step = divmod(self.time_step - 1, self.period)
        inside = sample < self.data.shape[0] and step < self.data.shape[1]
        self.s_out.send(self.data[sample, step] if inside else self.silence)


class ConstantSource(AbstractProcess):
    """Spikes at every step: an always-on axon."""

    def __init__(self, size: int, name: str) -> None:
        super().__init__(size=size, name=name)
        self.s_out = OutPort(shape=(size,))


@implements(proc=ConstantSource, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class ConstantSourceModel(PyLoihiProcessModel):
    """`ConstantSource` in Python."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.spikes = np.ones(proc_params["size"], dtype=np.int32)

    def run_spk(self) -> None:
        """Emit one step."""
        self.s_out.send(self.spikes)


class SpikeloomNeuron(AbstractProcess):
    """Neurons with what Lava's own lack: every reset, integrators, sigma-delta neurons that begin anew, a gap.

    Parameters
    ----------
    size : number of neurons.
    rule : name of the module that holds their step, "leaky_rule" for one.
    fields : of their integer model.
    depth : chip step at which the first sample begins here.
    steps : steps of a sample; the state is zeroed before the first of them.
    period : steps from the start of a sample to the start of the next; in between, state and output are held at zero.
    """

    def __init__(
        self,
        size: int,
        rule: str,
        fields: dict[str, Any],
        depth: int,
        steps: int,
        period: int,
        name: str,
    ) -> None:
        super().__init__(rule=rule, fields=fields, depth=depth, steps=steps, period=period, name=name)
        self.a_in = InPort(shape=(size,))
        self.s_out = OutPort(shape=(size,))
        self.states = Var(shape=(len(import_module(rule).STATES), size), init=0)


@implements(proc=SpikeloomNeuron, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class SpikeloomNeuronModel(PyLoihiProcessModel):
    """`SpikeloomNeuron` in Python."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    states: np.ndarray = LavaPyType(np.ndarray, np.int64, precision=32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        rule = import_module(proc_params["rule"])
        self.advance = rule.step
        self.initial_state = rule.start(proc_params["fields"])
        self.start_of_sample = getattr(rule, "start_of_sample", None)
        self.rule_parameters = rule.parameters_of(proc_params["fields"])
        self.depth = proc_params["depth"]
        self.steps = proc_params["steps"]
        self.period = proc_params["period"]

    def run_spk(self) -> None:
        """Advance by one step."""
        activation = self.a_in.recv().astype(np.int32).astype(np.int64)  # sums of synapses have 32 bits and wrap
        elapsed = self.time_step - 1 - self.depth
        phase = elapsed % self.period
        if elapsed < 0 or phase >= self.steps:
            self.states[:] = 0
            self.s_out.send(self.states[0])
            return
        if phase == 0:
            start = self.initial_state
            if self.start_of_sample is not None:
                start = self.start_of_sample(start, elapsed // self.period)
            for state, values in zip(self.states, start, strict=True):
                state[:] = values
        *after, output = self.advance(*self.states, activation, **self.rule_parameters)
        for state, values in zip(self.states, after, strict=True):
            state[:] = values
        self.s_out.send(output)


class ExactSynapses(AbstractProcess):
    """Synapses with any integer weights, summed in 64 bits.

    For what Lava's `Dense` and `Sparse` would round or overflow: in their mixed sign mode odd weights lose a bit.

    Parameters
    ----------
    weights : (targets, sources) scipy.sparse.csr_matrix, int64, already shifted by the exponent.
    """

    def __init__(self, weights: Any, name: str) -> None:
        super().__init__(weights=weights, name=name)
        self.s_in = InPort(shape=(weights.shape[1],))
        self.a_out = OutPort(shape=(weights.shape[0],))


@implements(proc=ExactSynapses, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class ExactSynapsesModel(PyLoihiProcessModel):
    """`ExactSynapses` in Python."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64, precision=24)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64, precision=24)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.synapses = proc_params["weights"]
        self.arriving = np.zeros(self.synapses.shape[0], dtype=np.int64)

    def run_spk(self) -> None:
        """Deliver the sums of the last step and form those of this one; so no loop of processes waits for itself."""
        self.a_out.send(self.arriving)
        self.arriving = self.synapses.dot(self.s_in.recv())


class DelayLine(AbstractProcess):
    """Passes spikes on after some steps.

    Lava has a `DelayDense`, but that builds a matrix of (delays * targets, sources) anew at every step.

    Parameters
    ----------
    size : number of neurons.
    steps : at least 1; a projection of delay d has d - 1 here and 1 in its synapses.
    """

    def __init__(self, size: int, steps: int, name: str) -> None:
        super().__init__(size=size, steps=steps, name=name)
        self.s_in = InPort(shape=(size,))
        self.s_out = OutPort(shape=(size,))


@implements(proc=DelayLine, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class DelayLineModel(PyLoihiProcessModel):
    """`DelayLine` in Python."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        silence = np.zeros(proc_params["size"], dtype=np.int32)
        self.under_way = deque([silence] * proc_params["steps"])

    def run_spk(self) -> None:
        """Pass one step on."""
        self.s_out.send(self.under_way.popleft())
        self.under_way.append(self.s_in.recv())


class SpikeRecorder(AbstractProcess):
    """Writes everything that arrives into a file at the last step.

    Lava's own way, a variable that is fetched after the run, sends every number as a message of its own.

    Parameters
    ----------
    size : number of neurons; populations share one recorder, as every process costs time at every step.
    last_step : number of steps of the run.
    path : the .npz file to write: arrays step (from 0), neuron and value, one entry for each value other than zero.
    """

    def __init__(self, size: int, last_step: int, path: str, name: str) -> None:
        super().__init__(last_step=last_step, path=path, name=name)
        self.s_in = InPort(shape=(size,))


@implements(proc=SpikeRecorder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class SpikeRecorderModel(PyLoihiProcessModel):
    """`SpikeRecorder` in Python."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.last_step = proc_params["last_step"]
        self.path = proc_params["path"]
        self.counts: list[int] = []
        self.neurons: list[np.ndarray] = []
        self.values: list[np.ndarray] = []

    def run_spk(self) -> None:
        """Keep one step."""
        values = self.s_in.recv()
        neurons = values.nonzero()[0]
        self.counts.append(neurons.size)
        self.neurons.append(neurons.astype(np.int32))
        self.values.append(values[neurons])
        if self.time_step == self.last_step:
            step = np.repeat(np.arange(len(self.counts)), self.counts)
            np.savez(self.path, step=step, neuron=np.concatenate(self.neurons), value=np.concatenate(self.values))
