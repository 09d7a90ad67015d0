"""Plastic synapses: Lava's own `LearningDense`, its weights written down at the end, and the rewards it hears of."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lava_import  # noqa: F401  (repairs Lava, so it comes first)
import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule, LoihiLearningRule
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.models import PyLearningDenseModelBitApproximate
from lava.proc.dense.process import LearningDense
from lava.utils.weightutils import SignMode
from network_reader import read_arrays

WEIGHTS_NAME = "weights/{}"  # of an array in the output file
GRADED_BITS = 24
BITS = 8


class PlasticDense(LearningDense):
    """Lava's `LearningDense` with bounds that may be narrower than Loihi's, whose weights are kept after the run.

    Parameters
    ----------
    weights : (targets, sources) integer.
    rule : as in `network.json`.
    exponent, graded : as of every projection.
    last_step : number of steps of the run.
    path : the .npz file to write: weights (targets, sources), and history (steps, targets, sources) if wanted.
    history : whether the weights after every step are wanted.
    """

    def __init__(
        self,
        weights: np.ndarray,
        rule: dict[str, Any],
        exponent: int,
        graded: bool,
        last_step: int,
        path: str,
        name: str,
        history: bool = False,
    ) -> None:
        bounds = (rule["lowest_weight"], rule["highest_weight"])
        mode = SignMode.EXCITATORY if bounds[0] >= 0 else SignMode.INHIBITORY if bounds[1] <= 0 else SignMode.MIXED
        # With both signs Lava truncates the weights that it begins with to even ones; one more bit keeps odd ones, as
        # they come of learning.
        odd = mode is SignMode.MIXED and bool(np.any(weights & 1))
        super().__init__(
            weights=weights.astype(np.int32),
            weight_exp=exponent,
            sign_mode=mode,
            num_weight_bits=BITS + odd,
            num_message_bits=GRADED_BITS if graded else 0,
            learning_rule=lava_rule(rule),
            bounds=bounds,
            last_step=last_step,
            path=path,
            history=history,
            name=name,
        )


class PlasticDenseModel(PyLearningDenseModelBitApproximate):
    """Lava's own model; only bounds and the written file are added."""

    implements_process = PlasticDense  # Lava's decorator refuses models that inherit from others

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.bounds = proc_params["bounds"]
        self.last_step = proc_params["last_step"]
        self.path = proc_params["path"]
        self.history: list[np.ndarray] | None = [] if proc_params["history"] else None

    def run_spk(self) -> None:
        """Take part in one step."""
        super().run_spk()
        if not self.lrn_guard():
            self._keep()

    def run_lrn(self) -> None:
        """Learn from one epoch."""
        super().run_lrn()
        self._keep()

    def _saturate_synaptic_variable(self, syn_var_name: str, syn_var_val: np.ndarray) -> np.ndarray:
        values = super()._saturate_synaptic_variable(syn_var_name, syn_var_val)
        return np.clip(values, *self.bounds) if syn_var_name == "weights" else values

    def _keep(self) -> None:
        if self.history is not None:
            self.history.append(self.weights.copy())
        if self.time_step == self.last_step:
            history = {} if self.history is None else {"history": np.stack(self.history)}
            np.savez(self.path, weights=self.weights, **history)


class TargetFactors(AbstractProcess):
    """What target neurons tell their plastic synapses where a reward counts: y1, a trace of spikes; y2, the reward.

    Lava leaves this to the user's neuron; the trace is that of the neuron in Lava's own tests.

    Parameters
    ----------
    size : number of targets.
    impulse, time_constant : of y1 <- floor(y1 * exp(-1 / time_constant) + impulse * spike of the step before).
    rewards : (samples, steps, targets or 1); None where the reward arrives at `reward_in`, to count one step later.
    depth : chip step at which the first sample begins at the targets.
    period : steps from the start of a sample to the start of the next.
    """

    def __init__(
        self,
        size: int,
        impulse: float,
        time_constant: float,
        rewards: np.ndarray | None,
        depth: int,
        period: int,
        name: str,
    ) -> None:
        super().__init__(
            size=size, impulse=impulse, time_constant=time_constant, rewards=rewards, depth=depth, period=period,
            name=name,
        )  # fmt: skip
        self.s_in = InPort(shape=(size,))
        self.reward_in = InPort(shape=(size,))
        self.s_out_y1, self.s_out_y2, self.s_out_y3 = (OutPort(shape=(size,)) for _ in range(3))


@implements(proc=TargetFactors, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class TargetFactorsModel(PyLoihiProcessModel):
    """`TargetFactors` in Python."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    reward_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out_y1: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    s_out_y2: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)
    s_out_y3: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=7)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.impulse = proc_params["impulse"]
        self.left = np.exp(-1 / proc_params["time_constant"])
        self.rewards = proc_params["rewards"]
        self.depth, self.period = proc_params["depth"], proc_params["period"]
        self.silence = np.zeros(proc_params["size"], dtype=np.int32)
        self.y1 = np.zeros(proc_params["size"])
        self.spikes, self.reward = self.silence, self.silence

    def run_spk(self) -> None:
        """Send what the step before gives, and hear of this one; so no loop of processes waits for itself."""
        self.y1 = np.floor(self.y1 * self.left + self.impulse * self.spikes)
        self.s_out_y1.send(self.y1.astype(np.int32))
        self.s_out_y2.send(self.reward if self.rewards is None else self._given())
        self.s_out_y3.send(self.silence)
        self.spikes = (self.s_in.recv() != 0).astype(np.int32)
        if self.rewards is None:
            self.reward = self.reward_in.recv()

    def _given(self) -> np.ndarray:
        sample, step = divmod(self.time_step - 1 - self.depth, self.period)
        inside = 0 <= sample < self.rewards.shape[0] and step < self.rewards.shape[1]
        return self.silence + self.rewards[sample, step] if inside else self.silence


@dataclass(frozen=True)
class LearnedBlock:
    """Where the weights of a part of a plastic projection are found after the run.

    Attributes
    ----------
    projection : its name.
    path : the .npz file.
    rows, columns : numbers of its targets and sources; None for all.
    """

    projection: str
    path: Path
    rows: np.ndarray | None
    columns: np.ndarray | None


def lava_rule(rule: dict[str, Any]) -> LoihiLearningRule:
    """A rule of `network.json` as Lava has it."""
    texts = {"dw": rule["weight_rule"], "dt": rule["tag_rule"], "dd": rule["second_tag_rule"]}
    third = rule["third_factor"]
    names = ("x1", "x2") if third else ("x1", "x2", "y1", "y2", "y3")
    traces = {f"{name}_impulse": rule[name]["impulse"] for name in names}
    traces.update({f"{name}_tau": rule[name]["time_constant"] for name in names})
    kind = Loihi3FLearningRule if third else Loihi2FLearningRule
    return kind(**texts, **traces, t_epoch=rule["epoch"], rng_seed=rule["seed"])


def reward_for(part: np.ndarray | None, size: int, wanted: np.ndarray | None, targets: int) -> functools.partial:
    """Bring what a part of the reward's population sends to a part of the targets.

    Parameters
    ----------
    part : numbers of the part's neurons; None for all.
    size : of the reward's population: one, or one for each target.
    wanted : numbers of the targets; None for all.
    targets : number of targets in this part.
    """
    return functools.partial(_reward_for, part, size, wanted, targets)


def _reward_for(
    part: np.ndarray | None, size: int, wanted: np.ndarray | None, targets: int, data: np.ndarray
) -> np.ndarray:
    whole = np.zeros(size, dtype=data.dtype)
    whole[slice(None) if part is None else part] = data
    if size == 1:
        return np.repeat(whole, targets)
    return whole if wanted is None else whole[wanted]


def read_learned(blocks: list[LearnedBlock], shapes: dict[str, tuple[int, int]]) -> dict[str, np.ndarray]:
    """The weights after the run, by the name of their array in the output file.

    Parameters
    ----------
    shapes : per plastic projection, (targets, sources).
    """
    learned = {name: np.zeros(shape, dtype=np.int16) for name, shape in shapes.items()}
    for block in blocks:
        whole = learned[block.projection]
        rows = np.arange(whole.shape[0]) if block.rows is None else block.rows
        columns = np.arange(whole.shape[1]) if block.columns is None else block.columns
        whole[np.ix_(rows, columns)] = read_arrays(block.path)["weights"]
    return {WEIGHTS_NAME.format(name): weights for name, weights in learned.items()}
