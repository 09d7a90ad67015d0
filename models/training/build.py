"""Networks of the usual forms (needs PyTorch)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from torch import nn

from ..errors import UsageError
from .components import Components
from .deterministic import seeded
from .first_weights import FIRST_GAIN, enlarged
from .layers import AdaptiveLayer, Integrator, LeakyLayer
from .spiking_network import SpikingNetwork
from .staged_network import SumPool


def fully_connected(
    shape: tuple[int, ...],
    hidden: Sequence[int],
    classes: int,
    components: Components,
    *,
    seed: int = 0,
    readout: str = "spikes",
    first_gain: float = FIRST_GAIN,
    output_gain: float | None = None,
    first_biases: bool = True,
) -> SpikingNetwork:
    """Linear maps and leaky layers, one after the other.

    Parameters
    ----------
    shape : of a step of a sample; it is flattened.
    hidden : numbers of neurons of the hidden layers.
    classes : of the output.
    components : of all spiking layers; recurrence is left out of the output.
    seed : of the first weights.
    readout : "spikes" for an output that spikes, "potential" for an integrator without leak.
    first_gain : by which PyTorch's first weights are multiplied.
    output_gain : the same, of the output; None for that of the others.
    first_biases : begin with PyTorch's biases, not with 0. Over many steps, membranes that hardly leak add them up.
    """
    with seeded(seed):
        stages: dict[str, nn.Module] = {} if len(shape) == 1 else {"flatten": nn.Flatten()}
        size = prod(shape)
        for number, neurons in enumerate(hidden, start=1):
            stages[f"linear{number}"] = enlarged(nn.Linear(size, neurons), first_gain)
            stages[f"neurons{number}"] = LeakyLayer(components, neurons)
            size = neurons
        _add_output(stages, size, classes, components, readout, first_gain if output_gain is None else output_gain)
        if not first_biases:
            for stage in stages.values():
                if isinstance(stage, nn.Linear):
                    nn.init.zeros_(stage.bias)
        return SpikingNetwork(shape, stages)


def convolutional(
    shape: tuple[int, int, int],
    channels: Sequence[int],
    hidden: Sequence[int],
    classes: int,
    components: Components,
    *,
    seed: int = 0,
    kernel: int = 3,
    pool: int = 2,
    normalized: bool = False,
    readout: str = "spikes",
    first_gain: float = FIRST_GAIN,
) -> SpikingNetwork:
    """Convolutions that keep the size, each followed by a leaky layer and a sum pool; then a fully connected network.

    Parameters
    ----------
    shape : (channels, height, width) of a step of a sample.
    channels : of the convolutions.
    hidden, classes, components, seed, readout, first_gain : as in `fully_connected`.
    kernel : odd width of the convolutions.
    pool : width of the windows that are added up; a pool that no longer fits is left out.
    normalized : put a batch normalization behind each convolution.
    """
    if components.recurrent:
        raise UsageError(
            "Recurrent synapses are trained within layers of one axis only: leave recurrence out of others."
        )
    if kernel % 2 == 0:
        raise UsageError(f"A convolution of {kernel} x {kernel} cannot keep the size: take an odd one.")
    with seeded(seed):
        stages: dict[str, nn.Module] = {}
        before, height, width = shape
        for number, after in enumerate(channels, start=1):
            convolution = nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=not normalized)
            stages[f"convolution{number}"] = convolution if normalized else enlarged(convolution, first_gain)
            if normalized:
                stages[f"normalization{number}"] = nn.BatchNorm2d(after)
            stages[f"neurons{number}"] = LeakyLayer(components)
            if pool > 1 and min(height, width) >= pool:
                stages[f"pool{number}"] = SumPool(pool)
                height, width = height // pool, width // pool
            before = after
        stages["flatten"] = nn.Flatten()
        size = before * height * width
        for number, neurons in enumerate(hidden, start=len(channels) + 1):
            stages[f"linear{number}"] = enlarged(nn.Linear(size, neurons), first_gain)
            stages[f"neurons{number}"] = LeakyLayer(components)
            size = neurons
        _add_output(stages, size, classes, components, readout, first_gain)
        return SpikingNetwork(shape, stages)


def adaptive(
    shape: tuple[int, ...],
    hidden: Sequence[int],
    classes: int,
    *,
    recurrent: bool = True,
    threshold: float = 1.0,
    retention: float = 0.9,
    seed: int = 0,
    first_gain: float = FIRST_GAIN,
) -> SpikingNetwork:
    """Layers of adaptive neurons, adLIF, with or without recurrence, and a leaky integrator that reads them out.

    Parameters
    ----------
    shape, hidden, classes, seed, first_gain : as in `fully_connected`.
    recurrent, threshold : of the adaptive layers.
    retention : of the integrator.
    """
    with seeded(seed):
        stages: dict[str, nn.Module] = {} if len(shape) == 1 else {"flatten": nn.Flatten()}
        size = prod(shape)
        for number, neurons in enumerate(hidden, start=1):
            stages[f"linear{number}"] = enlarged(nn.Linear(size, neurons), first_gain)
            stages[f"neurons{number}"] = AdaptiveLayer(neurons, threshold, recurrent=recurrent)
            size = neurons
        stages["linear_out"] = nn.Linear(size, classes)
        stages["neurons_out"] = Integrator(retention)
        return SpikingNetwork(shape, stages)


def _add_output(
    stages: dict[str, nn.Module], size: int, classes: int, components: Components, readout: str, gain: float
) -> None:
    if readout not in ("spikes", "potential"):
        raise UsageError(f"There is no readout {readout!r}: use 'spikes' or 'potential'.")
    spikes = readout == "spikes"
    stages["linear_out"] = enlarged(nn.Linear(size, classes), gain if spikes else 1.0)
    stages["neurons_out"] = LeakyLayer(replace(components, recurrent=False)) if spikes else Integrator()
