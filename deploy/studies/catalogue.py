"""The studies that there are; each is imported only when it is asked for."""

from __future__ import annotations

import difflib
from importlib import import_module

from ...models.errors import UsageError
from .study import Study

STUDIES = {
    "operating-space": ("operating_space", "OperatingSpace"),
    "noise": ("noise", "Noise"),
    "decision-time": ("decision_time", "DecisionTime"),
    "faults": ("faults", "Faults"),
    "encodings": ("encodings", "Encodings"),
    "components": ("components", "Components"),
    "time-scale": ("time_scale", "TimeScale"),
    "adversarial": ("adversarial", "Adversarial"),
}
"""Module and class of each study by its name."""


def study_named(name: str) -> type[Study]:
    """The study of a name.

    Raises
    ------
    UsageError : there is none.
    """
    if name not in STUDIES:
        near = difflib.get_close_matches(name, STUDIES, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"There is no study {name!r}; there are {', '.join(STUDIES)}.{hint}")
    module, kind = STUDIES[name]
    found: type[Study] = getattr(import_module(f".{module}", __package__), kind)
    assert issubclass(found, Study)
    return found
