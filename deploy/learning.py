"""Which projections of a network learn, as the configuration wants it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from ..models.connectivity import Dense
from ..models.errors import Unsupported, UsageError, unsupported_model
from ..models.learning import LearningRule
from ..models.network import Network, Projection, Role
from .configuration.configuration import Configuration

Array = NDArray[Any]

NAMES = {"Convolution": "a convolution", "Pool": "pooling", "OneToOne": "single synapses", "Sparse": "listed weights"}


def learning_rules(network: Network, config: Configuration, model: str) -> dict[str, LearningRule]:
    """The rules that the configuration gives to the projections of a network, by their names.

    Parameters
    ----------
    network : lowered, in float or in integers.
    model : its name, for errors.

    Raises
    ------
    UnsupportedModelError : lists the layers whose synapses cannot learn, with the reasons.
    UsageError : a layer that is named does not exist, or no synapses are left to learn.
    """
    rules: dict[str, LearningRule] = {}
    problems = []
    for layer, choices in config.layers.items():
        if choices.learning is None:
            continue
        rule = choices.learning.learning_rule()
        _check_reward(network, layer, rule)
        for projection in _projections(network, layer, choices.learning.sources):
            kind = type(projection.connectivity).__name__
            if isinstance(projection.connectivity, Dense):
                rules[projection.name] = rule
            else:
                reason = (
                    f"its synapses from {projection.source!r} are {NAMES.get(kind, kind)}; only dense weights learn, "
                    "for Lava's learning process is dense"
                )
                problems.append(Unsupported(layer, "learning", reason))
    if problems:
        raise unsupported_model(model, problems, "cannot learn")
    return rules


def with_learning(network: Network, rules: Mapping[str, LearningRule]) -> Network:
    """An integer network whose projections learn by rules, given by name.

    Raises
    ------
    UsageError : a projection was split in quantization, or begins with weights beyond the bounds of its rule.
    """
    by_name = {projection.name: projection for projection in network.projections}
    for name, rule in rules.items():
        found = by_name[name]
        beside = [
            other
            for other in network.incoming(found.target)
            if (other.source, other.delay) == (found.source, found.delay) and other.name not in rules
        ]
        if beside:
            raise UsageError(
                f"The weights of {name!r} are the sum of two, of which none could learn alone: set split to no for "
                f"layer {found.target!r}."
            )
        weights = found.connectivity.weights
        low, high = int(weights.min(initial=0)), int(weights.max(initial=0))
        if low < rule.lowest_weight or high > rule.highest_weight:
            raise UsageError(
                f"The weights of {name!r} begin with {low}..{high}, and its rule keeps them within "
                f"{rule.lowest_weight}..{rule.highest_weight}: widen lowest_weight and highest_weight."
            )
    if not rules:
        return network
    return network.replace(
        projections=tuple(replace(item, learning=rules.get(item.name)) for item in network.projections)
    )


def without_rules(network: Network) -> Network:
    """The same network with weights that stay as they are."""
    if not network.plastic:
        return network
    return network.replace(projections=tuple(replace(item, learning=None) for item in network.projections))


def learning_notes(network: Network) -> list[str]:
    """What a report says of plastic projections."""
    return [
        f"learning: {item.name!r} by {item.learning.weight_rule or 'tags alone'}, weights within "
        f"{item.learning.lowest_weight}..{item.learning.highest_weight}, seed {item.learning.seed}; from the integer "
        "stage on weights change from sample to sample, and the memory of traces and tags is not counted (learning)."
        for item in network.plastic
        if item.learning is not None
    ]


def _check_reward(network: Network, layer: str, rule: LearningRule) -> None:
    if rule.reward is None:
        return
    if rule.reward not in network.by_name:
        raise UsageError(
            f"The configuration layers.{layer}.learning.reward names {rule.reward!r}, but the layers are "
            f"{', '.join(map(repr, network.by_name))}."
        )
    size, targets = network.by_name[rule.reward].size, network.by_name[layer].size if layer in network.by_name else 1
    if size not in (1, targets):
        raise UsageError(
            f"The reward {rule.reward!r} of layer {layer!r} has {size} neurons; it has one, or one for each of the "
            f"{targets} neurons of the layer."
        )


def _projections(network: Network, layer: str, sources: tuple[str, ...] | None) -> list[Projection]:
    """The synapses that are meant: without a choice of sources all but biases."""
    incoming = [item for item in network.incoming(layer) if network.by_name[item.source].role is not Role.CONSTANT]
    known = [item.source for item in incoming]
    for name in sources or ():
        if name not in known:
            raise UsageError(
                f"The configuration layers.{layer}.learning.sources names {name!r}, but the layer hears "
                f"{', '.join(map(repr, known)) or 'no other'}."
            )
    if not incoming and layer in network.by_name:
        raise UsageError(f"The configuration layers.{layer}.learning: nothing reaches this layer that could learn.")
    return [item for item in incoming if sources is None or item.source in sources]
