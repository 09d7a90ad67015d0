"""Files that are sound in their format and say what no network should: read, or refused in one clear message.

Hypothesis looks for them, and shrinks what it finds.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CALM = {
    "deadline": None,
    "database": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
CHANCE = st.randoms(use_true_random=False)
KINDS = ("nir", "net", "onnx", "npz", "graph", "yaml")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, **CALM)
@given(chance=CHANCE)
def test_built_files(kind: str, chance: Random, structures: ModuleType, readers: ModuleType, tmp_path: Path) -> None:
    look_at(kind, chance, structures, readers, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=300, **CALM)
@given(chance=CHANCE)
def test_many_built_files(
    kind: str, chance: Random, structures: ModuleType, readers: ModuleType, tmp_path: Path
) -> None:
    look_at(kind, chance, structures, readers, tmp_path)


def look_at(kind: str, chance: Random, structures: ModuleType, readers: ModuleType, folder: Path) -> None:
    path = folder / f"case.{kind}"
    path.unlink(missing_ok=True)
    structures.built(path, chance)
    assert readers.outcome(path) in ("read", "refused")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_some_built_files_are_sound(kind: str, structures: ModuleType, readers: ModuleType, tmp_path: Path) -> None:
    """Builders that make nonsense only would test the first line of a reader."""
    path = tmp_path / f"case.{kind}"
    for number in range(150):
        path.unlink(missing_ok=True)
        structures.built(path, Random(number))
        if readers.outcome(path) == "read":
            return
    raise AssertionError("no file of 150 was read")
