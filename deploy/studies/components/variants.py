"""Variants of leaky neurons by name: which components they have in place of those of a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ....models.neurons import Reset
from ....models.training.components import Components, Leakage

BASELINE = "baseline"
JOINT = "+"
"""Between the parts of a combination, such as no-leakage+no-reset."""

CHANGES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "normal-leakage": {"leakage": Leakage.NORMAL},
        "no-leakage": {"leakage": Leakage.NONE},
        "complete-leakage": {"leakage": Leakage.COMPLETE},
        "learnable-leakage": {"leakage": Leakage.LEARNABLE},
        "hard-reset": {"reset": Reset.VALUE},
        "subtraction": {"reset": Reset.SUBTRACT},
        "no-reset": {"reset": Reset.NONE},
        "no-recurrence": {"recurrent": False},
        "recurrence": {"recurrent": True},
    }
)
"""What each part of a name changes."""

NORMAL_RETENTION = 0.3
"""Share of the potential that normal leakage keeps, the published k."""

PUBLISHED = (BASELINE, "no-leakage", "complete-leakage", "no-reset", "recurrence")
"""The variants that the publication compares; see `Components`."""


def components_of(variant: str, baseline: Components) -> Components:
    """The components of a variant.

    Parameters
    ----------
    variant : "baseline", or parts of `CHANGES` with "+" between.
    baseline : which the parts change.

    Raises
    ------
    ValueError : a part does not exist, or two contradict each other.
    """
    result, changed = baseline, dict[str, str]()
    for part in variant.split(JOINT):
        if part == BASELINE:
            continue
        if part not in CHANGES:
            raise ValueError(f"there is no variant {part!r}, only {BASELINE} and {', '.join(CHANGES)}, joined by +")
        (field,) = CHANGES[part]
        if field in changed:
            raise ValueError(f"{changed[field]} and {part} cannot both be, in {variant!r}")
        changed[field] = part
        result = replace(result, **CHANGES[part])
        if part == "normal-leakage":
            result = replace(result, retention=NORMAL_RETENTION)
    return result


def check_variants(names: Iterable[str]) -> tuple[str, ...]:
    """Refuse what is no variant.

    Raises
    ------
    ValueError : there is none, or see `components_of`.
    """
    found = tuple(names)
    if not found:
        raise ValueError("at least one variant is needed")
    for name in found:
        components_of(name, Components())
    return found
