"""Networks of named stages, all of which see the same step (needs PyTorch)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from ..errors import UsageError
from .layers import AdaptiveLayer, Integrator, LeakyLayer
from .surrogate import Surrogate

INPUT = "input"
NEURONS = LeakyLayer | AdaptiveLayer | Integrator


class TrainableNetwork(nn.Module):  # type: ignore[misc,unused-ignore]
    """What training wants of a network, beside a call with data of shape (steps, samples, *shape).

    Such a call returns the activity of layers by name, each (steps, samples, ...).

    Attributes
    ----------
    shape : of a step of a sample, channels first.
    output : name of the layer that decides.
    spiking_layers : names of the layers that spike, the output among them if it does.
    """

    shape: tuple[int, ...]
    output: str
    spiking_layers: tuple[str, ...] = ()

    def set_surrogate(self, surrogate: Surrogate) -> None:
        """Let all layers that spike take a stand-in for the derivative of their spikes."""

    def set_threshold_factor(self, factor: float) -> None:
        """Multiply the thresholds of all layers that spike by a factor, until another one is set."""

    def scores(self, activity: Mapping[str, Tensor]) -> Tensor:
        """What the output says of each class, (samples, classes); the largest wins."""
        return activity[self.output].mean(0)


class SumPool(nn.Module):  # type: ignore[misc,unused-ignore]
    """Adds up windows of images; a sum of spikes, unlike their mean, stays an integer.

    Parameters
    ----------
    size : width and height of a window, and the distance between windows.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, images: Tensor) -> Tensor:
        """(samples, channels, height, width) to smaller ones."""
        return functional.avg_pool2d(images, self.size, divisor_override=1)


@dataclass(frozen=True)
class Stage:
    """A module and where it gets its input from.

    Attributes
    ----------
    module : a layer of neurons of `layers`, over (steps, samples, ...); or one without state, over (samples, ...).
    sources : names of stages, or "input"; what comes from several adds up, as at the end of a residual block. None for
        the stage before.
    """

    module: nn.Module
    sources: tuple[str, ...] | None = None


class StagedNetwork(TrainableNetwork):
    """Stages, each with a module and sources; the last of them is the output.

    Parameters
    ----------
    shape : of a step of a sample, channels first.
    stages : by name, each behind those that it gets its input from; bare modules follow one another.

    Attributes
    ----------
    modules_by_name, sources : of every stage, by its name.

    Raises
    ------
    UsageError : there is no stage, or one names a source that does not come before it.
    """

    def __init__(self, shape: tuple[int, ...], stages: Mapping[str, nn.Module | Stage]) -> None:
        super().__init__()
        if not stages:
            raise UsageError("A network without stages cannot be trained.")
        self.shape = shape
        self.sources: dict[str, tuple[str, ...]] = {}
        self.modules_by_name = nn.ModuleDict()
        before = INPUT
        for name, stage in stages.items():
            if not isinstance(stage, Stage):
                stage = Stage(stage)
            sources = stage.sources or (before,)
            for source in sources:
                if source != INPUT and source not in self.sources:
                    raise UsageError(f"The stage {name!r} follows {source!r}, but there is none before it.")
            self.modules_by_name[name] = stage.module
            self.sources[name] = sources
            before = name
        self.output = before

    @property
    def stages(self) -> dict[str, Stage]:
        """Of the network, by name."""
        return {name: Stage(module, self.sources[name]) for name, module in self.modules_by_name.items()}

    def run(self, data: Tensor) -> dict[str, Tensor]:
        """What every stage puts out for data of shape (steps, samples, *shape): (steps, samples, ...)."""
        # Layer after layer, not step after step: loops are within layers, so the spikes are the same, and a map
        # runs once for all steps.
        values = {INPUT: data}
        for name, module in self.modules_by_name.items():
            first, *others = (values[source] for source in self.sources[name])
            for other in others:
                first = first + other
            values[name] = module(first) if isinstance(module, NEURONS) else _at_each_step(module, first)
        return values


def _at_each_step(module: nn.Module, arriving: Tensor) -> Tensor:
    """Apply a module over samples to (steps, samples, ...)."""
    steps, samples = arriving.shape[:2]
    if steps > 1 and arriving.stride(0) == 0:  # the same at every step, as a constant current is
        constant: Tensor = module(arriving[0])
        return constant.expand(steps, *constant.shape)
    result: Tensor = module(arriving.flatten(0, 1))
    return result.reshape(steps, samples, *result.shape[1:])
