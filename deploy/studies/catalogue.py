"""The studies that there are; each is imported only when it is asked for."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from ...models.errors import UsageError

if TYPE_CHECKING:
    from .study import Study


@dataclass(frozen=True)
class Entry:
    """A study before it is imported.

    Attributes
    ----------
    module, kind : where its class is, below this package.
    summary : what it answers, in a sentence.
    """

    module: str
    kind: str
    summary: str


STUDIES = {
    "operating-space": Entry(
        "operating_space.operating_space",
        "OperatingSpace",
        "Where in the space of membrane time constants and thresholds a network works, and where it works best.",
    ),
    "noise": Entry(
        "noise.noise",
        "Noise",
        "How many frames of noise an answer survives, and how alike the spike trains of each layer are before"
        " and then.",
    ),
    "decision-time": Entry(
        "decision_time.decision_time",
        "DecisionTime",
        "When a network's answers are right and stay so, and what is saved by stopping as soon as one is clear.",
    ),
    "faults": Entry(
        "faults.faults",
        "Faults",
        "How many faults of neurons, cores, weights and packets a deployed network withstands.",
    ),
    "encodings": Entry(
        "encodings.encodings",
        "Encodings",
        "What each encoder of static data is worth: accuracy, steps to decision, spikes, energy and robustness.",
    ),
    "components": Entry(
        "components.components",
        "Components",
        "Which leakage, reset and recurrence make a network accurate and sparse: each variant trained and "
        "deployed alike.",
    ),
    "time-scale": Entry(
        "time_scale.time_scale",
        "TimeScale",
        "What is left of accuracy where events are integrated over other times than in training: spiking "
        "networks against recurrent ones.",
    ),
    "adversarial": Entry(
        "adversarial.adversarial",
        "Adversarial",
        "How small a perturbation of the input breaks every answer, by the components of the neurons, in "
        "float and on the chip.",
    ),
}
"""By name."""


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
    entry = STUDIES[name]
    found: type[Study] = getattr(import_module(f".{entry.module}", __package__), entry.kind)
    return found
