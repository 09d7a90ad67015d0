"""Spiking networks, from data over steps to the activity of every layer (needs PyTorch)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from ..errors import UsageError
from .layers import AdaptiveLayer, Integrator, LeakyLayer
from .staged_network import NEURONS, Stage, StagedNetwork
from .surrogate import Surrogate


class SpikingNetwork(StagedNetwork):
    """Stages of which some have neurons, the last among them; see `StagedNetwork`.

    Raises
    ------
    UsageError : as there, or the last stage has no neurons.
    """

    def __init__(self, shape: tuple[int, ...], stages: Mapping[str, nn.Module | Stage]) -> None:
        super().__init__(shape, stages)
        if not isinstance(self.modules_by_name[self.output], NEURONS):
            raise UsageError(
                f"The last stage of a spiking network, {self.output!r}, has no neurons: end with a spiking layer or an "
                "integrator."
            )
        self.layers = tuple(name for name, module in self.modules_by_name.items() if isinstance(module, NEURONS))
        self.spiking_layers = tuple(
            name for name in self.layers if not isinstance(self.modules_by_name[name], Integrator)
        )

    def set_surrogate(self, surrogate: Surrogate) -> None:
        for layer in self._spiking_modules():
            layer.surrogate = surrogate

    def set_threshold_factor(self, factor: float) -> None:
        for layer in self._spiking_modules():
            layer.threshold_factor = factor

    def _spiking_modules(self) -> Iterator[LeakyLayer | AdaptiveLayer]:
        for name in self.spiking_layers:
            layer = self.modules_by_name[name]
            assert isinstance(layer, LeakyLayer | AdaptiveLayer)
            yield layer

    def forward(self, data: Tensor) -> dict[str, Tensor]:
        """Show data of shape (steps, samples, *shape).

        Returns
        -------
        per layer of neurons (steps, samples, ...): spikes, or an integrator's potentials.
        """
        values = self.run(data)
        return {name: values[name] for name in self.layers}

    def scores(self, activity: Mapping[str, Tensor]) -> Tensor:
        """The last potential of an integrator without leak, or else the sum over steps, (samples, classes)."""
        layer, output = self.modules_by_name[self.output], activity[self.output]
        # The deployed network decides alike; see `models.decision.natural_decision`.
        return output[-1] if isinstance(layer, Integrator) and layer.retention == 1 else output.sum(0)
