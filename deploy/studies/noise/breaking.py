"""Frame by frame into noise, until the answer breaks (Algorithm 1 of "Analyzing internal activity and robustness of
SNNs across neuron parameter space").

For each sample: replace one frame, chosen at random among those left, by Gaussian noise; run the whole sample again;
go on until the answer is wrong or no frame is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....backends.simulator.simulate import Simulator
from ....models.decision import Decision, decide
from ....models.input_code import InputCode
from ..sample_subsets import run_subset

Array = NDArray[Any]
NEVER = 0  # frames of a sample that does not break


@dataclass(frozen=True)
class FrameNoise:
    """Gaussian noise as the integers that enter.

    Attributes
    ----------
    mean, spread : of the normal distribution, in units of the data.
    code : how data becomes integers.
    within_code : cut off to the values that the code has, such as 0 and 1 where spikes enter; otherwise as far as the
        code lets any data go, so that noise may be negative where the data never is.
    """

    mean: float
    spread: float
    code: InputCode
    within_code: bool

    def frame(self, random: np.random.Generator, inputs: int) -> Array:
        """(input neurons,) int32."""
        integers = self.code.encode(random.normal(self.mean, self.spread, inputs))
        if not self.within_code:
            return integers
        return np.clip(integers, -self.code.largest if self.code.signed else 0, self.code.largest)


@dataclass(frozen=True, eq=False)
class Broken:
    """What became of samples.

    Attributes
    ----------
    frames : (samples,) int64, how many frames were noise when the answer broke; `NEVER` where it did not.
    classes : (samples,) int64, decided at last.
    given : (samples, steps, input neurons) int32, what entered at last.
    """

    frames: Array
    classes: Array
    given: Array


def break_samples(
    simulator: Simulator,
    decision: Decision,
    given: Array,
    numbers: Array,
    right: Array,
    noise: FrameNoise,
    seed: int,
) -> Broken:
    """Bring samples to break; all that hold are run at once with one more frame of noise.

    What a sample gets depends on the seed and its number alone, not on the samples that it is run with.

    Parameters
    ----------
    given : (samples, steps, input neurons) integers; all are answered rightly.
    numbers : (samples,) their numbers among all samples, rising.
    right : (samples,) the right classes.
    """
    given = given.copy()
    samples, steps, inputs = given.shape
    randoms = [np.random.default_rng([seed, int(number)]) for number in numbers]
    orders = [random.permutation(steps) for random in randoms]
    frames, classes = np.full(samples, NEVER, dtype=np.int64), np.array(right, dtype=np.int64)
    holding = np.arange(samples)
    for replaced in range(1, steps + 1):
        if not holding.size:
            break
        for sample in holding:
            given[sample, orders[sample][replaced - 1]] = noise.frame(randoms[sample], inputs)
        run = run_subset(simulator, given[holding], numbers[holding])
        answers = decide(run.activity[simulator.network.output], decision)
        wrong = answers != right[holding]
        frames[holding[wrong]], classes[holding] = replaced, answers
        holding = holding[~wrong]
    return Broken(frames, classes, given)
