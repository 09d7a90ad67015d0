"""Targets made to do harm: YAML that repeats itself without end, nests, or means what no chip is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from spikeloom.mapping.target_files import load_target
from spikeloom.models.errors import UsageError
from spikeloom.models.yaml_file import YamlError, read_yaml

LETTERS = "abcdefghijklm"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{here}: &{here} [{', '.join([f'*{before}'] * 9)}]\n" for before, here in pairwise(LETTERS)
)
MERGES = "a: &a {k: v}\n" + "".join(
    f"{here}: &{here} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n" for before, here in pairwise(LETTERS)
)
HOSTILE = {
    "aliases that repeat": (LAUGHS, "65536 values"),
    "merges that repeat": (MERGES, "65536 values"),
    "a list within itself": ("a: &a [*a]", "within itself"),
    "depth": ("[" * 100_000, "nests deeper"),
    "size": ("a" * 2_000_000, "1 MiB"),
    "a command": ("!!python/object/apply:os.system ['touch was-run']", "not YAML"),
    "no month": ("name: 2020-13-45", "month"),
    "a number of many digits": ("name: " + "9" * 5000, "5,000 characters"),
    "a value without its form": ("!!timestamp x", "not YAML"),
    "a zero": ("a: \0", "not YAML"),
    "chips without number": ("extends: loihi2\ntopology: {chips: 1000000000000}", "larger than any"),
    "a base that is none": ("extends: [1]", "extends is [1]"),
    "a base of a name that no file has": ("extends: " + "a" * 300, "no target"),
    "a base with a zero": ('extends: "a\\0b"', "no target"),
    "a base that never ends": ("extends: /dev/zero", "no target"),
    "itself as its base": ("extends: hostile.yaml", "extends itself"),
    "keys that are no words": ("extends: loihi2\n1: 2", "1: Keys should be strings"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_targets_that_no_chip_is(tmp_path: Path, refused: Callable[..., str], case: str) -> None:
    text, words = HOSTILE[case]
    path = tmp_path / "hostile.yaml"
    path.write_text(text)
    refused(path, words)


def test_bytes_that_are_no_text(tmp_path: Path, refused: Callable[..., str]) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_bytes(b"\xff\xfe\0")
    refused(path, "not YAML")


def test_a_chain_of_targets_is_bounded(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"t{number}.yaml").write_text(f"extends: t{number + 1}.yaml\n")
    with pytest.raises(UsageError, match="more than 16 files extend one another"):
        load_target(tmp_path / "t0.yaml")


def test_aliases_of_ordinary_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: &a {b: 1}\nc: *a\nd:\n  <<: *a\n  e: 2\n")
    assert read_yaml(path) == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}
    path.write_text("")
    assert read_yaml(path) is None
    path.write_text("a: [")
    with pytest.raises(YamlError, match="it is not YAML"):
        read_yaml(path)


def test_a_board_that_is_larger_than_any_is_refused() -> None:
    with pytest.raises(UsageError, match="larger than any"):
        load_target("loihi2").with_chips(10**12)
