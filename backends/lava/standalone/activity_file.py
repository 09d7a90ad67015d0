"""The input and output files, and the way between a recording in chip time and activity in sample time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from network_reader import Network, Population, read_arrays
from user_mistake import UserMistake

INPUT_NAME = "x"
REWARD_NAME = "reward/{}"  # of a plastic projection
# A spike as a number has 24 bits and a sign on the chip.
VALUE_LIMIT = 1 << 23


def read_input(path: Path, network: Network) -> np.ndarray:
    """Read the input of all samples.

    Returns
    -------
    (samples, steps, input neurons), of the smallest integer type that holds the values.
    """
    arrays = read_arrays(path)
    if INPUT_NAME not in arrays:
        raise UserMistake(f"{path} has no array {INPUT_NAME!r}; it holds {', '.join(arrays) or 'nothing'}.")
    data = arrays[INPUT_NAME]
    if data.dtype.kind not in "iub":
        raise UserMistake(f"{path}: {INPUT_NAME!r} must hold integers, not {data.dtype}.")
    shape = network.input.shape
    if data.shape[2:] not in (shape, (network.input.size,)) or 0 in data.shape:
        wanted = ", ".join(["samples", "steps", *(str(size) for size in shape)])
        raise UserMistake(f"{path}: {INPUT_NAME!r} has shape {data.shape}, the network wants ({wanted}).")
    low, high = int(data.min()), int(data.max())
    if low < -VALUE_LIMIT or high >= VALUE_LIMIT:
        raise UserMistake(f"{path}: {INPUT_NAME!r} holds {low}..{high}, a message on the chip has 24 bits.")
    dtype = next(
        kind for kind in (np.int8, np.int16, np.int32) if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    )
    return data.reshape(*data.shape[:2], -1).astype(dtype)


def read_rewards(path: Path, network: Network, data: np.ndarray) -> dict[str, np.ndarray]:
    """Read the rewards of plastic projections that the network does not provide.

    Returns
    -------
    Per such projection, (samples, steps, targets or 1) integer.
    """
    arrays = read_arrays(path)
    rewards = {}
    for name, projection in network.projections.items():
        rule = projection.learning
        if rule is None or not rule["third_factor"] or rule["reward"] is not None:
            continue
        key = REWARD_NAME.format(name)
        targets = network.populations[projection.target].size
        if key not in arrays:
            raise UserMistake(f"{path} has no array {key!r}, by which projection {name!r} learns.")
        reward = arrays[key]
        if reward.dtype.kind not in "iub" or reward.shape[:2] != data.shape[:2] or reward.shape[2:] not in (
            (), (1,), (targets,)
        ):  # fmt: skip
            raise UserMistake(
                f"{path}: {key!r} is {reward.dtype} of shape {reward.shape}, wanted are integers of shape "
                f"{data.shape[:2]} or {(*data.shape[:2], targets)}."
            )
        rewards[name] = reward.reshape(*data.shape[:2], -1).astype(np.int32)
    return rewards


def read_activity(recording: Path, network: Network, recorded: list[str], data: np.ndarray) -> dict[str, np.ndarray]:
    """Sort what was recorded by populations and samples.

    Parameters
    ----------
    recording : file of the recorder: step on the chip, neuron, value; neurons of all populations side by side.
    recorded : names of the populations in the order in which they stand there.
    data : (samples, steps, input neurons) integer, the input.

    Returns
    -------
    Per population, (samples, steps, neurons): int8 for spikes, int32 for numbers; entry t is step t of the sample,
    which the chip works on `depth` steps later.
    """
    events = read_arrays(recording)
    samples, steps, _ = data.shape
    activity = {}
    start = 0
    for name in recorded:
        population = network.populations[name]
        inside = (events["neuron"] >= start) & (events["neuron"] < start + population.size)
        sample, step = np.divmod(events["step"][inside] - population.depth, steps + network.gap)
        in_window = (sample >= 0) & (sample < samples) & (step < steps)
        values = np.zeros((samples, steps, population.size), dtype=value_type(population, data))
        neuron = events["neuron"][inside] - start
        values[sample[in_window], step[in_window], neuron[in_window]] = events["value"][inside][in_window]
        activity[name] = values
        start += population.size
    return activity


def write_activity(path: Path, activity: Mapping[str, np.ndarray]) -> None:
    """Write an .npz file that `numpy.load` reads; unlike `numpy.savez` it allows every name, "file" too."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in activity.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, values, allow_pickle=False)
            archive.writestr(f"{name}.npy", member.getvalue())


def value_type(population: Population, data: np.ndarray) -> type:
    """The integer type that holds what a population sends: int8 for spikes, int32 for numbers."""
    numbers = population.graded or (population.role == "input" and (data.min() < 0 or data.max() > 1))
    return np.int32 if numbers else np.int8
