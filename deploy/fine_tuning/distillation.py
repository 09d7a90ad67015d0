"""How far an integer network is from the float network it shall answer like (needs PyTorch)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ...models.decision import Decision, decide
from ...models.network import Network, Population
from ...models.neurons import IntegerLeakyIntegrateAndFire

Array = NDArray[Any]

WINDOWS = 16  # of a sample at most, over which the activity of every neuron is averaged and compared
SHORTEST = 4  # steps of a window, where there are so many: which of them a spike comes at is mostly chance
SHARPNESS = 4.0  # the float network's median lead of its decision, in the logarithm of chances
LAYERS = 3.0  # weight of the activity of all layers beside the answers, where the decisions are nearly right
FEWEST_LAYERS = 0.1  # the same where half of them are wrong, and layers must find ways of their own
SILENT = 1e-12


class Distillation:
    """The float network's answers on all samples, and a loss that grows with the distance from them.

    Attributes
    ----------
    decisions : (samples,) int64, the float network's.
    """

    def __init__(
        self, network: Network, wanted: Mapping[str, Array], decision: Decision, labels: Array | None = None
    ) -> None:
        self._decision = decision
        self._output = network.output
        self._factors = {
            population.name: output_unit(network, population)
            for population in network.populations
            if population.neuron is not None
        }
        self.decisions = decide(wanted[network.output], decision)
        self._classes = torch.from_numpy(np.asarray(self.decisions if labels is None else labels, dtype=np.int64))
        self._labelled = labels is not None
        self._averages = {name: _averages(_by_steps(wanted[name])) for name in self._factors}
        self._spreads = {name: float(part.var()) for name, part in self._averages.items()}
        scores = self._scores(_by_steps(wanted[network.output]))
        leading = scores.topk(min(2, scores.shape[1]), dim=1).values
        leads = leading[:, 0] - leading[:, -1]
        self._sharpness = SHARPNESS / float(leads[leads > 0].median()) if bool((leads > 0).any()) else 1.0
        self._chances = functional.softmax(scores * self._sharpness, dim=1)

    @property
    def classes(self) -> Array:
        """(samples,) int64: the labels, or without them the float network's decisions."""
        return np.asarray(self._classes.numpy())

    def loss(self, activity: Mapping[str, torch.Tensor], samples: torch.Tensor, astray: float) -> torch.Tensor:
        """What training makes smaller: the distance of the answers and that of every layer's activity.

        Of each sample the logarithm counts: one that has gone astray, with derivatives that say little, would outweigh
        all others by its distance. Where nearly all decisions are right, few samples cannot say how the many weights
        should move, but the activity of all layers can; to aim at decisions would then only make answers louder.

        Parameters
        ----------
        activity : per population (steps, samples, neurons), of these samples.
        samples : their numbers.
        astray : share of samples that were decided otherwise than wanted before the training, in [0, 1].
        """
        divergence, missed = self._of_answers(activity, samples)
        answers = torch.log1p(divergence + (1.0 if self._labelled else astray) * missed)
        weight = max(FEWEST_LAYERS, LAYERS * (1 - 2 * astray))
        return (answers + weight * self._of_layers(activity, samples)).mean()

    def distances(self, activity: Mapping[str, torch.Tensor], samples: torch.Tensor) -> torch.Tensor:
        """What samples that do not train are judged by; (samples,), 0 where all is as in the float network.

        The answers' divergence, not the chance of the wanted class, which louder answers raise although they are
        wrong more often; and the layers' activity, which tells more than few samples' answers of those to come.
        """
        divergence, missed = self._of_answers(activity, samples)
        answers = torch.log1p(divergence + missed) if self._labelled else torch.log1p(divergence)
        return answers + self._of_layers(activity, samples)

    def _of_answers(
        self, activity: Mapping[str, torch.Tensor], samples: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Divergence from the float network's chances, and missed logarithm of the wanted class's; (samples,) each."""
        scores = self._sharpened(activity)
        divergence = functional.kl_div(functional.log_softmax(scores, dim=1), self._chances[samples], reduction="none")
        missed = functional.cross_entropy(scores, self._classes[samples], reduction="none")
        return divergence.sum(dim=1).clamp(min=0), missed

    def _of_layers(self, activity: Mapping[str, torch.Tensor], samples: torch.Tensor) -> torch.Tensor:
        layers = [
            self._of_layer(name, activity[name], samples) for name in self._spreads if self._spreads[name] > SILENT
        ]
        return torch.stack(layers).mean(dim=0) if layers else torch.zeros(len(samples), dtype=torch.float64)

    def _sharpened(self, activity: Mapping[str, torch.Tensor]) -> torch.Tensor:
        return self._scores(activity[self._output] * self._factors[self._output]) * self._sharpness

    def _of_layer(self, name: str, activity: torch.Tensor, samples: torch.Tensor) -> torch.Tensor:
        """(samples,), 0 where a layer's averages are the float network's."""
        error = _averages(activity) * self._factors[name] - self._averages[name][:, samples]
        return torch.log1p(error.square().mean(dim=(0, 2)) / self._spreads[name])

    def _scores(self, output: torch.Tensor) -> torch.Tensor:
        """(steps, samples, classes) to (samples, classes)."""
        if self._decision is Decision.LAST:
            return output[-1]
        return output.amax(dim=0) if self._decision is Decision.MAXIMUM else output.sum(dim=0)


def output_unit(network: Network, population: Population) -> torch.Tensor:
    """What the output of an integer population counts in that of the float network: 1 for spikes."""
    neuron = population.neuron
    assert isinstance(neuron, IntegerLeakyIntegrateAndFire)
    if neuron.spiking:
        return torch.ones((), dtype=torch.float64)
    scale = np.asarray(network.scales[population.name], dtype=np.float64)
    return torch.from_numpy(np.asarray(2.0**neuron.output_shift / scale))


def _by_steps(activity: Array) -> torch.Tensor:
    """(samples, steps, neurons) to (steps, samples, neurons) float64."""
    return torch.from_numpy(np.ascontiguousarray(activity.transpose(1, 0, 2), dtype=np.float64))


def _averages(activity: torch.Tensor) -> torch.Tensor:
    """Over windows: (steps, samples, neurons) to (windows, samples, neurons)."""
    steps = activity.shape[0]
    width = steps // min(WINDOWS, max(1, steps // SHORTEST))
    whole = steps // width
    return activity[: whole * width].reshape(whole, width, *activity.shape[1:]).mean(dim=1)
