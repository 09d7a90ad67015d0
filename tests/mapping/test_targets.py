"""Targets as files: what is refused, and what the two that come along say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.mapping.precision import Precision
from spikeloom.mapping.target import Target
from spikeloom.mapping.target_files import FOLDER, load_target, target_names
from spikeloom.models.errors import UsageError


def written(tmp_path: Path, changes: dict[str, Any]) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(changes, sort_keys=False))
    return path


def test_the_built_in_targets_load() -> None:
    assert target_names() == ("loihi1", "loihi2", "spinn3", "spinnaker1", "spinnaker2")
    for name in target_names():
        assert load_target(name).name == name


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no target 'loihi3'; known are loihi1, loihi2, spinn3, .*, and any path"):
        load_target("loihi3")


def test_a_file_extends_a_built_in_target(tmp_path: Path) -> None:
    board = load_target(written(tmp_path, {"extends": "loihi2", "name": "board", "topology": {"chips": 4}}))
    assert (board.name, board.cores) == ("board", 4 * 120)
    assert board.limits == load_target("loihi2").limits
    assert board.topology == load_target("loihi2").with_chips(4).topology


def test_a_file_extends_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("{extends: loihi1, name: base, topology: {chips: 2}}")
    assert load_target(written(tmp_path, {"extends": "base.yaml", "name": "mine"})).topology.chips == 2


def test_a_file_that_extends_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="extends itself"):
        load_target(written(tmp_path, {"extends": "mine.yaml"}))


PLACE = {"chip": 0, "column": 0, "row": 0, "core": 0}
HOPS = {"value": 2, "unit": "hops", "kind": "assumed", "source": "a guess"}
GOOD = {"value": 5, "unit": "neurons", "kind": "assumed", "source": "a guess"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limits": {"neurons": {**GOOD, "source": ""}}}, "limits.neurons.source"),
        ({"limits": {"neurons": {"value": 5, "unit": "neurons", "kind": "assumed"}}}, "limits.neurons.source: Field"),
        ({"limits": {"neurons": {**GOOD, "kind": "guessed"}}}, "limits.neurons.kind"),
        ({"limits": {"neurons": {**GOOD, "hgih": 9}}}, "limits.neurons.hgih: Extra inputs"),
        ({"limits": {"neurons": {**GOOD, "high": 4}}}, "limits.neurons: 0 <= low <= value <= high"),
        ({"limits": {"neuron": GOOD}}, "limits.neuron: Extra inputs"),
        ({"limits": {"membrane_bits": GOOD}}, "limits.membrane_bits: a width here is at least 8, not 5"),
        ({"limits": {"weight_bits": {**GOOD, "value": 0}}}, "limits.weight_bits: a width here is at least 1, not 0"),
        ({"synaptic_memory": {"dense": {"bits_per_synapse": {**GOOD, "table": {4: 3, 8: 6}}}}}, "one of the table's"),
        ({"synaptic_memory": {"dense": {"bits_per_synapse": {**GOOD, "table": {4: 5, 8: 3}}}}}, "which ascend"),
        ({"colour": "blue"}, "colour: Extra inputs"),
        ({"topology": {"chips": 0}}, "topology.chips"),
        ({"topology": {"usable_cores": {**GOOD, "value": 129}}}, "topology: 129 cores cannot be usable where 128"),
        ({"topology": {"chips": 6, "chip_columns": 4}}, "topology: 6 chips do not fill rows of chip_columns 4"),
        ({"topology": {"link_between_chips": {**HOPS, "low": 0.5}}}, "link_between_chips is in hops, at least 1"),
        ({"topology": {"link_between_chips": {**HOPS, "unit": "ns"}}}, "link_between_chips is in hops, at least 1"),
        (
            {"topology": {"dead_cores": [PLACE, {**PLACE, "core": 4}]}},
            "topology: dead_cores names chip 0, column 0, row 0, core 4, which the board does not have",
        ),
        ({"topology": {"reserved_cores": [{**PLACE, "chip": 1}]}}, "topology: reserved_cores names chip 1"),
        (
            {"topology": {"input_tile": {"column": 8, "row": 0}}},
            "topology: input_tile names chip 0, column 8",
        ),
        ({"topology": {"dead_cores": [{"column": 1, "row": 1}]}}, "topology.dead_cores.0.core: Field required"),
        ({"topology": {"routing": "broadcast"}}, "topology.routing: Input should be 'unicast' or 'multicast'"),
        ({"limits": {"memory_bits": GOOD}}, "the file: limits.memory_bits needs synaptic_memory.shared"),
        ({"limits": {"routing_entries": GOOD}}, "the file: limits.routing_entries is of multicast routing"),
        ({"synaptic_memory": {"convolution": {"tiles": "squares"}}}, "synaptic_memory.convolution.tiles: Input should"),
        ({"costs": {"default": "mine"}}, "costs: default names 'mine'"),
        ({"costs": {"sets": {"davies": {"energy": {"spike": GOOD}}}}}, "costs.sets.davies.energy.spike: the unit here"),
    ],
)
def test_a_bad_file_is_refused_by_its_key(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace(".", r"\.")):
        load_target(written(tmp_path, {"extends": "loihi1", **changes}))


def test_text_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    for text in ("[1, 2]", "a: [", "\0"):
        path.write_text(text)
        with pytest.raises(UsageError, match="YAML"):
            load_target(path)


LOIHI1 = load_target("loihi1").model_dump()


def with_topology(**changes: Any) -> Target:
    return Target.model_validate(LOIHI1 | {"topology": LOIHI1["topology"] | changes})


def test_cores_that_no_neuron_may_use() -> None:
    lost = [PLACE, {**PLACE, "core": 1}]
    assert with_topology(dead_cores=lost, reserved_cores=[PLACE]).cores == 126
    # Where fewer cores are usable than there are, whichever they are, dead ones come off the spare ones first.
    fewer = with_topology(usable_cores=GOOD | {"value": 127}, dead_cores=lost)
    assert fewer.cores == 126
    assert with_topology(usable_cores=GOOD | {"value": 120}, dead_cores=lost).cores == 120
    assert with_topology(chips=3, dead_cores=lost).topology.cores_of_chips == (126, 128, 128)
    everything = [{"column": c, "row": r, "core": k} for c in range(8) for r in range(4) for k in range(4)]
    with pytest.raises(ValueError, match="leave no core for neurons"):
        with_topology(reserved_cores=everything)


def test_boards_of_other_sizes() -> None:
    board = with_topology(chips=4, chip_columns=2, dead_cores=[{**PLACE, "chip": 3}])
    assert board.with_chips(6).topology.chip_columns == 2
    assert board.with_chips(6).cores == 6 * 128 - 1
    with pytest.raises(UsageError, match="5 chips do not fill rows of 2; see chip_columns"):
        board.with_chips(5)
    with pytest.raises(UsageError, match=r"dead_cores names chip 3, .*, which a board of 2 chips does not have"):
        board.with_chips(2)
    assert with_topology(chips=4, chip_columns=2).with_chips(1).topology.chip_columns == 1
    with pytest.raises(UsageError, match="input_tile names chip 2"):
        with_topology(chips=3, input_tile={"chip": 2, "column": 0, "row": 0}).with_chips(2)


@given(data=st.data())
def test_chips_for_a_number_of_cores(data: st.DataObject) -> None:
    across = data.draw(st.sampled_from([None, 1, 2, 4]))
    rows = data.draw(st.integers(1, 3))
    dead = [{**PLACE, "core": core} for core in range(data.draw(st.integers(0, 3)))]
    board = with_topology(chips=rows * (across or 1), chip_columns=across, dead_cores=dead)
    cores = data.draw(st.integers(1, 3000))
    chips = board.chips_for(cores)
    assert board.with_chips(chips).cores >= cores
    assert chips >= board.topology.chips
    fewer = chips - (across or 1)
    assert fewer < board.topology.chips or board.with_chips(fewer).cores < cores


def test_constants_of_both_accounts_of_loihi1() -> None:
    target = load_target("loihi1")
    assert target.cost_set() is target.cost_set("fitted")
    assert target.cost_set("fitted").energy.synaptic_operation.of("dense").value == 35.5
    assert target.cost_set("davies").energy.synaptic_operation.of("convolution").value == 23.6
    active = target.cost_set("davies").energy
    assert active.neuron_access.value + active.neuron_update.value == 81
    with pytest.raises(UsageError, match="no account 'mine'; its accounts are fitted, davies"):
        target.cost_set("mine")


def test_the_barrier_grows_with_tiles() -> None:
    barrier = load_target("loihi1").cost_set("davies").time.barrier
    assert barrier.at(1).nominal == 113
    assert barrier.at(32).nominal == barrier.at(64).nominal == 465
    fitted = load_target("loihi1").cost_set().time.barrier  # in SANA-FE's way: the entry of the smaller count holds
    assert [fitted.at(tiles).nominal for tiles in (1, 2, 3, 4, 28, 29, 32)] == [600, 1000, 1000, 1400, 1400, 1800, 1800]
    assert fitted.at(3) == (750, 1000, 1250)


def test_limits_that_are_not_public_are_none() -> None:
    limits = load_target("loihi2").limits
    assert limits.of("input_axons") is None
    assert "not public" in limits.input_axons.source
    assert limits.of("neurons") == 8192


def test_bits_of_a_synapse_follow_the_weights_where_the_format_does() -> None:
    dense = load_target("loihi1").synaptic_memory.dense.bits_per_synapse
    assert [dense.at(bits) for bits in (0, 1, 6, 7, 8, 9, 12, None)] == [1, 1, 6, 8, 8, 9, 9, 8]
    fixed = load_target("loihi2").synaptic_memory.dense.bits_per_synapse
    assert {fixed.at(bits) for bits in (0, 1, 8, None)} == {32}


def test_a_file_without_the_newer_limits_loads(tmp_path: Path) -> None:
    """Programs carry their target along, and so do users' own files."""
    document = load_target("loihi2").model_dump(mode="json")
    del document["limits"]["membrane_bits"], document["limits"]["current_bits"]
    del document["synaptic_memory"]["convolution"]["bits_per_zero"], document["synaptic_memory"]["convolution"]["tiles"]
    del document["limits"]["memory_bits"], document["synaptic_memory"]["shared"]
    for key in ("chip_columns", "torus", "routing", "link_between_chips", "dead_cores", "reserved_cores", "input_tile"):
        del document["topology"][key]
    target = load_target(written(tmp_path, document))
    assert target.limits.of("membrane_bits") is None
    assert Precision.of(target) == Precision.of(load_target("loihi2"))


def test_tables_survive_a_file(tmp_path: Path) -> None:
    target = load_target("loihi1")
    assert load_target(written(tmp_path, target.model_dump(mode="json"))) == target


def test_widths_for_the_quantizer(tmp_path: Path) -> None:
    assert Precision.of(load_target("loihi1")) == Precision(9, 17, 24, 24, 1)
    assert Precision.of(load_target("loihi2")) == Precision(8, 17, 24, 24, 24)
    limits = {"weight_bits": {**GOOD, "value": None}, "graded_spike_bits": {**GOOD, "value": 32}}
    assert Precision.of(load_target(written(tmp_path, {"extends": "loihi2", "limits": limits}))) == Precision()
    limits = {"membrane_bits": {**GOOD, "value": 16}, "current_bits": {**GOOD, "value": 12}}
    narrow = Precision.of(load_target(written(tmp_path, {"extends": "loihi2", "limits": limits})))
    # A threshold is in units of 64, and a potential of 16 bits with its sign exceeds none beyond 9.
    assert narrow == Precision(8, 9, 16, 12, 24)


def test_every_constant_of_every_target_has_a_source_and_a_kind() -> None:
    def constants(section: object) -> list[dict[str, object]]:
        if isinstance(section, dict) and {"value", "unit"} <= set(section):
            return [section]
        parts = section.values() if isinstance(section, dict) else section if isinstance(section, list) else []
        return [constant for part in parts for constant in constants(part)]

    for name in target_names():
        found = constants(yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")))
        assert len(found) > 3
        for constant in found:
            assert constant["kind"] in ("measured", "published", "derived", "assumed") and constant["source"]


def test_a_board_of_spinnaker_is_a_hexagon() -> None:
    topology = load_target("spinnaker1").topology
    assert len(topology.absent_tiles) == 64 - 48
    assert load_target("spinnaker1").cores == 48 * 16
    assert all(place.column - place.row > 4 or place.row - place.column > 3 for place in topology.absent_tiles)
    assert load_target("spinn3").cores == 4 * 16
