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
    examples : command lines.
    """

    module: str
    kind: str
    summary: str
    examples: tuple[str, ...]


STUDIES = {
    "operating-space": Entry(
        "operating_space.operating_space",
        "OperatingSpace",
        "Where in the space of membrane time constants and thresholds a network works, and where it works best.",
        (
            "spikeloom study operating-space digits --samples 100",
            "spikeloom study operating-space network.nir --data recordings.npz --out build/space",
        ),
    ),
    "noise": Entry(
        "noise.noise",
        "Noise",
        "How many frames of noise an answer survives, and how alike the spike trains of each layer are before"
        " and then.",
        ("spikeloom study noise digits --samples 200",),
    ),
    "decision-time": Entry(
        "decision_time.decision_time",
        "DecisionTime",
        "When a network's answers are right and stay so, and what is saved by stopping as soon as one is clear.",
        ("spikeloom study decision-time digits",),
    ),
    "faults": Entry(
        "faults.faults",
        "Faults",
        "How many faults of neurons, cores, weights and packets a deployed network withstands.",
        (
            "spikeloom study faults digits --kinds dead-neurons,dead-cores",
            "spikeloom study faults build/network --kinds noisy-weights,flipped-bits --deviations 0.01:0.1:10",
        ),
    ),
    "encodings": Entry(
        "encodings.encodings",
        "Encodings",
        "What each encoder of static data is worth: accuracy, steps to decision, spikes, energy and robustness.",
        ("spikeloom study encodings --dataset mnist --encoders rate,first-spike --hidden 128 --repeats 1",),
    ),
    "components": Entry(
        "components.components",
        "Components",
        "Which leakage, reset and recurrence make a network accurate and sparse: each variant trained and "
        "deployed alike.",
        ("spikeloom study components", "spikeloom study components --task digits --variants baseline,subtraction"),
    ),
    "time-scale": Entry(
        "time_scale.time_scale",
        "TimeScale",
        "What is left of accuracy where events are integrated over other times than in training: spiking "
        "networks against recurrent ones.",
        ("spikeloom study time-scale --hidden 64",),
    ),
    "adversarial": Entry(
        "adversarial.adversarial",
        "Adversarial",
        "How small a perturbation of the input breaks every answer, by the components of the neurons, in "
        "float and on the chip.",
        ("spikeloom study adversarial --task sequences --variants baseline,recurrence",),
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
