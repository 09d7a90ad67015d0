"""Networks that do not spike, to compare with those that do (needs PyTorch)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from enum import StrEnum
from itertools import pairwise
from math import prod

from torch import Tensor, nn

from ..errors import UsageError
from .deterministic import seeded
from .layers import AdaptiveLayer, Integrator, LeakyLayer
from .spiking_network import SpikingNetwork
from .staged_network import Stage, StagedNetwork, TrainableNetwork


class OrdinaryNetwork(StagedNetwork):
    """Stages without time; see `StagedNetwork`. What they put out is averaged over the steps that data has."""

    def forward(self, data: Tensor) -> dict[str, Tensor]:
        """The output for data of shape (steps, samples, *shape): (steps, samples, classes)."""
        return {self.output: self.run(data)[self.output]}


def ordinary_counterpart(network: SpikingNetwork, seed: int = 0) -> OrdinaryNetwork:
    """The same network with rectifiers in place of spikes, its weights drawn anew.

    The output's neurons are left out: the linear map before them says what there is to say. Recurrent synapses have no
    counterpart. Static data is trained with `Recipe(encoder="constant", steps=1)`.

    Raises
    ------
    UsageError : a layer has recurrent synapses, or is no spiking one and not the output.
    """
    stages: dict[str, nn.Module | Stage] = {}
    for name, stage in network.stages.items():
        module = stage.module
        if name == network.output:
            continue
        if isinstance(module, LeakyLayer | AdaptiveLayer | Integrator):
            if isinstance(module, Integrator) or module.recurrent is not None:
                raise UsageError(f"The layer {name!r} has no rectifiers that would be its counterpart.")
            module = nn.ReLU()
        stages[name] = Stage(deepcopy(module), stage.sources)
    ordinary = OrdinaryNetwork(network.shape, stages)
    with seeded(seed):
        for module in ordinary.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.BatchNorm1d | nn.BatchNorm2d):
                module.reset_parameters()
    return ordinary


class Recurrence(StrEnum):
    """The kinds of recurrent networks."""

    LONG_SHORT_TERM_MEMORY = "lstm"
    GATED_UNIT = "gru"
    VANILLA = "vanilla"


class RecurrentNetwork(TrainableNetwork):
    """Recurrent layers over the steps and a linear map behind them, whose mean over the steps decides.

    The mean, as the number of spikes is, is what networks that spike and these can be trained alike by: He et al.,
    "Comparing SNNs and RNNs on neuromorphic vision datasets: Similarities and differences", Neural Networks 2020,
    https://arxiv.org/abs/2005.02183.

    Parameters
    ----------
    kind : see `Recurrence`.
    shape : of a step of a sample; it is flattened.
    hidden : units of the recurrent layers.
    classes : of the output.
    seed : of the first weights.
    """

    def __init__(
        self, kind: Recurrence | str, shape: tuple[int, ...], hidden: Sequence[int], classes: int, *, seed: int = 0
    ) -> None:
        super().__init__()
        try:
            kind = Recurrence(kind)
        except ValueError:
            names = ", ".join(repr(str(member)) for member in Recurrence)
            raise UsageError(f"There is no recurrent network {kind!r}; there are {names}.") from None
        if not hidden:
            raise UsageError("A recurrent network needs at least one hidden layer.")
        made = {
            Recurrence.LONG_SHORT_TERM_MEMORY: nn.LSTM,
            Recurrence.GATED_UNIT: nn.GRU,
            Recurrence.VANILLA: nn.RNN,
        }[kind]
        self.shape, self.output = shape, "linear_out"
        with seeded(seed):
            sizes = [prod(shape), *hidden]
            self.recurrent_layers = nn.ModuleList(made(before, after) for before, after in pairwise(sizes))
            self.linear_out = nn.Linear(sizes[-1], classes)

    def forward(self, data: Tensor) -> dict[str, Tensor]:
        """The output for data of shape (steps, samples, *shape): (steps, samples, classes)."""
        values = data.flatten(2)
        for layer in self.recurrent_layers:
            values, _ = layer(values)
        return {self.output: self.linear_out(values)}
