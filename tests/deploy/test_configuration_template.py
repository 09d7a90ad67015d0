"""The configuration that `spikeloom init` writes, and the table of keys in the guide: all keys, and their defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from spikeloom.deploy.configuration.configuration import Configuration, configuration
from spikeloom.deploy.configuration.layer_keys import LayerConfiguration
from spikeloom.deploy.configuration.learning_choices import RULES
from spikeloom.deploy.configuration.template import SECTIONS, key_table, template, write_template
from spikeloom.models.errors import UsageError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
MODEL_WIDE, OF_LAYERS = template().split("# ---- Layer by layer ----")


def without_first_marks(text: str) -> str:
    """The keys of a part of the file, as a user sets them."""
    return "\n".join(re.sub(r"^#(?! \S)", "", line) for line in text.splitlines())


def test_the_file_says_nothing_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "down" / "spikeloom.yaml"
    write_template(file)
    assert configuration(file) == Configuration()
    assert configuration(file).model_fields_set == set()
    assert max(map(len, file.read_text().splitlines())) <= 120


def test_every_key_is_there_with_its_default(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(without_first_marks(MODEL_WIDE))
    found = configuration(tmp_path / "all.yaml")
    assert found.model_fields_set == set(Configuration.model_fields) - {"layers"}
    assert found == Configuration()
    assert sorted(key for keys in SECTIONS.values() for key in keys) == sorted(found.model_fields_set)


@pytest.mark.parametrize("rule", RULES)
def test_every_key_of_layers_and_their_learning_is_there_with_its_default(tmp_path: Path, rule: str) -> None:
    before, *rules = re.split(r"^#    learning:$", OF_LAYERS, flags=re.MULTILINE)
    chosen = next(text for text in rules if f"rule: {rule}\n" in text)
    shared = [line for line in rules[0].splitlines() if re.match(r"#      (sources|epoch|seed|\w+_weight):", line)]
    if chosen is not rules[0]:
        chosen += "\n".join(shared)
    # A rule of one's own needs at least one of its texts.
    chosen = chosen.replace("      weight_rule: null", "      weight_rule: x0")
    (tmp_path / "layers.yaml").write_text(without_first_marks(f"{before}#    learning:{chosen}"))
    layer = configuration(tmp_path / "layers.yaml").layers["name"]
    assert layer.model_fields_set == set(LayerConfiguration.model_fields)
    assert layer.model_copy(update={"learning": None}) == LayerConfiguration()
    assert layer.learning is not None and layer.learning.model_fields_set == set(RULES[rule].model_fields)
    given = {"reward-modulated-stdp": {"reward": "name"}, "sum-of-products": {"weight_rule": "x0"}}.get(rule, {})
    assert layer.learning == RULES[rule](rule=rule, **given)


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("seed: 3\n")
    with pytest.raises(UsageError, match=r"mine\.yaml is there already and stays as it is"):
        write_template(file)
    assert file.read_text() == "seed: 3\n"
    with pytest.raises(UsageError, match="cannot be written"):
        write_template(file / "below.yaml")


def test_defaults_are_what_yaml_reads_them_as() -> None:
    assert yaml.safe_load(without_first_marks(MODEL_WIDE))["allow"] == []


def test_the_table_in_the_guide_is_that_of_the_keys() -> None:
    assert key_table() in PAGE.read_text(encoding="utf-8"), (
        "docs/configuration.md is behind: put what deploy.configuration_template.key_table() returns into it"
    )
