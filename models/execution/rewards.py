"""Rewards that come with the data of a run, for projections that learn by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..learning.learning_rule import REWARD_BOUNDS
from ..network import Network, Projection

Array = NDArray[Any]


def checked_rewards(
    network: Network, rewards: Mapping[str, Array] | None, samples: int, steps: int
) -> dict[str, Array]:
    """The rewards that come with the data.

    Returns
    -------
    Per plastic projection whose rule has a third factor but names no population for it: (samples, steps, targets or 1)
    int64.

    Raises
    ------
    DataError : one is missing, has the wrong shape or range, or is given where none is wanted.
    """
    given = dict(rewards or {})
    wanted = {
        item.name: item
        for item in network.plastic
        if item.learning and item.learning.third_factor and item.learning.reward is None
    }
    for name in given:
        if name not in wanted:
            raise DataError(f"A reward was given to {name!r}, which is no projection that waits for one.")
    return {name: _checked_reward(network, item, given.get(name), samples, steps) for name, item in wanted.items()}


def _checked_reward(network: Network, projection: Projection, given: Array | None, samples: int, steps: int) -> Array:
    if given is None:
        raise DataError(
            f"Projection {projection.name!r} learns by a reward, which comes neither from a population nor with the "
            "data: name the population in its rule (reward), or give (samples, steps) integers."
        )
    targets = network.by_name[projection.target].size
    reward = np.asarray(given)
    if reward.shape[:2] != (samples, steps) or reward.shape[2:] not in ((), (1,), (targets,)):
        raise DataError(
            f"The reward of {projection.name!r} has shape {reward.shape}; it has ({samples}, {steps}), one number for "
            f"all targets, or ({samples}, {steps}, {targets})."
        )
    low, high = REWARD_BOUNDS
    if reward.dtype.kind not in "iub" or (reward.size and (reward.min() < low or reward.max() > high)):
        raise DataError(f"The reward of {projection.name!r} has to hold integers {low}..{high}.")
    return reward.reshape(samples, steps, -1).astype(np.int64)
