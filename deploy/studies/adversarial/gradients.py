"""Where a sample is weakest: the gradient of a trained network's answer by its input (needs PyTorch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ....models.training.deterministic import deterministic
from ....models.training.staged_network import TrainableNetwork

Array = NDArray[Any]


def answer_gradient(
    network: TrainableNetwork, x: Array, y: Array, steps: int | None, answer_from: int = 0
) -> tuple[Array, Array]:
    """How the best wrong class gains on the right one with each input, through the surrogate of the spikes.

    Parameters
    ----------
    x : (samples, *shape) values of a constant current, or (samples, steps, *shape) spikes where `steps` is None.
    y : (samples,) right classes.
    steps : for which values are shown.
    answer_from : first step whose output counts.

    Returns
    -------
    gradient : of the shape of x, float64: of the score of the best wrong class minus that of the right one.
    classes : (samples,) int64, decided.
    """
    kind = next(network.parameters()).dtype
    given = torch.from_numpy(np.array(x)).to(kind).requires_grad_()
    with deterministic(), torch.enable_grad():
        shown = given.transpose(0, 1) if steps is None else given.expand(steps, *given.shape)
        activity = network(shown)
        scores = network.scores({**activity, network.output: activity[network.output][answer_from:]})
        right = torch.from_numpy(np.array(y, dtype=np.int64))[:, None]
        wrong = scores.scatter(1, right, -torch.inf).amax(1)
        (gradient,) = torch.autograd.grad((wrong - scores.gather(1, right)[:, 0]).sum(), given)
    # NumPy's argmax promises the lowest index where scores are equal; PyTorch's does not.
    return gradient.double().numpy(), scores.detach().numpy().argmax(1)
