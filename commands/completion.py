"""What a shell may complete: names that Spikeloom knows. Each is looked up only when a shell asks."""

from __future__ import annotations

from collections.abc import Iterable


def built_in_models(incomplete: str) -> list[str]:
    """Models that come trained; where none fits, the shell completes the names of files."""
    from ..models.zoo.catalogue import COMMITTED

    return _fitting(COMMITTED, incomplete)


def zoo_models(incomplete: str) -> list[str]:
    """All models that can be trained."""
    from ..models.zoo.catalogue import MODELS

    return _fitting(MODELS, incomplete)


def targets(incomplete: str) -> list[str]:
    """Chips that come along; where none fits, the shell completes the names of files."""
    from ..mapping.target_files import target_names

    return _fitting(target_names(), incomplete)


def target_list(incomplete: str) -> list[str]:
    """The last of several chips with commas between, none of them twice."""
    before, comma, last = incomplete.rpartition(",")
    named = before.split(",")
    return [f"{before}{comma}{name}" for name in targets(last) if name not in named]


def datasets(incomplete: str) -> list[str]:
    """Data sets that models are trained on."""
    from ..models.datasets import dataset_names

    return _fitting(dataset_names(), incomplete)


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
