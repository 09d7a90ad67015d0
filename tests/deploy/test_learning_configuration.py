"""Learning in the configuration: which synapses it gives a rule to, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeloom.deploy.configuration.configuration import Configuration, configuration
from spikeloom.deploy.learning import learning_notes, learning_rules, with_learning, without_rules
from spikeloom.mapping.learning_engine import check_learning
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Convolution, Dense
from spikeloom.models.errors import UnsupportedModelError, UsageError
from spikeloom.models.learning import LearningRule, Trace, reward_modulated_stdp, stdp
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire


def network() -> Network:
    """A convolution, a dense layer that hears itself, a bias, and a judge of one neuron."""
    random = np.random.default_rng(0)

    def weights(*shape: int) -> Any:
        return random.integers(-60, 60, shape).astype(np.int16)

    def neurons(name: str, size: int, depth: int) -> Population:
        model = IntegerLeakyIntegrateAndFire(*(np.asarray(value) for value in (4096, 300, 100, 0, 0)))
        return Population(name, (size,), Role.NEURON, model, depth)

    convolution = Convolution(weights(2, 1, 1, 2), (1, 1, 4), (1, 1), ((0, 0), (0, 1)), (1, 1), 1)
    return Network(
        (
            Population("always", (1,), Role.CONSTANT, None, 0),
            Population("in", (1, 1, 4), Role.INPUT, None, 0),
            neurons("conv", 8, 1),
            neurons("out", 3, 2),
            neurons("judge", 1, 3),
        ),
        (
            Projection("in -> conv", "in", "conv", convolution),
            Projection("conv -> out", "conv", "out", Dense(weights(3, 8))),
            Projection("out -> out", "out", "out", Dense(weights(3, 3))),
            Projection("bias", "always", "out", Dense(weights(3, 1))),
            Projection("out -> judge", "out", "judge", Dense(weights(1, 3))),
        ),
        "out",
        True,
    )


def wanted(**layers: Any) -> Configuration:
    return Configuration(layers={name: {"learning": learning} for name, learning in layers.items()})


def test_all_synapses_of_a_layer_but_its_biases_learn_or_those_of_chosen_sources() -> None:
    rule = stdp(0.5, 2, -1, 8, 12, epoch=2, seed=3, lowest_weight=-100, highest_weight=90)
    choice = {
        "rule": "stdp", "learning_rate": 0.5, "a_plus": 2, "a_minus": -1, "tau_plus": 8, "tau_minus": 12, "epoch": 2,
        "seed": 3, "lowest_weight": -100, "highest_weight": 90,
    }  # fmt: skip
    rules = learning_rules(network(), wanted(out=choice), "model")
    assert rules == {"conv -> out": rule, "out -> out": rule}
    rules = learning_rules(network(), wanted(out={**choice, "sources": ["out"]}), "model")
    assert rules == {"out -> out": rule}
    plastic = with_learning(network(), rules)
    assert [item.name for item in plastic.plastic] == ["out -> out"]
    assert len(learning_notes(plastic)) == 1 and "'out -> out'" in learning_notes(plastic)[0]
    assert not without_rules(plastic).plastic and not learning_notes(network())


def test_rules_with_a_reward_and_of_ones_own() -> None:
    choices = wanted(
        out={"rule": "reward-modulated-stdp", "reward": "judge", "a_plus": 4},
        judge={"rule": "sum-of-products", "weight_rule": "u1*(w - 3)*x2", "x2": {"impulse": 3.5, "time_constant": 9}},
    )
    rules = learning_rules(network(), choices, "model")
    assert rules["conv -> out"] == reward_modulated_stdp(1, 4, -1, 10, 10, 16, 16, 0.25, reward="judge")
    assert rules["out -> judge"] == LearningRule("u1*(w - 3)*x2", x2=Trace(3.5, 9))


@pytest.mark.parametrize(
    ("layers", "part"),
    [
        ({"out": {"rule": "reward-modulated-stdp", "reward": "jury"}}, "names 'jury', but the layers are"),
        ({"out": {"rule": "reward-modulated-stdp", "reward": "conv"}}, "has 8 neurons; it has one, or one for each of"),
        ({"out": {"rule": "stdp", "sources": ["in"]}}, "the layer hears 'conv', 'out'"),
    ],
)
def test_names_that_do_not_exist_are_refused(layers: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError) as caught:
        learning_rules(network(), wanted(**layers), "model")
    assert part in str(caught.value)


def test_convolutions_do_not_learn() -> None:
    with pytest.raises(UnsupportedModelError) as caught:
        learning_rules(network(), wanted(conv={"rule": "stdp"}), "a model")
    assert "a model: 1 node cannot learn" in str(caught.value)
    assert "conv (learning): its synapses from 'in' are a convolution; only dense weights learn" in str(caught.value)


def test_weights_beyond_their_bounds_and_split_ones_are_refused() -> None:
    rules = learning_rules(network(), wanted(judge={"rule": "stdp", "lowest_weight": 0}), "model")
    with pytest.raises(UsageError, match=r"'out -> judge' begin with .* keeps them within 0\.\.255"):
        with_learning(network(), rules)
    rules = learning_rules(network(), wanted(judge={"rule": "stdp"}), "model")
    whole = network()
    second = replace(whole.projections[-1], name="out -> judge, finer")
    with pytest.raises(UsageError, match="set split to no for layer 'judge'"):
        with_learning(whole.replace(projections=(*whole.projections, second)), rules)


def test_chips_refuse_what_they_cannot_learn_by(tmp_path: Path) -> None:
    plain = {"p": stdp(1, 1, -1, 10, 10)}
    rewarded = {"p": reward_modulated_stdp(1, 1, -1, 10, 10, 16, 16, 0.5, reward="judge")}
    older, newer = load_target("loihi1"), load_target("loihi2")
    assert not check_learning({**plain}, older.learning, "loihi1")
    assert not check_learning({**rewarded}, newer.learning, "loihi2")
    (problem,) = check_learning(rewarded, older.learning, "loihi1")
    assert "learning factors 3 of 2: loihi1 learns by 2, for its reward is broadcast" in str(problem)
    text = "{extends: loihi2, name: mine, learning: {factors: 0, reason: it is old, advice: leave it, kind: assumed, "
    (tmp_path / "mine.yaml").write_text(text + "source: me}}")
    mine = load_target(tmp_path / "mine.yaml")
    (problem,) = check_learning(plain, mine.learning, mine.name)
    assert "mine does not learn, for it is old; leave it" in str(problem)
    (tmp_path / "mine.yaml").write_text("{extends: loihi2, learning: {factors: 2, reason: '', advice: ''}}")
    with pytest.raises(UsageError, match="says why"):
        load_target(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("learning", "part"),
    [
        ("5", "layers.out.learning cannot be 5: it must be a mapping"),
        ("{a_plus: 1}", "its rule is missing, one of stdp, reward-modulated-stdp, sum-of-products"),
        ("{rule: hebb}", "its rule is one of stdp, reward-modulated-stdp, sum-of-products"),
        ("{rule: stdp, tau: 4}", "no configuration key 'layers.out.learning.tau'; the keys are sources, epoch"),
        ("{rule: stdp, epoch: 64}", "layers.out.learning.epoch cannot be 64"),
        ("{rule: stdp, a_plus: 9}", "the scale 9*2^0 of a product has more than 3 bits"),
        ("{rule: reward-modulated-stdp}", "line 3: layers.out.learning.reward is missing: it must be a text"),
        ("{rule: sum-of-products}", "needs at least one of weight_rule"),
        ("{rule: sum-of-products, weight_rule: x0*q}", "the learning rule 'x0*q' cannot be read"),
        ("{rule: stdp, lowest_weight: 9, highest_weight: 3}", "highest_weight of a learning rule cannot be 3"),
        (
            "{rule: sum-of-products, weight_rule: x0, x1: {impulse: 1, time_constant: 1, tau: 1}}",
            "no configuration key 'layers.out.learning.x1.tau'; the keys are impulse, time_constant.",
        ),
    ],
)
def test_a_file_that_says_it_wrong_gets_one_sentence(tmp_path: Path, learning: str, part: str) -> None:
    file = tmp_path / "options.yaml"
    file.write_text(f"layers:\n  out:\n    learning: {learning}\n")
    with pytest.raises(UsageError) as caught:
        configuration(file)
    assert part in str(caught.value)
