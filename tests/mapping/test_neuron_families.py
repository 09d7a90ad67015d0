"""Which neurons a target computes: what it refuses, and why."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml

from spikeloom.mapping.features import check_features
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense
from spikeloom.models.errors import DoesNotFitError, UsageError
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import FAMILIES, Neuron

FIXED_FUNCTION = {"leaky", "refractory", "noisy"}


def network_of(neuron: Neuron, integer: bool) -> Network:
    weights = np.ones((4, 3), dtype=np.int16 if integer else np.float64)
    populations = (
        Population("input", (3,), Role.INPUT, None, 0),
        Population("hidden", (4,), Role.NEURON, neuron, 1),
    )
    return Network(populations, (Projection("synapses", "input", "hidden", Dense(weights)),), "hidden", integer)


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_loihi_1_computes_what_its_compartments_can(neuron_examples: ModuleType, family: str, integer: bool) -> None:
    neuron = neuron_examples.EXAMPLES[family](np.random.default_rng(3), 4)[int(integer)]
    if neuron is None:
        pytest.skip("no float example")
    network = network_of(neuron, integer)
    assert not [p for p in check_features(network, load_target("loihi2")) if p.resource != "threshold_bits"]
    found = [str(p) for p in check_features(network, load_target("loihi1")) if p.resource.endswith("neurons")]
    if family in FIXED_FUNCTION:
        assert not found
        return
    (sentence,) = found
    named = family.replace("_", " ")
    assert sentence.startswith(f"hidden: {named} neurons 4 of 0: loihi1 does not compute them, for its compartments")
    assert sentence.endswith(
        "choose a target whose neurons are programs, such as loihi2, or train leaky neurons instead"
    )


def test_such_a_network_is_not_mapped(neuron_examples: ModuleType) -> None:
    neuron = neuron_examples.EXAMPLES["ternary"](np.random.default_rng(0), 4)[1]
    with pytest.raises(DoesNotFitError, match="hidden: ternary neurons 4 of 0: loihi1 does not compute them"):
        map_network(network_of(neuron, True), load_target("loihi1"))


def written(tmp_path: Path, neurons: Any) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"extends": "loihi2", "name": "mine", "neurons": neurons}))
    return path


GIVEN = {"kind": "assumed", "source": "a guess"}
ALL = {"computes": "all", **GIVEN}
FEW = {"computes": ["leaky"], "reason": "it is small", "advice": "take a larger one", **GIVEN}


def test_states_that_a_chip_has_no_room_for(neuron_examples: ModuleType, tmp_path: Path) -> None:
    room = {"value": 60, "unit": "bits", **GIVEN}
    target = load_target(written(tmp_path, {"families": ALL, "state_bits": room}))
    make = neuron_examples.EXAMPLES
    assert not check_features(network_of(make["leaky"](np.random.default_rng(0), 4)[0], False), target)
    adaptive = network_of(make["adaptive_threshold"](np.random.default_rng(0), 4)[0], False)
    (problem,) = check_features(adaptive, target)
    assert (problem.resource, problem.used, problem.limit) == ("neuron_state_bits", 24 + 24 + 25 + 27, 60)


def test_a_target_of_ones_own(neuron_examples: ModuleType, tmp_path: Path) -> None:
    target = load_target(written(tmp_path, {"families": FEW}))
    assert target.neurons.state_bits == load_target("loihi2").neurons.state_bits
    neuron = neuron_examples.EXAMPLES["noisy"](np.random.default_rng(0), 4)[0]
    (problem,) = check_features(network_of(neuron, False), target)
    assert str(problem) == (
        "hidden: noisy neurons 4 of 0: mine does not compute them, for it is small; take a larger one"
    )


@pytest.mark.parametrize(
    ("families", "message"),
    [
        ({**FEW, "computes": ["leaky", "quantum"]}, "no neurons of a family 'quantum'; the families are leaky"),
        ({**FEW, "reason": ""}, "says why"),
        ({**FEW, "computes": "most"}, "neurons.families.computes"),
        ({**FEW, "source": ""}, "neurons.families.source"),
    ],
)
def test_a_list_of_families_that_cannot_be(tmp_path: Path, families: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace(".", r"\.")):
        load_target(written(tmp_path, {"families": families}))
